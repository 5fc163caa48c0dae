"""How much of the text stands there twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.duplicates import repeated_keys
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict


class DuplicateShare(Gate):
    """Share (0 to 1) of documents that repeat the text of an earlier one (after NFKC, case folding, no white space).

    The default lets CoNLL-2003 (9.8 %) and the People's Daily (2.5 %) through and refuses the shop reviews as they are
    packaged (50.4 %: most stand twice). `splits` drops what is left, so there it is 0.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.25}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.2, ge=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        rows = pl.DataFrame({"id": pl.Series(frame.documents["id"]), "key": repeated_keys(frame.documents["text"])})
        repeated = rows.drop_nulls("key")
        copies = repeated.filter(~pl.col("key").is_first_distinct())
        share = copies.height / rows.height if rows.height else None
        report = measure(rows.height, [Number("share", share, at_most=self.at_most)])
        message = f"{copies.height} of {rows.height} documents ({share or 0:.2%}) repeat the text of an earlier one"
        if report.outcome == "failed":
            message += ": find out in the source why, or raise at_most; splits keeps one of each"
        clusters = repeated.group_by("key", maintain_order=True).agg(first=pl.col("id").first(), copies=pl.len() - 1)
        most = clusters.select("first", "copies").sort("copies", descending=True, maintain_order=True)
        evidence: dict[str, Json] = {"texts": clusters.height, "most": most.head(EVIDENCE_IDS).to_dicts()}
        return self.verdict(report.outcome, share, f"at most {self.at_most:g}", report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("Anna met Bo.", "ANNA  met Bo.", "Bo", "Carl")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("Anna met Bo.", "ANNA  met Bo.", "Anna met Bo.", "Carl")

    @classmethod
    def _frame(cls, *texts: str) -> Frame:
        return Frame(to_table(Document(str(n), text) for n, text in enumerate(texts)))
