"""Finds a part by its file name, builds it from YAML, says "did you mean".

A part is one class in one file: key = folder, `use` = file, the rest = typed fields. There is no registry; the folder
is the list.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from pipeline.errors import WrongUse, did_you_mean
from pipeline.fingerprint import code_of, fingerprint

FOLDERS = (
    "source", "cleaning", "annotation", "translator", "augmentation", "training", "encoder", "quality", "fairness",
    "task",
)  # fmt: skip

P = TypeVar("P", bound="Part")


class Part(BaseModel):
    """Base of every part: a frozen class with typed fields; unknown fields are refused.

    `example` are the settings that the contract tests build it with. `places` names the fields that say where data
    lies, not what it is: they stay out of the fingerprint. `named_by` names fields that tell two uses of one part in
    one list apart (`group_share` by domain, by gender).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    example: ClassVar[Mapping[str, Any]] = {}
    places: ClassVar[frozenset[str]] = frozenset()
    named_by: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        """The name in recipes and verdicts: the file's, and the fields of `named_by`."""
        return "_".join([use_of(type(self)), *(str(getattr(self, f)) for f in self.named_by)])

    def settings(self, *, places: bool = False) -> dict[str, Any]:
        """`use` and every field, as YAML has them; without the fields that say where data lies, unless `places`."""
        exclude = None if places else set(self.places)
        return {"use": use_of(type(self)), **self.model_dump(mode="json", by_alias=True, exclude=exclude)}

    def fingerprint(self) -> str:
        """Changes when a field or the code of the part changes; comments and docstrings do not count."""
        return fingerprint(self.settings(), code_of(type(self).__module__))


class UnknownPart(WrongUse):
    """No part of that name; the message says what there is."""


class BadSettings(WrongUse):
    """A part's settings are wrong: one `(field path, message)` for each mistake."""

    def __init__(self, mistakes: list[tuple[str, str]]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(f"{place}: {message}" for place, message in mistakes))


def names(folder: str) -> list[str]:
    """The parts that a folder holds, by file name."""
    package = importlib.import_module(f"pipeline.{folder}")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if not m.name.startswith("_"))


def find(folder: str, use: str) -> type[Part]:
    """The class of a part: by file name, or `package.module:Class` for one outside of this repository.

    Raises:
        UnknownPart: there is none of that name.
    """
    base: type[Part] = importlib.import_module(f"pipeline.{folder}").BASE
    if ":" in use:
        module_name, _, class_name = use.partition(":")
        try:
            found = getattr(importlib.import_module(module_name), class_name)
        except Exception as error:  # whatever a module of somebody else raises: no other recipe goes down with it
            raise UnknownPart(f"{use!r} cannot be imported: {type(error).__name__}: {error}") from error
        if not (inspect.isclass(found) and issubclass(found, base)):
            raise UnknownPart(f"{use!r} is not a {base.__name__}")
        return found
    if use not in names(folder):
        raise UnknownPart(f"there is no {folder} part {use!r}; {did_you_mean(use, names(folder))}")
    module = importlib.import_module(f"pipeline.{folder}.{use}")
    own = [
        c
        for _, c in inspect.getmembers(module, inspect.isclass)
        if issubclass(c, base) and c.__module__ == module.__name__ and not c.__name__.startswith("_")
    ]
    if len(own) != 1:
        raise UnknownPart(f"pipeline/{folder}/{use}.py must hold exactly one {base.__name__}, it holds {len(own)}")
    return own[0]


def build(folder: str, spec: object) -> Part:
    """A part from its YAML: a bare word, or a mapping with `use` and fields.

    Raises:
        UnknownPart: no such part.
        BadSettings: every wrong field at once.
    """
    if isinstance(spec, Part):
        return spec
    if isinstance(spec, str):
        spec = {"use": spec}
    if not isinstance(spec, Mapping) or not isinstance(spec.get("use"), str):
        raise BadSettings([("use", f"say which {folder} part to use; {did_you_mean('', names(folder))}")])
    cls = find(folder, spec["use"])
    try:
        return cls(**{str(k): v for k, v in spec.items() if k != "use"})
    except ValidationError as error:
        raise BadSettings([explain(e, cls) for e in error.errors()]) from error


def inside(folder: str, spec: object) -> Part:
    """A part that is a field of another, for its validator: its mistakes become those of the field, each at its place.

    Raises:
        ValidationError: no such part, or wrong fields.
    """
    try:
        return build(folder, spec)
    except UnknownPart as error:
        mistakes = [("use", str(error))] if isinstance(spec, Mapping) else [("", str(error))]
    except BadSettings as error:
        mistakes = error.mistakes
    raise ValidationError.from_exception_data(
        folder,
        [
            InitErrorDetails(
                type=PydanticCustomError("part", "{said}", {"said": said}),
                loc=tuple(place.split(".")) if place else (),
                input=spec,
            )
            for place, said in mistakes
        ],
    )


def explain(error: Any, model: type[BaseModel]) -> tuple[str, str]:
    """One pydantic error as (field path, message with the value and what would be right)."""
    place = ".".join(str(p) for p in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _keys_at(model, error["loc"][:-1])
        hint = f"; {did_you_mean(str(error['loc'][-1]), known)}" if known else ""
        return place, f"unknown key{hint}"
    if error["type"] == "missing":
        return place, "is required"
    if error["type"] == "part":  # a mistake of a part inside of this one, said already
        return place, error["msg"]
    said = f"{error['msg'][:1].lower()}{error['msg'][1:]}".removeprefix("value error, ")
    # what concerns the part as a whole would show every value, and a URL may hold a password
    return place, said if place in ("", "url") else f"{said}, got {error['input']!r}"


def _keys_at(model: type[BaseModel], steps: Sequence[str | int]) -> list[str]:
    todo = list(steps)
    while todo:
        field = model.model_fields.get(str(todo.pop(0)))
        kinds = [field.annotation, *get_args(field.annotation)] if field else []
        nested = [k for k in kinds if inspect.isclass(k) and issubclass(k, BaseModel)]
        if not nested or field is None:
            return []
        if get_origin(field.annotation) is dict:
            todo = todo[1:]
        model = nested[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def use_of(cls: type[Part]) -> str:
    """How a recipe names the class."""
    if cls.__module__.startswith("pipeline."):
        return cls.__module__.rpartition(".")[2]
    return f"{cls.__module__}:{cls.__name__}"
