"""Gates under test on a tiny project: what catches a fault is counted right, and nothing else is counted."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from math import erfc, sqrt
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import pytest
from click.testing import CliRunner

from assets.cli import main
from pipeline import stages
from pipeline.bench_gates import Settings, bench, markdown, replaced
from pipeline.bench_gates._chain import Chain, each
from pipeline.bench_gates._data import Data, data_of
from pipeline.bench_gates._limits import limited, number_beyond
from pipeline.bench_gates._suite import every_gate, own_gates
from pipeline.bench_gates._trial import Outcome, trial
from pipeline.errors import WrongUse
from pipeline.faults import KINDS, Fault, Row, World
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate, judge
from pipeline.part import build
from pipeline.stages import Trainer
from pipeline.types import Document
from tests.conftest import TinyProject

NAMED = {fault.kind: fault for fault in KINDS}
FEW = Settings(seeds=2, documents=60, kinds=("unknown_label", "duplicate_ids", "leaked_exact", "missing_column"))


def gates(*specs: Any) -> list[Gate]:
    return [build("quality", spec) for spec in specs]  # type: ignore[misc]


def data(project: TinyProject) -> Data:
    return data_of(project.recipe(), project.store)


def tried(project: TinyProject, fault: Fault | str, strength: float = 0.5, **judged: Sequence[Gate]) -> Outcome:
    """One trial; gates are given by stage."""
    known = data(project)
    clean = Chain.of(known.recipe, known.resample(60, Random(1)))
    places = {("splits" if stage in ("splits", "augmented") else f"tiny/{stage}"): g for stage, g in judged.items()}
    return trial(NAMED[fault] if isinstance(fault, str) else fault, strength, clean, known, places, Random(2))


def test_a_gate_that_fails_has_caught_the_fault(made: TinyProject) -> None:
    caught = tried(made, "duplicate_ids", raw=gates("unique_ids"))
    assert caught == Outcome("caught", "unique_ids")


def test_an_error_of_the_pipeline_has_caught_the_fault(made: TinyProject) -> None:
    assert tried(made, "missing_column") == Outcome("caught", "SourceError")
    assert tried(made, "changed_byte") == Outcome("caught", "StoreError")
    assert tried(made, "stale_split") == Outcome("caught", "StoreError")
    assert tried(made, "span_outside") == Outcome("caught", "InvalidDocument")


def test_without_a_gate_the_fault_is_missed(made: TinyProject) -> None:
    assert tried(made, "leaked_exact", splits=[]) == Outcome("missed")
    assert tried(made, "leaked_exact", splits=gates("no_leakage")) == Outcome("caught", "no_leakage")


def test_what_no_gate_can_judge_is_held_back_and_not_caught(made: TinyProject) -> None:
    assert tried(made, "empty_frame", raw=gates("unique_ids")) == Outcome("not_judged", "unique_ids")


def test_a_fault_that_cleaning_and_division_take_away_is_repaired(made: TinyProject) -> None:
    assert tried(made, "empty_texts", 0.1) == Outcome("repaired")


def test_a_fault_of_which_cleaning_leaves_no_trace_is_repaired(made: TinyProject) -> None:
    made.edit_corpus(cleaning=["mask_pii", "mask_urls"])
    assert tried(made, "personal_data") == Outcome("repaired")
    made.edit_corpus(cleaning=["normalize_unicode"])
    assert tried(made, "personal_data") == Outcome("missed")


def test_a_limit_has_room_for_what_clean_data_measures_and_no_more() -> None:
    def frame(kept: int) -> Frame:
        docs = [Document(f"{n}", "Anna met Bo." if n >= kept else f"{n} people met.", "en") for n in range(400)]
        return Frame(to_table(docs))

    gate, frames = build("quality", "duplicate_share"), [frame(200 + n) for n in (0, 1, 2)]
    assert isinstance(gate, Gate)
    limit = limited(gate, frames).at_most  # type: ignore[attr-defined]
    assert 0.5 < limit < 0.75  # 49.5 % are copies; the default of 20 % would refuse that
    assert limited(gate, [frame(399)]).at_most == pytest.approx(0.0125, abs=0.001)  # type: ignore[attr-defined]
    near = build("quality", {"use": "duplicate_share", "at_most": 0.5})
    assert isinstance(near, Gate)
    assert limited(near, frames) == gate.__class__(at_most=limit)  # its own 50 % is what chance alone would reach
    odd = build("quality", "odd_characters")
    assert isinstance(odd, Gate)
    assert limited(odd, frames) == odd  # 5 of 400 documents are more than its own 0.2 %


def test_a_default_that_so_small_samples_come_too_near_gives_way() -> None:
    def frame(seed: int, few: int = 40) -> Frame:
        rng = Random(seed)
        words = rng.randint(few, 4 * few)  # of which a text is made: what is measured varies by more than a tenth
        docs = [Document(f"{n}", " ".join(f"w{rng.randrange(words)}" for _ in range(20)), "en") for n in range(60)]
        return Frame(to_table(docs))

    frames = [frame(seed) for seed in range(12)]
    for name, field in (("distinct_n", "at_least"), ("xz_ratio", "at_most")):
        gate = build("quality", {"use": name, "tokens": 1000})
        assert isinstance(gate, Gate)
        mended = limited(gate, frames)
        assert [judge(mended, f).outcome for f in frames] == ["passed"] * len(frames)
        assert abs(getattr(mended, field) - 1) > abs((getattr(gate, field) or 0.9) - 1), "the default would refuse some"
    gate = build("quality", {"use": "self_repetition", "tokens": 1000})
    assert isinstance(gate, Gate)
    frames = [frame(seed, few=4) for seed in range(12)]  # of so few words that runs of four come again
    mended = limited(gate, frames)
    assert [judge(mended, f).outcome for f in frames] == ["passed"] * len(frames)
    assert mended.at_most > gate.at_most, "the default would refuse some"  # type: ignore[attr-defined]


def test_splits_that_are_kept_as_they_came_leave_room_for_what_they_leak_and_for_no_more() -> None:
    def frame(leaked: int, nearly: int) -> Frame:
        train = [f"{n} people went down to the river and stayed there until it was dark" for n in range(40)]
        words = [*train[:leaked], *[f"{t} and cold" for t in train[20 : 20 + nearly]]]
        words += [f"nobody {n} says why he did not come home {n} times" for n in range(200 - len(words))]
        docs = [Document(f"a{n}", t, "en", group_id=f"a{n}", split="train") for n, t in enumerate(train)]
        docs += [Document(f"b{n}", t, "en", group_id=f"b{n}", split="test") for n, t in enumerate(words)]
        return Frame(to_table(docs))

    gate = build("quality", {"use": "no_leakage", "near_at_most": 0.0})
    assert isinstance(gate, Gate)
    clean = [frame(leaked, 1) for leaked in (3, 4, 5) * 5]
    mended = limited(gate, clean)
    assert [judge(gate, f).outcome for f in clean] == ["failed"] * 15
    assert [judge(mended, f).outcome for f in clean] == ["passed"] * 15
    assert judge(mended, frame(20, 1)).outcome == "failed"
    assert judge(mended, frame(4, 20)).outcome == "failed"
    assert limited(gate, [frame(0, 0)] * 3) == gate, "where nothing leaks its own limits stay"


def test_a_limit_from_few_distances_has_the_room_that_their_long_tail_needs() -> None:
    rng = Random(3)
    samples = [[abs(rng.gauss(0, 1)) for _ in range(24)] for _ in range(2000)]
    beyond = {power: fmean(erfc(number_beyond(s, power) / sqrt(2)) for s in samples) for power in (1, 0.5)}
    assert beyond[1] > 1e-3  # as they are: ten times and more what was asked for
    assert beyond[0.5] < 1e-4


def test_more_clean_resamples_are_judged_than_faults_are_planted_in(made: TinyProject) -> None:
    wanted = Settings(seeds=1, clean=3, documents=60, kinds=("missing_column",))
    report = bench(made.recipe(), made.store, wanted)
    assert (report["clean_trials"], report["trials"], report["caught"]) == (3, 1, 1.0)
    assert (
        report["command"] == "gristmill bench-gates journeys --seeds 1 --documents 60 --clean 3 --kinds missing_column"
    )


def test_a_pass_of_nothing_is_vacuous(made: TinyProject) -> None:
    assert tried(made, "nothing_found", 1.0, splits=gates("labels_known")) == Outcome("vacuous")


def test_a_fault_that_changes_nothing_is_no_trial(made: TinyProject) -> None:
    def nothing(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
        return rows

    assert tried(made, Fault(nothing, "raw", (1.0,))) == Outcome("void")


def test_a_bug_in_a_fault_is_not_taken_for_a_refusal(made: TinyProject) -> None:
    def broken(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
        raise KeyError("text")

    with pytest.raises(KeyError):
        tried(made, Fault(broken, "raw", (1.0,)))


def test_a_resample_is_of_whole_groups_and_shares_none_with_the_reference(made: TinyProject) -> None:
    known = data(made)
    drawn, again = (known.resample(40, Random(3))["tiny"] for _ in range(2))
    assert drawn.equals(again)
    assert drawn.num_rows == 40
    held = set(known.reference()["tiny"]["group_id"].to_pylist())
    assert held
    assert not held & set(drawn["group_id"].to_pylist())
    assert known.resample(40, Random(4))["tiny"].equals(drawn) is False


def test_the_chain_makes_what_the_stages_make(made: TinyProject) -> None:
    known, recipe = data(made), made.recipe()
    chain = Chain.of(recipe, known.raw)
    frames = dict(each(chain))
    assert list(frames) == ["tiny/raw", "tiny/clean", "splits", "augmented"]
    for place, stage in ((recipe.place("splits"), "splits"), (recipe.place("augmented", "base"), "augmented")):
        stored, _ = made.store.read_documents(place)
        assert frames[stage].documents.sort_by("id").equals(stored.sort_by("id"))


def test_limits_that_count_documents_are_scaled_to_the_resample(made: TinyProject) -> None:
    made.edit_recipe(gates={"splits": {"quality": [{"use": "labels_covered", "at_least": 10}, "no_leakage"]}})
    known = data(made)
    assert known.rows == 85
    found = {gate.name: gate for gate in own_gates(known, 34)["splits"]}
    assert found["labels_covered"].at_least == 4  # type: ignore[attr-defined]
    assert found["no_leakage"] == build("quality", "no_leakage")


def test_the_report_counts_trials_and_names_what_was_missed(made: TinyProject) -> None:
    report = bench(made.recipe(), made.store, FEW)
    assert (report["kinds"], report["trials"], report["vacuous"]) == (4, 2 * (1 + 3 + 2 + 3), 0)
    assert report["by_kind"]["leaked_exact"]["0.5"] == {
        "caught": 1.0,
        "not_judged": 0.0,
        "repaired": 0.0,
        "vacuous": 0.0,
        "by": {"no_leakage": 1.0},
    }
    assert {m["kind"] for m in report["missed"]} == {"unknown_label", "duplicate_ids"}
    assert report["false_refusals"] == 0.0
    assert report["caught"] == round(
        sum(found["caught"] * 2 for kind in report["by_kind"].values() for found in kind.values()) / report["trials"], 4
    )
    assert json.loads(json.dumps(report)) == report


def test_two_processes_give_what_one_gives(made: TinyProject) -> None:
    one, two = (
        bench(
            made.recipe(),
            made.store,
            Settings(seeds=2, documents=60, jobs=jobs, kinds=("duplicate_ids", "leaked_near")),
        )
        for jobs in (1, 2)
    )
    assert {k: v for k, v in one.items() if k != "seconds"} == {k: v for k, v in two.items() if k != "seconds"}


def test_every_gate_that_passes_clean_data_is_asked_at_its_defaults(made: TinyProject, tmp_path: Path) -> None:
    known = data(made)
    clean = Chain.of(known.recipe, known.resample(60, Random(1)))
    suite = every_gate(known, own_gates(known, 60), [clean], tmp_path)
    names = {place: [gate.name for gate in found] for place, found in suite.gates.items()}
    assert {"spans_true", "row_count", "no_empty_text"} <= set(names["tiny/raw"])
    assert suite.left_out["tiny/raw: unique_ids"].startswith("failed: 2 of ")  # one id stands twice in this corpus
    assert {"pii_left", "markup_left", "odd_characters"} <= set(names["tiny/clean"])
    assert {"no_leakage", "labels_covered", "labels_known"} <= set(names["splits"])
    refusing = next(g for g in suite.gates["splits"] if g.name == "unusable_share")
    assert 0.005 < refusing.at_most < 0.5  # type: ignore[attr-defined]  # the default refuses this corpus
    assert {"children_true", "child_mentions"} <= set(names["augmented"])
    assert suite.left_out["tiny/raw: bio_valid"].startswith("not_judged: no document has both spans and tokens")
    refused = next(g for g in suite.gates["tiny/raw"] if g.name == "rejected_share")
    assert refused.at_most == 0.0  # type: ignore[attr-defined]


def test_a_gate_of_the_recipe_that_refuses_clean_data_of_this_size_is_left_out_and_said(
    made: TinyProject, tmp_path: Path
) -> None:
    made.edit_corpus(gates={"clean": {"quality": [{"use": "rejected_share", "at_most": 0.0}, "no_empty_text"]}})
    known = data(made)
    clean = [Chain.of(known.recipe, known.resample(68, Random(n))) for n in range(3)]
    suite = every_gate(known, own_gates(known, 68), clean, tmp_path)
    said = suite.left_out["tiny/clean: rejected_share"]
    assert said.startswith("as the recipe has it: ")
    assert " of 3 clean resamples failed: " in said
    (instead,) = [g for g in suite.gates["tiny/clean"] if g.name == "rejected_share"]
    assert instead.at_most > 0.0  # type: ignore[attr-defined]
    assert "no_empty_text" in {g.name for g in suite.gates["tiny/clean"]}


def test_a_gate_that_refuses_clean_data_is_a_false_refusal_and_catches_nothing(made: TinyProject) -> None:
    strict = {"clean": {"quality": [{"use": "rejected_share", "at_most": 0.0}]}}
    made.edit_corpus(gates=strict)
    report = bench(made.recipe(), made.store, Settings(seeds=3, documents=68, kinds=("empty_texts",)))
    assert report["false_refusals"] > 0
    assert "tiny/clean: rejected_share: failed" in report["clean"]
    assert report["caught"] < 1
    share = report["clean"]["tiny/clean: rejected_share: failed"]
    assert f"were refused (`tiny/clean: rejected_share` {share:.1%})" in markdown(report)


def test_faults_of_a_checkpoint_need_one(made: TinyProject, faked: Callable[..., Trainer]) -> None:
    wanted = Settings(seeds=1, documents=60, kinds=("metric_missing", "metric_not_a_number", "predictions_lost"))
    assert bench(made.recipe(), made.store, wanted)["not_planted"] == dict.fromkeys(wanted.kinds, "predictions")
    stages.run(made.recipe(), made.store, train=faked(validation=0.5))
    report = bench(made.recipe(), made.store, wanted)
    assert report["not_planted"] == {}
    assert report["by_kind"]["predictions_lost"]["0.5"]["by"] == {"InvalidDocument": 1.0}
    for kind in ("metric_missing", "metric_not_a_number"):
        assert report["by_kind"][kind]["1"]["not_judged"] == 1.0


def test_an_unknown_kind_says_what_would_be_right(made: TinyProject) -> None:
    with pytest.raises(WrongUse, match="did you mean 'mojibake'"):
        bench(made.recipe(), made.store, Settings(kinds=("mojibak",)))


def test_the_command_puts_the_table_between_the_markers_of_a_page(made: TinyProject, tmp_path: Path) -> None:
    page = tmp_path / "gates.md"
    page.write_text("before\n<!-- bench-gates -->\nold\n<!-- /bench-gates -->\nafter\n", encoding="utf-8")
    words = ["bench-gates", "journeys", "--seeds", "1", "--jobs", "1", "--documents", "60"]
    words += ["--kinds", "missing_column", "--table", str(page)]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- bench-gates -->\n`gristmill bench-gates journeys --seeds 1 --documents 60 ")
    assert "| `missing_column`: The file has no column with the text. | 1: 100% | `SourceError` |" in text
    assert text.endswith("\n<!-- /bench-gates -->\nafter\n")
    again = CliRunner().invoke(main, [*words[:-2], "--json"])
    report = json.loads(again.stdout)
    assert "1 of 1 seeds" in again.stderr
    assert (report["caught"], report["trials"]) == (1.0, 1)
    assert markdown(report) in text


def test_a_page_may_have_a_table_for_each_recipe(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- bench-gates one -->\n<!-- /bench-gates -->\n<!-- bench-gates two -->\n<!-- /bench-gates -->\n",
        encoding="utf-8",
    )
    replaced(page, "second", "two")
    replaced(page, "first", "one")
    assert page.read_text(encoding="utf-8") == (
        "<!-- bench-gates one -->\nfirst\n<!-- /bench-gates -->\n"
        "<!-- bench-gates two -->\nsecond\n<!-- /bench-gates -->\n"
    )


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing here\n", encoding="utf-8")
    with pytest.raises(WrongUse, match="write them where the table is to stand"):
        replaced(page, "| table |")
    assert page.read_text(encoding="utf-8") == "nothing here\n"
