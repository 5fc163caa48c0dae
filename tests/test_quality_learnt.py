"""Gates that learn from a reference: what they see in later documents, and what they make of too little."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate, judge
from pipeline.part import build
from pipeline.quality._pairs import Classifier, Pairs, kappa
from pipeline.types import Document, Span

WORDS = ("the", "river", "was", "cold", "and", "nobody", "had", "been", "there", "since", "autumn", "came", "hills")


def gate(use: str, **settings: Any) -> Gate:
    made = build("quality", {"use": use, "judged": "all", "min_support": 50, **settings})
    assert isinstance(made, Gate)
    return made


def texts(count: int, seed: int) -> list[str]:
    rng = Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randrange(6, 16))) for _ in range(count)]


def frame(given: list[str], labels: list[str] | None = None) -> Frame:
    return Frame(to_table(Document(str(n), t, "en", label=labels and labels[n]) for n, t in enumerate(given)))


@pytest.fixture
def reference(tmp_path: Path) -> str:
    path = tmp_path / "reference.parquet"
    pq.write_table(frame(texts(1000, 1)).documents, path)
    return str(path)


def test_texts_with_their_characters_in_another_order_are_unlikely(reference: str) -> None:
    rng, clean = Random(3), texts(1000, 2)
    broken = ["".join(rng.sample(t, len(t))) if n < 100 else t for n, t in enumerate(clean)]
    asked = gate("unlikely_texts", reference=reference, at_most=0.1)
    assert judge(asked, frame(clean)).outcome == "passed"
    verdict = judge(asked, frame(broken))
    assert verdict.outcome == "failed"
    assert verdict.observed == pytest.approx(0.145, abs=0.02)  # these 10 %, and 5 % of the others
    assert {int(id_) for id_ in verdict.evidence["ids"]} <= set(range(100))  # type: ignore[union-attr]


def test_texts_that_are_cut_shift_the_lengths(reference: str) -> None:
    asked = gate("length_shift", reference=reference, at_most=0.15)
    clean = texts(1000, 2)
    assert judge(asked, frame(clean)).outcome == "passed"
    cut = judge(asked, frame([t[:20] if n % 2 else t for n, t in enumerate(clean)]))
    assert (cut.outcome, cut.observed) == ("failed", pytest.approx(0.5, abs=0.05))


def test_a_reference_that_has_changed_is_learnt_again(reference: str) -> None:
    asked = gate("length_shift", reference=reference)
    assert judge(asked, frame(texts(200, 2))).outcome == "passed"
    pq.write_table(frame(["short"] * 1000).documents, reference)
    assert judge(asked, frame(texts(200, 2))).outcome == "failed"


def test_labels_that_belong_to_other_texts_do_not_agree_with_the_reference(tmp_path: Path) -> None:
    def labelled(count: int, seed: int, wrong: float) -> Frame:
        rng = Random(seed)
        labels = [rng.choice(("good", "bad")) for _ in range(count)]
        said = [f"{t} {'liked' if x == 'good' else 'broke'}" for t, x in zip(texts(count, seed), labels, strict=True)]
        return frame(said, [rng.choice(("good", "bad")) if rng.random() < wrong else x for x in labels])

    path = tmp_path / "reference.parquet"
    pq.write_table(labelled(400, 1, 0).documents, path)
    asked = gate("reference_kappa", reference=str(path), at_least=0.9)
    assert judge(asked, labelled(200, 2, 0)).observed == pytest.approx(1.0)
    verdict = judge(asked, labelled(200, 2, 0.3))
    assert (verdict.outcome, verdict.observed) == ("failed", pytest.approx(0.7, abs=0.08))


def test_a_string_that_the_reference_labels_in_two_ways_is_not_counted(tmp_path: Path) -> None:
    def mentions(*named: tuple[str, str]) -> Frame:
        docs = [Document(str(n), s, spans=(Span(0, len(s), x),)) for n, (s, x) in enumerate(named)]
        return Frame(to_table(docs))

    path = tmp_path / "reference.parquet"
    known = [("Anna", "PER")] * 5 + [("Paris", "LOC")] * 4 + [("Paris", "PER")] + [("Oslo", "LOC")]
    pq.write_table(mentions(*known).documents, path)
    asked = gate("known_mentions", reference=str(path), min_support=5)
    verdict = judge(asked, mentions(*[("Anna", "PER")] * 9, ("Anna", "LOC"), *[("Paris", "PER"), ("Oslo", "PER")] * 9))
    assert (verdict.outcome, verdict.observed) == ("failed", 0.1)


@pytest.mark.parametrize("use", ["unlikely_texts", "length_shift", "reference_kappa", "known_mentions"])
def test_too_few_documents_and_a_reference_that_is_not_there_are_not_judged(use: str, reference: str) -> None:
    few = judge(gate(use, reference=reference), frame(texts(10, 2)))
    assert few.outcome == "not_judged"
    assert "50 of each are needed" in few.message
    gone = judge(gate(use, reference=f"{reference}.gone"), frame(texts(100, 2)))
    assert gone.outcome == "not_judged"
    assert "there is no " in gone.message


def test_one_similar_text_in_two_different_ones_makes_both_near_copies() -> None:
    long = "nobody had been there since autumn came over the cold hills and the river"
    copies = build("quality", "near_copies")
    assert isinstance(copies, Gate)
    verdict = judge(copies, frame([long, long, f"{long} again", "quite another thing was said about it yesterday"]))
    assert (verdict.outcome, verdict.observed) == ("failed", pytest.approx(2 / 3))  # the exact copy counts once


def test_a_pair_that_was_seen_is_likelier_than_one_that_was_not() -> None:
    model = Pairs.of(["abababab"])
    seen, unseen, alone = model.surprise(["abab", "xyzx", "a"])
    assert seen < unseen
    assert np.isnan(alone)


def test_a_classifier_gives_the_label_of_the_pairs_that_it_knows() -> None:
    model = Classifier.of(["good thing", "good one", "bad thing", "bad one"], ["+", "+", "-", "-"])
    assert model.label(["a good day", "a bad day"]) == ["+", "-"]


def test_kappa_is_agreement_beyond_chance() -> None:
    assert kappa(["a", "b", "a", "b"], ["a", "b", "a", "b"]) == 1.0
    assert kappa(["a", "b", "a", "b"], ["a", "a", "b", "b"]) == 0.0
    assert kappa(["a", "a", "b", "b"], ["a", "a", "b", "a"]) == pytest.approx(0.5)
    assert kappa(["a", "a"], ["a", "a"]) is None
