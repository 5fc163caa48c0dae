"""How far the shares of groups or subjects are from those of the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator, model_validator

from pipeline.frames import Frame
from pipeline.quality._against import Against
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._reference import chosen, rows
from pipeline.quality._representation import clustered, jsd, null_jsd
from pipeline.quality._sample import first
from pipeline.types import Json, Verdict

CLUSTERS = "clusters"


class JsDivergence(Against):
    """Jensen-Shannon divergence (Lin 1991) of shares, in bits: 0 is "the same shares", 1 "nothing in common".

    `by: clusters` compares over k-means clusters of the reference, `by: domain` (any group) over its values, `unknown`
    among them; `quota: {news: 0.5, law: 0.5}` takes the place of the reference, then `judged: all` are all documents.
    The limit is `at_most`, or three times what 95 % of samples of this size reach by chance, whichever is more.
    Fields and sampling: pipeline/quality/_against.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"sample": 20, "clusters": 2}
    named_by: ClassVar[tuple[str, ...]] = ("by", "judged")

    at_most: float = Field(0.1, gt=0, lt=1)
    by: str = Field(CLUSTERS, min_length=1)
    clusters: int = Field(50, ge=2, le=500)
    quota: Mapping[str, float] | None = None

    @field_validator("quota")
    @classmethod
    def _sums_to_one(cls, quota: Mapping[str, float] | None) -> Mapping[str, float] | None:
        if quota is not None and (min(quota.values(), default=-1) < 0 or abs(sum(quota.values()) - 1) > 0.001):
            raise ValueError("shares are 0 or more and sum to 1")
        return quota

    @model_validator(mode="after")
    def _fits(self) -> JsDivergence:
        if self.quota is not None and self.by == CLUSTERS:
            raise ValueError("`quota` needs `by`, the group whose shares it names")
        if self.by == CLUSTERS and self.clusters > self.sample // 2:
            raise ValueError(f"{self.clusters} clusters of {self.sample} documents: set `clusters` to half or less")
        return self

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        judged, names, theirs, ours, problem = self._counts(frame)
        if problem:
            return self.verdict("not_judged", None, limit, problem, self._facts())
        chance = null_jsd(theirs, self.sample, self.seed, quota=self.quota is not None)
        most = max(self.at_most, 3 * chance)
        value = round(float(jsd(theirs, ours)), 4)
        report = measure(judged, [Number("js_divergence", value, at_most=most)])
        message = f"{self.judged} is {value:.3f} bits from {'its quota' if self.quota else self.reference} over "
        message += f"{len(names)} {self.by}; 95 % of samples of this size stay under {chance:.3f} by chance"
        shares = [
            (abs(p - q), n, p, q) for n, p, q in zip(names, theirs / theirs.sum(), ours / ours.sum(), strict=True)
        ]
        if report.outcome == "failed":
            message += f"; most at {max(shares)[1]}: add such text or take some away"
        worst: list[Json] = [
            {"id" if self.by == CLUSTERS else "value": n, "reference": round(float(p), 4), "judged": round(float(q), 4)}
            for _, n, p, q in sorted(shares, reverse=True)[:EVIDENCE_IDS]
        ]
        evidence: dict[str, Json] = {**self._facts(), "by": self.by, "chance": chance, "most_different": worst}
        observed = None if report.problem else value
        return self.verdict(report.outcome, observed, f"at most {most:.4g}", report.problem or message, evidence)

    def _counts(self, frame: Frame) -> tuple[int, list[str], Any, Any, str]:
        """Rows judged, the name of each cell, its reference and judged counts, and why there are none, if so.

        A cluster is named by the id of the reference document nearest its centre.
        """
        if self.by == CLUSTERS:
            reference, judged, problem = self._sides(frame)
            if problem:
                return 0, [], None, None, problem
            theirs, ours, nearest = clustered(*self._features(reference, judged), self.clusters, self.seed)
            return judged.height, [reference["id"][n] for n in nearest], theirs, ours, ""
        if self.quota is None:
            reference, judged, problem = self._sides(frame, self.by)
            expected = dict(reference["value"].value_counts().rows())
        else:
            judged = first(rows(chosen(frame.documents, self.judged), self.by), self.sample, self.seed)
            problem = "" if judged.height == self.sample else f"{judged.height} documents, {self.sample} are judged"
            expected = dict(self.quota)
        found = dict(judged["value"].value_counts().rows())
        names = sorted({*expected, *found})
        theirs = np.array([float(expected.get(n, 0)) for n in names])
        return judged.height, names, theirs, np.array([float(found.get(n, 0)) for n in names]), problem

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("rain shares", "rain shares")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("rain shares", "shares")
