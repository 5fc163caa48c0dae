"""Gates that only warn: asked, stored and shown like all others, and nothing is held back by them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from assets.cli import main
from pipeline import stages
from pipeline.bench_gates._data import data_of
from pipeline.bench_gates._suite import not_asked, own_gates
from pipeline.errors import GateNotPassed
from pipeline.quality.row_count import RowCount
from pipeline.recipe import gate_set
from pipeline.stages import Trainer
from pipeline.verifying import verify
from pipeline.work import Work, warned
from tests.conftest import TinyProject, make_all

Faked = Callable[..., Trainer]
LEAKAGE: Any = "no_leakage"
ROWS = {"use": "row_count", "at_least": 5000}  # what no version here has
STRICT = {"use": "f1", "metric": "entity_f1", "at_least": 0.99}


def gated(project: TinyProject, *gates: Any, stage: str = "splits") -> None:
    project.edit_recipe(gates={"splits": {"quality": [LEAKAGE]}, stage: {"quality": [LEAKAGE, *gates]}})


def splits(project: TinyProject) -> Work:
    return stages.split(project.recipe(), project.store)


def gristmill(*arguments: str) -> Any:
    return CliRunner().invoke(main, list(arguments))


def test_what_does_not_pass_a_warning_is_published_and_the_verdict_says_that_it_is_one(made: TinyProject) -> None:
    gated(made, {**ROWS, "severity": "warn"})
    work, store = splits(made), made.store
    version = store.find(work.place, work.version)
    assert version is not None, "a gate changes nothing of the version"
    assert [(v.gate, v.outcome) for v in stages.judge(work, store)] == [
        ("no_leakage", "passed"),
        ("row_count", "failed"),
    ]
    assert stages.done(work, store) == version
    assert store.read(work.place, work.gate_set)[0] == version
    assert list(work.gate_set) == ["no_leakage"]
    assert warned(work, version, store) == {"row_count": "failed"}
    kept = {
        name: json.loads((Path(store.where(version)) / "verdicts" / f"{name}.json").read_text())
        for name in ("no_leakage", "row_count")
    }
    assert {name: raw["severity"] for name, raw in kept.items()} == {"no_leakage": "refuse", "row_count": "warn"}
    page = Path(store.data_docs(version) or "").read_text()
    assert '<h2>row_count (only warns): <span class="failed">failed</span></h2>' in page


def test_a_warning_that_becomes_a_refusal_holds_back_what_it_let_through_before(made: TinyProject) -> None:
    gated(made, {**ROWS, "severity": "warn"})
    stages.judge(splits(made), made.store)
    gated(made, ROWS)
    work, store = splits(made), made.store
    assert store.published(work.place, work.gate_set) is None, "not even before it is judged again"
    assert stages.done(work, store) is None
    stages.judge(work, store)
    with pytest.raises(GateNotPassed, match=r"row_count: failed \(observed \d+, limit at least 5,?000\)"):
        store.read(work.place, work.gate_set)
    gated(made, {**ROWS, "severity": "warn"})
    work = splits(made)
    stages.judge(work, store)
    assert stages.done(work, store) is not None


def test_a_new_warning_is_asked_before_a_published_version_counts_as_done(made: TinyProject) -> None:
    before = stages.done(splits(made), made.store)
    assert before is not None
    made.edit_recipe(gates={"splits": {"quality": [LEAKAGE, {**ROWS, "severity": "warn"}]}})
    work = splits(made)
    assert made.store.published(work.place, work.gate_set) == before, "its readers are not stopped"
    assert stages.done(work, made.store) is None
    assert warned(work, before, made.store) == {"row_count": "not_judged"}
    stages.judge(work, made.store)
    assert stages.done(work, made.store) == before


def test_a_warning_that_cannot_be_judged_holds_nothing_back_and_a_refusal_beside_it_does(made: TinyProject) -> None:
    gated(made, {"use": "c2st_auc", "reference": "nowhere.parquet", "judged": "all", "severity": "warn"})
    work, store = splits(made), made.store
    assert {v.gate: v.outcome for v in stages.judge(work, store)} == {
        "no_leakage": "passed",
        work.gates[1].name: "not_judged",
    }
    version = stages.done(work, store)
    assert version is not None
    assert warned(work, version, store) == {work.gates[1].name: "not_judged"}
    gated(made, {**ROWS, "severity": "warn"}, {"use": "labels_covered", "at_least": 5000})
    work = splits(made)
    stages.judge(work, store)
    assert stages.done(work, store) is None
    said = store.held_back(version, work.gate_set)
    assert "labels_covered: failed" in said and "row_count" not in said


def test_a_stage_whose_gates_all_warn_is_published_once_they_were_asked(made: TinyProject) -> None:
    made.edit_recipe(gates={"splits": {"quality": [{**ROWS, "severity": "warn"}]}})
    work = splits(made)
    assert stages.done(work, made.store) is None
    stages.make(work, made.store)
    stages.judge(work, made.store)
    assert stages.done(work, made.store) is not None


@pytest.mark.parametrize("use", ["child_labels", "children_apart"])
def test_a_gate_that_every_recipe_is_held_to_cannot_only_warn(project: TinyProject, use: str) -> None:
    project.edit_recipe(gates={"augmented": {"quality": [{"use": use, "severity": "warn"}]}})
    (mistake,) = project.load().mistakes
    assert (mistake.place, mistake.message) == (
        "gates.augmented.quality[0].severity",
        f"{use} cannot only warn: every recipe is held to it",
    )
    project.edit_recipe(gates={"augmented": {"quality": [{"use": use, "severity": "refuse"}]}})
    assert project.load().mistakes == ()
    assert set(gate_set(project.recipe().gates, "augmented")) == {"child_labels", "children_apart"}


def test_a_severity_that_there_is_not_is_a_mistake(project: TinyProject) -> None:
    project.edit_recipe(gates={"splits": {"quality": [{**ROWS, "severity": "warning"}]}})
    (mistake,) = project.load().mistakes
    assert mistake.place == "gates.splits.quality[0].severity"
    assert mistake.message == "input should be 'refuse' or 'warn', got 'warning'"


def test_a_gate_that_refuses_has_the_fingerprint_and_the_settings_that_it_had_without_a_word() -> None:
    plain, said = RowCount(at_least=1), RowCount(at_least=1, severity="refuse")
    warning = RowCount(at_least=1, severity="warn")
    assert plain.settings() == said.settings() == {"use": "row_count", "at_least": 1}
    assert plain.fingerprint() == said.fingerprint() != warning.fingerprint()
    assert warning.settings() == {"use": "row_count", "at_least": 1, "severity": "warn"}


def test_a_warning_stands_in_both_cards_and_the_release_agrees_with_its_evidence(
    made: TinyProject, faked: Faked
) -> None:
    small = {"use": "group_share", "by": "domain", "at_least": 0.5, "required": ["press"], "severity": "warn"}
    made.edit_recipe(
        gates={
            "splits": {"quality": [LEAKAGE], "fairness": [small]},
            "checkpoint": {"quality": [{**STRICT, "severity": "warn"}]},
        }
    )
    recipe, store = made.recipe(), made.store
    for work in (stages.split(recipe, store), stages.ledger(recipe, store), stages.augment(recipe, "base", store)):
        stages.make(work, store)
        stages.judge(work, store)
    work = stages.fine_tune(recipe, "base", store, faked(0.5))
    stages.make(work, store)
    stages.judge(work, store)
    folder = store.audit_folder(stages.make(stages.release(recipe, store), store))
    card = (folder / "model_card.md").read_text()
    row = "| journeys/checkpoint[base] | f1_entity_f1 (only warns) | failed | 0.5000 | at least 0.99 |"
    assert row in card
    assert "that only warn did not pass; this was released all the same." in card
    sheet = (folder / "data_sheet.md").read_text()
    assert "| unbiased | journeys/splits | group_share_domain (only warns) |" in sheet
    assert "- journeys/splits: group_share_domain (only warns) " in sheet, "it is a known gap"
    assert "- journeys/checkpoint[base]: f1_entity_f1 (only warns) failed" in sheet


def test_a_release_over_a_warning_is_verified_with_its_gates_judged_again(trained: TinyProject) -> None:
    trained.edit_recipe(gates={"splits": {"quality": [LEAKAGE, {**ROWS, "severity": "warn"}]}})
    recipe, store = trained.recipe(), trained.store
    make_all(recipe, store, last="release")
    assert verify(recipe, store, gates=True).differences == []
    version = store.published(recipe.place("splits"))
    assert version is not None
    file = Path(store.where(version)) / "verdicts" / "row_count.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "severity": "refuse"}))
    said = [(d.key, d.said) for d in verify(recipe, store, gates=True).differences]
    assert ("/severity", "refuse") in said


def test_the_commands_show_a_warning_and_have_nothing_to_waive(made: TinyProject) -> None:
    gated(made, {**ROWS, "severity": "warn"})
    judged = gristmill("judge", "journeys", "--stage", "splits")
    assert judged.exit_code == 0, judged.output
    assert "row_count (only warns)" in judged.stdout
    told = json.loads(gristmill("show", "journeys", "--json").stdout)
    row = next(r for r in told["gates"] if r["gate"] == "row_count")
    assert (row["severity"], row["outcome"]) == ("warn", "failed")
    assert "all" in told["published"]["splits"]
    assert "(only warns)" in gristmill("show", "journeys").stdout.replace("\n", " ")
    refused = gristmill("waive", "journeys", "splits", "row_count", "--why", "x")
    assert refused.exit_code == 2
    assert "row_count only warns and holds nothing back; there is nothing to waive" in refused.stderr


def test_faults_are_not_caught_by_what_only_warns(made: TinyProject) -> None:
    gated(made, {**ROWS, "severity": "warn"})
    data = data_of(made.recipe(), made.store)
    assert [g.name for g in own_gates(data, 40)["splits"]] == ["no_leakage"]
    assert not_asked(data) == {"splits: row_count": "as the recipe has it: it only warns"}
