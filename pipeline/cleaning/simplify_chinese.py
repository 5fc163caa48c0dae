"""Traditional Chinese characters as simplified ones."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pipeline.cleaning import CleaningStep
from pipeline.cleaning._differences import difference
from pipeline.extras import require
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

Config = Literal["t2s", "tw2s", "hk2s"]

_HAN = ((0x2E80, 0xD800), (0xF900, 0xFB00), (0x20000, 0x33480))
# Converted alone, but kept in some phrases (乾隆, 王彦昇, 显著), so they stand in simplified text too: read from the
# phrases of OpenCC 1.4.2.
_IN_PHRASES = "么乾剋劄吒徵扞於昇氾濛祕脩著蒐薹袷計谿釐陞麽"


class SimplifyChinese(CleaningStep):
    """Converts texts that hold a character which only traditional writing has (OpenCC, phrases first: 乾隆 stays).

    `config` says whose writing: t2s in general, tw2s Taiwan's, hk2s Hong Kong's; words stay what they are. A text of
    nothing but characters that both ways of writing know is left alone, so a second run changes nothing. OpenCC reads
    2.2 MB a CPU-second, and it sees only the texts that need it. Needs the extra `chinese`.

    >>> SimplifyChinese()(Document("a", "乾隆年間，頭髮發白。")).text
    '乾隆年间，头发发白。'
    """

    local: ClassVar[bool] = True

    config: Config = "t2s"

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with a character that only traditional writing has."""
        return text.str.contains(f"[{''.join(sorted(_converter(self.config)[1]))}]")

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """Row by row through OpenCC."""
        import polars as pl

        return text.map_batches(
            lambda texts: pl.Series([_simplified(text, self.config) for text in texts], dtype=pl.String),
            return_dtype=pl.String,
        )

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document simplified, character by character; rejected only where a span would be edited away."""
        new = _simplified(doc.text, self.config)
        if len(new) != len(doc.text):
            return doc.edited(difference(doc.text, new))
        pairs = enumerate(zip(doc.text, new, strict=True))
        return doc.edited([Edit(i, i + 1, after) for i, (before, after) in pairs if before != after])


def _simplified(text: str, config: Config) -> str:
    """Until no traditional character stays or nothing changes; OpenCC's segmentation ends at a NUL, so it gets none."""
    convert, traditional = _converter(config)
    while not traditional.isdisjoint(text):
        new = "\0".join(convert(piece) for piece in text.split("\0"))
        if new == text:
            break
        text = new
    return text


@cache
def _converter(config: Config) -> tuple[Any, frozenset[str]]:
    """OpenCC's function, and the characters that it converts and never writes, by its own behaviour (35 ms)."""
    convert = require("opencc", extra="chinese").OpenCC(config).convert
    every = [chr(code) for first, last in _HAN for code in range(first, last)]
    pairs = zip(every, convert("\n".join(every)).split("\n"), strict=True)
    changed = {before: after for before, after in pairs if before != after}
    only = set(changed) - set("".join(changed.values())) - set(_IN_PHRASES)
    return convert, frozenset(only)
