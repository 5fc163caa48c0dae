"""Texts that say nearly what another one says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from pipeline.duplicates import similar, sketch, text_keys
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict


class NearCopies(Gate):
    """Share (0 to 1) of different texts that are similar to another: a Jaccard similarity of `similarity` or more.

    Of the sets of three words, or of five Chinese characters (pipeline/duplicates). Copies of a whole text count once:
    `duplicate_share` counts them. Templates, retyped texts and a source that was read twice with small changes are
    such. `splits` keeps what is similar on one side.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.5}
    requirements: ClassVar[tuple[str, ...]] = ("diverse",)
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.2, ge=0, lt=1)
    similarity: float = Field(0.5, ge=0.3, le=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = pl.DataFrame({"id": pl.Series(frame.documents["id"]), "key": text_keys(frame.documents["text"])})
        once = np.flatnonzero((rows["key"].is_first_distinct() & (rows["key"] != "")).to_numpy())
        texts = pl.Series("text", frame.documents["text"], dtype=pl.String)
        pairs = similar(sketch(texts), once, self.similarity)
        alike = np.union1d(pairs.left, pairs.right)
        share = len(alike) / len(once) if len(once) else None
        report = measure(len(once), [Number("share", share, at_most=self.at_most)])
        message = f"{len(alike)} of {len(once)} different texts ({share or 0:.2%}) are similar to another one"
        if report.outcome == "failed":
            message += ": look at the ids for templates and sources that were read twice"
        evidence: dict[str, Json] = {"ids": rows["id"].gather(alike[:EVIDENCE_IDS]).to_list()}
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("nobody had been there for a long time, he said when they asked him")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("they went down to the river and stayed until it was dark and cold there")

    @classmethod
    def _frame(cls, second: str) -> Frame:
        first = "they went down to the river and stayed until it was dark and cold"
        return Frame(to_table([Document("a", first, "en"), Document("b", second, "en")]))
