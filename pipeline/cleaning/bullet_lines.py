"""Drops documents that are nothing but lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.cleaning._lines import LinesStep

if TYPE_CHECKING:
    import polars as pl


class BulletLines(LinesStep):
    """Keeps documents in which at most a share `at_most` of the lines begins with a bullet: •, ‣, ▪, ●, ◦, ○, ■, ◆, or
    one of - – * before white space.

    0.9 as in Gopher (Rae et al. 2021, appendix A.1.1). Texts of fewer than `min_lines` lines are kept unjudged.

    >>> BulletLines(min_lines=2)(Document("a", "• one\\n- two")).reason
    '2 of 2 lines begin with a bullet; bullet_lines allows a share of 0.9'
    """

    example: ClassVar[dict[str, Any]] = {"min_lines": 1, "at_most": 0.4}

    at_most: float = Field(default=0.9, ge=0, le=1)

    @property
    def pattern(self) -> str:
        """A bullet at the start of a line."""
        return r"(?m)^[^\S\n]*(?:[•‣▪●◦○■◆]|[-–*]\s+\S)"

    def reason(self) -> pl.Expr:
        """The two numbers, where too many lines begin so."""
        import polars as pl

        limit = f"bullet_lines allows a share of {self.at_most}"
        said = pl.format(f"{{}} of {{}} lines begin with a bullet; {limit}", "found", "lines")
        enough = pl.col("lines") >= self.min_lines
        return pl.when(enough & (pl.col("found") > self.at_most * pl.col("lines"))).then(said)
