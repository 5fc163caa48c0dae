"""Divides documents into train, validation and test so that no group and no text stands on two sides.

A group's split depends on the seed and the group's id alone: a new batch moves nobody, and the order of the documents
does not matter.
"""

from __future__ import annotations

import hashlib

import polars as pl
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.frames import DOCUMENTS, REJECTED

SPLITS = ("train", "validation", "test")
_CHUNK_ROWS = 50_000


class SplitSettings(BaseModel):
    """How to divide: shares of the groups, or `official`, the split that the source gave."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: float = Field(0.1, ge=0, lt=1)
    test: float = Field(0.1, ge=0, lt=1)
    seed: int = 13
    official: bool = False

    @model_validator(mode="after")
    def _leaves_train(self) -> SplitSettings:
        if self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} and test {self.test} leave nothing for train")
        return self


def split(documents: pa.Table, settings: SplitSettings) -> tuple[pa.Table, pa.Table]:
    """The documents with their split, in the order they came, and the rejected ones (schema REJECTED).

    Rows in = rows kept + rows rejected. A document without `group_id` is a group of its own, by its id.

    - `official`: the source's split stays; a document without one is rejected, nothing else is.
    - else: of documents with one id the first by `group_id`, source and text stays. Of documents with one text (after
      NFKC, case folding, without white space) one stays: in test before validation before train, then the smallest id.
    """
    texts = documents["text"]
    rows = pl.DataFrame(documents.select(["id", "group_id", "source", "split"])).with_row_index("row")
    group = pl.when(pl.col("group_id") == "").then("id").otherwise("group_id")
    rows = rows.with_columns(group_id=group)
    if settings.official:
        rows = rows.with_columns(place=pl.col("split"), reason=_no_official_split())
    else:
        rows = _placed(rows, settings)
        rows = _once_each_text(_once_each_id(rows, texts), texts)
    return _kept(documents, rows), _rejected(documents, rows)


def place(group_id: str, settings: SplitSettings) -> str:
    """The split of a group: its place in [0, 1) is a hash, the first stretch is test, the next validation.

    >>> [place(g, SplitSettings(test=0.3, validation=0.3)) for g in ("a", "b", "c", "d")]
    ['train', 'test', 'train', 'train']
    """
    hashed = hashlib.blake2b(f"{settings.seed}\0{group_id}".encode(), digest_size=8).digest()
    at = int.from_bytes(hashed, "big") / 2**64
    if at < settings.test:
        return "test"
    return "validation" if at < settings.test + settings.validation else "train"


def text_keys(texts: pa.ChunkedArray) -> pl.Series:
    """What two texts share if they are the same text: NFKC, case folding, no white space."""
    keys: list[str] = []
    for at in range(0, len(texts), _CHUNK_ROWS):
        chunk = pl.Series("text", texts.slice(at, _CHUNK_ROWS), dtype=pl.String)
        plain = chunk.str.normalize("NFKC").str.replace_all(r"\s+", "")
        # Neither Polars nor Arrow folds case (ß and ss): one call folds the chunk, which has no line ends left in it.
        keys += "\n".join(plain.to_list()).casefold().split("\n")
    return pl.Series("key", keys, dtype=pl.String)


def _placed(rows: pl.DataFrame, settings: SplitSettings) -> pl.DataFrame:
    groups = rows["group_id"].unique()
    places = pl.DataFrame(
        {"group_id": groups, "place": [place(g, settings) for g in groups]}, schema_overrides={"place": pl.String}
    )
    return rows.join(places, on="group_id", how="left", maintain_order="left")


def _no_official_split() -> pl.Expr:
    name = pl.col("split")
    return (
        pl.when(name.is_null())
        .then(pl.lit("the source gave no split, and the recipe asks for the official one"))
        .when(~name.is_in(SPLITS))
        .then(pl.format("the source's split '{}' is not train, validation or test", name))
    )


def _once_each_id(rows: pl.DataFrame, texts: pa.ChunkedArray) -> pl.DataFrame:
    """Adds `reason`, null for the one document of each id that stays."""
    twice = rows.filter(pl.col("id").is_duplicated())
    at = pa.array(twice["row"].to_list(), pa.int64())
    twice = twice.with_columns(text=pl.Series(values=texts.take(at), dtype=pl.String))
    twice = twice.sort("id", "group_id", "source", "text", "row")
    first = pl.col("source").first().over("id")
    reason = pl.format(
        "the id stands twice; the first is in {}", pl.when(first == "").then(pl.lit("?")).otherwise(first)
    )
    again = twice.with_columns(reason=reason).filter(pl.int_range(pl.len()).over("id") > 0)
    return rows.join(again.select("row", "reason"), on="row", how="left", maintain_order="left")


def _once_each_text(rows: pl.DataFrame, texts: pa.ChunkedArray) -> pl.DataFrame:
    """Fills `reason` for all but one of the documents that share a text."""
    keyed = rows.with_columns(key=text_keys(texts)).filter(pl.col("reason").is_null())
    same = keyed.filter(pl.col("key").is_duplicated())
    rank = pl.col("place").replace_strict({"test": 0, "validation": 1, "train": 2}, return_dtype=pl.Int8)
    same = same.with_columns(rank=rank).sort("key", "rank", "id")
    reason = pl.format("same text as {} in {}", pl.col("id").first().over("key"), pl.col("place").first().over("key"))
    again = same.with_columns(copy=reason).filter(pl.int_range(pl.len()).over("key") > 0)
    rows = rows.join(again.select("row", "copy"), on="row", how="left", maintain_order="left")
    return rows.with_columns(reason=pl.coalesce("reason", "copy")).drop("copy")


def _kept(documents: pa.Table, rows: pl.DataFrame) -> pa.Table:
    stay = rows["reason"].is_null()
    kept = documents.filter(pa.array(stay.to_list(), pa.bool_()))
    for name, values in (("split", rows["place"]), ("group_id", rows["group_id"])):
        column = pa.array(values.filter(stay).to_list(), pa.string())
        kept = kept.set_column(kept.column_names.index(name), DOCUMENTS.field(name), column)
    return kept.replace_schema_metadata(documents.schema.metadata)


def _rejected(documents: pa.Table, rows: pl.DataFrame) -> pa.Table:
    drop = rows["reason"].is_not_null()
    dropped = documents.filter(pa.array(drop.to_list(), pa.bool_()))
    reasons = pa.array(rows["reason"].filter(drop).to_list(), pa.string())
    steps = pa.array(["split"] * len(reasons), pa.string())
    dropped = dropped.append_column(REJECTED.field("step"), steps).append_column(REJECTED.field("reason"), reasons)
    return dropped.cast(REJECTED)
