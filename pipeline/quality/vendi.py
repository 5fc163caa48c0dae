"""How many different texts the sample amounts to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality import _diversity
from pipeline.quality._expectations import Number, measure
from pipeline.quality._features import Kind, features
from pipeline.quality._sample import first
from pipeline.types import Document, Verdict


class Vendi(Gate):
    """The Vendi score (Friedman and Dieng 2023): the effective number of different texts among `sample`, 1 to `sample`.

    Reported: without `at_least` it passes with the number once that could be measured. It sees subjects that collapse
    and is blind to copies of everything. With `features: ngrams` (128 dimensions) it is at most 128, with `encoder`
    384. Training documents are judged, all where none has a split. Not judged: fewer documents than `sample`.
    """

    example: ClassVar[Mapping[str, Any]] = {"sample": 12, "at_least": 6}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_least: float | None = Field(None, ge=1)
    sample: int = Field(_diversity.VENDI_SAMPLE, ge=2, le=20_000)
    features: Kind = "ngrams"
    seed: int = 13

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = "at least 1 (reported)" if self.at_least is None else f"at least {self.at_least:g}"
        rows = pl.DataFrame(frame.documents.select(["id", "text", "split"]))
        if rows["split"].null_count() < rows.height:
            rows = rows.filter(pl.col("split") == "train")
        if rows.height < self.sample:
            message = f"{rows.height} documents, {self.sample} are measured: add text or set `sample`"
            return self.verdict("not_judged", None, limit, message)
        texts = tuple(first(rows, self.sample, self.seed)["text"])
        value = _diversity.vendi(features(texts, self.features))
        # 1 is the least there is: identical texts give 0.9999999
        report = measure(self.sample, [Number("vendi", value and round(value, 4), at_least=self.at_least or 1)])
        message = f"{self.sample} texts are as {value or 0:.1f} different ones"
        if report.outcome == "failed":
            message += ": most say the same; look for templates or one subject alone"
        evidence = {"sample": self.sample, "seed": self.seed, "features": self.features}
        observed = None if report.problem else value
        return self.verdict(report.outcome, observed, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame([chr(97 + n) * 12 for n in range(12)])

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(["Anna met Bo."] * 12)

    @classmethod
    def _frame(cls, texts: list[str]) -> Frame:
        return Frame(to_table(Document(str(n), text, "en") for n, text in enumerate(texts)))
