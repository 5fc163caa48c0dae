"""Column files of tokens and tags, as CoNLL-2003 has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import Field

from pipeline.errors import SourceError
from pipeline.source._files import FileSource
from pipeline.source._splits import split_of
from pipeline.source._tags import Scheme, TagError, mentions
from pipeline.source._text_file import Line, TextFile
from pipeline.types import Document, Range, Rejected, Span, Split

_TOO_FEW = "a line has a token and a tag"


class Conll(FileSource):
    """One token a line, its tag in the last column; a blank line ends a sentence, `-DOCSTART-` begins a new group.

    One document a sentence: the tokens joined by one space, their ranges as `tokens`, the mentions as spans. Columns
    are parted by tabs where a line has one, else by spaces. The split follows from the file's name (train;
    valid, dev, testa; test, testb) or from `splits`. A sentence with a line of other than the file's number of columns,
    or with a tag that `scheme` does not allow, is rejected whole.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     document = next(Conll.example_in(Path(folder)).read("train.txt"))
    >>> document.text, [str(span) for span in document.spans], document.split
    ('Anna Berg met Bo', ['[0, 9) PER', '[14, 16) PER'], 'train')
    """

    pattern: str = "*.txt"
    scheme: Scheme = "iob2"
    token_column: int = 0
    tag_column: int = -1
    splits: Mapping[str, Split] = Field(default_factory=dict)

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a sentence; its line is that of its first token."""
        split = split_of(file.name, self.splits)
        group, columns = "", 0
        for lines in _sentences(file):
            if lines[0].text.startswith("-DOCSTART-"):
                group = lines[0].place
                continue
            columns = columns or self._columns(file, lines)
            yield self._document(file, lines, columns, group, split)

    def _columns(self, file: TextFile, lines: list[Line]) -> int:
        columns = max(len(_cells(line.text)) for line in lines)
        for name, column in (("token_column", self.token_column), ("tag_column", self.tag_column)):
            if columns > 1 and not -columns <= column < columns:
                raise SourceError(
                    f"{lines[0].place}: there are {columns} columns; `{name}` is {column}, and counts from 0"
                )
        return columns

    def _document(
        self, file: TextFile, lines: list[Line], columns: int, group: str, split: Split | None
    ) -> Document | Rejected:
        raw = "\n".join(line.text for line in lines)
        rows = [_cells(line.text) for line in lines]
        for line, cells in zip(lines, rows, strict=True):
            if fault := line.fault or _fault(cells, columns):
                return file.reject(line, raw, f"{fault} (the sentence begins at line {lines[0].number})")
        tokens = _ranges([cells[self.token_column] for cells in rows])
        try:
            found = mentions([cells[self.tag_column] for cells in rows], self.scheme)
        except TagError as error:
            return file.reject(lines[error.at], raw, f"{error} (the sentence begins at line {lines[0].number})")
        return file.document(
            lines[0],
            text=" ".join(cells[self.token_column] for cells in rows),
            group_id=group,
            tokens=tokens,
            spans=tuple(Span(tokens[a][0], tokens[b - 1][1], label) for a, b, label in found),
            split=split,
        )

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two sentences of one article."""
        (folder / "train.txt").write_text(
            "-DOCSTART- -X- -X- O\n\nAnna NNP B-NP B-PER\nBerg NNP I-NP I-PER\nmet VBD B-VP O\nBo NNP B-NP B-PER\n\n"
            "It PRP B-NP O\nrained VBD B-VP O\n",
            encoding="utf-8",
        )
        return cls(path=str(folder))


def _sentences(file: TextFile) -> Iterator[list[Line]]:
    """Lines between blank ones; a `-DOCSTART-` line stands alone."""
    lines: list[Line] = []
    for line in file.all_lines():
        blank, start = not line.text.strip(), line.text.startswith("-DOCSTART-")
        if (blank or start) and lines:
            yield lines
            lines = []
        if start:
            yield [line]
        elif not blank:
            lines.append(line)
    if lines:
        yield lines


def _cells(line: str) -> list[str]:
    if "\t" in line:
        return line.split("\t")
    return [cell for cell in line.split(" ") if cell]


def _fault(cells: list[str], columns: int) -> str:
    if len(cells) < 2:
        return f"the line has {len(cells)} column; {_TOO_FEW}"
    if len(cells) != columns:
        return f"the line has {len(cells)} columns and the first sentence's {columns}; was it cut short?"
    if any(not cell or any(c.isspace() for c in cell) for cell in cells):
        return "a column is empty or holds white space; replace the white space in it"
    return ""


def _ranges(tokens: list[str]) -> tuple[Range, ...]:
    ranges: list[Range] = []
    at = 0
    for token in tokens:
        ranges.append((at, at + len(token)))
        at += len(token) + 1
    return tuple(ranges)
