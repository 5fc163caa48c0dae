"""Gates of diversity: their formulas by hand, their samples, and what they compare with."""

from __future__ import annotations

import json
import os
import zlib
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_documents import texts as nasty_texts

from pipeline.frames import Frame, to_table
from pipeline.language.baselines import BASELINES
from pipeline.part import build
from pipeline.quality._diversity import (
    distinct_n,
    measured,
    most_repeating,
    mtld,
    self_repetition,
    vendi,
    xz_ratio,
)
from pipeline.quality._relative import Relative, varied
from pipeline.quality._sample import token_samples, tokens
from pipeline.quality.distinct_n import DistinctN
from pipeline.quality.mtld import Mtld
from pipeline.quality.self_repetition import SelfRepetition
from pipeline.quality.vendi import Vendi
from pipeline.quality.xz_ratio import XzRatio
from pipeline.types import Document, Lineage, Split

RELATIVE: list[Relative] = [DistinctN(n=1), DistinctN(), DistinctN(n=3), Mtld(), SelfRepetition(), XzRatio()]
DATA = Path(os.environ.get("GRISTMILL_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
CORPORA = st.lists(st.text(alphabet="abc 好吗的,.", min_size=1, max_size=12), min_size=1, max_size=12)


def table(texts: list[str], language: str = "en", split: Split | None = None) -> pa.Table:
    return to_table(Document(f"{split}{n}", text, language, split=split) for n, text in enumerate(texts))


def noise(words: int, seed: int) -> str:
    rng = Random(seed)
    return " ".join("".join(rng.choices("abcdefghijklmnop", k=8)) for _ in range(words))


def test_distinct_n_counts_different_ngrams_inside_of_documents() -> None:
    assert distinct_n([["a", "b", "a", "b"]], 2) == 2 / 3
    assert distinct_n([["a", "b"], ["b", "a"]], 2) == 1.0
    assert distinct_n([["a", "b", "c"]] * 4, 2) == 2 / 8
    assert distinct_n([["a"], []], 2) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Forward the ratio falls to 4/6 at the sixth word and three new ones follow; backward to 3/5 at the fifth.
        ("of the people by the people for the people", 9.0),
        ("a a", 2.0),
        ("a b a", 3.0),
        ("a b c a", 4 / ((1 - 3 / 4) / 0.28)),
        # 1 factor and 2 new words forward; backward "c b a b" stays at 3/4, then 3/5 ends a factor: 5 / 1.
        ("a b a b c", (5 / 1 + 5 / 1) / 2),
    ],
)
def test_mtld_is_what_it_is_by_hand(text: str, expected: float) -> None:
    assert mtld(text.split()) == pytest.approx(expected, abs=1e-12)


def test_mtld_is_not_measured_where_no_word_repeats() -> None:
    assert mtld(["all", "words", "differ", "here"]) is None
    assert mtld([]) is None


def test_self_repetition_is_the_share_of_documents_with_a_4gram_of_another() -> None:
    documents = ["a b c d e", "x a b c d", "a b c", "p q r s t", "m m m m m m"]
    assert self_repetition([d.split() for d in documents]) == 2 / 4  # "a b c" has no 4-gram; m repeats itself alone
    assert self_repetition([["a"]]) is None


def test_xz_sees_a_repetition_that_gzip_is_blind_to() -> None:
    once = [noise(6000, seed=1)]
    twice = once * 2
    gzip = [len("\n".join(t)) / len(zlib.compress("\n".join(t).encode(), 9)) for t in (once, twice)]
    assert gzip[1] / gzip[0] == pytest.approx(1, abs=0.01)
    assert (xz_ratio(twice) or 0) / (xz_ratio(once) or 1) == pytest.approx(2, abs=0.05)
    assert xz_ratio([]) is None


def test_vendi_counts_different_rows() -> None:
    assert vendi(np.ones((7, 3))) == pytest.approx(1)
    assert vendi(np.eye(5) * 3) == pytest.approx(5)
    thirds = np.array([[1.0, 0], [2, 0], [0, 1]])  # eigenvalues 2/3 and 1/3
    assert vendi(thirds) == pytest.approx((3 / 2) ** (2 / 3) * 3 ** (1 / 3))
    assert vendi(np.zeros((2, 3))) is None


def test_vendi_by_the_gram_equals_vendi_by_the_kernel() -> None:
    rows = np.random.default_rng(1).normal(size=(40, 6))
    unit = rows / np.linalg.norm(rows, axis=1)[:, None]
    values = np.linalg.eigvalsh(unit @ unit.T / 40)
    values = values[values > 1e-12]
    assert vendi(rows) == pytest.approx(np.exp(-(values * np.log(values)).sum()))


@given(CORPORA, st.randoms())
@settings(max_examples=60)
def test_the_order_of_rows_changes_no_number(texts: list[str], random: Random) -> None:
    documents = [Document(str(n), text, "zh") for n, text in enumerate(texts)]
    shuffled = random.sample(documents, len(documents))
    assert token_samples(to_table(documents), 30, 13) == token_samples(to_table(shuffled), 30, 13)


@given(CORPORA)
@settings(max_examples=60)
def test_copies_lower_distinct_n_and_raise_the_other_two(texts: list[str]) -> None:
    once = [tokens(t) for t in texts]
    before, after = distinct_n(once, 2), distinct_n(once * 2, 2)
    assert (before is None and after is None) or (after == pytest.approx((before or 0) / 2))
    assert self_repetition(once * 2) in (None, 1.0)
    assert (xz_ratio(texts * 2) or 0) >= (xz_ratio(texts) or 0)


@given(st.lists(nasty_texts, min_size=1, max_size=8), st.integers(1, 40))
@settings(max_examples=100)
def test_a_sample_has_the_tokens_it_says_and_texts_cut_after_the_last(texts: list[str], size: int) -> None:
    for sample in token_samples(to_table(Document(str(n), text) for n, text in enumerate(texts)), size, 13):
        assert sample.size == sum(map(len, sample.tokens)) == min(size, sum(len(tokens(t)) for t in texts))
        for id_, text in zip(sample.ids, sample.texts, strict=True):
            assert texts[int(id_)].startswith(text)


def test_copies_and_families_are_drawn_together_however_large_the_corpus() -> None:
    originals = [Document(str(n), noise(5, seed=n)) for n in range(400)]
    copies = [replace(d, id=f"{d.id}-copy") for d in originals]
    made = Lineage("swap", "{}", 1, ("?",))
    children = [
        replace(d, id=f"{d.id}-c", text=noise(5, 999), lineage=replace(made, parents=(d.id,))) for d in originals
    ]
    sample, _ = token_samples(to_table([*originals, *copies, *children]), 150, 13)
    roots = {i.partition("-")[0] for i in sample.ids}
    assert len(roots) == 10
    assert set(sample.ids) == {root + end for root in roots for end in ("", "-copy", "-c")}


def test_a_few_texts_over_and_over_are_seen_in_the_second_sample() -> None:
    texts = [noise(5, seed=n) for n in range(400)] + [noise(5, 401)] * 400
    first, second = token_samples(table(texts), 150, 13)
    assert distinct_n(first.tokens, 2) == 1.0
    assert (distinct_n(second.tokens, 2) or 1) < 0.7
    assert DistinctN(tokens=150, baseline=1).check(Frame(table(texts))).observed == distinct_n(second.tokens, 2)


def test_the_most_repeating_documents_are_named_longest_first() -> None:
    texts = ["a b c d e f g h", "a b c d e f g h", "a b c d x", "k l m n o p"]
    assert most_repeating(token_samples(table(texts), 100, 13)[0], 4, 5) == ["None0", "None1", "None2"]


@pytest.mark.parametrize("gate", RELATIVE, ids=lambda g: g._number)
def test_every_language_has_a_baseline_of_every_gate(gate: Relative) -> None:
    for language in ("en", "zh"):
        limit = gate._limit(BASELINES[language][gate._number])
        assert (limit < BASELINES[language][gate._number]) == gate._lowest


@pytest.mark.parametrize("gate", RELATIVE, ids=lambda g: g._number)
def test_fewer_tokens_than_the_sample_are_not_judged(gate: Relative) -> None:
    verdict = gate.check(Frame(table(varied(12))))
    assert (verdict.outcome, verdict.observed) == ("not_judged", None)
    assert "120 tokens of 'en', 100000 are measured" in verdict.message


def test_a_baseline_of_another_size_or_language_is_not_compared_with() -> None:
    verdict = DistinctN(tokens=100).check(Frame(table(varied(12))))
    assert verdict.outcome == "not_judged"
    assert "measured at 100000 tokens of 'en', `tokens` is 100" in verdict.message
    verdict = DistinctN(tokens=100).check(Frame(table(varied(12), "fi")))
    assert "has no distinct_2 of 'fi'" in verdict.message


@pytest.mark.parametrize("scheme", ["", "memory://"])
def test_a_release_stores_its_numbers_and_the_next_is_judged_by_them(scheme: str, tmp_path: Path) -> None:
    import fsspec

    documents = table([noise(11, seed=n % 60) for n in range(80)])
    numbers = measured(documents, "en")
    assert numbers["tokens"] == 880
    assert 0.74 < numbers["distinct_2"] < 0.76  # 20 of 80 texts are copies
    assert numbers["self_repetition"] == 0.5
    assert numbers["vendi_documents"] == 80
    place = f"{scheme}{tmp_path}/baselines.json"
    with fsspec.open(place, "w") as file:
        json.dump({"en": numbers}, file)
    bomb = table([noise(11, seed=n % 10) for n in range(80)])
    for use in ("distinct_n", "self_repetition", "xz_ratio"):
        gate: Any = build("quality", {"use": use, "tokens": 880, "baseline": place})
        assert [gate.check(Frame(d)).outcome for d in (documents, bomb)] == ["passed", "failed"]
    other = DistinctN(tokens=800, baseline=place).check(Frame(documents))
    assert "was measured at 880 tokens of 'en', `tokens` is 800" in other.message
    absent = DistinctN(tokens=800, baseline=str(tmp_path / "no.json")).check(Frame(documents))
    assert (absent.outcome, "no.json" in absent.message) == ("not_judged", True)


def test_each_language_of_a_version_is_judged_and_the_worst_is_shown() -> None:
    english = [Document(f"e{n}", t, "en") for n, t in enumerate(varied(12))]
    chinese = [Document(f"z{n}", "很好很好很好很好很好", "zh") for n in range(12)]
    gate = DistinctN(tokens=100, baseline=0.9)
    verdict = gate.check(Frame(to_table([*english, *chinese, Document("f", "oui", "fr")])))  # 4 %: no corpus of its own
    assert (verdict.outcome, verdict.observed) == ("failed", 2 / 90)
    assert "of 'zh' is 0.02222" in verdict.message
    verdict = gate.check(Frame(to_table([*english, Document("f", "oui", "fr")])))
    assert "1 tokens of 'fr', 100 are measured" in verdict.message


def test_training_documents_are_judged_where_there_are_splits() -> None:
    train, test = table(varied(12), split="train"), table(varied(1) * 50, split="test")
    assert DistinctN(tokens=100, baseline=0.9).check(Frame(pa.concat_tables([train, test]))).observed == 1.0


def augmented(children: list[str]) -> Frame:
    originals = [Document(str(n), t, "en", split="train") for n, t in enumerate(varied(30))]
    made = [
        Document(f"{n}#1", t, "en", split="train", lineage=Lineage("x", "{}", 1, (str(n),)))
        for n, t in enumerate(children)
    ]
    return Frame(to_table([*originals, *made]))


def test_an_augmented_version_is_compared_with_its_own_originals() -> None:
    gate = DistinctN(tokens=300, against="originals")
    copied = gate.check(augmented(varied(30)))
    assert (copied.outcome, copied.observed, copied.limit) == ("failed", 0.5, "at least 0.7")
    new = gate.check(augmented([noise(10, n) for n in range(30)]))
    assert (new.outcome, new.observed) == ("passed", 1.0)
    assert gate.check(augmented([])).outcome == "passed"
    assert "have 300 tokens" in DistinctN(tokens=400, against="originals").check(augmented(varied(30))).message


def test_evidence_has_ids_sizes_and_seeds_and_no_text() -> None:
    verdict = XzRatio(tokens=100, baseline=1).check(Frame(table(["secret words that nobody may see at all"] * 20)))
    assert verdict.outcome == "failed"
    assert "secret" not in json.dumps(dict(verdict.evidence)) + verdict.message
    assert {"tokens", "seed", "en"} == set(verdict.evidence)
    assert len(verdict.evidence["en"]["ids"]) == 13  # type: ignore[index, arg-type, call-overload]


def test_vendi_without_a_limit_reports_its_number() -> None:
    verdict = Vendi(sample=12).check(Vendi.bad())
    assert (verdict.outcome, verdict.observed, verdict.limit) == ("passed", pytest.approx(1), "at least 1 (reported)")
    assert Vendi(sample=13).check(Vendi.bad()).outcome == "not_judged"


@pytest.mark.skipif(
    not (DATA / "conll2003").is_dir(), reason="CoNLL-2003 is the user's: name it in GRISTMILL_TEST_DATA"
)
def test_the_defaults_pass_newswire_and_refuse_it_with_a_quarter_of_copies() -> None:
    source: Any = build("source", {"use": "conll", "path": str(DATA / "conll2003"), "pattern": "train.txt"})
    documents = [replace(d, language="en") for b in source.batches() for d in source.read(b)]
    clean = Frame(to_table(documents))
    again = Frame(to_table([*documents, *(replace(d, id=f"{d.id}#") for d in documents[: len(documents) // 3])]))
    assert DistinctN().check(clean).outcome == "passed"
    own = measured(clean.documents, "en")
    assert own["tokens"] == 100_000
    for gate in (DistinctN(baseline=own["distinct_2"]), XzRatio(baseline=own["xz_ratio"])):
        assert gate.check(again).outcome == "failed"
