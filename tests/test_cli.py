"""The command: what it says, how it ends, and that pipes get text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from assets.cli import main
from pipeline import stages
from pipeline.stages import Trainer
from pipeline.store import Store
from tests.conftest import TinyProject, files_of, good_lines

Faked = Callable[..., Trainer]
COMMANDS = (
    "check",
    "parts",
    "run",
    "show",
    "trace",
    "judge",
    "waive",
    "leakage",
    "verify",
    "bench-gates",
    "ui",
    "prove-augmentation",
    "augment-report",
    "predict",
    "serve",
    "export",
    "frontier",
    "search",
    "crash-test",
    "evaluate",
)
STRICT = {"clean": {"quality": [{"use": "rejected_share", "at_most": 0.0}]}}


def gristmill(*arguments: str) -> Result:
    """In this process."""
    return CliRunner().invoke(main, list(arguments))


def piped(project: TinyProject, *arguments: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, its output in pipes."""
    command = [str(Path(sys.executable).parent / "gristmill"), *arguments]
    environment = {**os.environ, **project.environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240, check=False)


def refused(result: Result, code: int, *words: str) -> None:
    """The command ended with this code and one message, not a traceback."""
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    for word in words:
        assert word in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = gristmill(command, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: main {command}")
    described = result.output.split("\n\n")[1].strip()
    assert described.endswith(".") and len(described) > 20
    assert gristmill(command, "-h").output == result.output


def test_help_lists_every_command() -> None:
    listed = gristmill("--help").output.partition("Commands:")[2]
    assert sorted(line.split()[0] for line in listed.strip().splitlines() if line[2] != " ") == sorted(COMMANDS)


def test_check_counts_what_is_fine(project: TinyProject) -> None:
    result = gristmill("check")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "1 recipes and 1 corpora are fine\n", "")


def test_check_says_every_mistake_and_ends_with_2(project: TinyProject) -> None:
    (project.recipes / "bad.yaml").write_text("name: bad\nextra: 1\n")
    result = gristmill("check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[:2] == [
        "recipes/bad.yaml:1: task: is required",
        "recipes/bad.yaml:1: corpora: is required",
    ]
    assert result.stderr.splitlines()[-1] == "1 recipes and 1 corpora are fine"


def test_options_of_the_group_name_recipes_and_store(project: TinyProject, tmp_path: Path) -> None:
    refused(gristmill("--recipes", str(tmp_path), "check"), 2, "corpora.yaml: not there")
    store = tmp_path / "other store"
    result = gristmill("--recipes", str(project.recipes), "--store", str(store), "show", "journeys", "--json")
    assert (result.exit_code, json.loads(result.stdout)["published"]) == (0, {})


def test_parts_lists_all_one_folder_or_one_part(project: TinyProject) -> None:
    every = json.loads(gristmill("parts", "--json").stdout)
    assert {p["folder"] for p in every} >= {
        "source",
        "cleaning",
        "annotation",
        "training",
        "quality",
        "fairness",
        "task",
    }
    (one,) = json.loads(gristmill("parts", "cleaning", "min_length", "--json").stdout)
    assert (one["folder"], one["use"]) == ("cleaning", "min_length")
    assert one["fields"] == [{"name": "chars", "type": "int", "required": True, "default": None}]
    shown = gristmill("parts", "cleaning").stdout
    assert "cleaning: min_length (chars: int)" in shown
    assert "quality" not in shown


def test_parts_that_are_not_there_are_wrong_use(project: TinyProject) -> None:
    refused(gristmill("parts", "cleaning", "min_lenght"), 2, "did you mean 'min_length'?")
    refused(gristmill("parts", "cleanin"), 2, "cleanin")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "journey"], "there is no recipe 'journey'; did you mean 'journeys'?"),
        (["run", "journeys", "--variant", "plane"], "recipe journeys has no variant 'plane'; did you mean 'plain'?"),
        (["run", "journeys", "--set", "epochs"], "--set epochs: write KEY=VALUE"),
        (
            ["run", "journeys", "--set", "training.epoch=1"],
            "--set: training.epoch: unknown key; did you mean 'epochs'?",
        ),
        (["show", "journey"], "there is no recipe 'journey'; did you mean 'journeys'?"),
        (["trace", "journeys", "nobody"], "no stage of journeys holds 'nobody'"),
        (["judge", "journeys", "--stage", "split"], "there is no stage 'split'; did you mean 'splits'?"),
        (["waive", "journeys", "splits", "no_leekage", "--why", "x"], "journeys/splits has no gate 'no_leekage'"),
        (["waive", "journeys", "splits", "no_leakage"], "Missing option '--why'"),
        (
            ["waive", "journeys", "clean", "rejected_share", "--why", "x"],
            "say which partition of clean with --partition",
        ),
        (["--store", "nosuch://bucket", "show", "journeys"], "Protocol not known: nosuch"),
    ],
)
def test_wrong_use_ends_with_2_and_one_message(project: TinyProject, arguments: list[str], words: str) -> None:
    refused(gristmill(*arguments), 2, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["judge", "journeys"],
            "corpora/tiny/raw[one.jsonl]: not made yet with these settings; `gristmill run journeys`",
        ),
        (["waive", "journeys", "splits", "no_leakage", "--why", "x"], "journeys/splits: nothing was made there yet"),
        (["run", "journeys", "--set", "corpora.tiny.path=/nowhere"], "/nowhere: there is no such file or folder"),
    ],
)
def test_data_that_is_not_there_ends_with_1_and_one_message(
    project: TinyProject, arguments: list[str], words: str
) -> None:
    refused(gristmill(*arguments), 1, words)


def test_a_broken_recipe_is_named_by_run_and_leaves_the_others_alone(made: TinyProject) -> None:
    (made.recipes / "bad.yaml").write_text("name: bad\nextra: 1\n")
    refused(gristmill("run", "bad"), 2, "recipes/bad.yaml:2: extra: unknown key")
    assert gristmill("show", "journeys").exit_code == 0


def test_show_of_nothing_says_what_makes_it(project: TinyProject) -> None:
    result = gristmill("show", "journeys")
    assert result.exit_code == 0
    assert "nothing of journeys is published yet; `gristmill run journeys` makes it" in result.stdout


def test_show_as_json_has_the_names_that_scripts_rely_on(trained: TinyProject) -> None:
    shown: dict[str, Any] = json.loads(gristmill("show", "journeys", "--json").stdout)
    assert shown["recipe"] == "journeys"
    published = shown["published"]
    assert {stage: sorted(partitions) for stage, partitions in published.items()} == {
        "raw": ["tiny/one.jsonl", "tiny/two.jsonl"],
        "clean": ["tiny/one.jsonl", "tiny/two.jsonl"],
        "splits": ["all"],
        "ledger": ["all"],
        "augmented": ["base"],
        "checkpoint": ["base"],
        "release": ["all"],
    }
    for partitions in published.values():
        for version in partitions.values():
            assert {"version", "digest", "rows", "rejected"} <= set(version)
            assert (len(version["version"]), len(version["digest"])) == (16, 64)
    assert (published["clean"]["tiny/one.jsonl"]["rows"], published["clean"]["tiny/one.jsonl"]["rejected"]) == (42, 1)
    gates = [[g[k] for k in ("stage", "partition", "gate", "outcome", "limit")] for g in shown["gates"]]
    assert gates == [
        ["clean", "tiny/one.jsonl", "rejected_share", "passed", "at most 0.5"],
        ["clean", "tiny/two.jsonl", "rejected_share", "passed", "at most 0.5"],
        ["splits", "all", "no_leakage", "passed", "at most 0"],
        ["augmented", "base", "child_labels", "passed", "at most 0"],
        ["augmented", "base", "children_apart", "passed", "at most 0"],
        ["checkpoint", "base", "f1_token_micro_f1", "passed", "at least 0.1"],
    ]
    assert [round(g["observed"], 4) for g in shown["gates"][:3]] == [0.0233, 0.0, 0.0]
    names = {"entity_f1", "entity_f1_low", "entity_f1_high", "entity_f1_unseen", "baseline_entity_f1", "token_micro_f1"}
    names |= {"seconds", "real_tokens_per_second", "peak_memory_mib"}
    assert names <= set(shown["metrics"])
    assert all(isinstance(shown["metrics"][name], float) for name in names)


def test_show_for_people_has_tables_of_gates_and_of_the_evaluation(trained: TinyProject) -> None:
    shown = gristmill("show", "journeys").stdout
    for words in ("published", "gates", "rejected_share", "Mentions by label", "where everything lies", "model card"):
        assert words in shown


def test_trace_shows_a_document_and_who_rejected_it(made: TinyProject) -> None:
    result = gristmill("trace", "journeys", "short")
    assert result.exit_code == 0
    assert "    REJECTED by min_length: the text has 2 characters; min_length asks for 5" in result.stdout
    rows = json.loads(gristmill("trace", "journeys", "one-3", "--json").stdout)
    assert [row["asset"] for row in rows][:3] == [
        "corpora/tiny/raw[one.jsonl]",
        "corpora/tiny/clean[one.jsonl]",
        "journeys/splits",
    ]
    assert rows[0]["spans"] == [{"span": "[0, 6) PER", "text": "Dmitri"}, {"span": "[15, 20) LOC", "text": "Cairo"}]


def test_judge_gives_every_verdict_again_and_says_no_with_1(trained: TinyProject) -> None:
    result = gristmill("judge", "journeys")
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 6)
    trained.edit_recipe(gates={"checkpoint": {"quality": [{"use": "f1", "at_least": 1.0}]}})
    refused(gristmill("judge", "journeys"), 1, "f1_entity_f1", "failed", "at least 1")
    assert trained.store.published(trained.recipe().place("checkpoint", "base")) is None


def test_judge_of_one_stage_judges_that_stage(made: TinyProject) -> None:
    result = gristmill("judge", "journeys", "--stage", "clean")
    assert [line.split()[:3] for line in result.stdout.splitlines()] == [
        ["corpora/tiny/clean[one.jsonl]", "rejected_share", "passed"],
        ["corpora/tiny/clean[two.jsonl]", "rejected_share", "passed"],
    ]
    assert result.exit_code == 0


def test_waive_lets_one_digest_pass_and_show_says_so(made: TinyProject) -> None:
    made.edit_corpus(gates=STRICT)
    refused(gristmill("judge", "journeys", "--stage", "clean"), 1, "rejected_share")
    arguments = ["waive", "journeys", "clean", "rejected_share", "--partition", "one.jsonl", "--why", "known"]
    wrong = gristmill(*arguments, "rejected_shares")
    refused(wrong, 2, "did you mean 'rejected_share'?")
    assert (
        not json.loads(gristmill("show", "journeys", "--json").stdout)["published"]
        .get("clean", {})
        .get("tiny/one.jsonl")
    ), "with one gate that is not there none is waived"
    result = gristmill(*arguments, "--who", "Ada")
    assert result.exit_code == 0
    assert "Ada waived rejected_share for corpora/tiny/clean[one.jsonl]" in result.stdout
    assert result.stdout.endswith(": it is published\n")
    shown = json.loads(gristmill("show", "journeys", "--json").stdout)
    (row,) = [g for g in shown["gates"] if g["partition"] == "tiny/one.jsonl"]
    assert (row["outcome"], row["waived"]) == ("failed", True)
    assert shown["published"]["clean"]["tiny/one.jsonl"]["waived"] == ["rejected_share"]
    again = gristmill("judge", "journeys", "--stage", "clean")
    assert (again.exit_code, "failed" in again.stdout) == (0, True)  # what is waived is published


def test_a_failing_gate_stops_run_with_1_and_its_numbers(project: TinyProject) -> None:
    project.edit_corpus(gates=STRICT)
    for _ in range(2):  # and again in a later run
        refused(gristmill("run", "journeys"), 1, "rejected_share: failed (observed 0.0232558, limit at most 0)")
    assert project.store.partitions("journeys/splits") == []


def test_a_newer_batch_that_fails_stops_run_with_the_numbers_though_an_older_one_is_published(
    made: TinyProject,
) -> None:
    lines = good_lines("one", 3) + [{"id": f"s{n}", "text": "Hi", "spans": []} for n in range(4)]
    (made.corpus / "one.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    words = "is held back by\n  rejected_share: failed (observed 0.571429, limit at most 0.5)"  # not of the one before
    refused(gristmill("run", "journeys"), 1, "corpora/tiny/clean[one.jsonl]: version ", words)


def test_a_second_run_says_unchanged_for_everything_and_starts_no_dagster_run(trained: TinyProject) -> None:
    before = files_of(trained.root / "store")
    result = gristmill("run", "journeys")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stdout.splitlines() if line.startswith(("corpora/", "journeys/"))]
    assert [line.split()[0] for line in lines] == [
        "corpora/tiny/raw[one.jsonl]",
        "corpora/tiny/clean[one.jsonl]",
        "corpora/tiny/raw[two.jsonl]",
        "corpora/tiny/clean[two.jsonl]",
        "journeys/splits",
        "journeys/ledger",
        "journeys/augmented[base]",
        "journeys/checkpoint[base]",
        "journeys/release",
    ]
    assert all(line.endswith("  unchanged") for line in lines)
    assert "journeys[base] is released; " in result.stdout
    assert files_of(trained.root / "store") == before
    assert not (trained.root / "dagster").exists()


def test_a_store_that_was_tampered_with_is_one_message(trained: TinyProject) -> None:
    recipe, store = trained.recipe(), Store(str(trained.root / "store"))
    version = store.published(recipe.place("checkpoint", "base"))
    assert version is not None
    (Path(store.where(version)) / "evaluation.json").write_text("{}")
    refused(gristmill("show", "journeys"), 1, "StoreError: ", "evaluation.json: not the bytes that were written")


def test_show_names_the_numbers_of_the_variant_that_is_released(made: TinyProject, faked: Faked) -> None:
    recipe, store = made.recipe(), made.store
    for variant, validation in (("base", 0.4), ("plain", 0.6)):
        for plan in (
            lambda v=variant: stages.augment(recipe, v, store),
            lambda v=variant, n=validation: stages.fine_tune(recipe, v, store, faked(n)),
        ):
            work = plan()
            stages.make(work, store)
            stages.judge(work, store)
    stages.make(stages.release(recipe, store), store)
    shown = json.loads(gristmill("show", "journeys", "--json").stdout)
    assert (shown["variant"], shown["metrics"]["entity_f1"]) == ("plain", 0.6)


@pytest.mark.slow
def test_a_first_run_in_a_process_of_its_own_makes_everything_and_writes_plain_text_to_a_pipe(
    project: TinyProject,
) -> None:
    one = project.corpus / "one.jsonl"
    lines = one.read_text(encoding="utf-8").splitlines()
    records = [{"id": "odd", "text": "\x1b[31mred", "spans": [[0, 99, "PER"]]}, {"id": "none"}]
    one.write_text("\n".join([*lines, *map(json.dumps, records)]) + "\n", encoding="utf-8")
    done = piped(project, "run", "journeys")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"\n  rejected: one.jsonl:{len(lines) + 1}: " in done.stdout
    assert " (and 1 more, in rejected.parquet of the version)\n" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    assert all(c.isprintable() or c == "\n" for c in done.stdout + done.stderr)
    assert "journeys[base] is released; " in done.stdout
    assert "journeys/splits " in done.stdout and "80 rows, 4 rejected, 1 gates passed" in done.stdout
    shown = piped(project, "show", "journeys", "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout)["metrics"]["entity_f1"] >= 0
    again = piped(project, "run", "journeys")
    assert again.returncode == 0
    assert again.stdout.count("  unchanged\n") == 9


@pytest.mark.slow
def test_exit_codes_reach_the_shell(project: TinyProject) -> None:
    check = piped(project, "check")
    assert (check.returncode, check.stdout, check.stderr) == (0, "1 recipes and 1 corpora are fine\n", "")
    no_recipe = piped(project, "show", "journey")
    assert (no_recipe.returncode, no_recipe.stdout) == (2, "")
    assert no_recipe.stderr == "there is no recipe 'journey'; did you mean 'journeys'?\n"
    no_data = piped(project, "judge", "journeys")
    assert (no_data.returncode, no_data.stdout) == (1, "")
    assert len(no_data.stderr.splitlines()) == 1


def test_a_step_that_refuses_says_why_and_not_that_nothing_was_written(made: TinyProject) -> None:
    missing = made.root / "no-such-model"
    result = piped(made, "run", "journeys", "--set", f"training.base_model={missing}")
    assert result.returncode == 1
    assert f"base_model: there is no folder {missing}" in result.stderr
    assert "nothing was written yet" not in result.stderr
    (made.corpus / "one.jsonl").write_text("")
    emptied = piped(made, "run", "journeys")
    assert emptied.returncode == 1
    assert "one.jsonl" in emptied.stderr and "empty" in emptied.stderr
