"""One text, several annotations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.duplicates import repeated_keys, text_keys
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._mentions import mentions_in
from pipeline.types import Document, Json, Verdict


class LabelConflicts(Gate):
    """Share (0 to 1) of annotated documents whose label or mentions are not the commonest ones of their text.

    Texts are compared after NFKC, case folding and without white space, mentions by label and string, in order. The
    default is above what kept corpora have: CoNLL-2003 0.13 %, the People's Daily 0, the shop reviews 0.25 %. Not
    judged where nothing is annotated.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.2}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.005, ge=0, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        documents = frame.documents
        documents = documents.filter(pc.or_(pc.is_valid(documents["spans"]), pc.is_valid(documents["label"])))
        if documents.num_rows == 0:
            return self.verdict("not_judged", None, limit, "no document is annotated: there is nothing to compare")
        keys = repeated_keys(documents["text"])
        repeated = keys.is_not_null()
        said = _annotations(documents.filter(repeated.to_arrow()), keys.filter(repeated))
        counts = said.group_by("key", "label", "mentions").len().sort("len", "mentions", "label", descending=True)
        minor = counts.filter(~pl.col("key").is_first_distinct())
        share = int(minor["len"].sum()) / documents.num_rows
        report = measure(documents.num_rows, [Number("share", share, at_most=self.at_most)])
        message = (
            f"{minor['len'].sum()} of {documents.num_rows} annotated documents ({share:.2%}) are not annotated as "
        )
        message += f"most others of the same text; {minor['key'].n_unique()} texts"
        if report.outcome == "failed":
            message += ": look at the ids, then mend the annotation or drop the text"
        by = ["key", "label", "mentions"]
        ids = said.join(minor, on=by, how="semi", nulls_equal=True, maintain_order="left")["id"].head(EVIDENCE_IDS)
        evidence: dict[str, Json] = {"texts": minor["key"].n_unique(), "ids": ids.to_list()}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("good", "good", "good")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("good", "good", "bad")

    @classmethod
    def _frame(cls, *labels: str) -> Frame:
        texts = ("Well made.", "Well  MADE.", "WELL made.")
        return Frame(to_table(Document(str(n), texts[n], label=label) for n, label in enumerate(labels)))


def _annotations(documents: pa.Table, keys: pl.Series) -> pl.DataFrame:
    """Columns `id`, `key`, `label` and `mentions` (label and string of each, joined; null where not annotated)."""
    rows = pl.DataFrame(documents.select(["id", "label", "spans"])).with_row_index("row").with_columns(key=keys)
    found = mentions_in(documents)
    if found is None:
        return rows.select("id", "key", "label", mentions=pl.lit(None, pl.String))
    found = found.with_columns(string=text_keys(found["surface"]))
    said = found.select("row", said=pl.format("{}\t{}", pl.col("label").fill_null("?"), "string"))
    said = said.group_by("row").agg(mentions=pl.col("said").str.join("\n"))
    rows = rows.join(said, on="row", how="left", maintain_order="left")
    mentions = pl.when(pl.col("spans").is_not_null()).then(pl.col("mentions").fill_null(""))
    return rows.select("id", "key", "label", mentions=mentions)
