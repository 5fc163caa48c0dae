"""The whole division of a table of documents, and why each document is where it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.duplicates import Sketch, nearest, similar, sketch
from pipeline.duplicates.near import Pairs
from pipeline.duplicates.signatures import Rows
from pipeline.frames import DOCUMENTS, REJECTED
from pipeline.splitting.copies import REJECTION, Sketcher, near_text, rejections, same_id, same_text
from pipeline.splitting.entities import in_the_way
from pipeline.splitting.placing import by_quota, positions, strata, stretch
from pipeline.splitting.settings import SPLITS, SplitSettings
from pipeline.splitting.units import cap, joined

PLACEMENT = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("group_id", pa.string(), nullable=False),
        pa.field("unit", pa.string()),
        pa.field("split", pa.string()),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("why", pa.string(), nullable=False),
        pa.field("near_of", pa.string()),
        pa.field("similarity", pa.float64()),
        pa.field("shipped", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Division:
    """What came of a division.

    `kept` (schema DOCUMENTS) with the split, in the order the documents came; `rejected` (schema REJECTED); `placement`
    (schema PLACEMENT), first a row for each kept, then for each rejected document: the unit it was placed with, why it
    is where it is, and because of which other document. `split` is null for the rejected, `shipped` is the source's.
    """

    kept: pa.Table
    rejected: pa.Table
    placement: pa.Table


def split(documents: pa.Table, settings: SplitSettings) -> tuple[pa.Table, pa.Table]:
    """The documents with their split, and the rejected ones. Rows in = rows kept + rows rejected."""
    division = divide(documents, settings)
    return division.kept, division.rejected


def divide(documents: pa.Table, settings: SplitSettings, sketcher: Sketcher = sketch) -> Division:
    """Divide documents (schema DOCUMENTS). A document without `group_id` is a group of its own, by its id.

    With `official` the source's split stays; a document without one is rejected, nothing else is. `sketcher` gives what
    `sketch` does, wherever it computes that.

    Raises:
        DataSaysNo: the settings ask for more documents than there are, or for strata that nobody has.
    """
    rows = pl.DataFrame(documents.select(["id", "group_id", "source", "split"])).with_row_index("row")
    group = pl.when(pl.col("group_id") == "").then("id").otherwise("group_id")
    rows = rows.with_columns(pl.col("row").cast(pl.Int64), group_id=group)
    if settings.official:
        rows = rows.with_columns(unit="group_id", place="split", reason=_no_official_split())
        rows = rows.with_columns(
            kind=pl.lit("official"), why=pl.lit("the source's own split"), near_row=pl.lit(None, pl.Int64)
        ).with_columns(similarity=pl.lit(None, pl.Float64))
    else:
        rows = _divided(documents, rows, settings, sketcher)
    return _tables(documents, _explained(rows))


def _divided(documents: pa.Table, rows: pl.DataFrame, settings: SplitSettings, sketcher: Sketcher) -> pl.DataFrame:
    """Adds `unit`, `place`, `kind`, `why` of where it is placed; `reason`, `near_row`, `similarity` of the rejected."""
    texts = pl.Series("text", documents["text"], dtype=pl.String)
    dropped = [same_id(rows, documents["text"])]
    names = rows["group_id"].unique()
    at = pl.DataFrame({"group_id": names, "at": positions(names, settings.seed)})
    rows = rows.join(at, on="group_id", how="left", maintain_order="left")
    order = _preferred(rows.join(dropped[0], on="row", how="anti"), texts, settings)
    dropped.append(same_text(order, texts))
    order = order[~np.isin(order, dropped[1]["row"].to_numpy())]
    copies, found = near_text(order, texts, settings.near_duplicates, sketcher)
    dropped.append(copies)
    stays = ~np.isin(order, copies["row"].to_numpy())
    units = _units(rows, order, found, np.flatnonzero(stays), settings)
    living = rows.join(pl.DataFrame({"row": np.sort(order[stays])}), on="row", how="semi")
    placed = _placed(documents, living, units, settings)
    rows = rows.join(placed, on="row", how="left", maintain_order="left")
    if settings.apart is not None:
        places = rows["place"].gather(order).to_numpy()
        train, held = (np.flatnonzero(stays & np.isin(places, names)) for names in (["train"], list(SPLITS[1:])))
        pairs = nearest(found, train, held, settings.apart)
        dropped.append(rejections(order[pairs.right], "apart", order[pairs.left], pairs.similarity))
    if settings.entity_disjoint:
        gone = pl.concat([d.select("row") for d in dropped])
        dropped.append(_sharing(documents, rows.join(gone, on="row", how="anti", maintain_order="left")))
    every = pl.concat([_full(d) for d in dropped])
    return rows.join(every, on="row", how="left", maintain_order="left")


def _sharing(documents: pa.Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows to reject so that train and what is held out share no mention."""
    found = in_the_way(documents.take(pa.array(rows["row"].to_numpy())), rows["place"])
    at, near = (rows["row"].gather(found[name]) for name in ("at", "near_at"))
    return pl.DataFrame({"row": at, "near_row": near, "reason": found["mention"], "kind": "entity"})


def _preferred(rows: pl.DataFrame, texts: pl.Series, settings: SplitSettings) -> Rows:
    """Rows in the order in which copies of one text stay: test, validation, train; the longer text; the smaller id."""
    wanted = settings.wanted(max(rows.height, 1))
    shares = settings.model_copy(update={name: size / max(rows.height, 1) for name, size in wanted.items()})
    rank = stretch(rows["at"], shares).replace_strict({"test": 0, "validation": 1, "train": 2}, return_dtype=pl.Int8)
    length = texts.str.len_chars().gather(rows["row"])
    ranked = rows.with_columns(length=length, rank=rank)
    ordered: Rows = ranked.sort("rank", -pl.col("length").cast(pl.Int64), "id")["row"].to_numpy()
    return ordered


def _units(rows: pl.DataFrame, order: Rows, found: Sketch, stays: Rows, settings: SplitSettings) -> pl.DataFrame:
    """The unit of every group that has a document left."""
    pairs = Pairs(order[:0], order[:0], np.empty(0))
    if settings.apart is not None:
        # by id: a unit must not depend on which of its documents was preferred
        by_id = stays[np.argsort(rows["id"].gather(order[stays]).to_numpy(), kind="stable")]
        near = similar(found, by_id, settings.apart)
        pairs = Pairs(order[near.left], order[near.right], near.similarity)
    living = rows.join(pl.DataFrame({"row": order[stays]}), on="row", how="semi")
    return joined(living.select("row", "id", "group_id"), pairs, cap(settings.wanted(len(stays))))


def _placed(documents: pa.Table, living: pl.DataFrame, units: pl.DataFrame, settings: SplitSettings) -> pl.DataFrame:
    """For every row that is left: `unit`, `place`, `placed_by`, and the link that joined its group to others."""
    ids = pl.Series("id", documents["id"], dtype=pl.String)
    at = living.select(unit="group_id", at="at").unique("unit")
    living = living.select("row", "group_id").join(units, on="group_id", how="left", maintain_order="left")
    sizes = living.group_by("unit").agg(size=pl.len().cast(pl.Int64)).join(at, on="unit", how="left")
    if settings.stratify or settings.sized:
        taken = documents.take(pa.array(living["row"].to_numpy()))
        sizes = sizes.join(strata(taken, living["unit"], settings.stratify), on="unit", how="left")
        places = by_quota(sizes, settings)
        base = pl.format("stratum {}", "stratum") if settings.stratify else pl.lit("group placed by size")
    else:
        places = sizes.select("unit", place=stretch(sizes["at"], settings))
        base = pl.lit("group placed by hash")
    living = living.join(sizes, on="unit", how="left").join(places, on="unit", how="left")
    near = pl.when(pl.col("with_row").is_not_null()).then(ids.gather(living["with_row"].fill_null(0)))
    alike = pl.col("with_similarity").round(2).cast(pl.String)
    link = pl.format("joined with unit {} by near-duplicate {} ({})", "unit", near, alike)
    kind = "stratum" if settings.stratify else "size" if settings.sized else "hash"
    single = pl.col("with_row").is_null()
    why = pl.when(single).then(base).otherwise(pl.concat_str([base, link], separator="; ") if kind != "hash" else link)
    placed_by = pl.when(single).then(pl.lit(kind)).otherwise(pl.lit("joined"))
    return living.select("row", "unit", "place", "with_row", "with_similarity", placed_by=placed_by, why=why)


def _full(dropped: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, kind).alias(name) for name, kind in REJECTION.items() if name not in dropped.columns]
    return dropped.with_columns(missing).select("row", *(pl.col(n).cast(t) for n, t in REJECTION.items()))


def _explained(rows: pl.DataFrame) -> pl.DataFrame:
    """Turns kinds into reasons. Adds `near_of`, the id behind `near_row`."""
    if "placed_by" not in rows.columns:
        return rows.with_columns(near_of=pl.lit(None, pl.String))
    near = rows.select(near_row="row", near_of="id", near_place="place", near_kind="kind")
    rows = rows.join(near, on="near_row", how="left", maintain_order="left")
    there, gone = pl.format("{} in {}", "near_of", "near_place"), pl.format("{}, which is rejected itself", "near_of")
    which = pl.when(pl.col("near_kind").is_null()).then(there).otherwise(gone)
    alike = pl.format("(similarity {})", pl.col("similarity").round(2))
    reasons = {
        "id": pl.col("reason"),
        "exact": pl.format("same text as {}", which),
        "near": pl.format("nearly the text of {} {}", which, alike),
        "apart": pl.format("too similar to {} {}", which, alike),
        "entity": pl.format("the mention {} stands in {}", "reason", which),
    }
    told = pl.coalesce(*(pl.when(pl.col("kind") == kind).then(text) for kind, text in reasons.items()))
    joined_by = rows.select(pl.col("id").gather(pl.col("with_row"))).to_series()
    return rows.with_columns(
        reason=told,
        near_of=pl.coalesce("near_of", joined_by),
        similarity=pl.coalesce("similarity", "with_similarity"),
        kind=pl.coalesce("kind", "placed_by"),
    )


def _tables(documents: pa.Table, rows: pl.DataFrame) -> Division:
    stay = rows["reason"].is_null()
    kept = documents.filter(pa.array(stay.to_list(), pa.bool_()))
    for name, values in (("split", rows["place"]), ("group_id", rows["group_id"])):
        column = pa.array(values.filter(stay).to_list(), pa.string())
        kept = kept.set_column(kept.column_names.index(name), DOCUMENTS.field(name), column)
    kept = kept.replace_schema_metadata(documents.schema.metadata)
    dropped = documents.filter(pa.array((~stay).to_list(), pa.bool_()))
    reasons = pa.array(rows["reason"].filter(~stay).to_list(), pa.string())
    steps = pa.array(["split"] * len(reasons), pa.string())
    dropped = dropped.append_column(REJECTED.field("step"), steps).append_column(REJECTED.field("reason"), reasons)
    told = pl.concat([rows.filter(stay), rows.filter(~stay)])
    lost = pl.col("reason").is_not_null()
    placement = told.select(
        "id",
        "group_id",
        "unit",
        split=pl.when(~lost).then("place"),
        kind="kind",
        why=pl.coalesce("reason", "why"),
        near_of="near_of",
        similarity="similarity",
        shipped="split",
    )
    return Division(kept, dropped.cast(REJECTED), placement.to_arrow().cast(PLACEMENT))


def _no_official_split() -> pl.Expr:
    name = pl.col("split")
    return (
        pl.when(name.is_null())
        .then(pl.lit("the source gave no split, and the recipe asks for the official one"))
        .when(~name.is_in(SPLITS))
        .then(pl.format("the source's split '{}' is not train, validation or test", name))
    )
