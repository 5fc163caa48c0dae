"""What Great Expectations is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EVIDENCE_IDS = 20


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation; `type` is a class name of `great_expectations.expectations` or of `rows.py` here.

    It looks at one `column`, or row by row at several `columns` together.
    """

    type: str
    column: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns that it needs."""
        return self.columns or ((self.column,) if self.column else ())


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one expectation: counts are rows, `observed` the table's own number where it has one.

    `error` is set where the expectation itself broke: then `success` says nothing about the data.
    """

    expectation: str
    column: str
    success: bool
    element_count: int
    unexpected_count: int
    observed: float | None
    error: str | None
