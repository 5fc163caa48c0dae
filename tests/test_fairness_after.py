"""Gates on a checkpoint: gaps of known size are measured with their sign; nothing passes that could not be seen."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from click.testing import CliRunner

from assets import plots
from assets.cli import main
from pipeline.bench_gates import power, power_table, replaced
from pipeline.bench_gates._power import _drawn
from pipeline.bench_gates._suite import _group
from pipeline.fairness._paired import _newcombe, paired_gaps, table
from pipeline.fairness._predictions import predicted_mentions
from pipeline.fairness._swaps import GENDER, GROUP, MADE_BY, OF, ORIGIN
from pipeline.fairness.counterfactual_gap import CounterfactualGap
from pipeline.fairness.equalized_odds import EqualizedOdds
from pipeline.fairness.precision_gap import PrecisionGap
from pipeline.fairness.recall_gap import RecallGap
from pipeline.fairness.selection_rate import SelectionRate
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate, judge
from pipeline.types import Document, Span, Verdict

SPANS = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
Counts = Mapping[str, tuple[int, int]]


def predicted(docs: Sequence[Document], found: Sequence[Sequence[tuple[int, int, str]]]) -> Frame:
    spans = [[{"start": a, "end": b, "label": label} for a, b, label in row] for row in found]
    return Frame(to_table(docs), predictions=pa.table({"id": [d.id for d in docs], "spans": pa.array(spans, SPANS)}))


def named(sizes: Counts) -> Frame:
    """For each name (right, predicted): one prediction a document, right where the gold mention is the whole name."""
    docs, found = [], []
    for name, (right, total) in sizes.items():
        for n in range(total):
            text = f"{name} left"
            end = len(name) if n < right else len(text)
            spans = (Span(0, end, "PER", {"inferred_gender": "male"}),)
            docs.append(Document(f"{name}{n}", text, spans=spans, split="test"))
            found.append([(0, len(name), "PER")])
    return predicted(docs, found)


def rows_of(verdict: Verdict, key: str) -> list[dict[str, object]]:
    return list(verdict.evidence[key])  # type: ignore[call-overload]


def test_a_wrong_prediction_has_the_group_that_its_own_text_says() -> None:
    gate = PrecisionGap(by="inferred_gender")
    verdict = gate.check(named({"Anna Berg": (60, 100), "James Berg": (95, 100), "Kim": (0, 30)}))
    (gap,) = rows_of(verdict, "gaps")
    assert (gap["label"], gap["groups"], round(float(gap["gap"]), 6)) == ("PER", ["female", "male"], -0.35)  # type: ignore[arg-type]
    assert verdict.outcome == "failed"
    assert verdict.message.startswith("PER: precision of female minus male is -0.350 [-0.4")
    assert (verdict.evidence["predictions"], verdict.evidence["unknown"]) == (230, 30)


def test_only_labels_whose_mentions_have_a_group_are_inferred() -> None:
    doc = Document("a", "Anna Berg left Paris Hilton", spans=(Span(0, 9, "PER", {"inferred_gender": "female"}),))
    rows = predicted_mentions(predicted([doc], [[(0, 9, "PER"), (15, 27, "LOC"), (15, 27, "PER")]]), "inferred_gender")
    found = sorted(rows.select("label", "group", "hit").rows())
    assert found == [("LOC", "unknown", 0), ("PER", "female", 0), ("PER", "female", 1)]


def test_a_group_of_the_source_is_that_of_the_mention_it_overlaps_else_of_the_document_else_unknown() -> None:
    spans = (Span(0, 9, "PER", {"form": "long"}), Span(15, 20, "PER", {"form": "short"}))
    doc = Document("a", "Anna Berg left Paris then", spans=spans)
    found = [[(0, 4, "PER"), (5, 20, "PER"), (15, 20, "PER"), (21, 25, "PER")]]
    rows = predicted_mentions(predicted([doc], found), "form").select("group", "hit").rows()
    assert rows == [("long", 0), ("long", 0), ("short", 1), ("unknown", 0)]
    inherited = predicted_mentions(predicted([replace(doc, groups={"form": "any"})], found), "form")
    assert inherited["group"].to_list()[-1] == "any"


def test_precision_of_a_classifier_is_among_documents_that_were_given_the_label() -> None:
    docs, found = [], []
    for domain, right in (("law", 95), ("news", 70)):
        for n in range(200):
            gold = "good" if n < right or n >= 150 else "bad"
            docs.append(Document(f"{domain}{n}", "x", label=gold, groups={"domain": domain}))
            found.append("good" if n < 100 else "bad")
    frame = Frame(to_table(docs), predictions=pa.table({"id": [d.id for d in docs], "label": found}))
    verdict = PrecisionGap(by="domain").check(frame)
    cells = {(c["label"], c["group"]): (c["precision"], c["examples"]) for c in rows_of(verdict, "cells")}
    assert cells["good", "law"] == (0.95, 100)
    assert cells["good", "news"] == (0.7, 100)
    assert verdict.outcome == "failed"


def classified(**cells: tuple[int, int, int, int]) -> Frame:
    """For each domain (true positives, positives, false positives, negatives) of the label `good`."""
    docs, found = [], []
    for domain, (tp, p, fp, n) in cells.items():
        guesses = ["good"] * tp + ["bad"] * (p - tp) + ["good"] * fp + ["bad"] * (n - fp)
        for at, guess in enumerate(guesses):
            gold = "good" if at < p else "bad"
            docs.append(Document(f"{domain}{at}", "x", label=gold, groups={"domain": domain}, split="test"))
            found.append(guess)
    predictions = pa.table({"id": [d.id for d in docs], "label": found})
    return Frame(to_table(docs), predictions=predictions, labels=("good", "bad"))


def test_equalized_odds_is_the_larger_of_both_rates_gaps_with_its_sign() -> None:
    verdict = EqualizedOdds(by="domain", label="good").check(classified(a=(180, 200, 20, 200), b=(178, 200, 80, 200)))
    gaps = {g["label"]: round(float(g["gap"]), 6) for g in rows_of(verdict, "gaps")}  # type: ignore[arg-type]
    assert gaps == {"good, TPR": 0.01, "good, FPR": -0.3}
    assert (verdict.outcome, round(verdict.observed or 0, 6)) == ("failed", 0.3)
    assert verdict.message.startswith("good, FPR: rate of a minus b is -0.300 [-0.")


def test_of_two_labels_one_says_all_and_of_three_every_one_is_looked_at() -> None:
    two = EqualizedOdds(by="domain").check(classified(a=(180, 200, 20, 200), b=(178, 200, 80, 200)))
    assert {g["label"] for g in rows_of(two, "gaps")} == {"bad, TPR", "bad, FPR"}
    assert round(two.observed or 0, 6) == 0.3
    frame = replace(classified(a=(180, 200, 20, 200), b=(178, 200, 80, 200)), labels=("good", "bad", "fair"))
    three = EqualizedOdds(by="domain").check(frame)
    assert {g["label"] for g in rows_of(three, "gaps")} == {
        "bad, TPR",
        "bad, FPR",
        "good, TPR",
        "good, FPR",
        "fair, FPR",
    }


def test_the_selection_rate_counts_what_is_given_the_label_whatever_is_right() -> None:
    verdict = SelectionRate(by="domain", favourable="good").check(classified(a=(100, 100, 0, 100), b=(150, 150, 0, 50)))
    (gap,) = rows_of(verdict, "gaps")
    assert (gap["label"], gap["groups"], gap["gap"]) == ("good", ["a", "b"], -0.25)
    assert verdict.outcome == "failed"
    unknown = SelectionRate(by="domain", favourable="goood").check(classified(a=(100, 100, 0, 100)))
    assert unknown.message == "there is no label 'goood'; there are bad, good"


def swapped(
    found: Mapping[tuple[str, str], Sequence[int]], roots: int = 0, gate: CounterfactualGap | None = None
) -> Frame:
    """(gender, origin) → for each sentence whether its name is found; of `roots` root documents, else one each."""
    key, docs, guesses = (gate or CounterfactualGap()).swaps().key, [], []
    for (gender, origin), hits in found.items():
        for n, hit in enumerate(hits):
            root = f"r{n % roots if roots else n}"
            known = {OF: f"s{n}", GROUP: f"{origin}_{gender}", MADE_BY: key}
            spans = (Span(0, 9, "PER", {GENDER: gender, ORIGIN: origin}), Span(10, 14, "PER"))
            name = f"s{n}~{origin}_{gender}"
            docs.append(Document(name, "Anna Berg Kurt", group_id=root, spans=spans, groups=known, split="test"))
            guesses.append([(0, 9, "PER")] if hit else [(0, 4, "PER"), (0, 9, "LOC")])
    copies = predicted(docs, guesses)
    return Frame(to_table([Document("s0", "Bill Clinton")]), counterfactual=copies, labels=("PER",))


def test_a_paired_gap_has_a_sign_an_interval_a_flip_rate_and_its_worst_sentences() -> None:
    hits = [1] * 200
    frame = swapped({("female", "english"): [0] * 30 + [1] * 170, ("male", "english"): hits})
    verdict = CounterfactualGap().check(frame)
    (gap,) = rows_of(verdict, "gaps")
    assert (gap["label"], gap["groups"], gap["gap"]) == ("PER", ["female", "male"], -0.15)
    assert -0.21 < float(gap["low"]) < -0.19  # type: ignore[arg-type]
    assert -0.12 < float(gap["high"]) < -0.10  # type: ignore[arg-type]
    assert (verdict.outcome, verdict.observed) == ("failed", 0.15)
    assert verdict.evidence["flip_rate"] == 0.15
    assert "30 of 200 answers change with the group" in verdict.message
    worst = rows_of(verdict, "worst")
    assert len(worst) == 20
    assert worst[0] == {"id": "s0", "compared": 1, "found": {"female": 0.0, "male": 1.0}}
    assert "Anna" not in str(verdict.evidence), "ids and counts, no text"
    assert CounterfactualGap().check(frame) == verdict, "the seed is fixed"


def test_what_differs_between_sentences_and_not_between_names_makes_no_interval_wide() -> None:
    hard = [n % 2 for n in range(150)]
    verdict = CounterfactualGap().check(swapped({("female", "english"): hard, ("male", "english"): hard}))
    assert verdict.outcome == "passed", verdict.message
    (gap,) = rows_of(verdict, "gaps")
    assert float(gap["high"]) < 0.05  # type: ignore[arg-type]
    assert (verdict.evidence["flip_rate"], rows_of(verdict, "worst")) == (0.0, [])


def test_genders_are_compared_within_an_origin_and_origins_within_a_gender() -> None:
    ones, none = [1] * 100, [0] * 100
    frame = swapped({("female", "a"): ones, ("male", "a"): ones, ("female", "b"): none, ("male", "b"): none})
    gender, origin = CounterfactualGap().check(frame), CounterfactualGap(by="origin").check(frame)
    assert (gender.outcome, gender.observed) == ("passed", 0.0)
    assert (origin.outcome, origin.observed) == ("failed", 1.0)
    assert [g["groups"] for g in rows_of(origin, "gaps")] == [["a", "b"]]


def test_a_sentence_with_more_names_is_still_one_sentence() -> None:
    one = swapped({("female", "a"): [0] * 10 + [1] * 50, ("male", "a"): [1] * 60})
    found = {(g, o): ([0] * 10 if g == "female" else [1] * 10) + [1] * 50 for g in ("female", "male") for o in "abcd"}
    (few,), (many,) = (rows_of(CounterfactualGap().check(f), "gaps") for f in (one, swapped(found)))
    assert (few["low"], few["high"]) == (many["low"], many["high"])


def test_the_bootstrap_draws_root_documents() -> None:
    hits = {("female", "a"): [n % 20 != 0 for n in range(400)], ("male", "a"): [1] * 400}
    alone, together = (rows_of(CounterfactualGap().check(swapped(hits, roots)), "gaps")[0] for roots in (0, 20))
    width = [float(g["high"]) - float(g["low"]) for g in (alone, together)]  # type: ignore[arg-type]
    assert width[1] > 3 * width[0]


def test_newcombes_paired_interval_is_that_of_his_paper() -> None:
    # Newcombe 1998, Statistics in Medicine 17:2635, table II, method 10: pairs (36, 12, 2, 0) of 50
    a = np.array([1] * 48 + [0] * 2, float)
    b = np.array([1] * 36 + [0] * 12 + [1] * 2, float)
    low, high = _newcombe(a, b, 50, 0.05)
    assert (round(low, 4), round(high, 4)) == (0.0569, 0.3404)


def test_items_without_every_group_are_left_out() -> None:
    rows = pl.DataFrame(
        {
            "label": ["PER"] * 3,
            "unit": ["u"] * 3,
            "of": ["a", "a", "b"],
            "thing": ["a|1", "a|1", "b|1"],
            "item": ["a|1", "a|1", "b|1"],
            "group": ["x", "y", "x"],
            "hit": [1, 0, 1],
        }
    )
    wide, groups = table(rows)
    assert (wide["item"].to_list(), groups) == (["a|1"], ["x", "y"])
    (x, y), (gap,) = paired_gaps(wide, groups)
    assert (x.recall, y.recall, gap.gap) == (1.0, 0.0, 1.0)


def termed(female: Sequence[str], male: Sequence[str], gate: CounterfactualGap) -> Frame:
    docs, found = [], []
    for group, labels in (("female", female), ("male", male)):
        for n, label in enumerate(labels):
            known = {OF: f"s{n}", GROUP: group, MADE_BY: gate.swaps().key}
            docs.append(Document(f"s{n}~{group}", "x", group_id=f"s{n}", label="good", groups=known))
            found.append(label)
    scores = [[0.9, 0.1] if label == "good" else [0.4, 0.6] for label in found]
    predictions = pa.table({"id": [d.id for d in docs], "label": found, "scores": scores})
    copies = Frame(to_table(docs), predictions=predictions)
    return Frame(to_table([Document("s0", "x")]), counterfactual=copies, labels=("good", "bad"))


def test_identity_terms_give_a_gap_of_the_label_a_flip_rate_and_mean_scores() -> None:
    gate = CounterfactualGap(by="terms")
    verdict = gate.check(termed(["bad"] * 20 + ["good"] * 80, ["good"] * 100, gate))
    (gap,) = rows_of(verdict, "gaps")
    assert (gap["label"], gap["groups"], gap["gap"]) == ("good", ["female", "male"], -0.2)
    assert (verdict.outcome, verdict.evidence["flip_rate"]) == ("failed", 0.2)
    scores = {row["group"]: round(float(row["good"]), 6) for row in rows_of(verdict, "scores")}  # type: ignore[arg-type]
    assert scores == {"female": 0.8, "male": 0.9}
    same = gate.check(termed(["bad", "good"] * 50, ["bad", "good"] * 50, gate))
    assert (same.outcome, same.observed) == ("passed", 0.0)


def test_copies_of_other_settings_are_not_this_gates() -> None:
    frame = swapped({("female", "a"): [1] * 100, ("male", "a"): [1] * 100})
    assert CounterfactualGap().check(frame).outcome == "passed"
    assert CounterfactualGap(documents=20).check(frame).outcome == "not_judged"


NEVER: list[tuple[Gate, Frame]] = [
    *[
        (gate, frame)
        for gate in (
            PrecisionGap(by="domain"),
            EqualizedOdds(by="domain"),
            SelectionRate(by="domain", favourable="good"),
        )
        for frame in (
            Frame(to_table([])),
            classified(a=(100, 100, 0, 100)),
            classified(a=(1, 1, 0, 0)),
            classified(a=(1, 1, 0, 1), b=(1, 1, 0, 1)),
            classified(a=(200, 200, 0, 200), unknown=(200, 200, 0, 200)),
            classified(a=(200, 200, 0, 200), nan=(200, 200, 0, 200)),
            classified(a=(200, 200, 0, 200), b=(10, 10, 0, 10)),
            replace(classified(a=(200, 200, 0, 200), b=(200, 200, 0, 200)), predictions=None),
            replace(
                classified(a=(200, 200, 0, 200), b=(200, 200, 0, 200)),
                predictions=pa.table({"id": ["x"], "label": ["good"]}),
            ),
            Frame(classified(a=(1, 1, 0, 0)).documents, predictions=pa.table({"id": ["a0"]})),
        )
    ],
    *[
        (CounterfactualGap(), frame)
        for frame in (
            swapped({("female", "a"): [1] * 200}),
            swapped({("female", "a"): [1], ("male", "a"): [1]}),
            swapped({("female", "a"): [1] * 49, ("male", "a"): [1] * 49}),
            swapped({("female", "a"): [1] * 200, ("male", "a"): [1] * 200}, roots=9),
            swapped({("female", "a"): [1] * 200, ("male", "b"): [1] * 200}),
            swapped({("female", "a"): [1] * 200, ("unknown", "a"): [1] * 200}),
            replace(swapped({("female", "a"): [1] * 200}), counterfactual=Frame(to_table([]))),
        )
    ],
]


@pytest.mark.parametrize(("gate", "frame"), NEVER)
def test_what_could_not_be_seen_never_passes(gate: Gate, frame: Frame) -> None:
    assert judge(gate, frame).outcome == "not_judged"


@pytest.mark.parametrize(
    "gate",
    [
        PrecisionGap(by="domain", required=("a", "c")),
        EqualizedOdds(by="domain", required=("a", "c")),
        SelectionRate(by="domain", favourable="good", required=("c",)),
    ],
)
def test_a_required_group_that_is_missing_fails(gate: Gate) -> None:
    verdict = gate.check(classified(a=(200, 200, 0, 200), b=(200, 200, 0, 200)))
    assert (verdict.outcome, verdict.observed) == ("failed", None)
    assert "c has 0 test examples; 50 are needed" in verdict.message


def test_a_required_group_without_enough_copies_fails() -> None:
    frame = swapped({("female", "a"): [1] * 49, ("male", "a"): [1] * 49})
    assert CounterfactualGap(required=("female",)).check(frame).outcome == "failed"
    assert CounterfactualGap(required=("other",)).check(frame).message.startswith("of the required gender, other has 0")


@pytest.mark.parametrize(
    ("gap", "support", "at_least"),
    [(0.0, 100, {"passed": 7}), (0.0, 600, {"passed": 9}), (0.2, 200, {"failed": 9}), (0.1, 600, {"failed": 8})],
)
def test_a_planted_paired_gap_is_caught_and_none_is_not(gap: float, support: int, at_least: dict[str, int]) -> None:
    found = Counter[str]()
    for seed in range(10):
        rng = Random(seed)
        male = [int(rng.random() < 0.9) for _ in range(support)]
        female = [hit if rng.random() >= gap / 0.9 else 0 for hit in male]
        frame = swapped({("female", "a"): female, ("male", "a"): male})
        found[CounterfactualGap().check(frame).outcome] += 1
    assert all(found[outcome] >= n for outcome, n in at_least.items()), found
    assert gap or not found["failed"], found


def test_a_verdict_on_groups_has_a_plot_of_shares_and_gaps_with_their_intervals() -> None:
    found = {(g, o): [n % 3 > 0 for n in range(100)] for g in ("female", "male") for o in ("a", "b")}
    verdict = CounterfactualGap().check(swapped(found))
    shown = plots.of_verdict(verdict)
    image = str(shown["groups_plot"].value)
    assert image.startswith("![groups](data:image/png;base64,")
    assert base64.b64decode(image.partition("base64,")[2][:-1])[:4] == b"\x89PNG"
    figure = plots._groups(verdict.gate, verdict.evidence["cells"], verdict.evidence["gaps"])  # type: ignore[arg-type]
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["PER, female (100)", "PER, male (100)"]
    assert [label.get_text() for label in right.get_yticklabels()] == ["PER: female minus male"]
    assert left.get_title() == "recall by group"
    assert plots.of_verdict(PrecisionGap(by="domain").check(classified(a=(1, 1, 0, 0)))) == {}
    assert plots.of_verdict(replace(verdict, evidence={"gaps": 3, "cells": ["x"]})) == {}


def test_the_power_of_a_gate_is_counted_from_planted_gaps_and_stands_on_its_page(tmp_path: Path) -> None:
    report = power(4, supports=(50, 500), gaps=(0.0, 0.2))
    shares = {
        (r["gate"], r["support"], r["gap"]): (r["failed"], r["passed"], r["not_judged"]) for r in report["shares"]
    }
    assert shares["recall_gap", 50, 0.0] == (0, 0, 1)
    assert shares["recall_gap", 500, 0.0] == (0, 1, 0)
    assert shares["recall_gap", 500, 0.2] == (1, 0, 0)
    assert shares["equalized_odds", 50, 0.0] == (0, 0, 1)
    assert shares["equalized_odds", 500, 0.2] == (1, 0, 0)
    assert shares["selection_rate", 50, 0.0] == (0, 0, 1)
    assert shares["selection_rate", 500, 0.2] == (1, 0, 0)
    assert shares["counterfactual_gap", 500, 0.0] == (0, 1, 0)
    assert shares["counterfactual_gap", 500, 0.2] == (1, 0, 0)
    assert report == {**power(4, supports=(50, 500), gaps=(0.0, 0.2)), "seconds": report["seconds"]}
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- bench-gates power -->\n<!-- /bench-gates -->\nafter\n")
    replaced(page, power_table(report), "power")
    assert "| gate | support | gap 0 | gap 0.2 |\n| --- | --- | --- | --- |\n" in page.read_text()
    assert "| `recall_gap` | 500 | 0 / 100 / 0 | 100 / 0 / 0 |\n" in page.read_text()


@pytest.mark.parametrize("gap", [0.0, 0.1, 0.2])
def test_precision_is_judged_by_the_rule_of_recall_so_that_its_power_is_known(gap: float) -> None:
    rows, cells = _drawn(np.random.default_rng(7), {"PER": (0.9, 0.9 - gap)}, 200)
    recall, precision = (gate(by="group").decided(rows, cells) for gate in (RecallGap, PrecisionGap))
    assert (precision.outcome, precision.observed) == (recall.outcome, recall.observed)
    assert precision.evidence["gaps"] == recall.evidence["gaps"]


@pytest.mark.parametrize("words", [[], ["journeys", "--power"]])
def test_the_command_wants_a_recipe_or_the_power_and_not_both(words: list[str]) -> None:
    result = CliRunner().invoke(main, ["bench-gates", *words])
    assert result.exit_code == 2
    assert "name a recipe, or give --power without one" in result.output


def test_groups_of_benched_gates_are_known_ones() -> None:
    groups = [{"inferred_gender": g, "name_form": "one"} for g in ("female", "male", "unknown")]
    docs = [Document(str(n), "Anna left", spans=(Span(0, 4, "PER", known),)) for n, known in enumerate(groups)]
    assert _group([Frame(to_table(docs))]) == {"by": "inferred_gender", "required": ["female", "male"]}
