"""Plain text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Literal, Self

from pipeline.source._files import FileSource
from pipeline.source._text_file import Line, TextFile
from pipeline.types import Document, Rejected


class Text(FileSource):
    """Plain text without annotation: one document a line, a paragraph (between blank lines) or a file, by `unit`.

    Blank lines are no records. Every document is a group of its own.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [(d.text, d.source) for d in Text.example_in(Path(folder)).read("story.txt")]
    [('Once there was a mill.', 'story.txt:1'), ('It stood still.', 'story.txt:3')]
    """

    pattern: str = "*.txt*"
    unit: Literal["line", "file", "paragraph"] = "line"

    def by_line(self) -> bool:
        """Where the unit is the line."""
        return self.unit == "line"

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a unit; one that holds a line that is not UTF-8 is rejected whole."""
        for lines in self._units(file):
            text = "\n".join(line.text for line in lines).strip("\n")
            fault = next((line for line in lines if line.fault), None)
            if fault:
                yield file.reject(fault, text, fault.fault)
            else:
                yield file.document(lines[0], text=text)

    def _units(self, file: TextFile) -> Iterator[list[Line]]:
        if self.unit == "file":
            yield list(file.all_lines())
            return
        for filled, lines in groupby(file.all_lines(), key=lambda line: bool(line.text.strip() or line.fault)):
            if filled and self.unit == "paragraph":
                yield list(lines)
            elif filled:
                yield from ([line] for line in lines)

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """A file of two lines with a blank one between them."""
        (folder / "story.txt").write_text("Once there was a mill.\n\nIt stood still.\n", encoding="utf-8")
        return cls(path=str(folder))
