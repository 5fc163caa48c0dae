"""What Dagster loads: fast, without the heavy libraries, found by every command, as the snapshot says.

After a change of the graph on purpose: `.venv/bin/python -m tests.test_definitions` writes the snapshot anew.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.definitions import build
from pipeline.loading import load_recipes
from resources import where
from tests.graph_project import RECIPE, TinyProject, tiny_project

SNAPSHOT = Path(__file__).parent / "snapshots" / "graph.json"
HEAVY = ["torch", "transformers", "great_expectations", "fairlearn", "pandas", "datasets"]
LOADS = f"""
import json, sys, time
started = time.perf_counter()
import dagster
imported = time.perf_counter()
import assets.definitions
assets.definitions.defs().get_repository_def()
loaded = time.perf_counter()
heavy = [name for name in {HEAVY} if name in sys.modules]
print(json.dumps({{"dagster": imported - started, "ours": loaded - imported, "heavy": heavy}}))
"""


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    return tiny_project(tmp_path / "project")


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment for commands on the project's own recipes."""
    environment = TinyProject(tmp_path_factory.mktemp("own")).environment
    del environment["GRISTMILL_RECIPES"]
    Path(environment["DAGSTER_HOME"]).mkdir()
    return environment


def command(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python's environment at the root of the repository."""
    binary = str(Path(sys.executable).parent / words[0])
    return subprocess.run(
        [binary, *words[1:]], cwd=where.ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def test_loading_the_definitions_is_fast_and_imports_none_of_the_heavy_libraries(own: dict[str, str]) -> None:
    runs: list[dict[str, Any]] = []
    for _ in range(3):  # the best of three: other processes may be at work
        done = command("python", "-c", LOADS, environment=own)
        assert done.returncode == 0, done.stderr
        runs.append(json.loads(done.stdout))
        assert runs[-1]["heavy"] == []
        if runs[-1]["ours"] < 2:
            break
    best = min(runs, key=lambda r: r["ours"])
    # importing dagster took 0.9 s where 2.3 s were measured; on a slower machine both take longer
    assert best["ours"] < max(2.5, 3 * best["dagster"]), runs


def test_the_graph_of_the_projects_own_recipes_is_that_of_the_snapshot() -> None:
    expected = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    assert described(_own_definitions()) == expected, "if meant: .venv/bin/python -m tests.test_definitions"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dagster", "definitions", "validate"], "Validation successful for code location gristmill."),
        (["dg", "check", "defs"], "All definitions loaded successfully."),
        (["dagster", "asset", "list", "-m", "assets.definitions"], "peoples_daily_ner/checkpoint"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_dagsters_own_commands_find_the_definitions_from_the_root(
    words: list[str], says: str, own: dict[str, str]
) -> None:
    done = command(*words, environment=own)
    assert done.returncode == 0, done.stdout + done.stderr
    assert says in done.stdout + done.stderr


def test_a_recipe_with_mistakes_is_one_asset_that_says_why_and_the_others_load(project: TinyProject) -> None:
    project.write_recipe("broken", {**RECIPE, "task": {"use": "nerr", "labels": ["PER"]}, "corpora": ["leters"]})
    (project.root / "recipes" / "not_yaml.yaml").write_text("name: [")
    graph = project.defs().resolve_asset_graph()
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {key for key in keys if not key.startswith("corpora/")} == {
        "names/splits",
        "names/ledger",
        "names/frontier",
        "names/augmented",
        "names/checkpoint",
        "names/release",
        "broken/does_not_load",
        "not_yaml/does_not_load",
    }
    node = graph.get(dg.AssetKey(["broken", "does_not_load"]))
    assert node.group_name == "recipes_with_mistakes"
    said = (node.description or "").splitlines()
    assert said == [
        "- recipes/broken.yaml:8: corpora[0]: the corpus 'leters' is not in corpora.yaml; did you mean 'letters'?",
        "- recipes/broken.yaml:4: task.use: there is no task part 'nerr'; did you mean 'ner'?",
    ]


def test_a_corpus_with_mistakes_takes_only_the_recipes_that_read_it_down(project: TinyProject) -> None:
    corpora = project.root / "recipes" / "corpora.yaml"
    corpora.write_text(corpora.read_text() + "broken: {source: {use: jsonl}, language: en}\n")
    project.write_recipe("reads_it", {**RECIPE, "corpora": ["letters", "broken"]})
    graph = project.defs().resolve_asset_graph()
    assert dg.AssetKey(["names", "release"]) in graph.get_all_asset_keys()
    said = graph.get(dg.AssetKey(["reads_it", "does_not_load"])).description or ""
    assert "recipes/reads_it.yaml" in said and "the corpus 'broken' has mistakes" in said
    assert "recipes/corpora.yaml" in said and "licence: is required" in said


def test_only_training_waits_for_the_gpu_pool(project: TinyProject) -> None:
    definitions = {d.key.to_user_string(): d for d in project.defs().resolve_asset_graph().assets_defs if d.keys}
    pools = {key: d.op.pool for key, d in definitions.items() if not d.check_keys and d.op.pool}
    assert pools == {"names/checkpoint": "gpu"}


def test_every_asset_says_what_it_is(project: TinyProject) -> None:
    graph = project.defs().resolve_asset_graph()
    said = {key.to_user_string(): graph.get(key).description for key in graph.get_all_asset_keys()}
    assert [key for key, description in said.items() if not description] == []
    assert (said["corpora/letters/raw"] or "").startswith("Who lives where.\n\nOne batch as it came")


def described(defs: dg.Definitions) -> dict[str, Any]:
    """The graph as JSON: what a person would notice if it changed."""
    graph, repository = defs.resolve_asset_graph(), defs.get_repository_def()
    assets = {}
    for key in sorted(graph.get_all_asset_keys(), key=lambda k: k.path):
        node = graph.get(key)
        assets[key.to_user_string()] = {
            "group": node.group_name,
            "deps": sorted(parent.to_user_string() for parent in node.parent_keys),
            "partitions": _partitions(node.partitions_def),
            "kinds": sorted(tag.removeprefix("dagster/kind/") for tag in node.tags if tag.startswith("dagster/kind/")),
            "checks": sorted(check.name for check in node.check_keys),
        }
    jobs = {
        job.name: sorted(key.to_user_string() for key in job.asset_layer.executable_asset_keys)
        for job in repository.get_all_jobs()
        if not job.name.startswith("__")
    }
    sensors = {s.name: s.job_name for s in repository.sensor_defs}
    schedules = {s.name: [s.job_name, s.cron_schedule] for s in repository.schedule_defs}
    return {
        "assets": assets,
        "jobs": dict(sorted(jobs.items())),
        "sensors": dict(sorted(sensors.items())),
        "schedules": dict(sorted(schedules.items())),
    }


def _partitions(partitions: dg.PartitionsDefinition[Any] | None) -> Any:
    if isinstance(partitions, dg.DynamicPartitionsDefinition):
        return f"dynamic: {partitions.name}"
    return None if partitions is None else list(partitions.get_partition_keys())


def _own_definitions() -> dg.Definitions:
    return build(load_recipes(where.ROOT / "recipes"), "memory://nothing")


if __name__ == "__main__":
    SNAPSHOT.parent.mkdir(exist_ok=True)
    text = json.dumps(described(_own_definitions()), indent=1, ensure_ascii=False)
    SNAPSHOT.write_text(text + "\n", encoding="utf-8")
