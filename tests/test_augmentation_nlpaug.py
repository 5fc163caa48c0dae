"""nlpaug behind an adapter: it sees the words outside of mentions alone, and each of its traps is closed."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation._nlpaug import Adapted, drawing_from, usable
from pipeline.augmentation._nlpaug_classes import Step, classes, step_of
from pipeline.augmentation.nlpaug import Nlpaug
from pipeline.composing import composed
from pipeline.errors import WrongUse
from pipeline.part import BadSettings, build
from pipeline.types import Document, Span

EN = Document(
    "a",
    "yesterday Werner Zwingmann told members that Germany 's sheep were consumed",
    "en",
    spans=(Span(10, 26, "PER"), Span(45, 52, "LOC")),
)
WORDS = ["they", "came", "because", "of", "the", "weather"]


def children(augmenters: list[Any], doc: Document = EN, seeds: int = 40) -> set[str]:
    augmenter = Nlpaug(augmenters=augmenters)
    made = [composed((doc,), augmenter.draw(doc, Random(seed)).pieces) for seed in range(seeds)]
    for child in made:
        assert [child.text[s.start : s.end] for s in child.spans or ()] == [
            doc.text[s.start : s.end] for s in doc.spans or ()
        ]
    return {child.text for child in made}


def why(augmenters: list[Any]) -> str:
    with pytest.raises(BadSettings) as raised:
        build("augmentation", {"use": "nlpaug", "augmenters": augmenters})
    return str(raised.value)


def test_words_change_places_across_mentions_and_mentions_stay_where_they_are() -> None:
    doc = Document("a", "soon Anna left home", "en", spans=(Span(5, 9, "PER"),))
    swapped = children([{"RandomWordAug": {"action": "swap", "aug_max": 1}}], doc)
    assert {text.lower() for text in swapped} == {"left anna soon home", "soon anna home left"}


def test_steps_run_one_after_another_and_a_flow_runs_some_of_them() -> None:
    one = {"RandomWordAug": {"action": "substitute", "target_words": ["x"], "aug_p": 1}}
    two = {"ReservedAug": {"reserved_tokens": [["x", "y"]], "aug_p": 1}}
    doc = Document("a", "old ships sail", "en", spans=())
    assert children([one, two], doc) <= {f"{a} {b} {c}" for a in "xyXY" for b in "xy" for c in "xy"}
    assert children([{"Sometimes": {"flow": [one], "aug_p": 1.0}}], doc) == {"x x x"}
    assert children([{"Sequential": [one]}], doc) == {"x x x"}
    with pytest.raises(Refused, match="changed no word"):
        Nlpaug(augmenters=[{"Sometimes": {"flow": [one], "aug_p": 0}}]).draw(doc, Random(1))


def test_a_mistake_in_a_recipe_says_what_would_be_right() -> None:
    assert "did you mean 'KeyboardAug'?" in why(["KeybordAug"])
    assert "KeyboardAug: unknown setting 'aug_chr_max'; did you mean 'aug_char_max'?" in why(
        [{"KeyboardAug": {"aug_chr_max": 1}}]
    )
    assert "aug_word_p is a share from 0 to 1, got 3" in why([{"OcrAug": {"aug_word_p": 3}}])
    assert "unknown action 'swop'; did you mean 'swap'?" in why([{"RandomWordAug": {"action": "swop"}}])
    assert "tokenizer is not to be set" in why([{"OcrAug": {"tokenizer": "x"}}])
    assert "use back_translation, which keeps mentions" in why([{"Sequential": ["BackTranslationAug"]}])
    assert "cannot be made safe" in why(["AbstSummAug"])
    assert "cannot be made safe" in why(["LambadaAug"])
    assert "use concatenate" in why(["ContextualWordEmbsForSentenceAug"])


def test_an_action_that_makes_more_or_fewer_words_is_refused_with_what_to_use() -> None:
    assert "use delete_words" in why(["RandomWordAug"])
    assert "use delete_words" in why([{"RandomWordAug": {"action": "delete"}}])
    assert "use split_words" in why(["SplitAug"])
    assert "use insert_words" in why([{"ContextualWordEmbsAug": {"action": "insert"}}])


def test_crop_which_crashes_on_short_input_is_refused_when_the_recipe_is_loaded_and_when_it_is_run() -> None:
    assert "action crop changes the number of words; use delete_words" in why([{"RandomWordAug": {"action": "crop"}}])
    crop = Adapted(Step("RandomWordAug", {"action": "crop", "aug_max": 1}))
    for seed in range(20):
        with pytest.raises(Refused, match=r"raised (ValueError|IndexError)|another number of words"):
            crop(["one", "two"], Random(seed))


def test_a_word_that_came_back_with_white_space_keeps_it_outside_of_mentions_but_not_in_chinese() -> None:
    assert usable("vons TmerD", spaced=True) == "vons TmerD"
    assert usable(" vons  TmerD ", spaced=True) == "vons TmerD"
    assert usable("药 药", spaced=False) == ""
    assert usable("  ", spaced=True) == ""
    assert usable("a\ue000b", spaced=True) == ""
    tokens = Adapted(Step("ReservedAug", {"reserved_tokens": [["FWD", "for ward"]], "aug_p": 1.0}))
    assert tokens(["FWD", "it"], Random(1)) == ["for ward", "it"]


def test_a_word_is_never_replaced_by_an_underscore() -> None:
    assert "name the words to write as `target_words`" in why([{"RandomWordAug": {"action": "substitute"}}])
    step = {"RandomWordAug": {"action": "substitute", "target_words": ["_"]}}
    with pytest.raises(Refused, match="changed no word"):
        Nlpaug(augmenters=[step]).draw(EN, Random(1))


@pytest.mark.parametrize("name", ["KeyboardAug", "OcrAug", "RandomCharAug", "SpellingAug"])
def test_the_global_generators_are_left_as_they_were_and_do_not_matter(name: str) -> None:
    augmenter = Adapted(Step(name, {"aug_p": 1.0} if name == "SpellingAug" else {"aug_word_p": 1.0}))
    results = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        before, numbers = random.getstate(), np.random.get_state()[1].tolist()
        results.append(augmenter(WORDS, Random(7)))
        assert random.getstate() == before
        assert np.random.get_state()[1].tolist() == numbers
    assert results[0] == results[1] != WORDS


def test_global_generators_lent_to_the_library_are_seeded_and_given_back() -> None:
    drawn = []
    for seed in (1, 2):
        random.seed(seed)
        np.random.seed(seed)
        before, numbers = random.getstate(), np.random.get_state()[1].tolist()
        with drawing_from(Random(7)):
            drawn.append((random.random(), np.random.random()))
        assert random.getstate() == before
        assert np.random.get_state()[1].tolist() == numbers
    assert drawn[0] == drawn[1]


def test_two_spelling_dictionaries_in_one_process_are_two(tmp_path: Path) -> None:
    (tmp_path / "zh.txt").write_text("重 种\n", encoding="utf-8")
    english = Adapted(Step("SpellingAug", {"aug_p": 1.0}))
    chinese = Adapted(Step("SpellingAug", {"dict_path": str(tmp_path / "zh.txt"), "aug_p": 1.0}))
    again = Adapted(Step("SpellingAug", {"aug_p": 1.0}))
    assert chinese(["重", "because"], Random(1)) == ["种", "because"]
    assert english(WORDS, Random(1)) == again(WORDS, Random(1)) != WORDS


def test_a_chinese_document_is_handed_over_by_character_where_a_dictionary_says_what_becomes_of_which(
    tmp_path: Path,
) -> None:
    (tmp_path / "zh.txt").write_text("重 种\n江 讲\n", encoding="utf-8")
    doc = Document("a", "江泽民重视江苏", "zh", spans=(Span(0, 3, "PER"), Span(5, 7, "LOC")))
    step = {"SpellingAug": {"dict_path": str(tmp_path / "zh.txt"), "include_reverse": False, "aug_p": 1}}
    assert children([step], doc) == {"江泽民种视江苏"}
    with pytest.raises(Refused, match="KeyboardAug knows no Chinese character; use homophone_noise"):
        Nlpaug(augmenters=["KeyboardAug"]).draw(doc, Random(1))


def test_a_file_that_settings_name_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "words.txt"
    file.write_text("a b\n", encoding="utf-8")
    before = Nlpaug(augmenters=[{"SpellingAug": {"dict_path": str(file)}}]).fingerprint()
    file.write_text("a c\n", encoding="utf-8")
    assert Nlpaug(augmenters=[{"SpellingAug": {"dict_path": str(file)}}]).fingerprint() != before


def test_misspellings_stand_in_one_order_whatever_that_of_sets_in_a_process() -> None:
    words = Adapted(Step("SpellingAug", {})).library.model.dict
    assert words["because"][:3] == sorted(words["because"])[:3]
    assert all(others == sorted(others) for others in words.values())


class _Nltk:
    """nltk without its resources, on a machine without a network."""

    class data:
        there: tuple[str, ...] = ()

        @classmethod
        def find(cls, name: str) -> str:
            if name in cls.there:
                return name
            raise LookupError(name)

    asked: tuple[str, ...] = ()

    @classmethod
    def download(cls, name: str) -> None:
        raise AssertionError(f"nobody asked for the network, and for {name} least of all")

    @classmethod
    def pos_tag(cls, words: list[str]) -> list[tuple[str, str]]:
        if "taggers/averaged_perceptron_tagger_eng" not in cls.data.there:
            raise LookupError("averaged_perceptron_tagger_eng")
        return [(word, "NN" if word == "sheep" else "DT") for word in words]


class _Lemma:
    def name(self) -> str:
        return "bleating_animal"


class _WordNet:
    @staticmethod
    def synsets(word: str, pos: str | None = None, lang: str = "eng") -> list[Any]:
        return [type("Synset", (), {"lemmas": staticmethod(lambda lang: [_Lemma()])})()] if word == "sheep" else []


@pytest.fixture
def nltk(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Nltk]]:
    import nlpaug.model.word_dict.wordnet as library

    corpus = type(sys)("nltk.corpus")
    corpus.wordnet = _WordNet  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nltk", _Nltk)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "nltk.corpus", corpus)
    monkeypatch.setitem(sys.modules, "textblob", None)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "textblob.en", None)  # type: ignore[arg-type]
    monkeypatch.setattr(library, "nltk", _Nltk, raising=False)
    monkeypatch.setattr(library, "wordnet", _WordNet, raising=False)
    yield _Nltk
    _Nltk.data.there = ()


def test_synonyms_need_what_is_on_this_machine_and_never_ask_for_the_outdated_names(nltk: type[_Nltk]) -> None:
    with pytest.raises(WrongUse, match=r"no WordNet on this machine; `python -m nltk.downloader wordnet`"):
        Adapted(Step("SynonymAug", {}))
    nltk.data.there = ("corpora/wordnet",)
    with pytest.raises(WrongUse, match=r"pip install textblob, or `python -m nltk.downloader averaged_perceptron_tag"):
        Adapted(Step("SynonymAug", {}))
    nltk.data.there = ("corpora/wordnet", "taggers/averaged_perceptron_tagger_eng")
    assert children([{"SynonymAug": {"aug_p": 1}}]) == {
        "yesterday Werner Zwingmann told members that Germany 's bleating animal were consumed"
    }


def test_an_antonym_is_refused_where_the_document_has_a_label() -> None:
    with pytest.raises(Refused, match="makes the document's label untrue"):
        Nlpaug(augmenters=["AntonymAug"]).draw(Document("a", "good ship", "en", label="positive"), Random(1))


def test_classes_and_settings_are_read_without_importing_the_library() -> None:
    code = (
        "import sys; from pipeline.part import build;"
        "build('augmentation', {'use': 'nlpaug', 'augmenters': [{'KeyboardAug': {'aug_char_max': 1}}]});"
        "print(sorted({'nlpaug', 'torch', 'pandas'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"
    assert {"KeyboardAug", "OcrAug", "RandomCharAug", "RandomWordAug", "SpellingAug", "SynonymAug"} <= set(classes())
    assert step_of({"OcrAug": None}) == Step("OcrAug")


def tiny_bert(folder: Path, words: list[str], seed: int) -> str:
    """A masked language model of random weights over a few words."""
    import torch
    from transformers import BertConfig, BertForMaskedLM, BertTokenizerFast

    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    torch.manual_seed(seed)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    BertForMaskedLM(BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, **sizes)).save_pretrained(folder)
    return str(folder)


def test_a_masked_language_model_works_on_this_transformers_and_is_told_from_one_of_the_same_name(
    tmp_path: Path,
) -> None:
    import torch

    first = tiny_bert(tmp_path / "a" / "model", ["sheep", "goats", "were", "sold"], 1)
    second = tiny_bert(tmp_path / "b" / "model", ["sheep", "cows", "were", "sold"], 1)
    made = []
    for path in (first, second):
        augmenter = Adapted(Step("ContextualWordEmbsAug", {"model_path": path, "model_type": "bert", "aug_p": 1.0}))
        assert augmenter.library.model.model_path == path
        for _ in range(2):
            torch.manual_seed(random.randrange(1000))
            before = torch.get_rng_state()
            made.append([augmenter(["Sheep", "were", "sold"], Random(n)) for n in range(10)])
            assert torch.equal(torch.get_rng_state(), before)
    assert made[0] == made[1]
    assert made[2] == made[3]
    seen = [{w for words in some for w in words} for some in (made[0], made[2])]
    assert "goats" in seen[0] and "goats" not in seen[1]
    assert "cows" in seen[1] and "cows" not in seen[0]
