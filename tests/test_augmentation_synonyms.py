"""synonyms puts a word of WordNet in the place of another where both mean the same in most of their uses."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation._wordnet import FILES, digest, folder_of, synonyms
from pipeline.augmentation.synonyms import Synonyms
from pipeline.composing import composed
from pipeline.errors import WrongUse
from pipeline.part import BadSettings, build
from pipeline.types import Document, Span

SENSES = """\
automobile%1:06:00:: 02958343 1 5
auto%1:06:00:: 02958343 1 1
big%3:00:01:: 01382086 1 80
car%1:06:00:: 02958343 1 71
car%1:06:01:: 02959942 2 2
city%1:15:00:: 08524735 1 60
elevator_car%1:06:00:: 02960501 1 0
large%3:00:00:: 01382086 1 60
machine%1:06:00:: 03699975 1 30
machine%1:06:01:: 02958343 2 4
metropolis%1:15:00:: 08524735 1 3
motorcar%1:06:00:: 02958343 1 0
mouse%1:05:00:: 02330245 1 9
rodent%1:05:00:: 02330245 1 4
purchase%2:40:00:: 02207206 1 40
purchase%1:04:00:: 00079018 1 35
obtain%2:40:00:: 02207206 1 9
start%2:30:00:: 00345761 1 50
start%2:30:01:: 02009433 2 45
start%2:30:02:: 00346095 3 30
commence%2:30:00:: 00345761 1 9
utilise%2:34:00:: 01158572 1 0
apply%2:34:00:: 01158572 1 20
"""
IRREGULAR = {"noun.exc": "mice mouse\n", "verb.exc": "met meet\n", "adj.exc": "bigger big\n"}


@pytest.fixture
def wordnet(tmp_path: Path) -> Path:
    (tmp_path / "index.sense").write_text(SENSES, encoding="utf-8")
    for name, lines in IRREGULAR.items():
        (tmp_path / name).write_text(lines, encoding="utf-8")
    return tmp_path


def texts(doc: Document, wordnet: Path, train: tuple[Document, ...] = (), seeds: int = 40) -> set[str]:
    part = Synonyms(wordnet=str(wordnet)).fitted(train)
    return {composed((doc,), part.draw(doc, Random(seed)).pieces).text for seed in range(seeds)}


def test_a_word_stands_for_another_where_the_first_sense_of_both_is_the_same(wordnet: Path) -> None:
    assert synonyms(wordnet, digest(wordnet)) == {
        "auto": ("automobile", "car"),
        "automobile": ("auto", "car"),
        "car": ("auto", "automobile"),  # not motorcar, never counted; not machine, whose first sense is another
        "motorcar": ("auto", "automobile", "car"),
        "city": ("metropolis",),
        "metropolis": ("city",),
        "obtain": ("purchase",),  # purchase itself is a noun nearly as often as a verb
        "commence": ("start",),
        "utilise": ("apply",),  # one sense only
        "autos": ("automobiles", "cars"),
        "automobiles": ("autos", "cars"),
        "cars": ("autos", "automobiles"),
        "motorcars": ("autos", "automobiles", "cars"),
        "cities": ("metropolises",),
        "metropolises": ("cities",),
        "obtains": ("purchases",),
        "commences": ("starts",),
        "utilises": ("applies",),
    }  # neither mouse nor big: they have irregular forms


def test_forms_in_s_give_forms_in_s_and_capitals_stay_capitals(wordnet: Path) -> None:
    assert texts(Document("a", "Cities grew", "en", spans=()), wordnet) == {"Metropolises grew"}
    assert texts(Document("a", "Two motorcars met", "en"), wordnet) == {
        "Two autos met",
        "Two automobiles met",
        "Two cars met",
    }


def test_a_synonym_fits_the_article_before_it(wordnet: Path) -> None:
    assert texts(Document("a", "a motorcar", "en"), wordnet) == {"a car"}
    assert texts(Document("a", "an automobile", "en"), wordnet) == {"an auto"}


def test_mentions_and_what_is_capitalised_inside_of_a_sentence_stay(wordnet: Path) -> None:
    doc = Document("a", "Motorcar City sold a motorcar in Big City", "en", spans=(Span(0, 13, "ORG"),))
    assert texts(doc, wordnet) == {"Motorcar City sold a car in Big City"}


def test_a_mention_of_the_training_documents_does_not_come_in_without_a_label(wordnet: Path) -> None:
    train = (Document("t", "the metropolis", "en", spans=(Span(4, 14, "LOC"),)),)
    with pytest.raises(Refused, match="came in without a label"):
        texts(Document("a", "the city slept", "en", spans=()), wordnet, train)


def test_a_text_without_a_word_that_has_one_is_refused(wordnet: Path) -> None:
    with pytest.raises(Refused, match="no word outside of mentions has a synonym"):
        texts(Document("a", "The mouse met Bo", "en"), wordnet)


def test_where_wordnet_is_not_there_the_error_says_how_to_get_it_offline(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"wordnet: WordNet is not in .*apt-get install wordnet-base") as error:
        build("augmentation", {"use": "synonyms", "wordnet": str(tmp_path / "none")})
    assert "wordnet-sense-index" in str(error.value)


def test_the_fingerprint_changes_with_what_wordnet_says_and_not_with_where_it_lies(wordnet: Path) -> None:
    before = Synonyms(wordnet=str(wordnet)).fingerprint()
    moved = wordnet / "moved"
    moved.mkdir()
    for name in FILES:
        (moved / name).write_bytes((wordnet / name).read_bytes())
    assert Synonyms(wordnet=str(moved)).fingerprint() == before
    (moved / "index.sense").write_text(SENSES + "new%1:06:00:: 02958399 1 5\n", encoding="utf-8")
    assert Synonyms(wordnet=str(moved)).fingerprint() != before


def test_the_real_wordnet_gives_words_that_a_newspaper_could_have() -> None:
    try:
        folder = folder_of("")
    except WrongUse as error:  # it is not on this machine
        pytest.skip(str(error))
    known = synonyms(folder, digest(folder))
    assert known["committee"] == ("commission",)
    assert known["countries"] == ("nations",)
    assert known["predicament"] == ("plight",)
    assert {"people", "said", "found", "week"}.isdisjoint(known)
    assert 9000 < len(known) < 12000
