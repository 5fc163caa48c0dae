"""The records of a WARC file as bytes, found without trusting what the file says of itself.

Reading goes on after what is broken: a record whose length is wrong ends where the next one begins, and after a damaged
gzip member the next that unpacks to a record is looked for.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

MOST_BYTES = 64 << 20
_STEP = 1 << 16
_MOST_HEADER = 1 << 16
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_BEGIN = re.compile(rb"WARC/1\.[0-9]\r?\n")
_GZIP = b"\x1f\x8b\x08"


class Raw(NamedTuple):
    """One record, or what stands where one should be. `at` is its byte in the file; `fault` says why it is none.

    `within` is its byte in the gzip member that begins at `at`.
    """

    at: int
    within: int
    data: bytes
    fault: str

    @property
    def place(self) -> str:
        """`at`, or `at+within` for what is not the first in its member."""
        return f"{self.at}+{self.within}" if self.within else str(self.at)


def records(stream: Any, start: int = 0, stop: int | None = None) -> Iterator[Raw]:
    """The records that begin in `[start, stop)`, in order; `start` is where one does."""
    stream.seek(0)
    packed = stream.read(2) == _GZIP[:2]
    stream.seek(start)
    if not packed:
        for at, data, fault in _plain(stream, stop):
            yield Raw(at, 0, data, fault)
        return
    for at, unpacked, damage in _members(stream, stop):
        said = False
        for within, data, fault in _plain(io.BytesIO(unpacked), None):
            said = said or bool(fault)
            yield Raw(at, within, data, damage if fault and damage else fault)
        if damage and not said:
            yield Raw(at, 0, b"", damage)


def _plain(stream: Any, stop: int | None) -> Iterator[tuple[int, bytes, str]]:
    """(byte, record, fault) of a stream that is not compressed."""
    first = stream.tell()
    size = stream.seek(0, io.SEEK_END)
    stream.seek(first)
    while True:
        at = stream.tell()
        line = stream.readline(_MOST_HEADER)
        if not line or (stop is not None and at >= stop):
            return
        if not line.strip():
            continue
        head = line + _rest_of_header(stream) if _BEGIN.match(line) else b""
        match = _LENGTH.search(head)
        if match is None:
            if not head:
                stream.seek(at)
            shown = head + _to_next(stream)
            what = "the header of the record has no Content-Length" if head else "there should be `WARC/1.0`"
            yield at, shown[:_MOST_HEADER], f"{what}; {stream.tell() - at} bytes are left out"
            continue
        length, body = int(match.group(1)), stream.tell()
        block = stream.read(min(length, MOST_BYTES))
        if length > MOST_BYTES:
            yield at, head, f"the record has {length} bytes; the limit is {MOST_BYTES}"
            stream.seek(min(body + length, size))
            if body + length > size or not _at_border(stream):
                stream.seek(body)
                _to_next(stream)
        elif len(block) == length and _at_border(stream):
            yield at, head + block, ""
        else:
            stream.seek(body)
            shown = (head + _to_next(stream))[:_MOST_HEADER]
            yield at, shown, f"the record is cut short or its Content-Length of {length} is wrong"


def _rest_of_header(stream: Any) -> bytes:
    """The lines up to and with the blank one, none of another record."""
    head = b""
    while len(head) < _MOST_HEADER:
        before = stream.tell()
        line: bytes = stream.readline(_MOST_HEADER)
        if begin := _BEGIN.search(line):
            stream.seek(before + begin.start())
            return head + line[: begin.start()]
        head += line
        if not line.strip():
            break
    return head


def _to_next(stream: Any) -> bytes:
    """Skip to where the next record begins, in a line or in the middle of one; the beginning of what was skipped."""
    shown = b""
    while True:
        before = stream.tell()
        line: bytes = stream.readline(_MOST_HEADER)
        begin = _BEGIN.search(line)
        shown = shown or line[: begin.start() if begin else None]
        if begin:
            stream.seek(before + begin.start())
        if begin or not line:
            return shown


def _at_border(stream: Any) -> bool:
    """Whether a record may end here: two line ends, a record or the end. The stream stands after the line ends."""
    before = stream.tell()
    tail = stream.read(16)
    rest = tail.lstrip(b"\r\n")
    stream.seek(before + len(tail) - len(rest))
    return tail.startswith(b"\r\n\r\n") or rest.startswith(b"WARC/"[: max(len(rest), 1)]) or not rest


def _members(stream: Any, stop: int | None) -> Iterator[tuple[int, bytes, str]]:
    """(byte, what it unpacks to, fault) of each gzip member."""
    at = stream.tell()
    while stop is None or at < stop:
        stream.seek(at)
        data, end, fault = _member(stream, at)
        if not data and not fault:
            return
        yield at, data, fault
        at = _next_member(stream, at + 1) if end is None else end
        if at < 0:
            return


def _member(stream: Any, at: int) -> tuple[bytes, int | None, str]:
    """(what it unpacks to, where it ends, fault); no end where it is damaged."""
    unpack = zlib.decompressobj(31)
    parts, size, taken, over = list[bytes](), 0, at, False
    while not unpack.eof:
        packed = unpack.unconsumed_tail
        if not packed:
            packed = stream.read(_STEP)
            taken += len(packed)
        if not packed:
            if taken == at:
                return b"", None, ""
            return b"".join(parts), None, f"the gzip member is cut short at byte {taken}"
        try:
            part = unpack.decompress(packed, 1 << 20)
        except zlib.error as error:
            return b"".join(parts), None, f"the gzip member is damaged before byte {taken}: {error}"
        size += len(part)
        over = over or size > MOST_BYTES
        if not over:
            parts.append(part)
    fault = f"the gzip member unpacks to {size} bytes; compress each record on its own (`fastwarc recompress`)"
    return b"".join(parts), taken - len(unpack.unused_data), fault if over else ""


def _next_member(stream: Any, at: int) -> int:
    """The byte of the next member that unpacks to the beginning of a record; -1 where there is none."""
    stream.seek(at)
    window = b""
    while chunk := stream.read(1 << 20):
        window += chunk
        found = window.find(_GZIP)
        while found >= 0:
            if found + 512 > len(window) and len(chunk) == 1 << 20:
                break  # wait for more of it
            try:
                if zlib.decompressobj(31).decompress(window[found : found + 512], 5) == b"WARC/":
                    return int(at + found)
            except zlib.error:
                pass
            found = window.find(_GZIP, found + 1)
        drop = found if found >= 0 else max(len(window) - len(_GZIP), 0)
        window, at = window[drop:], at + drop
    return -1
