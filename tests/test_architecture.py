"""Imports go one way, importing is free, and every file is small enough to be read."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVELS = {
    0: ["types", "errors"],
    1: [
        "audited",
        "changes",
        "composing",
        "fingerprint",
        "part",
        "gate",
        "frames",
        "files",
        "draft",
        "version",
        "store",
        "duplicates",
        "leakage",
        "pages",
        "processes",
        "rederiving",
        "splitting",
        "tally",
        "engine",
        "extras",
        "yaml_file",
    ],
    2: ["language", "task", "translator"],
    3: ["source", "cleaning", "annotation", "augmentation", "training", "quality", "fairness"],
    4: [
        "counterfactual",
        "agreeing",
        "encoder",
        "recipe",
        "loading",
        "lifting",
        "frontier",
        "searching",
        "shapes",
        "job",
        "cards",
        "work",
        "faults",
    ],
    5: [
        "crashing",
        "stages",
        "trace",
        "evaluating",
        "verifying",
        "bench_gates",
        "proving",
        "predicting",
        "serving",
        "exporting",
    ],
}
LEVEL = {name: level for level, names in LEVELS.items() for name in names}
HEAVY = (
    "torch",
    "transformers",
    "great_expectations",
    "fairlearn",
    "datasets",
    "pandas",
    "sklearn",
    "nlpaug",
)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{a.name}") for a in node.names if node.module == "pipeline")


def test_every_module_of_pipeline_has_a_level() -> None:
    found = {
        p.stem if p.is_file() else p.name for p in (ROOT / "pipeline").iterdir() if not p.name.startswith(("__", "."))
    }
    assert found - {"ruff"} == set(LEVEL)


def test_imports_inside_of_pipeline_go_down_or_stay_in_their_folder() -> None:
    wrong = []
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        own = path.relative_to(ROOT / "pipeline").parts[0].removesuffix(".py")
        for line, name in imports(path):
            parts = name.split(".")
            if parts[0] != "pipeline" or len(parts) < 2 or own == "__init__":
                continue
            other = parts[1]
            sideways_in_core = LEVEL[own] in (0, 1, 4, 5) and LEVEL.get(other) == LEVEL[own]
            if other != own and not sideways_in_core and LEVEL[other] >= LEVEL[own]:
                wrong.append(f"{path.relative_to(ROOT)}:{line} imports {name}")
    assert wrong == []


def test_pipeline_knows_no_dagster_and_resources_know_no_assets() -> None:
    banned = {"pipeline": ("dagster", "dagster_pipes", "resources", "assets"), "resources": ("assets",)}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {name}"
        for folder, names in banned.items()
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, name in imports(path)
        if name.split(".")[0] in names
    ]
    assert wrong == []


@pytest.mark.parametrize("library", ["great_expectations", "fairlearn"])
def test_a_library_behind_one_private_file_or_folder_is_imported_there_only(library: str) -> None:
    home = {
        "great_expectations": {"pipeline/quality/_gx"},
        # what measures, in gates, and what repairs, in a training: neither folder may import the other
        "fairlearn": {"pipeline/fairness/_metric_frame.py", "pipeline/training/_reductions.py"},
    }
    users = {
        str((path.parent if path.parent.name.startswith("_") else path).relative_to(ROOT))
        for folder in ("pipeline", "assets", "resources")
        for path in (ROOT / folder).rglob("*.py")
        for _, name in imports(path)
        if name.split(".")[0] == library
    }
    assert users == home[library]


def test_importing_every_module_of_the_pipeline_imports_no_heavy_library() -> None:
    modules = sorted(
        ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for p in (ROOT / "pipeline").rglob("*.py")
        if not (p.parent.name in ("training", "encoder") and p.name.startswith("_") and p.name != "__init__.py")
    )
    code = f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    code += f"print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_file_has_grown_beyond_what_a_reader_holds() -> None:
    long = {
        str(p.relative_to(ROOT)): n
        for folder in ("pipeline", "assets", "resources")
        for p in (ROOT / folder).rglob("*.py")
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > 280
    }
    assert long == {}


def test_nothing_is_pickled_and_no_remote_code_is_trusted() -> None:
    wrong = []
    for folder in ("pipeline", "assets", "resources"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            wrong += [
                f"{path.name}: {word}"
                for word in ("pickle", "torch.save", "torch.load", "yaml.load(", "trust_remote_code=True")
                if word in text
            ]
    assert wrong == []
