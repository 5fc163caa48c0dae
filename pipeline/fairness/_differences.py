"""What every gate on a difference between groups shares: its fields, and when it passes, fails or does not judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from pipeline.fairness._metric_frame import Gap
from pipeline.gate import Gate
from pipeline.types import Json, Verdict


class DifferenceGate(Gate):
    """A gate on the largest signed difference of a share (0 to 1) between two known groups.

    Of the 95 % interval of its size: failed where the lower bound is above `at_most` for some pair, passed where the
    upper bound is at most `tolerance` for every pair, else not judged ("inconclusive"). Absence of proof is not proof
    of absence: data too small to rule a difference out cannot pass, and a person who accepts that waives the gate.
    """

    named_by: ClassVar[tuple[str, ...]] = ("by",)
    remedy: ClassVar[str]
    more: ClassVar[str] = "test text"  # what would settle an inconclusive one

    by: str = Field(min_length=1)
    at_most: float = Field(0.05, ge=0, lt=1)
    tolerance: float = Field(0.1, ge=0, lt=1)
    min_support: int = Field(50, ge=2)
    required: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.tolerance < self.at_most:
            raise ValueError(f"tolerance {self.tolerance} must not be below at_most {self.at_most}")
        return self

    @property
    def measured(self) -> str:
        """What is compared, as verdicts call it."""
        return "share"

    @property
    def limit(self) -> str:
        """As verdicts show it."""
        return f"at most {self.at_most:g}"

    def concluded(self, pairs: Sequence[Gap], more: str, evidence: Mapping[str, Json]) -> Verdict:
        """The verdict on gaps of which there is at least one; `more` is said after the numbers."""
        worst = max(pairs, key=lambda g: (g.least > self.at_most, abs(g.gap)))
        message = f"{worst.label}: {self.measured} of {worst.first} minus {worst.second} is {worst.gap:+.3f} "
        message += f"[{worst.low:+.3f}, {worst.high:+.3f}]{more}"
        if worst.least > self.at_most:
            return self.verdict("failed", abs(worst.gap), self.limit, f"{message}; {self.remedy}", evidence)
        if max(g.most for g in pairs) <= self.tolerance:
            return self.verdict("passed", abs(worst.gap), self.limit, message, evidence)
        message = (
            f"inconclusive, {message}: a gap over {self.tolerance:g} cannot be ruled out; add {self.more}, or waive"
        )
        return self.verdict("not_judged", abs(worst.gap), self.limit, message, evidence)


def gaps_shown(pairs: Sequence[Gap]) -> list[Json]:
    """Gaps as evidence."""
    return [
        {"label": g.label, "groups": [g.first, g.second], "gap": g.gap, "low": g.low, "high": g.high} for g in pairs
    ]
