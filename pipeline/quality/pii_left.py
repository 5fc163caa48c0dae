"""Personal data that cleaning has left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.language.pii import KINDS, Kind, find, suspected
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._sample import sampled
from pipeline.types import Document, Json, Verdict


class PiiLeft(Gate):
    """Share (0 to 1) of documents in which personal data of `kinds` is still found by its form.

    The default is 0: masking looks for the same forms, so after it none is left. Before it, CoNLL-2003 has 0.79 % (its
    tables of scores look like telephone numbers), the People's Daily 0, the shop reviews 0.11 %. Evidence is ids and
    kinds, never the value. Of more than `sample` documents a seeded sample is read, `null` reads all: 20,000 without
    any leave at most 0.015 % of all with some, at 95 %.
    """

    example: ClassVar[Mapping[str, Any]] = {"kinds": ("email", "card")}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.0, ge=0, lt=1)
    kinds: tuple[Kind, ...] = Field(KINDS, min_length=1)
    sample: int | None = Field(20_000, ge=1)
    seed: int = 13

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = pl.DataFrame(frame.documents.select(["id", "text"]))
        nulls = rows["text"].null_count()
        rows = sampled(rows, self.sample or rows.height, self.seed)
        counted = [
            (rows["id"][row], Counter[str](kind for _, _, kind in find(text, kinds)))
            for row, text, kinds in suspected(rows["text"], self.kinds)
        ]
        found = [(id_, kinds) for id_, kinds in counted if kinds]
        share = len(found) / rows.height if rows.height and not nulls else None
        report = measure(rows.height, [Number("share", share, at_most=self.at_most)])
        message = f"{len(found)} of {rows.height} documents read ({share or 0:.2%}) hold personal data"
        if report.outcome == "failed":
            message += ": mask or drop it in cleaning, or leave a kind out here that is meant to stay"
        kinds: dict[str, Json] = dict(sorted(sum((kinds for _, kinds in found), Counter[str]()).items()))
        worst = sorted(found, key=lambda item: -item[1].total())[:EVIDENCE_IDS]
        evidence: dict[str, Json] = {
            "sampled": rows.height,
            "kinds": kinds,
            "ids": [{"id": i, "kinds": dict(k)} for i, k in worst],
        }
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Write to [EMAIL], at 4 pm.")]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "Write to bo@mail.example, at 4 pm.")]))
