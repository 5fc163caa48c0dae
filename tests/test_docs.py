"""Every command in README and docs is run; every link leads somewhere; every YAML example loads."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from conftest import TinyProject

from assets.cli import main
from pipeline.loading import load_recipes

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
IDS = [str(p.relative_to(ROOT)) for p in PAGES]
RENAMED = {  # the docs' recipes, as the tiny project has them
    "peoples_daily_ner": "journeys",
    "conll2003_ner": "journeys",
    "reviews_sentiment_zh": "journeys",
    "corpora.conll2003.path": "corpora.tiny.path",
    "f1_entity_f1": "f1_token_micro_f1",
    "swapped_entities": "plain",
}


def commands(page: Path, first: str) -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    return [line.partition("  #")[0].rstrip() for b in blocks for line in b.splitlines() if line.startswith(first)]


GRISTMILL = [c for page in PAGES for c in commands(page, "gristmill ")]
MAKE = [c for page in PAGES for c in commands(page, "make ")]


@pytest.mark.parametrize("command", sorted(set(GRISTMILL)))
def test_every_gristmill_command_of_the_docs_does_what_it_says(command: str, trained: TinyProject) -> None:
    words = shlex.split(command)[1:]
    if words[0] == "ui":
        pytest.importorskip("dagster")  # started for real in test_servers.py
        words.append("--help")
    if words[0] == "augment-report":
        words.append("--help")  # trained and reported for real in test_lift.py
    if words[0] in ("serve", "crash-test", "search"):
        words.append("--help")  # done for real in test_serve.py, test_crashing.py and test_search.py
    if words[0] == "export":
        pytest.importorskip("onnxruntime")
    made = {"texts.jsonl": trained.corpus / "one.jsonl", "onnx": trained.root / "onnx"}
    words = [str(made.get(word, word)) for word in words]
    for old, new in RENAMED.items():
        words = [word.replace(old, new) for word in words]
    words = [str(trained.corpus) if w == "FOLDER" else w.replace("=FOLDER", f"={trained.corpus}") for w in words]
    words = ["tiny/one-3" if w.startswith("peoples_daily_1998/") else w for w in words]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert result.output.strip()


@pytest.mark.parametrize("command", sorted(set(MAKE)))
def test_every_make_command_of_the_docs_is_a_target(command: str) -> None:
    words = shlex.split(command)
    done = subprocess.run([*words, "--dry-run"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "$(" not in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_shell_line_of_a_page_is_a_command_that_is_run_here(page: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    lines = [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]
    assert [line for line in lines if not line.startswith(("gristmill ", "make ", "git clone", "cd "))] == []


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_yaml_of_the_recipes_page_loads_as_it_stands(tmp_path: Path) -> None:
    recipe, corpus = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8"), re.S)
    shipped = yaml.safe_load((ROOT / "recipes" / "corpora.yaml").read_text(encoding="utf-8"))
    both = {**shipped, **yaml.safe_load(corpus)}
    (tmp_path / "corpora.yaml").write_text(yaml.safe_dump(both), encoding="utf-8")
    (tmp_path / "peoples_daily_ner.yaml").write_text(recipe, encoding="utf-8")
    project = load_recipes(tmp_path)
    assert [str(m) for m in project.mistakes] == []
    assert set(project.recipe("peoples_daily_ner").variants) == {"base", "swapped_entities", "one_epoch"}


def test_the_recipes_of_the_project_load_without_a_mistake() -> None:
    project = load_recipes(ROOT / "recipes")
    assert [str(m) for m in project.mistakes] == []
    assert sorted(project.recipes) == ["conll2003_ner", "peoples_daily_ner", "reviews_sentiment_zh"]


def test_the_part_of_the_add_a_part_page_holds_the_contract_of_its_folder(tmp_path: Path) -> None:
    from pipeline.cleaning import CleaningStep
    from pipeline.types import Document, Span

    code = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "add_a_part.md").read_text(encoding="utf-8"), re.S)[0]
    space: dict[str, object] = {"__name__": "docs_example"}
    exec(compile(code, "add_a_part.md", "exec"), space)
    step = space["DropSoftHyphens"]()  # type: ignore[operator]
    assert isinstance(step, CleaningStep)
    cleaned = step(Document("a", "An\u00adna met Bo", spans=(Span(0, 5, "PER"), Span(10, 12, "PER"))))
    assert isinstance(cleaned, Document)
    assert cleaned.text == "Anna met Bo"
    assert [(s.start, s.end) for s in cleaned.spans or ()] == [(0, 4), (9, 11)]
