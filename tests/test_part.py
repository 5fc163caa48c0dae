"""Parts are found by their file name, built from YAML, and known by their settings and their code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import fingerprint, part
from pipeline.cleaning.min_length import MinLength
from pipeline.errors import GristmillError, WrongUse, did_you_mean
from pipeline.fairness.group_share import GroupShare
from pipeline.fingerprint import code_of_function
from pipeline.part import BadSettings, Part, UnknownPart, build, find, names
from pipeline.quality.f1 import F1
from pipeline.source.jsonl import Jsonl

ALL = [(folder, name) for folder in part.FOLDERS for name in names(folder)]
STEP = '''
"""A step of somebody else."""
from __future__ import annotations
from pipeline.cleaning import CleaningStep
from pipeline.types import Document, Rejected
{imported}

class Shout(CleaningStep):
    """Shouts."""

    loud: int = 1

    def __call__(self, doc: Document) -> Document | Rejected:
        """Shout."""
        return doc.rejected("quiet") if self.loud < 1 else doc
'''


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of somebody else, importable, and the code of modules read anew at every look."""
    folder = tmp_path / "my_company"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "steps.py").write_text(STEP.format(imported="from my_company.words import LOUD"))
    (folder / "words.py").write_text("LOUD = 'LOUD'\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in ("my_company", "my_company.steps", "my_company.words"):
        sys.modules.pop(name, None)


def fingerprint_of(step: Part) -> str:
    """The fingerprint, with the code of modules read anew: a process reads it once."""
    for function in (fingerprint.code_of, fingerprint._read):
        function.cache_clear()
    return step.fingerprint()


def test_a_folder_is_its_list_of_parts() -> None:
    folder = Path(part.__file__).parent / "cleaning"
    assert names("cleaning") == sorted(p.stem for p in folder.glob("[a-z]*.py"))
    assert "collapse_whitespace" in names("cleaning")
    assert {"ner", "text_classification"} <= set(names("task"))
    assert not [name for folder, name in ALL if name.startswith("_")]


@pytest.mark.parametrize(("folder", "name"), ALL)
def test_every_part_builds_from_its_example_and_its_settings_build_it_again(
    folder: str, name: str, tmp_path: Path
) -> None:
    cls = find(folder, name)
    example = dict(cls.example)
    if "path" in cls.model_fields and cls.model_fields["path"].is_required():
        example.setdefault("path", "somewhere")
    for key in ("name", "dataset", "url", "key"):
        if key in cls.model_fields and cls.model_fields[key].is_required():
            example.setdefault(key, "x")
    if name == "sql":
        example["table"] = "x"  # a table or a query, one of the two
    bring = getattr(cls, "example_in", None) if folder in ("augmentation", "training") else None
    first = bring(tmp_path) if bring else build(folder, {"use": name, **example})
    again = build(folder, first.settings(places=True))
    assert (again, again.fingerprint()) == (first, first.fingerprint())
    assert first.name.startswith(name)


def test_a_mistake_beside_a_url_does_not_show_it() -> None:
    for wrong in ({"key": "id"}, {"key": "id", "table": "t", "query": "q"}, {"key": "id", "table": "t", "rows": 1}):
        with pytest.raises(BadSettings) as error:
            build("source", {"use": "sql", "url": "postgresql://me:secret@host/db", **wrong})
        assert "secret" not in str(error.value)


def test_a_bare_word_is_the_part_with_its_defaults() -> None:
    assert build("cleaning", "collapse_whitespace") == build("cleaning", {"use": "collapse_whitespace"})
    step = MinLength(chars=3)
    assert build("cleaning", step) is step


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("colapse_whitespace", "there is no cleaning part 'colapse_whitespace'; did you mean 'collapse_whitespace'?"),
        ("_private", "there is no cleaning part '_private'"),
        ("../cleaning/min_length", "there is no cleaning part '../cleaning/min_length'; did you mean 'min_length'?"),
        ({"use": "os:path"}, "'os:path' is not a CleaningStep"),
        ({"use": "no_such_package.x:Y"}, "'no_such_package.x:Y' cannot be imported: ModuleNotFoundError"),
        ({"use": "pipeline.cleaning.min_length:MinLenght"}, "cannot be imported: AttributeError"),
        ({"use": ":"}, "':' cannot be imported: ValueError"),
        ({"use": "pipeline.quality.f1:F1"}, "'pipeline.quality.f1:F1' is not a CleaningStep"),
    ],
)
def test_a_part_that_is_not_there_says_what_there_is(spec: object, message: str) -> None:
    with pytest.raises(UnknownPart) as error:
        build("cleaning", spec)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("spec", "mistakes"),
    [
        ({"use": "min_length"}, [("chars", "is required")]),
        (
            {"use": "min_length", "chars": 0},
            [("chars", "input should be greater than or equal to 1, got 0")],
        ),
        (
            {"use": "min_length", "char": 3},
            [("chars", "is required"), ("char", "unknown key; did you mean 'chars'?")],
        ),
        ({"chars": 3}, [("use", "say which cleaning part to use; choose from alphabetic_words, bullet_lines, ")]),
        (None, [("use", "say which cleaning part to use; ")]),
        (["min_length"], [("use", "say which cleaning part to use; ")]),
        ({"use": 5}, [("use", "say which cleaning part to use; ")]),
    ],
)
def test_every_wrong_field_is_said_with_its_value(spec: object, mistakes: list[tuple[str, str]]) -> None:
    with pytest.raises(BadSettings) as error:
        build("cleaning", spec)
    assert [place for place, _ in error.value.mistakes] == [place for place, _ in mistakes]
    for (_, said), (_, expected) in zip(error.value.mistakes, mistakes, strict=True):
        assert said.startswith(expected)


def test_a_part_is_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        MinLength(chars=3).chars = 4  # type: ignore[misc]


def test_a_fingerprint_changes_with_a_field_and_not_with_the_place_of_the_data() -> None:
    assert MinLength(chars=3).fingerprint() == MinLength(chars=3).fingerprint()
    assert MinLength(chars=3).fingerprint() != MinLength(chars=4).fingerprint()
    assert Jsonl(path="/a").fingerprint() == Jsonl(path="/b").fingerprint()
    assert Jsonl(path="/a").fingerprint() != Jsonl(path="/a", pattern="*.txt").fingerprint()
    assert "path" not in Jsonl(path="/a").settings()


def test_a_gate_is_named_by_the_fields_that_tell_two_of_them_apart() -> None:
    assert F1(at_least=0.5).name == "f1_entity_f1"
    assert GroupShare(by="domain").name == "group_share_domain"
    assert GroupShare(by="../x/名").name == "group_share__x_"  # a file name and the name of a Dagster check


def test_the_gate_of_somebody_else_has_a_name_that_files_and_dagster_allow(
    outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (outside / "words.py").write_text(
        "from pipeline.quality.row_count import RowCount\n\nclass Mine(RowCount):\n    pass\n"
    )
    gate = build("quality", {"use": "my_company.words:Mine", "at_least": 1})
    assert gate.name == "my_company_words_Mine"
    assert gate.settings() == {"use": "my_company.words:Mine", "at_least": 1}


def test_a_part_outside_of_this_repository_is_named_by_module_and_class(outside: Path) -> None:
    step = build("cleaning", {"use": "my_company.steps:Shout", "loud": 2})
    assert step.settings() == {"use": "my_company.steps:Shout", "loud": 2}
    assert build("cleaning", step.settings()) == step


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Shouts."""', '"""Whispers."""'),
        ('        """Shout."""\n', ""),
        ('"""A step of somebody else."""', '# a comment\n"""Another."""'),
        ("self.loud < 1", "(self.loud   <  1)"),
        ("\n\nclass Shout", "\n\n\n# why\nclass Shout"),
    ],
)
def test_comments_docstrings_and_spacing_are_not_code(outside: Path, old: str, new: str) -> None:
    step = build("cleaning", "my_company.steps:Shout")
    before = fingerprint_of(step)
    source = (outside / "steps.py").read_text()
    assert old in source
    (outside / "steps.py").write_text(source.replace(old, new))
    assert fingerprint_of(step) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("steps.py", "self.loud < 1", "self.loud < 2"),
        ("steps.py", '"quiet"', '"silent"'),
        ("steps.py", "loud: int = 1", "loud: int = 3"),
        ("words.py", "'LOUD'", "'LOUDER'"),
    ],
)
@pytest.mark.parametrize(
    "imported",
    ["from my_company.words import LOUD", "from .words import LOUD", "from . import words", "import my_company.words"],
)
def test_an_edit_of_the_code_or_of_what_it_imports_of_its_own_package_changes_the_fingerprint(
    outside: Path, imported: str, file: str, old: str, new: str
) -> None:
    (outside / "steps.py").write_text(STEP.format(imported=imported))
    step = build("cleaning", "my_company.steps:Shout")
    before = fingerprint_of(step)
    source = (outside / file).read_text()
    assert old in source
    (outside / file).write_text(source.replace(old, new))
    assert fingerprint_of(step) != before


def test_the_code_of_a_function_is_known_without_its_docstring() -> None:
    def one() -> int:
        """One."""
        return 1

    first = code_of_function(one)

    def one() -> int:  # type: ignore[no-redef]
        # Another comment.
        return 1

    assert code_of_function(one) == first

    def one() -> int:  # type: ignore[no-redef]
        return 2

    assert code_of_function(one) != first


def test_did_you_mean_names_the_closest_or_lists_the_choices() -> None:
    assert did_you_mean("validatoin", ["train", "validation"]) == "did you mean 'validation'?"
    assert did_you_mean("x", ["b", "a"]) == "choose from a, b"
    assert did_you_mean("x", []) == "there is nothing to choose from"


def test_a_wrong_part_is_wrong_use() -> None:
    assert issubclass(UnknownPart, WrongUse) and issubclass(BadSettings, WrongUse)
    assert issubclass(WrongUse, GristmillError)
    assert issubclass(find("cleaning", "min_length"), Part)
