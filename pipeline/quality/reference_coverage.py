"""How many of the reference's subjects the judged documents have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, model_validator

from pipeline.frames import Frame
from pipeline.quality._against import Against
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._representation import clustered
from pipeline.types import Json, Verdict

MASS = 0.01
ENOUGH = 0.25


class ReferenceCoverage(Against):
    """Share (0 to 1) of the reference's clusters that the judged documents cover, at least `at_least`.

    Counted are k-means clusters with 1 % or more of the reference; one is covered when its share of the judged
    documents is a quarter of that or more. Default 0.85: of 100 clean splits of CoNLL-2003 by article the least was
    0.89; three quarters of other text gave 0.56 to 0.73. Fields and sampling: pipeline/quality/_against.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"sample": 20, "clusters": 4}

    at_least: float = Field(0.85, gt=0, le=1)
    clusters: int = Field(50, ge=2, le=500)

    @model_validator(mode="after")
    def _fits(self) -> ReferenceCoverage:
        if self.clusters > self.sample // 2:
            raise ValueError(f"{self.clusters} clusters of {self.sample} documents: set `clusters` to half or less")
        return self

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at least {self.at_least:g}"
        reference, judged, problem = self._sides(frame)
        if problem:
            return self.verdict("not_judged", None, limit, problem, self._facts())
        theirs, ours, nearest = clustered(*self._features(reference, judged), self.clusters, self.seed)
        counted = theirs >= MASS * theirs.sum()
        bare = counted & (ours / ours.sum() < ENOUGH * theirs / theirs.sum())
        share = round(1 - float(bare.sum() / counted.sum()), 4) if counted.any() else None
        report = measure(judged.height, [Number("reference_coverage", share, at_least=self.at_least)])
        message = f"{self.judged} covers {counted.sum() - bare.sum()} of {counted.sum()} clusters of {self.reference}"
        if report.outcome == "failed":
            message += ": what the ids in evidence speak of is missing; add such text"
        missing: list[Json] = [
            {"id": reference["id"][nearest[int(n)]], "reference": int(theirs[n]), "judged": int(ours[n])}
            for n in sorted(np.flatnonzero(bare), key=lambda n: -theirs[n])[:EVIDENCE_IDS]
        ]
        evidence: dict[str, Json] = {**self._facts(), "clusters": int(counted.sum()), "not_covered": missing}
        observed = None if report.problem else share
        return self.verdict(report.outcome, observed, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("rain shares goals votes", "rain shares goals votes")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("rain shares goals votes", "rain shares")
