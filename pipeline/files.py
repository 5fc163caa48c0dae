"""The few things the store asks of a file system, the same for a local folder and any fsspec URL."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.errors import StoreError, WrongUse


class Files:
    """JSON files and folders below one URL; paths are relative to it."""

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        try:
            self.fs, root = fsspec.core.url_to_fs(url, **options)
        except (ValueError, ImportError) as error:
            raise WrongUse(f"the store {url}: {error}; give a folder or the URL of an installed file system") from error
        self.root = str(root).rstrip("/")
        self.local = isinstance(self.fs, LocalFileSystem)

    def path(self, name: str) -> str:
        """The path that the file system knows."""
        return f"{self.root}/{name}"

    def link(self, name: str) -> str:
        """Where a person opens a file: its path, or the URL of a remote one."""
        return self.path(name) if self.local else str(self.fs.unstrip_protocol(self.path(name)))

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises FileNotFoundError."""
        return bytes(self.fs.cat_file(self.path(name)))

    def json(self, name: str) -> Any:
        """A JSON file's value, or None where there is no such file. Raises StoreError where it is not JSON."""
        try:
            return json.loads(self.read(name))
        except FileNotFoundError:
            return None
        except ValueError as error:
            raise StoreError(f"{self.path(name)}: is not JSON ({error}); restore it or delete it") from error

    def write_json(self, name: str, value: object) -> None:
        """Replace a JSON file at once."""
        self.write(name, json.dumps(value, indent=1, ensure_ascii=False, default=str).encode())

    def write(self, name: str, data: bytes) -> None:
        """Replace a file at once: a reader sees the old one or the new one."""
        if not self.local:
            self.fs.pipe_file(self.path(name), data)
            return
        path = Path(self.path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
        aside.write_bytes(data)
        _settled(aside)
        aside.replace(path)
        _settled(path.parent)

    def each_json(self, folder: str) -> Iterator[Any]:
        """The values of a folder's JSON files, by name."""
        if self.fs.exists(self.path(folder)):
            names = (Path(p).name for p in self.fs.ls(self.path(folder), detail=False, refresh=True))
            for name in sorted(n for n in names if n.endswith(".json")):
                yield self.json(f"{folder}/{name}")

    def folders(self, folder: str) -> list[str]:
        """The names of a folder's folders."""
        if not self.fs.exists(self.path(folder)):
            return []
        listed = self.fs.ls(self.path(folder), detail=True, refresh=True)
        return sorted(Path(p["name"]).name for p in listed if p["type"] == "directory")

    def remove(self, name: str) -> None:
        """Delete one file."""
        self.fs.rm_file(self.path(name))

    def appear(self, local: Path, folder: str, last: str) -> None:
        """Bring a finished local folder to its place. Where a rename is not to be had, the file `last` goes last."""
        target = self.path(folder)
        if self.local:
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            for path in [*sorted(local.rglob("*")), local]:
                _settled(path)
            try:
                local.rename(target)
                _settled(Path(target).parent)
            except OSError:  # another process made the same folder first: what is there is whole
                if not (Path(target) / last).exists():
                    raise
                shutil.rmtree(local, ignore_errors=True)
            return
        files = sorted(p for p in local.rglob("*") if p.is_file() and p != local / last)
        for path in [*files, local / last]:
            self.fs.put_file(str(path), f"{target}/{path.relative_to(local).as_posix()}")
        shutil.rmtree(local, ignore_errors=True)

    def fetch(self, folder: str, target: Path, last: str) -> Path:
        """A local folder with a folder's files: the folder itself, or a download that is whole when `last` is there."""
        if self.local:
            return Path(self.path(folder))
        if not (target / last).exists():
            aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
            for path in self.fs.find(self.path(folder)):
                name = path.removeprefix(self.path(folder) + "/")
                (aside / name).parent.mkdir(parents=True, exist_ok=True)
                self.fs.get_file(path, str(aside / name))
            try:
                aside.rename(target)
            except OSError:  # another process has fetched it meanwhile
                shutil.rmtree(aside, ignore_errors=True)
        return target

    def fetch_file(self, name: str, target: Path) -> Path:
        """A local path of one file: its own, or that of a download, which is made anew where it is not there."""
        if self.local:
            return Path(self.path(name))
        if not target.exists() and self.fs.exists(self.path(name)):
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
            self.fs.get_file(self.path(name), str(aside))
            aside.replace(target)
        return target


def _settled(path: Path) -> None:
    """Wait until a file or a folder is on the disk, so that a power cut finds what a rename promises."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
