"""Compressed files as plain bytes: all of a file's members, and all there is before a damaged place.

The readers of the standard library and of fsspec differ where it matters: one stops without a word at the end of a cut
zstd file, another after its first frame, a third raises and drops the block it was in. Here all four formats behave
alike.
"""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any

from pipeline.extras import require

# The input of one step. Small, because what it may unpack to is not bounded: 4 KiB of bz2 can hold 100 MB of zeros.
_STEP = 4096

_KINDS = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zst": "zstd", ".zstd": "zstd"}


def kind_of(name: str) -> str:
    """How a file is compressed, by its name; empty where it is not.

    >>> kind_of("a.jsonl.zst"), kind_of("a.jsonl")
    ('zstd', '')
    """
    return next((kind for ending, kind in _KINDS.items() if name.lower().endswith(ending)), "")


class Unpacked(io.RawIOBase):
    """The bytes that a compressed stream holds. `fault` says, at the end of them, why there are no more.

    Raises WrongUse where the format is zstd and its library is not installed.
    """

    def __init__(self, stream: Any, kind: str) -> None:
        super().__init__()
        self._stream = stream
        self._kind = kind
        self._new = _decompressor(kind)
        self._member: Any = None
        self._waiting = b""  # read from the stream, not unpacked yet
        self._ready = memoryview(b"")
        self._taken = 0
        self._ended = False
        self.fault = ""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what comes next; 0 at the end and where the file is damaged."""
        while not self._ready and not self._ended:
            self._ready = memoryview(self._step())
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _step(self) -> bytes:
        if not self._waiting:
            self._waiting = self._stream.read(_STEP)
            self._taken += len(self._waiting)
        if not self._waiting:
            self._ended = True
            if self._member is not None or not self._taken:
                self.fault = f"the {self._kind} data ends after byte {self._taken}, before its end; it was cut short"
            return b""
        if self._member is None:
            self._member = self._new()
        data, self._waiting = self._waiting, b""
        before = self._member.copy() if self._kind == "gzip" else None
        try:
            unpacked: bytes = self._member.decompress(data)
        except Exception as error:  # zlib.error, OSError, LZMAError, ZstdError: each library has its own
            self._ended = True
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.fault = f"the {self._kind} data is damaged near byte {self._taken}: {said}"
            return _up_to_damage(before, data) if before else b""
        if self._member.eof:
            self._waiting, self._member = self._member.unused_data.lstrip(b"\0"), None  # padding between members
        return unpacked

    def close(self) -> None:
        """Close the file below too."""
        if not self.closed:
            self._stream.close()
        super().close()


def _up_to_damage(member: Any, data: bytes) -> bytes:
    """What the good bytes of a step unpack to; gzip alone can go back and take them one by one."""
    unpacked = bytearray()
    try:
        for at in range(len(data)):
            unpacked += member.decompress(data[at : at + 1])
    except zlib.error:
        pass
    return bytes(unpacked)


def _decompressor(kind: str) -> Callable[[], Any]:
    if kind == "zstd":
        zstandard = require("zstandard", "zstd")
        return lambda: zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()
    known: dict[str, Callable[[], Any]] = {
        "gzip": lambda: zlib.decompressobj(31),
        "bz2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
    }
    return known[kind]
