"""What gates after training look at: the predictions beside their documents, and what each prediction's group is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl
import pyarrow as pa

from pipeline.errors import InvalidDocument
from pipeline.fairness._groups import UNKNOWN, document_groups, mentions, span_rows
from pipeline.fairness._training import roots
from pipeline.frames import Frame
from pipeline.language.names import inferred_gender, inferred_origin

INFERRED: Mapping[str, Callable[[str], str]] = {"inferred_gender": inferred_gender, "inferred_origin": inferred_origin}


def aligned(frame: Frame) -> tuple[pa.Table, pa.Table]:
    """(documents, predictions) of a checkpoint.

    Raises:
        InvalidDocument: the predictions are not one row a document in the same order.
    """
    documents, predictions = frame.documents, frame.predictions
    if predictions is None or predictions["id"].to_pylist() != documents["id"].to_pylist():
        raise InvalidDocument("predictions must have one row a test document in the same order")
    return documents, predictions


def classified(frame: Frame, by: str) -> pl.DataFrame:
    """One row a labelled document: `label` (gold), `found` (predicted), `group` and `unit`. Raises InvalidDocument."""
    documents, predictions = aligned(frame)
    both = {"label": documents["label"].to_pylist(), "found": predictions["label"].to_pylist()}
    rows = pl.DataFrame(both, schema={"label": pl.String, "found": pl.String})
    rows = rows.with_columns(group=document_groups(documents, by), unit=roots(documents))
    return rows.filter(pl.col("label").is_not_null())


def predicted_mentions(frame: Frame, by: str) -> pl.DataFrame:
    """One row a predicted mention: `label`, `group`, `hit` (a gold mention has its start, end and label) and `unit`.

    Its group is what can be known of it: an inferred group (INFERRED) is inferred from its own text by the lexicon that
    named the gold mentions, for labels whose gold mentions have one; any other group is that of the first gold mention
    that it overlaps, else its document's, else `unknown`. Raises InvalidDocument.
    """
    documents, predictions = aligned(frame)
    found = span_rows(predictions["spans"]).unique(maintain_order=True).with_row_index("at")
    gold = mentions(documents, by)
    exact = gold.select("row", "start", "end", "label", hit=pl.lit(1, pl.Int64)).unique()
    found = found.join(exact, on=["row", "start", "end", "label"], how="left", maintain_order="left")
    if by in INFERRED:
        found = found.with_columns(group=_inferred(found, gold, documents, INFERRED[by]))
    else:
        found = found.join(_touched(found, gold), on="at", how="left", maintain_order="left")
        own = document_groups(documents, by).gather(found["row"])
        found = found.with_columns(group=pl.coalesce("touched", pl.Series(own)))
    unit = roots(documents).gather(found["row"])
    return found.select("label", "group", pl.col("hit").fill_null(0), unit=unit)


def _inferred(found: pl.DataFrame, gold: pl.DataFrame, documents: pa.Table, infer: Callable[[str], str]) -> pl.Series:
    """What the lexicon says of each predicted mention whose label has gold mentions with a group."""
    labels = set(gold.filter(pl.col("group") != UNKNOWN)["label"])
    texts = documents["text"].to_pylist()
    rows = found.select("row", "start", "end", "label").rows()
    said = [infer(texts[row][a:b]) if label in labels else UNKNOWN for row, a, b, label in rows]
    return pl.Series("group", said, dtype=pl.String)


def _touched(found: pl.DataFrame, gold: pl.DataFrame) -> pl.DataFrame:
    """The known group of the first gold mention that each predicted one overlaps: `at` and `touched`."""
    both = found.select("at", "row", "start", "end").join(gold, on="row", suffix="_gold")
    over = both.filter(
        (pl.col("start") < pl.col("end_gold")) & (pl.col("end") > pl.col("start_gold")) & (pl.col("group") != UNKNOWN)
    )
    return over.sort("at", "start_gold").unique("at", keep="first", maintain_order=True).select("at", touched="group")
