"""Words of texts, for gates, shingles, bags of words and tokens. No text is changed here.

Columns are read in Rust (Polars), one pass a regular expression: PIECE for n-grams and shingles, SPACED for rules that
count what white space parts, `words` for gates. Chinese words come from rjieba, a dictionary and a hidden Markov model
in Rust; characters stand for words only where asked for.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Literal

from pipeline.errors import WrongUse
from pipeline.extras import require
from pipeline.language import zh
from pipeline.types import Range

if TYPE_CHECKING:
    import polars as pl

Chinese = Literal["words", "characters"]

HAN = zh.SCRIPT[1:-1]
PIECE = f"[{HAN}]|[^\\W{HAN}]+"
"""A Chinese character, or a run of other letters and digits: the character view, the same for every language."""

SPACED = f"[{HAN}][^\\w\\s]*|[^\\s{HAN}]+"
"""A Chinese character, or a run between white space; punctuation belongs to the word that it follows."""

UNSPACED = ("bo", "ja", "km", "lo", "my", "th", "zh")
"""Languages that put no white space between words: the length of a run says nothing about a word there."""

_JOINS = "-.,:/&'’"  # inside of a word: EU-wide, 3.50, 12:30, don't
_WORD = f"[{HAN}]|[^\\W{HAN}]+(?:[{_JOINS}][^\\W{HAN}]+)*"
_HAS_LETTER = re.compile(r"\w")


def words(texts: pl.Series, language: str, chinese: Chinese = "words") -> pl.Series:
    """A list of strings a text: its words in order, without the signs between them.

    A word of another language than Chinese is a run of letters and digits that may hold one of `-.,:/&'` between two.

    >>> import polars as pl
    >>> words(pl.Series(["江泽民在北京说：好！"]), "zh").to_list()
    [['江泽民', '在', '北京', '说', '好']]
    """
    import polars as pl

    if language != zh.CODE or chinese == "characters":
        return texts.str.extract_all(_WORD)
    from rjieba import cut

    found = [[word for word in cut(text) if _HAS_LETTER.search(word)] for text in texts]
    return pl.Series(texts.name, found, pl.List(pl.String))


def bag_of_words(
    texts: pl.Series, language: str, stop_words: Collection[str] = (), chinese: Chinese = "words"
) -> pl.Series:
    """The view that TF-IDF counts: a list of lower-case words a text, stop words left out, order and repeats kept.

    >>> import polars as pl
    >>> bag_of_words(pl.Series(["The cat, the dog"]), "en", {"the"}).to_list()
    [['cat', 'dog']]
    """
    import polars as pl

    found = words(texts.str.to_lowercase(), language, chinese)
    unwanted = pl.Series([word.lower() for word in stop_words], dtype=pl.String).implode()
    return found.list.eval(pl.element().filter(~pl.element().is_in(unwanted)))


def tokens(text: str, language: str) -> list[Range]:
    """Where the words and the signs of one text stand: everything but its white space.

    Chinese words are rjieba's, all others as in `words`, with the marks that belong to a letter; every other sign
    stands by itself.

    >>> tokens("Bo met Al.", "en")
    [(0, 2), (3, 6), (7, 9), (9, 10)]
    """
    if language == zh.CODE:
        from rjieba import tokenize

        return [(start, end) for word, start, end in tokenize(text) if not word.isspace()]
    return [match.span() for match in _token().finditer(text)]


@cache
def _token() -> re.Pattern[str]:
    """Python counts marks (accents, the vowel signs of Indic scripts) and joiners to no word; Rust does."""
    ranges: list[list[int]] = []
    for code in range(0x300, sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] == "M" or code in (0x200C, 0x200D):
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    marks = "".join(f"{chr(a)}-{chr(b)}" for a, b in ranges)
    letters = f"(?:[^\\W{HAN}]++|[{marks}]++)++"
    return re.compile(f"[{HAN}][{marks}]*+|{letters}(?:[{_JOINS}]{letters})*+|[^\\s]")


@cache
def stop_words(language: str) -> frozenset[str]:
    """The stop words of stopwordsiso (extra `language`), lower-case. Raises WrongUse for a language without any."""
    lists = require("stopwordsiso", extra="language")
    if not lists.has_lang(language):
        raise WrongUse(f"stopwordsiso has no stop words for {language!r}; write the list into the recipe")
    return frozenset(word.lower() for word in lists.stopwords(language))
