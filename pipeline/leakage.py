"""How much of what is tested has been trained on: pure measurements on a table of documents with their splits."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.duplicates import Pairs, nearest, sketch, text_keys
from pipeline.splitting import SplitSettings, split
from pipeline.splitting.entities import mentions

NEAR = 0.5  # Jaccard similarity of the sets of shingles: three words, or five Chinese characters

Leakage = Mapping[str, float | None]


def leakage(documents: pa.Table, part: str = "test") -> Leakage:
    """What of a held-out part is in train, as shares of 0 to 1; None where the part or train is empty.

    - `exact`: documents whose text (NFKC, case folded, without white space) stands in train.
    - `near`: documents with a Jaccard similarity of at least 0.5 to one of train.
    - `template`: documents that stand in train once digits are 0 and mentions are their label.
    - `mention`: mentions (each counts) whose label and surface occur in train; None without a mention.
    """
    place = pl.Series(documents["split"], dtype=pl.String)
    sides = pl.DataFrame({"at": pl.int_range(len(place), eager=True), "place": place})
    train, held = (sides.filter(pl.col("place") == name)["at"] for name in ("train", part))
    if not len(train) or not len(held):
        return dict.fromkeys(("exact", "near", "template", "mention"))
    spans = mentions(documents)
    seen = spans.filter(pl.col("at").is_in(train.implode())).select("label", "surface").unique()
    tested = spans.filter(pl.col("at").is_in(held.implode()))
    again = tested.join(seen, on=["label", "surface"], how="semi").height
    return {
        "exact": _share(text_keys(documents["text"]), train, held),
        "near": len(near(documents, train, held)) / len(held),
        "template": _share(text_keys(templates(documents)), train, held),
        "mention": again / tested.height if tested.height else None,
    }


def near(documents: pa.Table, train: pl.Series, held: pl.Series) -> Pairs:
    """For rows of `held` the most similar row of `train`, where one is similar: (row of train, row of held)."""
    both = pl.concat([train, held])
    texts = pl.Series("text", documents["text"], dtype=pl.String).gather(both)
    rows = np.arange(len(both))
    pairs = nearest(sketch(texts), rows[len(train) :], rows[: len(train)], NEAR)
    numbers = both.to_numpy()
    return Pairs(numbers[pairs.left], numbers[pairs.right], pairs.similarity)


def templates(documents: pa.Table) -> pl.Series:
    """The texts with every mention replaced by its label and every digit by 0."""
    spans = mentions(documents)
    texts = pl.DataFrame({"text": documents["text"]}).with_row_index("at").select(pl.col("at").cast(pl.Int64), "text")
    before = pl.col("end").shift(1).over("at").fill_null(0)
    whole = spans.join(texts, on="at", how="left", maintain_order="left")
    gap = pl.col("text").str.slice(before, pl.col("start") - before)
    pieces = whole.select("at", "end", piece=pl.concat_str([gap, "label"]))
    heads = pieces.group_by("at", maintain_order=True).agg(pl.col("piece").str.join(""), pl.col("end").last())
    joined = texts.join(heads, on="at", how="left", maintain_order="left")
    tail = pl.col("text").str.slice(pl.col("end").fill_null(0))
    return joined.select(pl.concat_str([pl.col("piece").fill_null(""), tail]).str.replace_all(r"\d", "0")).to_series()


def both_parts(documents: pa.Table) -> dict[str, object]:
    """The leakage of test, and under `validation` that of validation."""
    return {**leakage(documents), "validation": leakage(documents, "validation")}


def compared(documents: pa.Table, settings: SplitSettings) -> dict[str, object]:
    """`as_shipped`: of the splits that the source gave, None where it gave none; `as_split`: divided by Gristmill.

    `documents` carry the source's splits. The division is that of `settings`, whether or not they ask for `official`.
    """
    own = settings.model_copy(update={"official": False})
    return {"as_shipped": shipped(documents), "as_split": both_parts(split(documents, own)[0])}


def shipped(documents: pa.Table) -> dict[str, object] | None:
    """The leakage of the splits that the source gave; None where it gave train or a held-out part to no document."""
    given = set(documents["split"].unique().to_pylist())
    return both_parts(documents) if "train" in given and given & {"validation", "test"} else None


def _share(keys: pl.Series, train: pl.Series, held: pl.Series) -> float:
    found = keys.gather(held).is_in(keys.gather(train).unique().implode())
    return int(found.sum()) / len(held)
