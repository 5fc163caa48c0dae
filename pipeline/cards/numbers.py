"""Numbers that name where they come from: in the sheet as `80 [m3]`, in its JSON with file, key and digest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.cards.markdown import table
from pipeline.cards.sources import Sources, folder_of, pointer
from pipeline.version import Version

_CITED = re.compile(r"(?<![\w.,-])(-?\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?)((?: \[[a-z]\d+\])+)")


@dataclass(frozen=True, slots=True)
class Number:
    """A value with the marks of its references; as text `80 [m3]`."""

    value: Any
    marks: tuple[str, ...]
    origins: tuple[dict[str, str], ...]

    def __str__(self) -> str:
        return shown(self.value, self.marks)


class Numbers:
    """Collects the statements of a sheet, and its list of references, while the sheet is written."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.statements: list[dict[str, Any]] = []
        self._marks: dict[str, str] = {}
        self._keys: dict[str, list[str]] = {}

    def manifest(self, about: str, version: Version, *steps: str | int) -> Number:
        """A value of a version's manifest."""
        return self._cited(about, f"{folder_of(version)}/manifest.json", steps, "copied")

    def verdict(self, about: str, version: Version, gate: str, *steps: str | int) -> Number:
        """A value of a gate's stored verdict on a version."""
        return self._cited(about, f"{folder_of(version)}/verdicts/{gate}.json", steps, "copied")

    def counted(self, about: str, version: Version, file: str, *steps: str) -> Number:
        """A value counted from one of a version's Parquet files."""
        return self._cited(about, f"{folder_of(version)}/{file}", steps, f"counted from {file}")

    def told(self, about: str, file: str, *steps: str | int) -> Number:
        """A value of the recipe's YAML, defaults filled in."""
        return self._cited(about, file, steps, "copied")

    def summed(self, about: str, numbers: Sequence[Number]) -> Number:
        """The sum of numbers; the marks of all of them."""
        marks = tuple(dict.fromkeys(m for n in numbers for m in n.marks))
        origins = tuple(o for n in numbers for o in n.origins)
        return self._said(about, Number(sum(n.value for n in numbers), marks, origins), "summed")

    def references(self) -> list[str]:
        """The list at the end of the sheet."""
        rows = [
            {"mark": f"[{mark}]", "file": file, "keys": ", ".join(self._keys[file]), "SHA-256": self._short(file)}
            for file, mark in self._marks.items()
        ]
        return table(rows)

    def _short(self, file: str) -> str:
        return self.sources.digest(file)[:16] or "in the recipes folder"

    def _cited(self, about: str, file: str, steps: Sequence[str | int], how: str) -> Number:
        key = pointer(steps)
        if file not in self._marks:
            letter = _letter(file)
            self._marks[file] = f"{letter}{1 + sum(m.startswith(letter) for m in self._marks.values())}"
        keys = self._keys.setdefault(file, [])
        if key not in keys:
            keys.append(key)
        origin = {"file": file, "key": key, "digest": self.sources.digest(file)}
        return self._said(about, Number(self.sources.value(file, key), (self._marks[file],), (origin,)), how)

    def _said(self, about: str, number: Number, how: str) -> Number:
        where = number.origins[0] if how != "summed" else list(number.origins)
        said = {"about": about, "value": number.value, "from": where, "how": how, "marks": list(number.marks)}
        self.statements.append(said)
        return number


def shown(value: Any, marks: Iterable[str]) -> str:
    """A value with its references, as the sheet shows it.

    >>> shown(19484, ["m1"]), shown(0.5, ["v2"])
    ('19,484 [m1]', '0.5 [v2]')
    """
    text = f"{value:,}" if _whole(value) else f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{text} {' '.join(f'[{m}]' for m in marks)}"


def cited(text: str) -> Iterator[tuple[str, str]]:
    """Every number of a text that has references, as (number, references).

    >>> list(cited("| min_length | 1 [d2] | at most 0.5 [v1] [v2] |"))
    [('1', '[d2]'), ('0.5', '[v1] [v2]')]
    """
    return ((m.group(1), m.group(2).strip()) for m in _CITED.finditer(text))


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _letter(file: str) -> str:
    """m for a manifest, v for a verdict, d for documents that were counted, r for the recipe's YAML."""
    if file.endswith(".parquet"):
        return "d"
    return "r" if file.endswith(".yaml") else "v" if "/verdicts/" in file else "m"
