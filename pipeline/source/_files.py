"""Sources that read files: one file is one batch, every line is answered for."""

from __future__ import annotations

import hashlib
import os
import re
from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote

from pipeline.errors import SourceError, did_you_mean
from pipeline.source import Source
from pipeline.source._text_file import TextFile
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CHUNK = 1 << 20
_STAMPS = ("mtime", "ino", "created", "LastModified", "last_modified", "updated", "ETag", "etag", "generation")


class FileSource(Source):
    """Files in one place. `path` is a file, a folder or any fsspec URL; `${NAME}` in it is taken from the environment
    when it is used. `pattern` is a glob for the files of a folder; only with a `/` in it are subfolders searched
    (`**/*.txt`). Files that start with a dot are left alone; compressed ones (.gz, .bz2, .xz) are read as what they
    hold.
    """

    places: ClassVar[frozenset[str]] = frozenset({"path"})

    path: str
    pattern: str = "*"

    @abstractmethod
    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """The records of one file. Lines that cannot be decoded are rejected by `file` itself."""

    def location(self) -> str:
        """`path` with its variables filled in. Raises SourceError where one is not set."""
        return expanded(self.path)

    def batches(self) -> list[str]:
        """Names of the files, in order. Raises SourceError where there are none."""
        fs, root = _open(self.location())
        try:
            if fs.isfile(root):
                return [batch_name(root.rsplit("/", 1)[-1])]
            if not fs.isdir(root):
                raise SourceError(f"{self.location()}: there is no such file or folder; check `path`")
            found = _matching(fs, root, self.pattern)
        except OSError as error:
            raise SourceError(f"{self.location()}: cannot be listed: {error}") from error
        if not found:
            raise SourceError(
                f"{self.location()}: holds no file that matches {self.pattern!r}; check `path` and `pattern`"
            )
        return sorted(batch_name(name) for name in found)

    def digest(self, batch: str) -> str:
        """SHA-256 of the bytes of the batch's file."""
        sha = hashlib.sha256()
        with self.open(batch).binary(compression=None) as stream:
            while chunk := stream.read(_CHUNK):
                sha.update(chunk)
        return sha.hexdigest()

    def changed(self, batch: str, stamp: str, digest: str) -> tuple[str, str]:
        """(stamp, digest) now; the digest is taken anew only where size, times or tag of the file are others."""
        now = _stamp(self.open(batch))
        return now, digest if digest and now and now == stamp else self.digest(batch)

    def read(self, batch: str) -> Iterator[Document | Rejected]:
        """Every record of the batch's file once, as a Document or a Rejected.

        Raises:
            SourceError: the file is missing, empty or not what this source reads.
        """
        file = self.open(batch)
        yield from self.checked(file, self.read_file(file))

    def open(self, batch: str) -> TextFile:
        """The file of a batch. Nothing is read yet; SourceError where there is no such batch."""
        fs, root = _open(self.location())
        name = unquote(batch)
        path = root if fs.isfile(root) else f"{root.rstrip('/')}/{name}"
        inside = batch_name(name) == batch and not {"", ".", ".."} & set(name.split("/"))
        if not inside or not path.endswith(f"/{name}") or not fs.isfile(path):
            raise SourceError(f"{self.location()}: there is no batch {batch!r}; {did_you_mean(batch, self.batches())}")
        return TextFile(fs, path, name, self.name)

    def checked(self, file: TextFile, records: Iterator[Document | Rejected]) -> Iterator[Document | Rejected]:
        """Records, the lines that `file` rejected among them, and the second holder of an id rejected."""
        places: dict[str, str] = {}
        for record in records:
            yield from file.drained()
            if isinstance(record, Document):
                if first := places.get(record.id):
                    record = file.dropped(record, f"the id {record.id!r} is already that of {first}; make ids unique")
                else:
                    places[record.id] = record.source
            yield record
        yield from file.drained()


def batch_name(relative: str) -> str:
    """A file name, relative to its folder, as a batch: safe as one part of a path and as a partition key.

    >>> batch_name("2024/新 闻.txt"), batch_name("../a...b")
    ('2024%2F%E6%96%B0%20%E9%97%BB.txt', '%2E%2E%2Fa%2E%2E%2Eb')
    """

    def encoded(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogateescape"))

    return re.sub(r"[^A-Za-z0-9_.-]|\.{2,}|^\.", encoded, relative)


def expanded(path: str) -> str:
    """`path` with `${NAME}` taken from the environment. Raises SourceError that names a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if not os.environ.get(name):
            raise SourceError(
                f"path {path!r}: the environment variable {name} is not set; "
                f"set it or pass `--set corpora.<name>.path=…`"
            )
        return os.environ[name]

    return _VARIABLE.sub(value, path)


def _stamp(file: TextFile) -> str:
    """What the file system knows of a file's state; empty where it knows too little to tell a change."""
    info = file.fs.info(file.path)
    known = {key: str(info[key]) for key in _STAMPS if info.get(key) is not None}
    return " ".join(f"{key}={value}" for key, value in {**known, "size": info.get("size")}.items()) if known else ""


def _open(location: str) -> tuple[AbstractFileSystem, str]:
    from fsspec.core import url_to_fs

    try:
        opened: tuple[Any, str] = url_to_fs(location)
    except (ValueError, ImportError) as error:
        raise SourceError(f"{location}: cannot be opened: {error}") from error
    return opened[0], opened[1]


def _matching(fs: AbstractFileSystem, root: str, pattern: str) -> list[str]:
    from fsspec.utils import glob_translate

    matches = re.compile(glob_translate(pattern)).match
    prefix = root.rstrip("/") + "/"
    fs.invalidate_cache()  # a sensor asks again and again whether there are new files
    names = [path[len(prefix) :] for path in fs.find(root, maxdepth=None if "/" in pattern else 1)]
    return [name for name in names if matches(name) and not any(part.startswith(".") for part in name.split("/"))]
