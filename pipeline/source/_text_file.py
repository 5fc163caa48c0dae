"""One file as lines of UTF-8, read byte by byte; a line that is not is rejected, not guessed at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pipeline.errors import SourceError
from pipeline.source import _making
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
    """A file of a batch. `name` is relative to the source's folder; `step` goes into what is rejected."""

    fs: AbstractFileSystem
    path: str
    name: str
    step: str
    _faults: list[Rejected] = field(default_factory=list)

    def binary(self, compression: str | None = "infer") -> AbstractContextManager[Any]:
        """The file, open for reading bytes. Raises SourceError where it cannot be opened."""
        try:
            return cast("AbstractContextManager[Any]", self.fs.open(self.path, "rb", compression=compression))
        except OSError as error:
            raise SourceError(f"{self.path}: cannot be read: {error}") from error

    def all_lines(self) -> Iterator[Line]:
        """Every line, blank and undecodable ones too. Raises SourceError where all of them are blank."""
        empty = True
        with self.binary() as stream:
            for number, raw in enumerate(stream, 1):
                if number == 1:
                    raw = raw.removeprefix(b"\xef\xbb\xbf")
                line = self._decoded(number, raw.removesuffix(b"\n").removesuffix(b"\r"))
                empty = empty and not line.text.strip()
                yield line
        if empty:
            raise SourceError(f"{self.path}: is empty; a file holds at least one record")

    def lines(self) -> Iterator[Line]:
        """The lines that are not blank; those that are not UTF-8 are rejected on the way."""
        for line in self.all_lines():
            if line.fault:
                self._faults.append(self.reject(line, line.text, line.fault))
            elif line.text.strip():
                yield line

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

    def dropped(self, document: Document, reason: str) -> Rejected:
        """A document that this source made and may not yield."""
        return Rejected(document, self.step, f"{document.source}: {reason}")

    def drained(self) -> Iterator[Rejected]:
        """The lines that were rejected since the last call."""
        yield from self._faults
        self._faults.clear()

    def _decoded(self, number: int, raw: bytes) -> Line:
        place = self.place(number)
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
