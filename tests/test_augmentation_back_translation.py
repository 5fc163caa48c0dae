"""back_translation keeps labels true whatever a translator does to masks and words."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import pytest
from conftest import TinyProject
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_documents import documents
from tiny_marian import tiny_marian

from pipeline.augmentation.back_translation import BackTranslation
from pipeline.loading import load_recipes
from pipeline.part import BadSettings, build
from pipeline.rederiving import fault
from pipeline.translator.glossary import Glossary
from pipeline.types import Document, Rejected, Span

WORDS = {"big": "grande", "large": "grande", "left": "dejó", "quitted": "dejó", "people": "gente"}


def marked(id: str, text: str, language: str = "en") -> Document:
    """`[PER Anna] met` as a document."""
    plain, spans = "", []
    for piece in text.split("["):
        head, bracket, tail = piece.partition("]")
        label, _, mention = head.partition(" ") if bracket else ("", "", "")
        if bracket:
            spans.append(Span(len(plain), len(plain) + len(mention), label))
        plain += mention + tail if bracket else head
    return Document(id, plain, language, spans=tuple(spans), group_id=f"g-{id}", split="train")


class Nasty(Glossary):
    """Does to every text what it is told: to its masks, or to the text."""

    does: str = "nothing"

    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """On the way back only."""
        if source == "en" or source == "zh":
            return list(lines)
        return [self._done(line) for line in lines]

    def _done(self, line: str) -> str:
        words = line.split(" ")
        masks = [n for n, word in enumerate(words) if any(c.isdigit() for c in word)]
        rng = Random(line)
        match self.does:
            case "drop" if masks:
                del words[rng.choice(masks)]
            case "double" if masks:
                words.append(words[rng.choice(masks)])
            case "shout":
                return line.upper() + " !"
            case "whisper":
                return line.lower() + " ?"
            case "reorder":
                words = [words[n] for n in sorted(range(len(words)), key=lambda _: rng.random())] + ["so"]
            case "glue":
                return line.replace(" ", "") + "x"
            case "other":
                words = [f"XPER{n}" for n in range(rng.randrange(4))] + ["so"]
            case "nothing left":
                return ""
            case _:
                words.append("so")
        return " ".join(words)


DOES = ("append", "drop", "double", "shout", "whisper", "reorder", "glue", "other", "nothing left")


def of(translator: Any = None, **fields: Any) -> BackTranslation:
    return BackTranslation(translator=translator or Glossary(words=WORDS), **fields)


def nasty(does: str, **fields: Any) -> BackTranslation:
    return of(Nasty(words=WORDS, does=does, pair="en-es"), **fields)


def made(augmenter: BackTranslation, docs: Sequence[Document]) -> list[str]:
    return [r.text if isinstance(r, Document) else f"refused: {r.reason}" for r in augmenter.many(docs)]


TRAIN = [
    marked("a", "[PER Anna Berg] quitted the large house in [LOC Rome] ."),
    marked("b", "[PER Bo] quitted [LOC New York] ."),
    marked("c", "the people of [LOC Rome]"),
]


def test_mentions_stay_and_the_text_between_them_is_translated() -> None:
    again = of().fitted(TRAIN)
    assert again.survival == {"en": ("XPER{}", 1.0)}
    assert made(again, TRAIN) == [
        "Anna Berg left the big house in Rome .",
        "Bo left New York .",
        "refused: the text came back as it went",
    ]
    (child, *_) = again.many(TRAIN)
    assert isinstance(child, Document)
    assert [(child.text[s.start : s.end], s.label) for s in child.spans or ()] == [
        ("Anna Berg", "PER"),
        ("Rome", "LOC"),
    ]


def test_mentions_that_come_back_in_another_order_keep_their_labels() -> None:
    class Turned(Nasty):
        def _done(self, line: str) -> str:
            return " ".join(reversed(line.split(" ")))

    docs = [marked("a", "[PER Bo] saw [LOC Rome] and [ORG Acme] today")]
    (child,) = of(Turned(words=WORDS)).fitted(docs).many(docs)
    assert isinstance(child, Document)
    assert child.text == "today Acme and Rome saw Bo"
    assert [(child.text[s.start : s.end], s.label) for s in child.spans or ()] == [
        ("Acme", "ORG"),
        ("Rome", "LOC"),
        ("Bo", "PER"),
    ]
    assert fault(child, docs, "kept", {}) is None


def test_a_translator_that_loses_masks_is_not_given_any(caplog: pytest.LogCaptureFixture) -> None:
    docs = [marked(str(n), f"[PER Bo] quitted [LOC Rome] {'x' * n} for good") for n in range(8)]
    with caplog.at_level(logging.WARNING):
        again = nasty("drop").fitted(docs)
    assert again.survival["en"][1] == 0.0
    assert "of 8 texts in en only 0.0 % have every mask" in caplog.text
    assert "at_least is 95.0 %" in caplog.text
    assert made(again, docs[:1]) == ["Bo quitted so Rome  for good so"]
    assert made(of().fitted([]), TRAIN[:1]) == ["Anna Berg left the big house in Rome ."]


def test_the_form_of_mask_that_survives_most_often_is_taken() -> None:
    class Knows(Nasty):
        def _done(self, line: str) -> str:
            return line.replace("XPER", "").replace("Xent", "").replace("large", "big")

    again = of(Knows(words=WORDS)).fitted(TRAIN)
    assert again.survival == {"en": ("Q{}Q", 1.0)}
    assert made(again, TRAIN[:1]) == ["Anna Berg quitted the big house in Rome ."]


def test_between_mentions_no_capital_begins_a_piece_and_the_spaces_stay() -> None:
    class Capital(Nasty):
        def _done(self, line: str) -> str:
            return line[:1].upper() + line[1:] + " so"

    docs = [marked("a", "[LOC Rome]  is large ,  [PER Bo] and I say")]
    assert made(of(Capital(words=WORDS)), docs) == ["Rome  is large , so  Bo and I say so"]


@pytest.mark.parametrize(
    ("text", "says", "reason"),
    [
        ("[PER Bo] quitted it", "quitted it Anna", "a mention of the training documents came in without a label"),
        ("[PER Bo] quitted it", "quitted it Paris", "a capitalised word came in without a label"),
        ("[PER Bo] quitted it", "QUITTED  it", "the text came back as it went"),
        ("[PER Bo] quitted it", "it " * 30, "the text came back less than half or more than twice as long"),
        ("[PER Bo] quitted it and then went", "", "the text came back less than half or more than twice as long"),
        ("[PER Bo] quitted it", "quitted it . Then", None),
        ("[PER Bo] quitted Paris", "quitted Paris so", None),
    ],
)
def test_what_changes_the_list_of_mentions_is_refused(text: str, says: str, reason: str | None) -> None:
    class Says(Nasty):
        def _done(self, line: str) -> str:
            return f"XPER0 {says}" if "XPER0" in line else line

    doc = marked("a", text)
    again = of(Says(words=WORDS)).fitted([doc, marked("b", "[PER Anna]")])
    assert made(again, [doc]) == [f"refused: {reason}" if reason else f"Bo {says}"]


def test_a_mention_that_is_a_part_of_a_word_and_a_text_that_looks_like_a_mask_are_refused() -> None:
    again = of().fitted(TRAIN)
    said = "refused: a mention is part of a word, or the text holds what a mask looks like"
    assert made(again, [marked("a", "the large [LOC Rome]s"), marked("b", "[PER Bo] XPER0 large")]) == [said, said]


def test_chinese_gets_no_spaces_beside_its_mentions() -> None:
    class Spaced(Nasty):
        def _done(self, line: str) -> str:
            return line.replace("在", " 于 ").replace("记者", "记者 ")

    docs = [marked("a", "记者[PER 王小明]在[LOC 北京]采访", "zh")]
    again = of(Spaced(words=WORDS)).fitted(docs)
    assert made(again, docs) == ["记者王小明于北京采访"]


def test_a_document_with_a_label_is_translated_whole_and_keeps_its_negations() -> None:
    docs = [
        Document("a", "a large house\nand a large city", "en", label="x", split="train"),
        Document("b", "it is not large", "en", label="x", split="train"),
        Document("c", "好", "zh", label="x", split="train"),
    ]
    forgets = of(Glossary(words={"large": "grande", "big": "grande", "not": "muy", "much": "muy"}))
    assert made(forgets.fitted(docs), docs) == [
        "a big house\nand a big city",
        "refused: a negation came or went, and the label may not hold",
        "refused: the translator has no way from zh to es and back",
    ]


@pytest.mark.parametrize("does", DOES)
@settings(max_examples=40)
@given(docs=st.lists(documents(), min_size=1, max_size=4), at_least=st.sampled_from((0.0, 0.95)))
def test_no_child_is_untrue_whatever_the_translator_does(does: str, docs: list[Document], at_least: float) -> None:
    train = [replace(d, id=f"d{n}", group_id=f"d{n}", language="en", split="train") for n, d in enumerate(docs)]
    train += [replace(d, id=f"t{n}") for n, d in enumerate(TRAIN)]
    again = nasty(does, at_least=at_least).fitted(train)
    results = list(again.many(train))
    by_id = {d.id: d for d in train}
    for child in results:
        if isinstance(child, Rejected):
            assert child.reason
            continue
        assert child.lineage is not None
        parent = by_id[child.lineage.parents[0]]
        assert fault(child, [parent], "kept", {}) is None
        assert sorted((child.text[s.start : s.end], s.label) for s in child.spans or ()) == sorted(
            (parent.text[s.start : s.end], s.label) for s in parent.spans or ()
        )
    alone = [r for doc in reversed(train) for r in again.fitted(reversed(train)).many([doc])]
    assert [r for r in reversed(alone) if isinstance(r, Document)] == [r for r in results if isinstance(r, Document)]


class Counting(Glossary):
    """Notes what it is asked."""

    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """As a glossary, noted."""
        ASKED.append(list(lines))
        return super().lines(lines, source, target)


ASKED: list[list[str]] = []


def test_every_text_is_translated_once_and_all_of_a_batch_in_one_call(tmp_path: Path) -> None:
    def again() -> BackTranslation:
        return of(Counting(words=WORDS), cache=str(tmp_path / "kept"))

    twin = replace(TRAIN[1], id="twin")
    first = again().fitted([])
    ASKED.clear()
    children = made(first, [*TRAIN, twin])
    assert ASKED == [
        ["quitted the large house in", "quitted", "the people of"],
        ["dejó the grande house in", "dejó", "the gente of"],
    ]
    ASKED.clear()
    assert made(first, [*TRAIN, twin]) == made(again().fitted([]), [*TRAIN, twin]) == children
    assert ASKED == []
    assert made(of(Counting(words={**WORDS, "house": "casa"}), cache=str(tmp_path / "kept")), TRAIN) == children[:3]
    assert ASKED != [], "another translator is asked anew"
    with sqlite3.connect(tmp_path / "kept" / "translations.sqlite") as database:
        assert database.execute("SELECT count(*) FROM translations").fetchone()[0] > 0


def test_a_damaged_cache_is_named(tmp_path: Path) -> None:
    (tmp_path / "translations.sqlite").write_bytes(b"no database, but long enough to be one" * 50)
    with pytest.raises(Exception, match=r"cache: .*translations\.sqlite cannot be used .*remove it"):
        made(of(cache=str(tmp_path)), TRAIN)


def test_the_place_of_the_cache_is_no_setting_and_the_translator_is_one() -> None:
    there = of(cache="/somewhere")
    assert there.settings() == {**of().settings(), "translator": Glossary(words=WORDS).settings()}
    assert build("augmentation", there.settings(places=True)) == there
    assert there.fingerprint() == of().fingerprint()
    assert of(Glossary(words={"a": "b"})).fingerprint() != of().fingerprint()


def test_a_share_of_the_documents_is_used() -> None:
    docs = [replace(TRAIN[1], id=f"d{n}") for n in range(300)]
    assert 50 <= len(made(of(share=0.25).fitted(docs), docs)) <= 100


def test_mistakes_of_the_translator_are_said_at_their_place_with_those_beside_it(project: TinyProject) -> None:
    with pytest.raises(BadSettings) as error:
        build("augmentation", {"use": "back_translation", "translator": {"use": "apertium", "pear": 1}, "copies": 2})
    assert error.value.mistakes == [
        ("copies", "input should be less than or equal to 1, got 2"),
        ("translator.pear", "unknown key; did you mean 'pair'?"),
    ]
    wrong = {"use": "back_translation", "translator": {"use": "apertum"}}
    project.edit_recipe(augmentation=[wrong, {"use": "back_translation", "translator": {"use": "marian"}}])
    said = [str(m) for m in load_recipes(project.recipes).mistakes]
    lines = (project.recipes / "journeys.yaml").read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if "use: apertum" in text)
    assert said == [
        f"recipes/journeys.yaml:{line}: augmentation[0].translator.use: there is no translator part 'apertum'; "
        "did you mean 'apertium'?",
        f"recipes/journeys.yaml:{line + 2}: augmentation[1].translator.models: is required",
    ]


def test_a_model_that_says_noise_makes_true_children(tmp_path: Path) -> None:
    pytest.importorskip("sentencepiece")
    folder = str(tiny_marian(tmp_path / "model"))
    models = {f"{a}-{b}": folder for a, b in (("en", "es"), ("es", "en"), ("zh", "es"), ("es", "zh"))}
    docs = [*TRAIN, marked("d", "记者[PER 王小明]在[LOC 北京]", "zh"), Document("e", "the big city", "en", label="x")]
    docs = [replace(d, split="train") for d in docs]
    again = of({"use": "marian", "models": models, "max_length": 16}).fitted(docs)
    results = list(again.many(docs))
    assert again.survival["zh"][1] < 0.95
    children = [r for r in results if isinstance(r, Document)]
    assert children
    for child in children:
        assert child.lineage is not None
        (parent,) = (d for d in docs if d.id == child.lineage.parents[0])
        assert fault(child, [parent], "kept", {}) is None
    alone = [r for doc in docs for r in again.many([doc])]
    assert alone == results


@pytest.mark.skipif(shutil.which("apertium") is None, reason="apt-get install apertium apertium-eng-spa brings it")
def test_a_real_round_trip_through_spanish() -> None:
    docs = [
        marked("a", "[PER Anna Berg] said that the children were very tired after the long journey to [LOC Rome] ."),
        marked("b", "The results of [ORG Acme] were better than all the analysts had expected ."),
    ]
    again = of({"use": "apertium", "pair": "eng-spa"}).fitted(docs)
    assert again.survival == {"en": ("XPER{}", 1.0)}
    first, second = made(again, docs)
    assert first.startswith("Anna Berg ") and first.endswith(" to Rome .")
    assert "journey" not in first
    assert " Acme " in second and second.endswith(" .")
    assert first != docs[0].text and second != docs[1].text


class Remembering(Glossary):
    """Of whose translations none is kept from one call to the next; counts its calls."""

    in_context: ClassVar[bool] = True
    calls: ClassVar[list[int]] = []

    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """One way."""
        self.calls.append(len(lines))
        return super().lines(lines, source, target)


def test_a_translator_that_remembers_is_asked_once_each_way_for_all_documents() -> None:
    docs = [marked(f"d{n}", f"[PER Anna] met {n} big people") for n in range(7)]
    again = BackTranslation(translator=Remembering(words=WORDS), at_least=1)
    Remembering.calls.clear()
    made = [c for c in again.many(docs) if isinstance(c, Document)]
    assert made == []
    assert Remembering.calls == [7, 7]
    large = [marked(f"d{n}", f"[PER Anna] met {n} large people") for n in range(7)]
    Remembering.calls.clear()
    assert [c.text for c in again.many(large) if isinstance(c, Document)] == [
        f"Anna met {n} big people" for n in range(7)
    ]
    assert Remembering.calls == [7, 7]
