"""What a verification has compared so far, and every difference."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import polars as pl
import pyarrow as pa

from pipeline.cards.sources import folder_of, pointer
from pipeline.errors import GristmillError
from pipeline.store import Store
from pipeline.version import Place, Version

_NOTHING = "nothing"
_UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError),
    *(pa.ArrowException, pl.exceptions.PolarsError, GristmillError),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What is said of a file's key, and what the store holds."""

    file: str
    key: str
    said: Any
    found: Any

    def __str__(self) -> str:
        return f"{self.file} {self.key}: said {self.said!r}, the store has {self.found!r}"


@dataclass(slots=True)
class Findings:
    """`numbers` counts what was compared, in `versions` versions."""

    store: Store
    numbers: int = 0
    versions: int = 0
    differences: list[Difference] = field(default_factory=list)

    def same(self, file: str, key: str, said: Any, found: Any) -> bool:
        """Compare one value; floats to nine digits."""
        self.numbers += 1
        if not _equal(said, found):
            self.differences.append(Difference(file, key, said, found))
            return False
        return True

    def alike(self, file: str, said: Any, found: Any, *steps: str | int) -> None:
        """Compare two JSON values, leaf by leaf."""
        if isinstance(said, dict) and isinstance(found, dict):
            for key in [*said, *(k for k in found if k not in said)]:
                self.alike(file, said.get(key, _NOTHING), found.get(key, _NOTHING), *steps, key)
        elif isinstance(said, list) and isinstance(found, list) and len(said) == len(found):
            for i, pair in enumerate(zip(said, found, strict=True)):
                self.alike(file, *pair, *steps, i)
        else:
            self.same(file, pointer(steps), said, found)

    @contextmanager
    def reading(self, file: str) -> Iterator[None]:
        """Whatever a broken file makes a reader raise becomes a difference."""
        try:
            yield
        except FileNotFoundError:
            self.differences.append(Difference(file, "", "a file", "no file"))
        except _UNREADABLE as error:
            self.differences.append(Difference(file, "", "a readable file", f"{type(error).__name__}: {error}"))

    def json(self, file: str) -> Any:
        """A JSON file's value; None, and a difference, where it is not there or not JSON."""
        with self.reading(file):
            value = self.store.files.json(file)
            if value is None:
                raise FileNotFoundError(file)
            return value
        return None

    def version(self, place: Place, name: str) -> Version | None:
        """The version of a place; None, and a difference, where it is not whole."""
        file = f"{place.asset}/{place.partition}/{name}/manifest.json"
        with self.reading(file):
            version = self.store.find(place, name)
            if version is None:
                raise FileNotFoundError(file)
            self.versions += 1
            return version
        return None

    def folder(self, version: Version) -> str:
        """A version's folder below the store."""
        return folder_of(version)


def _equal(said: Any, found: Any) -> bool:
    if isinstance(said, float) and isinstance(found, float):
        return math.isclose(said, found, rel_tol=1e-9) or (math.isnan(said) and math.isnan(found))
    return bool(said == found)
