"""Drops documents that say the same lines or paragraphs again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.cleaning._lines import LINE, PARAGRAPH
from pipeline.cleaning._refusing import RefusingStep

if TYPE_CHECKING:
    import polars as pl

_SPREAD = 0x9E3779B97F4A7C15  # odd, so no two rows get one product; sums wrap around
_KINDS = {"line": LINE, "paragraph": PARAGRAPH}


class RepeatedLines(RefusingStep):
    """Keeps documents in which few lines and few paragraphs stood before in the same document: at most a share `lines`
    of the lines, `line_characters` of their characters, `paragraphs` and `paragraph_characters` likewise.

    0.3, 0.2, 0.3, 0.2 as in Gopher (Rae et al. 2021, table A1). A paragraph is a run of lines without a blank one;
    white space at the edges does not tell lines apart.

    >>> RepeatedLines()(Document("a", "Buy now\\nBuy now\\nHello")).reason
    '1 of 3 lines stood before; repeated_lines allows a share of 0.3'
    """

    lines: float = Field(default=0.3, ge=0, le=1)
    line_characters: float = Field(default=0.2, ge=0, le=1)
    paragraphs: float = Field(default=0.3, ge=0, le=1)
    paragraph_characters: float = Field(default=0.2, ge=0, le=1)

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with a line feed."""
        return text.str.contains("\n", literal=True)

    def measures(self, text: pl.Expr) -> dict[str, pl.Expr]:
        """A struct of counts for lines, one for paragraphs."""
        import polars as pl

        counts = pl.Struct(dict.fromkeys(("all", "repeated", "characters", "repeated_characters"), pl.Int64))
        return {
            kind: text.str.extract_all(pattern).map_batches(_counted, return_dtype=counts)
            for kind, pattern in _KINDS.items()
        }

    def reason(self) -> pl.Expr:
        """The first of the four shares that is too high, as two numbers."""
        import polars as pl

        reasons = []
        for kind in _KINDS:
            counts = pl.col(kind).struct
            pairs = (("s", "all", "repeated"), (" characters", "characters", "repeated_characters"))
            for what, whole, part in pairs:
                limit = getattr(self, f"{kind}{what.replace(' ', '_')}")
                said = pl.format(
                    f"{{}} of {{}} {kind}{what} stood before; repeated_lines allows a share of {limit}",
                    counts.field(part),
                    counts.field(whole),
                )
                reasons.append(pl.when(counts.field(part) > limit * counts.field(whole)).then(said))
        return pl.coalesce(reasons)


def _counted(parts: pl.Series) -> pl.Series:
    """For lists of lines: how many there are and stood before in their list, and the characters of both."""
    import polars as pl

    part, row = pl.col("part"), pl.col("row")
    frame = pl.DataFrame({"part": parts}).with_row_index("row")
    before = ~(part.hash() + row.cast(pl.UInt64) * pl.lit(_SPREAD, pl.UInt64)).is_first_distinct()
    flat = frame.explode("part", empty_as_null=False).with_columns(part.str.strip_chars_end())
    flat = flat.select("row", n=part.str.len_chars().cast(pl.Int64), before=before)
    counts = flat.group_by("row").agg(
        pl.len().cast(pl.Int64).alias("all"),
        pl.col("before").sum().cast(pl.Int64).alias("repeated"),
        pl.col("n").sum().alias("characters"),
        pl.col("n").filter("before").sum().alias("repeated_characters"),
    )
    whole = frame.select("row").join(counts, on="row", how="left", maintain_order="left").drop("row")
    return whole.fill_null(0).to_struct(parts.name)
