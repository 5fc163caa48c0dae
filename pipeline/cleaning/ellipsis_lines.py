"""Drops documents whose lines break off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.cleaning._lines import LinesStep

if TYPE_CHECKING:
    import polars as pl


class EllipsisLines(LinesStep):
    """Keeps documents in which at most a share `at_most` of the lines ends in an ellipsis (three dots, or …).

    0.3 as in Gopher (Rae et al. 2021, appendix A.1.1). Texts of fewer than `min_lines` lines are kept unjudged.

    >>> EllipsisLines(min_lines=2)(Document("a", "Read more...\\n更多……")).reason
    '2 of 2 lines end in an ellipsis; ellipsis_lines allows a share of 0.3'
    """

    example: ClassVar[dict[str, Any]] = {"min_lines": 1}

    at_most: float = Field(default=0.3, ge=0, le=1)

    @property
    def pattern(self) -> str:
        """An ellipsis at the end of a line."""
        return r"(?m)(?:\.\.\.|…)[^\S\n]*$"

    def reason(self) -> pl.Expr:
        """The two numbers, where too many lines end so."""
        import polars as pl

        limit = f"ellipsis_lines allows a share of {self.at_most}"
        said = pl.format(f"{{}} of {{}} lines end in an ellipsis; {limit}", "found", "lines")
        enough = pl.col("lines") >= self.min_lines
        return pl.when(enough & (pl.col("found") > self.at_most * pl.col("lines"))).then(said)
