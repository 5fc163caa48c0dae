"""The graph in this process: assets by partition, gates as blocking checks, and what a refused version stops."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from assets import judging
from pipeline import stages
from pipeline.version import Version
from tests.graph_project import CORPORA, RECIPE, TinyProject, reason, run, succeeded, tiny_project

CHAIN = "names/splits names/ledger names/augmented names/checkpoint names/release"
BATCH = "corpora/letters/raw corpora/letters/clean"
BATCHES = ["a.jsonl", "b.jsonl"]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        found.add_dynamic_partitions("corpora/letters", [*BATCHES, "new.jsonl"])
        yield found


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    return tiny_project(tmp_path / "project")


class Trained:
    """The whole chain of the tiny project, made once in one instance."""

    def __init__(self, root: Path, instance: dg.DagsterInstance) -> None:
        self.project, self.instance = tiny_project(root), instance
        self.defs = self.project.defs()
        self.batches = [run(self.defs, instance, BATCH, batch) for batch in BATCHES]
        self.chain = run(self.defs, instance, CHAIN, "base")

    def materialization(self, asset: str) -> dg.AssetMaterialization:
        event = self.instance.get_latest_materialization_event(dg.AssetKey(asset.split("/")))
        assert event is not None and event.asset_materialization is not None
        return event.asset_materialization


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    with dg.DagsterInstance.ephemeral() as found:
        found.add_dynamic_partitions("corpora/letters", BATCHES)
        yield Trained(tmp_path_factory.mktemp("trained") / "project", found)


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


def stored(trained: Trained, asset: str, partition: str | None = None) -> Version:
    version = trained.project.published(asset, partition)
    assert version is not None
    return version


# the whole chain


def test_a_run_by_batch_and_a_run_by_variant_make_and_publish_the_whole_chain(trained: Trained) -> None:
    assert [r.success for r in (*trained.batches, trained.chain)] == [True, True, True]
    assert succeeded(trained.chain) == {
        "names__splits",
        "names_splits_gates",
        "names__ledger",
        "names__augmented",
        "names_augmented_gates",
        "names__checkpoint",
        "names_checkpoint_gates",
        "names__release",
    }
    places = [("corpora/letters/raw", b) for b in BATCHES] + [("corpora/letters/clean", b) for b in BATCHES]
    variants = [("names/augmented", "base"), ("names/checkpoint", "base")]
    places += [("names/splits", None), *variants, ("names/release", None)]
    rows = {f"{asset}[{partition}]": stored(trained, asset, partition).manifest.rows for asset, partition in places}
    assert rows["corpora/letters/raw[a.jsonl]"] == rows["corpora/letters/clean[b.jsonl]"] == 60
    assert rows["names/splits[None]"] == 120
    assert rows["names/augmented[base]"] == rows["names/checkpoint[base]"] == rows["names/release[None]"] == 69


def test_the_data_version_is_the_first_16_characters_of_the_digest_of_what_was_written(trained: Trained) -> None:
    for asset, partition in (("names/splits", None), ("names/augmented", "base"), ("names/checkpoint", "base")):
        tags = trained.materialization(asset).tags or {}
        assert tags["dagster/data_version"] == stored(trained, asset, partition).digest[:16]


def test_each_gate_is_a_blocking_check_with_what_it_observed_its_limit_and_its_evidence(trained: Trained) -> None:
    found = evaluations(trained.chain)
    assert set(found) == {
        "labels_covered",
        "no_leakage",
        "children_true",
        "child_labels",
        "children_apart",
        "f1_entity_f1",
    }
    assert all(e.passed and e.blocking and e.severity == dg.AssetCheckSeverity.ERROR for e in found.values())
    leakage = found["no_leakage"]
    assert {k: v.value for k, v in leakage.metadata.items() if k not in ("evidence", "data_docs")} == {
        "outcome": "passed",
        "observed": 0.0,
        "limit": "at most 0",
    }
    assert isinstance(leakage.metadata["evidence"], dg.JsonMetadataValue)
    assert (leakage.description or "").startswith("passed: ")
    raw = evaluations(trained.batches[0])["row_count"]
    docs = f"{trained.project.store.where(stored(trained, 'corpora/letters/raw', BATCHES[0]))}/verdicts/data_docs.html"
    assert {k: v.value for k, v in raw.metadata.items()} == {
        "outcome": "passed",
        "observed": 60.0,
        "limit": "at least 20",
        "evidence": {"rejected": 0},
        "data_docs": docs,
    }


def test_a_materialization_says_its_rows_its_digest_and_the_versions_that_it_was_made_of(trained: Trained) -> None:
    shown = trained.materialization("names/splits").metadata
    version = stored(trained, "names/splits")
    assert shown["dagster/row_count"].value == 120
    assert shown["rejected"].value == 0
    assert shown["digest"].value == version.digest
    assert shown["path"].value == trained.project.store.where(version)
    assert shown["looked_up"].value is False
    assert isinstance(shown["inputs"], dg.TableMetadataValue)
    clean = [stored(trained, "corpora/letters/clean", batch).name for batch in BATCHES]
    assert [r.data for r in shown["inputs"].records] == [
        {"asset": "corpora/letters/clean", "partition": batch, "version": name}
        for batch, name in zip(BATCHES, clean, strict=True)
    ]


def test_a_checkpoint_shows_its_metrics_and_tables_and_pictures_of_loss_and_confusions(trained: Trained) -> None:
    shown = trained.materialization("names/checkpoint").metadata
    assert shown["dagster/row_count"].value == 69
    assert 0 <= shown["entity_f1"].value <= 1  # type: ignore[operator]
    assert shown["device"].value["kind"] in ("cpu", "cuda", "mps")  # type: ignore[index,call-overload]
    for plot in ("loss_plot", "confusion_plot"):
        assert isinstance(shown[plot], dg.MarkdownMetadataValue)
        assert "](data:image/png;base64,iVBORw0KGgo" in str(shown[plot].value)
    table = shown["mentions_by_label"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [r.data["label"] for r in table.records] == ["PER", "LOC"]


def test_a_release_shows_its_cards(trained: Trained) -> None:
    shown = trained.materialization("names/release").metadata
    assert shown["variant"].value == "base"
    assert str(shown["model_card"].value).startswith("# names\n")
    assert str(shown["data_sheet"].value).startswith("# Data sheet of names\n")


def test_the_numbers_of_a_training_arrive_as_observations_of_its_partition(trained: Trained) -> None:
    checkpoint = dg.AssetKey(["names", "checkpoint"])
    records = trained.instance.fetch_observations(checkpoint, limit=100, ascending=True).records
    seen = [r.asset_observation for r in records]
    assert all(o is not None and o.partition == "base" for o in seen)
    steps = [o.metadata for o in seen if o is not None and "loss" in o.metadata]
    assert [s["step"].value for s in steps][-1] == steps[-1]["steps"].value
    assert all(isinstance(s["loss"].value, float) for s in steps)
    epochs = [o.metadata["epoch"].value for o in seen if o is not None and "validation_entity_f1" in o.metadata]
    assert epochs == [1, 2]


def test_asking_again_for_what_exists_is_a_look_up_that_starts_no_training(
    trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_process(*_: Any, **__: Any) -> None:
        raise AssertionError("a training process was started")

    monkeypatch.setattr("resources.gpu.subprocess.Popen", no_process)
    before = stored(trained, "names/checkpoint", "base")
    again = run(trained.defs, trained.instance, CHAIN, "base")
    assert again.success
    events = {m.asset_key.path[-1]: m for m in _materializations(again)}
    assert {stage: m.metadata["looked_up"].value for stage, m in events.items()} == {
        "splits": True,
        "ledger": True,
        "augmented": True,
        "checkpoint": True,
        "release": True,
    }
    assert stored(trained, "names/checkpoint", "base").manifest == before.manifest
    assert (events["checkpoint"].tags or {})["dagster/data_version"] == before.digest[:16]


def test_the_verdict_of_a_gate_is_kept_by_partition(project: TinyProject, instance: dg.DagsterInstance) -> None:
    project.drop("b", 5)
    defs = project.defs()
    assert [run(defs, instance, BATCH, batch).success for batch in BATCHES] == [True, False]
    statuses = _by_partition(instance, "corpora/letters/raw", "row_count")
    assert statuses == {"a.jsonl": True, "b.jsonl": False}


# a failing gate


def test_a_failing_gate_stops_the_next_stage_in_the_same_run(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    project.drop("b", 5)
    result = run(project.defs(), instance, BATCH, "b.jsonl")
    assert not result.success
    verdict = evaluations(result)["row_count"]
    assert not verdict.passed and verdict.blocking
    assert verdict.metadata["outcome"].value == "failed"
    assert verdict.metadata["observed"].value == 5.0
    assert verdict.metadata["limit"].value == "at least 20"
    assert "corpora__letters__clean" not in {e.step_key for e in result.all_events if e.is_step_start}
    assert project.published("corpora/letters/raw", "b.jsonl") is None


def test_a_failing_gate_stops_a_later_run_of_the_next_stage_alone(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    project.drop("b", 5)
    defs = project.defs()
    run(defs, instance, "corpora/letters/raw", "b.jsonl")
    later = run(defs, instance, "corpora/letters/clean", "b.jsonl")
    assert not later.success
    said = reason(later)
    assert said.startswith("GateNotPassed: corpora/letters/raw[b.jsonl]: no version is published")
    assert "row_count: failed (observed 5, limit at least 20)" in said
    assert project.published("corpora/letters/clean", "b.jsonl") is None


def test_a_deselected_check_does_not_let_anything_through(project: TinyProject, instance: dg.DagsterInstance) -> None:
    keys = [dg.AssetKey(["corpora", "letters", stage]) for stage in ("raw", "clean")]
    result = run(project.defs(), instance, dg.AssetSelection.assets(*keys).without_checks(), "a.jsonl")
    assert succeeded(result) == {"corpora__letters__raw"}
    assert "row_count: not judged on this version by this gate" in reason(result)
    assert project.published("corpora/letters/raw", "a.jsonl") is None


def test_one_refused_batch_holds_back_the_splits_and_everything_after_them(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    project.drop("b", 40, first=60, short=20)  # a third is too short: more than clean's gate lets through
    defs = project.defs()
    assert [run(defs, instance, BATCH, batch).success for batch in BATCHES] == [True, False]
    result = run(defs, instance, "names/splits names/augmented", "base")
    assert succeeded(result) == set()
    assert "rejected_share: failed (observed 0.333333, limit at most 0.2)" in reason(result)
    alone = run(defs, instance, "names/augmented", "base")
    assert "names/splits: nothing was written yet" in reason(alone)


def test_a_gate_of_the_splits_holds_back_what_comes_after_them(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    defs = project.defs("gates.splits.quality=[{use: labels_covered, at_least: 500}]")
    for batch in BATCHES:
        run(defs, instance, BATCH, batch)
    result = run(defs, instance, CHAIN, "base")
    assert succeeded(result) == {"names__splits"}
    assert evaluations(result)["labels_covered"].passed is False
    assert "labels_covered: failed" in reason(run(defs, instance, "names/augmented", "swapped"))


def test_the_version_that_was_published_before_stays_readable_when_a_new_one_is_refused(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    defs = project.defs()
    for batch in BATCHES:
        run(defs, instance, BATCH, batch)
    before = project.published("corpora/letters/clean", "b.jsonl")
    assert before is not None
    project.drop("b", 40, first=60, short=20)
    assert not run(defs, instance, BATCH, "b.jsonl").success
    assert project.published("corpora/letters/clean", "b.jsonl") == before
    result = run(defs, instance, "names/splits")
    assert result.success
    shown = _materializations(result)[0].metadata
    refused = project.store.newest(before.place)
    assert refused is not None and refused.name != before.name
    assert shown["newer_versions_refused"].value == [f"corpora/letters/clean[b.jsonl]: {refused.name}"]
    assert shown["inputs"].records[1].data["version"] == before.name  # type: ignore[union-attr]


def test_a_forged_passing_check_publishes_nothing(project: TinyProject, instance: dg.DagsterInstance) -> None:
    project.drop("b", 5)
    defs = project.defs()
    run(defs, instance, "corpora/letters/raw", "b.jsonl")
    raw = dg.AssetKey(["corpora", "letters", "raw"])
    forged = dg.AssetCheckEvaluation(
        asset_key=raw, check_name="row_count", passed=True, blocking=True, partition="b.jsonl"
    )
    instance.report_runless_asset_event(forged)
    assert _by_partition(instance, "corpora/letters/raw", "row_count") == {"b.jsonl": True}
    later = run(defs, instance, "corpora/letters/clean", "b.jsonl")
    assert "row_count: failed (observed 5, limit at least 20)" in reason(later)
    assert project.published("corpora/letters/raw", "b.jsonl") is None


def test_a_forged_materialization_publishes_nothing(project: TinyProject, instance: dg.DagsterInstance) -> None:
    raw = dg.AssetKey(["corpora", "letters", "raw"])
    instance.report_runless_asset_event(dg.AssetMaterialization(raw, partition="a.jsonl"))
    later = run(project.defs(), instance, "corpora/letters/clean", "a.jsonl")
    assert reason(later) == (
        "GateNotPassed: corpora/letters/raw[a.jsonl]: nothing was written yet; materialize it first"
    )


def test_a_waived_gate_shows_as_passed_with_its_failing_numbers_and_lets_the_next_stage_read(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    project.drop("b", 5)
    defs = project.defs()
    run(defs, instance, "corpora/letters/raw", "b.jsonl")
    recipe = project.recipe()
    judging.waive(recipe, "raw", ["row_count"], "b.jsonl", project.store, who="Ada", why="a short week")
    result = run(defs, instance, BATCH, "b.jsonl")
    assert result.success
    shown = evaluations(result)["row_count"]
    assert shown.passed
    assert shown.metadata["outcome"].value == "failed"
    assert str(shown.metadata["waived"].value).startswith("Ada, 20")
    assert str(shown.metadata["waived"].value).endswith(": a short week")
    assert (shown.description or "").startswith("failed, waived by Ada: ")
    version = project.published("corpora/letters/clean", "b.jsonl")
    assert version is not None and version.manifest.inputs[0].waived == ("row_count",)


@pytest.mark.parametrize("alone", [True, False])
def test_a_gate_that_only_warns_stops_nothing_and_its_check_warns(
    project: TinyProject, instance: dg.DagsterInstance, alone: bool
) -> None:
    gates = [{"use": "row_count", "at_least": 20, "severity": "warn"}, *([] if alone else ["no_empty_text"])]
    corpora = json.loads(json.dumps(CORPORA))
    corpora["letters"]["source"]["path"] = str(project.corpus)
    corpora["letters"]["gates"]["raw"]["quality"] = gates
    (project.root / "recipes" / "corpora.yaml").write_text(yaml.safe_dump(corpora))
    project.drop("b", 5)
    defs = project.defs()
    result = run(defs, instance, BATCH, "b.jsonl")
    assert result.success, reason(result)
    shown = evaluations(result)
    warning = shown["row_count"]
    # beside one that refuses it is not blocking; alone it is waited for
    assert (warning.passed, warning.blocking, warning.severity) == (False, alone, dg.AssetCheckSeverity.WARN)
    assert (warning.metadata["outcome"].value, warning.metadata["observed"].value) == ("failed", 5.0)
    refusing = shown["rejected_share"]
    assert (refusing.blocking, refusing.severity) == (True, dg.AssetCheckSeverity.ERROR)
    assert project.published("corpora/letters/clean", "b.jsonl") is not None
    again = run(defs, instance, BATCH, "b.jsonl")  # what makes nothing anew warns again
    assert again.success and not evaluations(again)["row_count"].passed


def test_a_gate_that_raised_is_not_judged_and_does_not_pass(
    project: TinyProject, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pipeline.quality.row_count import RowCount

    def broken(*_: Any) -> None:
        raise ZeroDivisionError("no rows to divide by")

    monkeypatch.setattr(RowCount, "check", broken)
    result = run(project.defs(), instance, BATCH, "a.jsonl")
    shown = evaluations(result)["row_count"]
    assert not shown.passed
    assert shown.metadata["outcome"].value == "not_judged"
    assert "observed" not in shown.metadata
    assert shown.description == "not_judged: the gate itself failed: ZeroDivisionError: no rows to divide by"
    assert succeeded(result) == {"corpora__letters__raw"}


# versions of code


def test_an_edit_of_one_recipe_changes_the_code_version_of_exactly_the_stages_that_it_touches(
    project: TinyProject,
) -> None:
    project.write_recipe("others", RECIPE)
    before, after = _code_versions(project.defs()), _code_versions(project.defs("training.epochs=9"))
    assert set(before) == set(after) and len(before) == 14
    assert [key for key in before if before[key] != after[key]] == ["names/checkpoint"]


def test_an_edit_of_a_gate_changes_no_code_version_but_asks_for_its_verdict_again(
    project: TinyProject, instance: dg.DagsterInstance
) -> None:
    run(project.defs(), instance, BATCH, "a.jsonl")
    corpus_yaml = project.root / "recipes" / "corpora.yaml"
    before = _code_versions(project.defs())
    corpus_yaml.write_text(corpus_yaml.read_text().replace("at_least: 20", "at_least: 30"))
    assert _code_versions(project.defs()) == before
    said = reason(run(project.defs(), instance, "corpora/letters/clean", "a.jsonl"))
    assert "row_count: not judged on this version by this gate" in said
    again = run(project.defs(), instance, BATCH, "a.jsonl")
    assert again.success
    assert [m.metadata["looked_up"].value for m in _materializations(again)] == [True, True]
    assert evaluations(again)["row_count"].metadata["limit"].value == "at least 30"


def test_the_graph_and_the_command_line_name_the_same_versions(trained: Trained) -> None:
    recipe, store = trained.project.recipe(), trained.project.store
    works = [*stages.prepared(recipe, store), *stages.trained(recipe, "base", store)]
    assert [stages.done(work, store) is not None for work in works] == [True] * 9


def _materializations(result: dg.ExecuteInProcessResult) -> Sequence[dg.AssetMaterialization]:
    return [e.step_materialization_data.materialization for e in result.all_events if e.is_step_materialization]


def _code_versions(defs: dg.Definitions) -> dict[str, str | None]:
    graph = defs.resolve_asset_graph()
    return {node.key.to_user_string(): node.code_version for node in graph.asset_nodes}


def _by_partition(instance: dg.DagsterInstance, asset: str, check: str) -> dict[str | None, bool]:
    """The latest verdict of a check by partition, from the event log that the web UI reads."""
    records = instance.get_event_records(
        dg.EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION), ascending=True
    )
    found: dict[str | None, bool] = {}
    for record in records:
        evaluation = record.event_log_entry.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        if evaluation.asset_key.to_user_string() == asset and evaluation.check_name == check:
            found[evaluation.partition] = evaluation.passed
    return found
