"""Whether the checkpoint finds one group's mentions less often than another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
from pydantic import Field, model_validator

from pipeline.fairness._groups import UNKNOWN
from pipeline.fairness._metric_frame import Cell, Gap, cells, examples, gaps
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.types import Document, Json, Span, Verdict

_MIN_ROOTS = 10  # a bootstrap over fewer clusters is too narrow (Cameron, Gelbach & Miller 2008)


class RecallGap(Gate):
    """The largest difference in recall (0 to 1) between two known groups, among gold examples with the same label.

    Examples are gold mentions, or documents in text classification; `unknown` is reported and is no group. Of the 95 %
    interval of the gap's size (`_metric_frame.gaps`):

    - failed: the lower bound is above `at_most` for some pair; or a `required` group has under `min_support` examples;
    - passed: the upper bound is at most `tolerance` for every pair;
    - not judged: anything between ("inconclusive": the numbers are in the message). Absence of proof is not proof of
      absence: a test set too small to rule a gap out cannot pass, and a person who accepts that waives the gate with a
      reason. Also: no predictions, one known group, or a group with under `min_support` examples.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "gender", "at_most": 0.05}
    stages: ClassVar[tuple[str, ...]] = ("checkpoint",)
    named_by: ClassVar[tuple[str, ...]] = ("by",)

    by: str = Field(min_length=1)
    at_most: float = Field(0.05, ge=0, lt=1)
    tolerance: float = Field(0.1, ge=0, lt=1)
    min_support: int = Field(50, ge=2)
    required: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _in_order(self) -> RecallGap:
        if self.tolerance < self.at_most:
            raise ValueError(f"tolerance {self.tolerance} must not be below at_most {self.at_most}")
        return self

    def check(self, frame: Frame) -> Verdict:
        """Judge one checkpoint on its test documents."""
        columns = [] if frame.predictions is None else frame.predictions.column_names
        if not {"spans", "label"} & set(columns):
            return self._open("the predictions have neither a column spans nor label: nothing to compare", {})
        gold = examples(frame, self.by)
        found = cells(gold)
        size = dict(gold.filter(pl.col("group") != UNKNOWN).group_by("group").len().sort("group").rows())
        evidence: dict[str, Json] = {
            "cells": [{"label": c.label, "group": c.group, "recall": c.recall, "examples": c.count} for c in found]
        }
        short = [g for g in self.required if size.get(g, 0) < self.min_support]
        if short and frame.documents.num_rows:
            counted = ", ".join(f"{g} has {size.get(g, 0)}" for g in short)
            message = (
                f"of the required {self.by}, {counted} test examples; {self.min_support} are needed: add test text"
            )
            return self.verdict("failed", None, self._limit, message, evidence)
        problem = self._too_little(gold, size)
        if problem:
            return self._open(problem, evidence)
        compared = gaps(gold, found, self.min_support)
        evidence["gaps"] = [
            {"label": g.label, "groups": [g.first, g.second], "gap": g.gap, "low": g.low, "high": g.high}
            for g in compared
        ]
        left = sorted(set(size) - {g for c in compared for g in (c.first, c.second)})
        if left:
            message = f"{', '.join(left)} shares no label with {self.min_support} examples with another {self.by}"
            return self._open(f"{message}: add test text, or lower min_support", evidence)
        return self._concluded(compared, found, evidence)

    @property
    def _limit(self) -> str:
        return f"at most {self.at_most:g}"

    def _open(self, message: str, evidence: Mapping[str, Json]) -> Verdict:
        return self.verdict("not_judged", None, self._limit, message, evidence)

    def _too_little(self, gold: pl.DataFrame, size: Mapping[str, int]) -> str:
        """Why no gap can be measured, or nothing."""
        if len(size) < 2:
            return f"test examples with a known {self.by}: {dict(size) or 'none'}; a gap needs two groups"
        small = {g: n for g, n in size.items() if n < self.min_support}
        if small:
            return f"too few test examples, {self.min_support} are needed: {small}; add test text of these groups"
        roots = dict(gold.group_by("group").agg(pl.col("unit").n_unique()).rows())
        few = {g: roots[g] for g in size if roots[g] < _MIN_ROOTS}
        return f"too few root documents, {_MIN_ROOTS} are needed: {few}; add test text of these groups" if few else ""

    def _concluded(self, compared: Sequence[Gap], found: Sequence[Cell], evidence: Mapping[str, Json]) -> Verdict:
        worst = max(compared, key=lambda g: (g.least > self.at_most, abs(g.gap)))
        message = (
            f"{worst.label}: recall of {worst.first} minus {worst.second} is {worst.gap:+.3f} "
            f"[{worst.low:+.3f}, {worst.high:+.3f}]"
        )
        thin = [
            f"{c.label} of {c.group} ({c.count})" for c in found if c.group != UNKNOWN and c.count < self.min_support
        ]
        if thin:
            message += f"; not compared, too few: {', '.join(thin)}"
        if worst.least > self.at_most:
            message += "; augment with swapped names or add text of the group that is found less often"
            return self.verdict("failed", abs(worst.gap), self._limit, message, evidence)
        if max(g.most for g in compared) <= self.tolerance:
            return self.verdict("passed", abs(worst.gap), self._limit, message, evidence)
        message = f"inconclusive, {message}: a gap over {self.tolerance:g} cannot be ruled out; add test text, or waive"
        return self.verdict("not_judged", abs(worst.gap), self._limit, message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(misses=0)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(misses=30)

    @classmethod
    def _frame(cls, misses: int) -> Frame:
        docs = [
            Document(
                f"{g}{n}", "Anna left", group_id=f"{g}{n}", spans=(Span(0, 4, "PER", {"gender": g}),), split="test"
            )
            for g in ("female", "male")
            for n in range(60)
        ]
        hit = {"start": 0, "end": 4, "label": "PER", "score": 0.9}
        found = [[] if n < misses else [hit] for n in range(len(docs))]
        predictions = pa.table({"id": [d.id for d in docs], "spans": pa.array(found, _PREDICTED)})
        return Frame(to_table(docs), predictions=predictions, labels=("PER",))


_PREDICTED = pa.list_(
    pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("score", pa.float32())])
)
