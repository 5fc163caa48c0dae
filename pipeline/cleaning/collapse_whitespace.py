"""White space: one space where there were many, none at the edges."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from pipeline.cleaning import CleaningStep
from pipeline.cleaning._characters import holds, without
from pipeline.types import Document, Edit, Rejected

if TYPE_CHECKING:
    import polars as pl

_NEWLINES = "\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_OTHER = "\t\x1f\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_ALL = f" {_NEWLINES}{_OTHER}"
_CHARACTERS = "".join(filter(str.isspace, map(chr, range(0x3001))))
_RUN = re.compile(r"\s+")


class CollapseWhitespace(CleaningStep):
    """Every run of white space becomes one space, at the edges nothing; with `keep_newlines` a run with a line end in
    it becomes one line end.

    >>> CollapseWhitespace()(Document("a", " Bo \\n met\\u3000 Al ")).text
    'Bo met Al'
    """

    local: ClassVar[bool] = True

    keep_newlines: bool = False

    def touches(self, text: pl.Expr) -> pl.Expr:
        """Rows with white space at an edge, two in a row, or other than a space."""
        two = text.str.contains("  ", literal=True)
        return two | text.str.starts_with(" ") | text.str.ends_with(" ") | holds(text, _NEWLINES + _OTHER)

    def rewrites(self, text: pl.Expr) -> pl.Expr:
        """One space for a run; where line ends are kept, one line end for a run that holds one."""
        import polars as pl

        if self.keep_newlines:
            edges = text.str.strip_chars(_CHARACTERS)
            edges = edges.str.replace_all(f"[{_OTHER} ]*[{_NEWLINES}][{_ALL}]*", "\n")
            return edges.str.replace_all(f"[{_OTHER} ]{{2,}}|[{_OTHER}]", " ")
        spaces = text.map_batches(lambda texts: without(texts, _NEWLINES + _OTHER, " "), return_dtype=pl.String)
        return spaces.str.replace_all("  +", " ").str.strip_chars(" ")

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document with its white space collapsed; rejected where a span covered nothing else."""
        edits = []
        for run in _RUN.finditer(doc.text):
            if run.start() == 0 or run.end() == len(doc.text):
                one = ""
            elif self.keep_newlines and re.search(f"[{_NEWLINES}]", run.group()):
                one = "\n"
            else:
                one = " "
            if run.group() != one:
                edits.append(Edit(run.start(), run.end(), one))
        return doc.edited(edits)
