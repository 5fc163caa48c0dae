"""Where a unit goes: by a hash of its name, or by quotas that every stratum fills in the order of that hash."""

from __future__ import annotations

import hashlib

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.errors import DataSaysNo, did_you_mean
from pipeline.splitting.settings import SplitSettings


def position(name: str, seed: int) -> float:
    """The place of a name in [0, 1): a hash of it and the seed, the same on every machine."""
    hashed = hashlib.blake2b(f"{seed}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(hashed, "big") / 2**64


def first_of(documents: pa.Table, most: int | None) -> pa.Table:
    """So many documents by a hash of their id, in their order: of two sizes the smaller is a part of the larger."""
    if most is None or most >= documents.num_rows:
        return documents
    ids = documents["id"].to_pylist()
    first = sorted(range(len(ids)), key=lambda row: (position(ids[row], 13), ids[row]))[:most]
    return documents.take(pa.array(sorted(first), pa.int64()))


def place(group_id: str, settings: SplitSettings) -> str:
    """The split of a group: of its place in [0, 1) the first stretch is test, the next validation.

    >>> [place(g, SplitSettings(test=0.3, validation=0.3)) for g in ("a", "b", "c", "d")]
    ['train', 'test', 'train', 'train']
    """
    return str(stretch(positions(pl.Series([group_id]), settings.seed), settings)[0])


def positions(names: pl.Series, seed: int) -> pl.Series:
    """`position` of every name."""
    return pl.Series("at", [position(name, seed) for name in names], dtype=pl.Float64)


def stretch(at: pl.Series, settings: SplitSettings) -> pl.Series:
    """The split of every place in [0, 1)."""
    held = pl.when(pl.col("at") < settings.test + settings.validation).then(pl.lit("validation"))
    placed = pl.when(pl.col("at") < settings.test).then(pl.lit("test")).otherwise(held.otherwise(pl.lit("train")))
    return at.alias("at").to_frame().select(place=placed).to_series()


def by_quota(units: pl.DataFrame, settings: SplitSettings) -> pl.DataFrame:
    """The split of every unit (columns `unit`, `at`, `size`, `stratum`): columns `unit`, `place`.

    Inside a stratum the units stand in the order of their hash; the first go to test until it has its share of the
    stratum's documents, the next to validation. What a stratum has too much or too little the next one makes good, so
    the whole is exact to one unit as well. Without strata a part that is asked for as a number of documents gets
    exactly that many where single documents can fill it.

    Raises:
        DataSaysNo: the parts ask for more documents than there are.
    """
    total = int(units["size"].sum())
    wanted = settings.wanted(total)
    if total and sum(wanted.values()) >= total:
        asked = " and ".join(f"{name} {size:g}" for name, size in wanted.items())
        raise DataSaysNo(f"split: {asked} documents leave nothing of {total} for train")
    units = units.sort("stratum", "at", "unit")
    parts: list[pl.DataFrame] = []
    carry = dict.fromkeys(wanted, 0.0)
    for stratum in units.partition_by("stratum", maintain_order=True):
        sizes = stratum["size"].to_numpy()
        places = np.full(len(sizes), "train", dtype=object)
        for name, documents in wanted.items():
            target = documents * int(sizes.sum()) / total + carry[name]
            left = np.flatnonzero(places == "train")
            exact = getattr(settings, name) >= 1 and not settings.stratify
            taken = left[_filling(sizes[left], target) if exact else _closest(sizes[left], target)]
            places[taken] = name
            carry[name] = target - float(sizes[taken].sum())
        parts.append(stratum.with_columns(place=pl.Series(places.tolist(), dtype=pl.String)))
    empty = pl.DataFrame(schema={"unit": pl.String, "place": pl.String})
    return pl.concat([empty, *(p.select("unit", "place") for p in parts)])


def strata(documents: pa.Table, units: pl.Series, names: tuple[str, ...]) -> pl.DataFrame:
    """The stratum of every unit: columns `unit`, `stratum`, such as `label=LOC+PER, domain=news`.

    A unit's value is the set of what its documents have, joined by `+`: of the label of a classified document, of the
    labels of the spans of an annotated one. `units` has the unit of each row of `documents`.

    Raises:
        DataSaysNo: no document has such a group.
    """
    found = units.unique().sort().to_frame("unit")
    for name in names:
        each = (_labels(documents) if name == "label" else _group(documents, name)).drop_nulls()
        each = each.select(unit=units.gather(each["at"]), value="value").unique().sort("unit", "value")
        values = each.group_by("unit").agg(pl.col("value").str.join("+"))
        joined = found.select("unit").join(values, on="unit", how="left").fill_null("none")
        shown = pl.format("{}={}", pl.lit(name), pl.col("value")).alias(name)
        found = found.join(joined.select("unit", shown), on="unit", how="left")
    stratum = pl.concat_str([pl.col(n) for n in names], separator=", ") if names else pl.lit("")
    return found.select("unit", stratum=stratum)


def _labels(documents: pa.Table) -> pl.DataFrame:
    """`at`, `value`: the label of each document, and those of its spans."""
    spans = documents["spans"].combine_chunks()
    of_spans = pl.DataFrame(
        {
            "at": pl.Series(pc.list_parent_indices(spans)).cast(pl.Int64),
            "value": pl.Series(pc.struct_field(spans.flatten(), "label"), dtype=pl.String),
        }
    )
    return pl.concat([_each(pl.Series(documents["label"], dtype=pl.String)), of_spans])


def _group(documents: pa.Table, name: str) -> pl.DataFrame:
    groups = documents["groups"].combine_chunks()
    values = pl.Series(pc.map_lookup(groups, name, "first"), dtype=pl.String)
    if len(values) and values.null_count() == len(values):
        known = {*pc.unique(groups.keys).to_pylist(), "label"}
        raise DataSaysNo(f"split.stratify: no document has a group {name!r}; {did_you_mean(name, known)}")
    return _each(values)


def _each(values: pl.Series) -> pl.DataFrame:
    return values.to_frame("value").with_row_index("at").select(pl.col("at").cast(pl.Int64), "value")


def _closest(sizes: NDArray[np.int64], target: float) -> NDArray[np.int64]:
    """The first units whose documents come closest to `target`."""
    sums = np.concatenate([[0], np.cumsum(sizes)])
    return np.arange(int(np.abs(sums - target).argmin()))


def _filling(sizes: NDArray[np.int64], target: float) -> list[int]:
    """Units in order, each that still fits, until there are `target` documents."""
    taken, left = [], round(target)
    for i, size in enumerate(sizes.tolist()):
        if left == 0:
            break
        if size <= left:
            taken.append(i)
            left -= size
    return taken
