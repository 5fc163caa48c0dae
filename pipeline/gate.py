"""What quality and fairness gates share: a measurement with a limit, and three outcomes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, ClassVar, Literal

from pipeline.frames import Frame
from pipeline.part import Part
from pipeline.types import Json, Outcome, Verdict

STAGES = ("raw", "clean", "splits", "augmented", "checkpoint")

_noted: ContextVar[list[Mapping[str, Json]] | None] = ContextVar("noted", default=None)


class Gate(Part):
    """A measurement with a limit: passed, failed or not judged; not judged is not passed.

    With `severity: warn` what does not pass is shown, and holds nothing back.

    `stages` are those whose frames it can judge. `good()` and `bad()` are the frames that `example` must pass and fail:
    the contract test of every gate. `requirements` are those of the data sheet that it measures.
    """

    stages: ClassVar[tuple[str, ...]] = STAGES
    requirements: ClassVar[tuple[str, ...]] = ()

    severity: Literal["refuse", "warn"] = "refuse"

    def settings(self, *, places: bool = False) -> dict[str, Any]:
        """As of every part; `severity` where it is not the rule: then it is another gate, and is asked again."""
        found = super().settings(places=places)
        if self.severity == "refuse":
            del found["severity"]
        return found

    @property
    def name(self) -> str:
        """As of every part, in letters that a file name and a Dagster check may have."""
        return re.sub(r"[^A-Za-z0-9_]+", "_", super().name)

    @abstractmethod
    def check(self, frame: Frame) -> Verdict:
        """Judge one version. An empty frame is not judged. May raise: the caller records that as not judged."""

    @classmethod
    @abstractmethod
    def good(cls) -> Frame:
        """A small frame that the gate, built with `example`, passes."""

    @classmethod
    @abstractmethod
    def bad(cls) -> Frame:
        """A small frame that the gate, built with `example`, fails."""

    def verdict(
        self,
        outcome: Outcome,
        observed: float | None,
        limit: str,
        message: str,
        evidence: Mapping[str, Json] | None = None,
    ) -> Verdict:
        """A verdict in this gate's name."""
        return Verdict(self.name, outcome, observed, limit, message, evidence or {})


def refusing(gates: Iterable[Gate]) -> dict[str, str]:
    """Name → fingerprint of those that hold a version back: what it is published under. Warnings are not among them."""
    return {gate.name: gate.fingerprint() for gate in gates if gate.severity == "refuse"}


def titled(name: str, severity: str) -> str:
    """A gate's name as people read it.

    >>> titled("f1", "warn"), titled("f1", "refuse")
    ('f1 (only warns)', 'f1')
    """
    return f"{name} (only warns)" if severity == "warn" else name


def note(expectation: Mapping[str, Json]) -> None:
    """Say what one expectation gave, for the verdict that is being made."""
    noted = _noted.get()
    if noted is not None:
        noted.append(expectation)


def judge(gate: Gate, frame: Frame) -> Verdict:
    """The gate's verdict with the expectations it came from; an empty frame and a gate that raised are not judged."""
    if frame.documents.num_rows == 0:
        return gate.verdict("not_judged", None, "", "the version holds no documents: there is nothing to judge")
    noted: list[Mapping[str, Json]] = []
    token = _noted.set(noted)
    try:
        verdict = gate.check(frame)
    except Exception as error:
        verdict = gate.verdict("not_judged", None, "", f"the gate itself failed: {type(error).__name__}: {error}")
    finally:
        _noted.reset(token)
    return replace(verdict, expectations=noted)
