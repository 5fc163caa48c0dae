"""English: its script, where its sentences and clauses end."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.language import _cutting
from pipeline.types import Range

CODE = "en"
NAME = "English"
SCRIPT = "[A-Za-z\u00c0-\u024f]"
"""A character of the language's script, as a class that Python and Rust (Polars) regular expressions both read."""

NEGATIONS = frozenset(
    re.findall(
        r"\S+",
        "no not n't nor none never neither nobody nothing nowhere without cannot hardly barely scarcely don't doesn't"
        " didn't isn't aren't wasn't weren't won't wouldn't can't couldn't shouldn't haven't hasn't hadn't",
    )
)
"""Words without which a sentence says the opposite, lower-case."""

_ABBREVIATION = r"(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bvs)(?<!\b[A-Z])(?<!\.[A-Za-z])"
_SENTENCE_END = re.compile(_ABBREVIATION + r"""[.!?]+["')\]\u2019\u201d]*(?=\s)\s*|\n\s*""")
_CLAUSE_END = re.compile(r"[,;:](?=\s)\s*")
_WORD_END = re.compile(r"\s+")


def cut(text: str, limit: int, whole: Sequence[Range] = ()) -> list[Range]:
    """Ranges that cover `text`, each of at most `limit` characters: cut after a sentence, else a clause, else a word.

    Nothing is cut inside a range of `whole`; one that is longer than `limit` makes a longer piece.

    >>> text = "Mr. Smith met Bo. They talked, long."
    >>> [text[a:b] for a, b in cut(text, 20)]
    ['Mr. Smith met Bo. ', 'They talked, long.']
    """
    return _cutting.cut(text, limit, (_SENTENCE_END, _CLAUSE_END, _WORD_END), whole)
