"""Drops documents whose lines are no sentences: menus, tables, lists of links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.cleaning._lines import LinesStep

if TYPE_CHECKING:
    import polars as pl


class TerminalPunctuation(LinesStep):
    """Keeps documents in which at least a share `at_least` of the lines ends in a full stop, an exclamation or question
    mark, an ellipsis or a closing quotation mark, Latin or Chinese, brackets after it allowed.

    C4 drops every other line (Raffel et al. 2020, section 2.2); 0.12 is the share below which FineWeb drops the
    document (Penedo et al. 2024). Texts of fewer than `min_lines` lines are kept unjudged.

    >>> TerminalPunctuation(min_lines=2)(Document("a", "Home\\nAbout us")).reason
    '0 of 2 lines end in terminal punctuation; terminal_punctuation asks for a share of 0.12'
    """

    example: ClassVar[dict[str, Any]] = {"min_lines": 1}

    at_least: float = Field(default=0.12, ge=0, le=1)

    @property
    def pattern(self) -> str:
        """A closing mark at the end of a line."""
        return r"""(?m)[.!?。！？…．｡"'”’」』»][)\]）】》]*[^\S\n]*$"""

    def reason(self) -> pl.Expr:
        """The two numbers, where too few lines end so."""
        import polars as pl

        limit = f"terminal_punctuation asks for a share of {self.at_least}"
        said = pl.format(f"{{}} of {{}} lines end in terminal punctuation; {limit}", "found", "lines")
        enough = pl.col("lines") >= self.min_lines
        return pl.when(enough & (pl.col("found") < self.at_least * pl.col("lines"))).then(said)
