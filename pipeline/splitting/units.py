"""Groups that near-duplicates bind together: what is placed as one."""

from __future__ import annotations

import polars as pl

from pipeline.duplicates import Pairs

_CAP = 0.1  # of the smaller held-out part: a larger unit would decide by its own place what the part is made of


def cap(wanted: dict[str, float]) -> int:
    """The most documents that a unit may come to have by joining groups: a tenth of the smaller held-out part, or 2."""
    parts = [size for size in wanted.values() if size > 0]
    return max(2, int(_CAP * min(parts))) if parts else 2


def joined(documents: pl.DataFrame, links: Pairs, at_most: int) -> pl.DataFrame:
    """The unit of every group: columns `group_id`, `unit`, `with_row` and `with_similarity` (of the link that joined).

    `documents` has `row`, `id` and `group_id` of all that is to be placed; `links` are pairs of rows. Links join the
    most similar first, then by ids, as long as the unit holds at most so many documents. A unit is named after the
    smallest of its groups.
    """
    sizes = documents.group_by("group_id").len().sort("group_id")
    number = sizes.with_row_index("group").select("group_id", "group")
    placed = documents.join(number, on="group_id", how="left")
    edges = pl.DataFrame({"left": links.left, "right": links.right, "similarity": links.similarity})
    for side in ("left", "right"):
        one = placed.select(pl.col("row").alias(side), pl.col("group").alias(f"{side}_group"), id=pl.col("id"))
        edges = edges.join(one.rename({"id": f"{side}_id"}), on=side, how="inner")
    edges = edges.filter(pl.col("left_group") != pl.col("right_group"))
    low, high = pl.min_horizontal("left_id", "right_id"), pl.max_horizontal("left_id", "right_id")
    edges = edges.with_columns(low=low, high=high).sort("similarity", "low", "high", descending=[True, False, False])
    unit, by = _united(edges, sizes["len"].to_list(), at_most)
    names = sizes["group_id"]
    return pl.DataFrame(
        {
            "group_id": names,
            "unit": names.gather(unit) if len(names) else names,
            "with_row": pl.Series([row for row, _ in by], dtype=pl.Int64),
            "with_similarity": pl.Series([similarity for _, similarity in by], dtype=pl.Float64),
        }
    )


def _united(
    edges: pl.DataFrame, sizes: list[int], at_most: int
) -> tuple[list[int], list[tuple[int | None, float | None]]]:
    """Kruskal's algorithm with a cap: (smallest group of each group's unit, the row and similarity that joined it)."""
    parent = list(range(len(sizes)))
    by: list[tuple[int | None, float | None]] = [(None, None)] * len(sizes)

    def root(group: int) -> int:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    columns = ("left_group", "right_group", "left", "right", "similarity")
    for one, other, left, right, similarity in edges.select(columns).iter_rows():
        a, b = sorted((root(one), root(other)))
        if a == b or sizes[a] + sizes[b] > at_most:
            continue
        parent[b] = a
        sizes[a] += sizes[b]
        for group, row in ((one, right), (other, left)):
            if by[group][0] is None:
                by[group] = (row, similarity)
    return [root(group) for group in range(len(parent))], by
