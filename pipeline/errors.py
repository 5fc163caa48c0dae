"""The error tree: everything Gristmill raises on purpose is a GristmillError.

Two branches matter to a caller: `DataSaysNo` (a gate or the data refuses: exit code 1) and `WrongUse` (the request
itself is wrong: exit code 2).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class GristmillError(Exception):
    """Base of every deliberate error."""


class DataSaysNo(GristmillError):
    """The data, or a gate on it, refuses."""


class WrongUse(GristmillError):
    """The request is wrong: an unknown recipe, variant, part or option."""


class InvalidDocument(DataSaysNo, ValueError):
    """A document whose spans, tokens or text contradict each other."""


class SourceError(DataSaysNo):
    """A source cannot be read; the message names the file and what would be right."""


class GateNotPassed(DataSaysNo):
    """Nothing is published where something is to be read; names the gates and their numbers."""


class TrainingDied(DataSaysNo):
    """The training process ended without a checkpoint; names the signal or the exit code and the last words."""


class DeviceUnavailable(DataSaysNo):
    """A recipe requires a device that this machine does not have."""


class StoreError(GristmillError):
    """The store holds something that cannot be true (a digest that does not match, a broken manifest)."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in one YAML file."""

    file: str
    line: int
    place: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.place}: {self.message}" if self.place else f"{where}: {self.message}"


class RecipeError(WrongUse):
    """Every mistake of every recipe file that was asked for, at once."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(m) for m in self.mistakes))


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """The closest choice as a question, or the choices themselves.

    >>> did_you_mean("collaps_whitespace", ["collapse_whitespace", "min_length"])
    "did you mean 'collapse_whitespace'?"
    >>> did_you_mean("x", ["ner", "text_classification"])
    'choose from ner, text_classification'
    """
    known = sorted(choices)
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"choose from {', '.join(known)}" if known else "there is nothing to choose from"
