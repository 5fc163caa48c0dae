"""Sources that read files: one file, or many, are a batch; every line is answered for."""

from __future__ import annotations

import hashlib
import os
import re
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, unquote

from pydantic import Field

from pipeline.errors import SourceError, did_you_mean
from pipeline.source import Source, unique
from pipeline.source._compressed import kind_of
from pipeline.source._text_file import TextFile, line_cuts
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CUT = re.compile(r"(\d+)-(\d*):(\d+)")
_CHUNK = 1 << 20
_STAMPS = ("mtime", "ino", "created", "LastModified", "last_modified", "updated", "ETag", "etag", "generation")


class FileSource(Source):
    """Files in one place. `path` is a file, a folder or any fsspec URL; `${NAME}` in it is taken from the environment
    when it is used. `pattern` is a glob for the files of a folder; only with a `/` in it are subfolders searched
    (`**/*.txt`). Files that start with a dot are left alone; compressed ones (.gz, .bz2, .xz, .zst) are read as what
    they hold.

    With `files_per_batch` above 1 so many files, on average, are one batch. The files are taken in sorted order, and
    one whose name hashes to a multiple of it begins a batch: a new file changes the batch it falls into, or cuts that
    one in two, and leaves all others as they were. An unreadable file is then rejected and the others are read.
    """

    places: ClassVar[frozenset[str]] = frozenset({"path"})
    piece_bytes: ClassVar[int] = 64 << 20  # of text: some seconds of work are lost with a kill

    path: str
    pattern: str = "*"
    files_per_batch: int = Field(1, ge=1)

    @abstractmethod
    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """The records of one file. Lines that cannot be decoded are rejected by `file` itself."""

    def by_line(self) -> bool:
        """Whether every line is a record of its own, so that reading may begin at any line."""
        return False

    def location(self) -> str:
        """`path` with its variables filled in. Raises SourceError where one is not set."""
        return expanded(self.path)

    def batches(self) -> list[str]:
        """Names of the batches, in order. Raises SourceError where there is no file."""
        return list(self._grouped()) if self.files_per_batch > 1 else sorted(map(batch_name, self._names()))

    def files(self, batch: str) -> list[str]:
        """The files of a batch, as names of batches of one file. Raises SourceError where there is no such batch."""
        if self.files_per_batch == 1:
            return [batch]
        grouped = self._grouped()
        if batch not in grouped:
            raise SourceError(f"{self.location()}: there is no batch {batch!r}; {did_you_mean(batch, grouped)}")
        return [batch_name(name) for name in grouped[batch]]

    def digest(self, batch: str) -> str:
        """SHA-256 of the bytes of the batch's file; of many, of their names and SHA-256s."""
        if self.files_per_batch == 1:
            return self._sha256(batch)
        total = hashlib.sha256()
        for name in self.files(batch):
            total.update(f"{name} {self._sha256(name)}\n".encode())
        return total.hexdigest()

    def changed(self, batch: str, stamp: str, digest: str) -> tuple[str, str]:
        """(stamp, digest) now; the digest is taken anew only where size, times or tag of a file are others."""
        stamps = [(name, _stamp(self.open(name))) for name in self.files(batch)]
        if self.files_per_batch == 1:
            now = stamps[0][1]
        else:
            now = hashlib.sha256(repr(stamps).encode()).hexdigest() if all(s for _, s in stamps) else ""
        return now, digest if digest and now and now == stamp else self.digest(batch)

    def read(self, batch: str) -> Iterator[Document | Rejected]:
        """Every record of the batch once, as a Document or a Rejected.

        Raises:
            SourceError: the file is missing, empty or not what this source reads.
        """
        seen: set[str] = set()
        for piece in self.pieces(batch):
            yield from unique(self.read_piece(batch, piece), self.name, seen)

    def pieces(self, batch: str) -> list[str]:
        """One a file; a large one of lines is cut where lines begin: `file@start-stop:line`."""
        return [piece for name in self.files(batch) for piece in self.cuts(name)]

    def cuts(self, name: str) -> list[str]:
        """The pieces of one file, by its name as a batch."""
        file = self.open(name)
        if not self.by_line() or kind_of(file.path) or file.size() <= self.piece_bytes:
            return [name]
        cuts = line_cuts(file, self.piece_bytes)
        stops = [*(str(start) for start, _ in cuts[1:]), ""]
        return [f"{name}@{start}-{stop}:{line}" for (start, line), stop in zip(cuts, stops, strict=True)]

    def read_piece(self, batch: str, piece: str) -> Iterator[Document | Rejected]:
        """The records of one piece; of a batch of many files, an unreadable one is a record that is rejected."""
        file = self.piece(piece)
        try:
            yield from file.answered(self.read_file(file))
        except SourceError as error:
            if self.files_per_batch == 1:
                raise
            yield file.reject(f"{file.name}:0", "", str(error))

    def piece(self, piece: str) -> TextFile:
        """The file of a piece, or the part of one."""
        name, _, cut = piece.partition("@")
        file = self.open(name)
        if match := _CUT.fullmatch(cut):
            start, stop, first = match.groups()
            return replace(file, start=int(start), stop=int(stop) if stop else None, first=int(first))
        return file

    def open(self, batch: str) -> TextFile:
        """The file of a batch of one. Nothing is read yet; SourceError where there is no such file."""
        fs, root = opened(self.location())
        name = unquote(batch)
        path = root if fs.isfile(root) else f"{root.rstrip('/')}/{name}"
        inside = batch_name(name) == batch and not {"", ".", ".."} & set(name.split("/"))
        if not inside or not path.endswith(f"/{name}") or not fs.isfile(path):
            known = did_you_mean(batch, map(batch_name, self._names()))
            raise SourceError(f"{self.location()}: there is no batch {batch!r}; {known}")
        return TextFile(fs, path, name, self.name)

    def _sha256(self, name: str) -> str:
        sha = hashlib.sha256()
        with self.open(name).binary(packed=True) as stream:
            while chunk := stream.read(_CHUNK):
                sha.update(chunk)
        return sha.hexdigest()

    def _names(self) -> list[str]:
        fs, root = opened(self.location())
        try:
            if fs.isfile(root):
                return [root.rsplit("/", 1)[-1]]
            if not fs.isdir(root):
                raise SourceError(f"{self.location()}: there is no such file or folder; check `path`")
            found = _matching(fs, root, self.pattern)
        except OSError as error:
            raise SourceError(f"{self.location()}: cannot be listed: {error}") from error
        if not found:
            raise SourceError(
                f"{self.location()}: holds no file that matches {self.pattern!r}; check `path` and `pattern`"
            )
        return sorted(found)

    def _grouped(self) -> dict[str, list[str]]:
        """Batch → its files; a batch is called after the file that begins it, the first one `start`."""
        grouped: dict[str, list[str]] = {}
        batch = "start"
        for name in self._names():
            hashed = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
            if int.from_bytes(hashed, "big") % self.files_per_batch == 0:
                batch = f"from-{batch_name(name)}"
            grouped.setdefault(batch, []).append(name)
        return grouped


def batch_name(relative: str) -> str:
    """A file name, relative to its folder, as a batch: safe as one part of a path and as a partition key.

    >>> batch_name("2024/新 闻.txt"), batch_name("../a...b")
    ('2024%2F%E6%96%B0%20%E9%97%BB.txt', '%2E%2E%2Fa%2E%2E%2Eb')
    """

    def encoded(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogateescape"))

    return re.sub(r"[^A-Za-z0-9_.-]|\.{2,}|^\.", encoded, relative)


def expanded(path: str, field: str = "path") -> str:
    """`path` with `${NAME}` taken from the environment. Raises SourceError that names a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if not os.environ.get(name):
            raise SourceError(
                f"{field} {path!r}: the environment variable {name} is not set; "
                f"set it or pass `--set corpora.<name>.{field}=…`"
            )
        return os.environ[name]

    return _VARIABLE.sub(value, path)


def hidden(said: str, path: str) -> str:
    """A message without the values of the variables in `path`, their names instead."""
    for name in _VARIABLE.findall(path):
        value = os.environ.get(name, "")
        for form in sorted({value, unquote(value), quote(value)} - {""}, key=len, reverse=True):
            said = said.replace(form, f"${{{name}}}")
    return said


def _stamp(file: TextFile) -> str:
    """What the file system knows of a file's state; empty where it knows too little to tell a change."""
    info = file.fs.info(file.path)
    known = {key: str(info[key]) for key in _STAMPS if info.get(key) is not None}
    return " ".join(f"{key}={value}" for key, value in {**known, "size": info.get("size")}.items()) if known else ""


def opened(location: str) -> tuple[AbstractFileSystem, str]:
    """The file system of a path or URL, and the path in it. Raises SourceError where there is none."""
    from fsspec.core import url_to_fs

    try:
        found: tuple[Any, str] = url_to_fs(location)
    except (ValueError, ImportError) as error:
        raise SourceError(f"{location}: cannot be opened: {error}") from error
    return found[0], found[1]


def _matching(fs: AbstractFileSystem, root: str, pattern: str) -> list[str]:
    from fsspec.utils import glob_translate

    matches = re.compile(glob_translate(pattern)).match
    prefix = root.rstrip("/") + "/"
    fs.invalidate_cache()  # a sensor asks again and again whether there are new files
    names = [path[len(prefix) :] for path in fs.find(root, maxdepth=None if "/" in pattern else 1)]
    return [name for name in names if matches(name) and not any(part.startswith(".") for part in name.split("/"))]
