"""One file as lines of UTF-8, read byte by byte; a line that is not is rejected, not guessed at."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pipeline.errors import SourceError
from pipeline.source import _making
from pipeline.source._compressed import Unpacked, kind_of
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end. `number` counts from 1; `fault` says why it is not UTF-8, `place` is `file:line`."""

    number: int
    text: str
    place: str
    fault: str = ""


@dataclass(slots=True)
class TextFile:
    """A file of a batch, or a piece of one. `name` is relative to the source's folder; `step` goes into rejects.

    A piece is the bytes `[start, stop)`, whose first line is number `first` of the file.
    """

    fs: AbstractFileSystem
    path: str
    name: str
    step: str
    start: int = 0
    stop: int | None = None
    first: int = 1
    _faults: list[Rejected] = field(default_factory=list)

    def binary(self, *, packed: bool = False) -> AbstractContextManager[Any]:
        """The file, open for reading bytes; what is compressed is unpacked unless `packed`.

        Raises:
            SourceError: the file cannot be opened.
            WrongUse: it is a zstd file and the library for those is not installed.
        """
        try:
            stream = self.fs.open(self.path, "rb", compression=None)
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be read: {error}") from error
        kind = "" if packed else kind_of(self.path)
        return cast("AbstractContextManager[Any]", io.BufferedReader(Unpacked(stream, kind)) if kind else stream)

    def all_lines(self) -> Iterator[Line]:
        """Every line, blank and undecodable ones too; where a compressed file is damaged, a last line says so.

        Raises SourceError where all lines are blank, and where the damage leaves none.
        """
        empty, number, fault = self.start == 0, self.first - 1, ""
        with self.binary() as stream:
            for number, raw in enumerate(self._raw_lines(stream), self.first):
                fault = "" if raw.endswith(b"\n") else damage(stream)
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                line = self._decoded(number, raw.removesuffix(b"\n").removesuffix(b"\r"), fault)
                empty = empty and not line.text.strip()
                yield line
            left = damage(stream) if not fault else ""
        if left and empty:
            raise SourceError(f"{self.path}: nothing of it can be read: {left}")
        if left:
            yield Line(number + 1, "\ufffd", self.place(number + 1), left)
        if empty and self.stop is None:
            raise SourceError(f"{self.path}: is empty; a file holds at least one record")

    def _raw_lines(self, stream: Any) -> Iterator[bytes]:
        at = self.start
        try:
            if at:
                stream.seek(at)
            for raw in stream:
                yield raw
                at += len(raw)
                if self.stop is not None and at >= self.stop:
                    return
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be read after byte {at}: {error}") from error

    def lines(self) -> Iterator[Line]:
        """The lines that are not blank; those that are not UTF-8 are rejected on the way."""
        for line in self.all_lines():
            if line.fault:
                self._faults.append(self.reject(line, line.text, line.fault))
            elif line.text.strip():
                yield line

    def size(self) -> int:
        """Bytes on the disk. Raises SourceError where the file is gone."""
        try:
            return int(self.fs.size(self.path) or 0)
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be read: {error}") from error

    def place(self, number: int) -> str:
        """`file:line`."""
        return f"{self.name}:{number}"

    def document(
        self, at: Line | str, *, text: str, id: str = "", group_id: str = "", **known: Any
    ) -> Document | Rejected:
        """The record at a line or a place, as `_making.document` makes it."""
        place = at.place if isinstance(at, Line) else at
        return _making.document(self.step, place, text=text, id=id, group_id=group_id, **known)

    def reject(self, at: Line | str, text: str, reason: str) -> Rejected:
        """A record that is no document: its text as far as it is known, and `place: reason`."""
        return _making.reject(self.step, at.place if isinstance(at, Line) else at, text, reason)

    def answered(self, records: Iterator[Document | Rejected]) -> Iterator[Document | Rejected]:
        """The records made of this file, and among them the lines that were rejected on the way."""
        for record in records:
            yield from self._drained()
            yield record
        yield from self._drained()

    def _drained(self) -> Iterator[Rejected]:
        yield from self._faults
        self._faults.clear()

    def _decoded(self, number: int, raw: bytes, fault: str = "") -> Line:
        place = self.place(number)
        if fault:
            return Line(number, raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00"), place, fault)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            fault = (
                f"byte 0x{raw[error.start]:02X} at position {error.start} of the line is not UTF-8; "
                f"save the file as UTF-8{_guess(raw)}"
            )
            return Line(number, raw.decode("utf-8", "backslashreplace"), place, fault)
        if (at := raw.find(b"\0")) >= 0:
            fault = f"byte 0x00 at position {at} of the line is no text; save the file as UTF-8{_guess(raw)}"
            return Line(number, text.replace("\0", "\\x00"), place, fault)
        return Line(number, text, place)


def damage(stream: Any) -> str:
    """Why a compressed file gives no more, once it has been read; empty where it was whole."""
    return str(getattr(getattr(stream, "raw", None), "fault", ""))


def line_cuts(file: TextFile, size: int) -> list[tuple[int, int]]:
    """Where to cut a plain file into pieces of `size` bytes or a little more: (first byte, number of its line)."""
    cuts, at, line, target = [(0, 1)], 0, 1, size
    with file.binary(packed=True) as stream:
        while chunk := stream.read(1 << 20):
            while (end := chunk.find(b"\n", max(target - 1 - at, 0))) >= 0 and target - 1 < at + len(chunk):
                cuts.append((at + end + 1, line + chunk.count(b"\n", 0, end + 1)))
                target = at + end + 1 + size
            line += chunk.count(b"\n")
            at += len(chunk)
    return cuts[:-1] if len(cuts) > 1 and cuts[-1][0] == at else cuts


def _guess(raw: bytes) -> str:
    """What else than UTF-8 the bytes look like."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or raw.count(0) * 4 > len(raw):
        return " (it looks like UTF-16)"
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    han = sum("\u4e00" <= c <= "\u9fff" for c in text)
    others = sum(not c.isascii() for c in text)
    return " (it looks like GB18030)" if han >= 2 and han * 2 >= others else ""
