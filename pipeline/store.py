"""The store: write, audit, publish, read.

A version lies in `<url>/<asset>/<partition>/<version>/` with `documents.parquet`, `rejected.parquet`, whatever else its
stage makes, and `manifest.json`. It is there exactly when its manifest is there. Its verdicts stand in `verdicts/`, its
waivers in `waivers/`. The file `published` beside the versions points to the one that readers get.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.audited import Audited, folder_of
from pipeline.draft import Draft, locked, sha256_of, sha256_of_file
from pipeline.errors import GateNotPassed, StoreError
from pipeline.files import Files
from pipeline.version import (
    Input,
    Manifest,
    Place,
    Pointer,
    StoredVerdict,
    Version,
    manifest_of,
    now,
    open_gates,
)


class Store(Audited):
    """Versions at any fsspec URL.

    Readers of a stage call `read` or `read_documents` and get what is published. The two methods that open a version
    whatever its state are called `audit_…`: they are for gates, traces and people.
    """

    def __init__(self, url: str, options: Mapping[str, Any] | None = None, clock: Callable[[], str] = now) -> None:
        super().__init__(Files(url, options or {}), clock)
        self.url = url

    # write

    def find(self, place: Place, version: str) -> Version | None:
        """The version of that name if it is whole."""
        raw = self.files.json(f"{folder_of(place, version)}/manifest.json")
        return None if raw is None else Version(place, manifest_of(raw))

    @contextmanager
    def draft(self, version: str, *, keep: bool = False) -> Iterator[Draft]:
        """A local folder to write a version into; `commit` makes it appear.

        `keep` leaves the folder behind when the writer fails, so that the next try finds what was done; only one
        process at a time can hold such a folder.
        """
        base = Path(self.files.root) / ".gristmill-writing" if self.files.local else self._aside("writing")
        base.mkdir(parents=True, exist_ok=True)
        folder = base / (version if keep else f"{version}-{uuid.uuid4().hex[:8]}")
        with locked(folder):
            folder.mkdir(exist_ok=True)
            try:
                yield Draft(folder)
            except BaseException:
                if not keep:
                    shutil.rmtree(folder, ignore_errors=True)
                raise

    def commit(
        self,
        draft: Draft,
        place: Place,
        version: str,
        *,
        fingerprint: str,
        inputs: Iterable[Input],
        seconds: float,
        facts: Mapping[str, Any] | None = None,
        apart: Iterable[str] = (),
    ) -> Version:
        """Make a draft a version: whole, or not at all.

        `apart` names files that differ from run to run (times, logs): they stay out of the digest.
        """
        content, files = draft.finish(set(apart))
        manifest = Manifest(
            version=version,
            digest=content,
            rows=draft.rows,
            rejected=draft.rejected_rows,
            fingerprint=fingerprint,
            inputs=tuple(inputs),
            created=self.clock(),
            seconds=round(seconds, 3),
            files=files,
            facts=facts or {},
        )
        (draft.folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False))
        self.files.appear(draft.folder, folder_of(place, version), "manifest.json")
        found = self.find(place, version)
        if found is None:
            raise StoreError(f"{place}: the version {version} was written and is not there")
        return found

    # audit

    def audit_documents(self, version: Version, file: str = "documents.parquet") -> pa.Table:
        """A table of a version that need not be published: for gates and traces, not for the next stage.

        Raises:
            StoreError: the file's bytes are not those that were written.
        """
        name = f"{folder_of(version.place, version.name)}/{file}"
        try:
            data = self.files.read(name)
        except FileNotFoundError as error:
            raise _changed(self.files.path(name)) from error
        if sha256_of(data) != version.manifest.files[file]:
            raise _changed(self.files.path(name))
        return pq.read_table(pa.BufferReader(data))

    def audit_file(self, version: Version, file: str = "documents.parquet") -> Path:
        """A local path of one file of a version, to be read piece by piece; for a remote store, a download.

        Raises StoreError where the file's bytes are not those that were written.
        """
        folder = folder_of(version.place, version.name)
        fetched = self._aside("read") / folder / f"{version.name}-{version.digest[:16]}.{file}"
        local = self.files.fetch_file(f"{folder}/{file}", fetched)
        if not local.is_file() or sha256_of_file(local) != version.manifest.files[file]:
            raise _changed(str(local))
        return local

    def audit_folder(self, version: Version) -> Path:
        """A local folder with the version's files; for a remote store, a download.

        Raises:
            StoreError: a file's bytes are not those that were written.
        """
        folder = folder_of(version.place, version.name)
        fetched = self._aside("read") / folder
        local = self.files.fetch(folder, fetched.with_name(f"{version.name}-{version.digest[:16]}"), "manifest.json")
        for name, sha in version.manifest.files.items():
            if not (local / name).is_file() or sha256_of_file(local / name) != sha:
                raise _changed(str(local / name))
        return local

    def where(self, version: Version) -> str:
        """The version's folder, as a person would look for it."""
        return self.files.path(folder_of(version.place, version.name))

    # publish

    def settle(self, version: Version, gates: Mapping[str, str]) -> bool:
        """Move the `published` pointer to this version if every gate (name → fingerprint) passed or was waived.

        Gates that only warn are not among them.

        If it does not pass and was the published one, it is withdrawn. Returns whether it is published now.
        """
        still_open, waived = self._open_gates(version, gates)
        pointer = self.pointer(version.place)
        if still_open:
            if pointer is not None and pointer.version == version.name:
                self.withdraw(version.place)
            return False
        new = Pointer(version.name, version.digest, dict(gates), waived, self.clock())
        if pointer is None or (pointer.version, pointer.gates, pointer.waived) != (new.version, new.gates, new.waived):
            self.files.write_json(f"{folder_of(version.place)}/published.json", asdict(new))
        return True

    def withdraw(self, place: Place) -> None:
        """Take the `published` pointer of a place away; the version stays."""
        self.files.remove(f"{folder_of(place)}/published.json")

    def pointer(self, place: Place) -> Pointer | None:
        """What is published at a place."""
        raw = self.files.json(f"{folder_of(place)}/published.json")
        return None if raw is None else Pointer(**{**raw, "waived": tuple(raw["waived"])})

    # read

    def published(self, place: Place, gates: Mapping[str, str] | None = None) -> Version | None:
        """The published version; None where there is none, or where other gates than `gates` let it through."""
        pointer = self.pointer(place)
        if pointer is None or (gates is not None and pointer.gates != dict(gates)):
            return None
        return self.find(place, pointer.version)

    def read(self, place: Place, gates: Mapping[str, str] | None = None) -> tuple[Version, Input]:
        """The published version and the record that a reader keeps of having read it.

        Raises:
            GateNotPassed: nothing is published; the message has the gates and their numbers.
        """
        version = self.published(place, gates)
        if version is None:
            raise GateNotPassed(self._why_not(place, gates))
        pointer = self.pointer(place)
        waived, wanted = (pointer.waived, pointer.gates) if pointer else ((), gates or {})
        newer = [v for v in self.versions(place) if v.manifest.created > version.manifest.created]
        refused = [v.name for v in newer if self._open_gates(v, wanted)[0]]
        return version, version.as_input(waived, refused[-1] if refused else None)

    def read_documents(self, place: Place, gates: Mapping[str, str] | None = None) -> tuple[pa.Table, Input]:
        """The documents of the published version. Raises GateNotPassed where there is none."""
        version, record = self.read(place, gates)
        return self.audit_documents(version), record

    def versions(self, place: Place) -> list[Version]:
        """Every whole version of a place, oldest first."""
        found = (self.find(place, name) for name in self.files.folders(folder_of(place)))
        return sorted((v for v in found if v), key=lambda v: v.manifest.created)

    def newest(self, place: Place) -> Version | None:
        """The version that was written last, published or not."""
        versions = self.versions(place)
        return versions[-1] if versions else None

    def partitions(self, asset: str) -> list[str]:
        """The partitions of an asset that hold anything."""
        return self.files.folders(asset)

    def _open_gates(self, version: Version, gates: Mapping[str, str]) -> tuple[list[str], tuple[str, ...]]:
        return open_gates(version, gates, self.verdicts(version), self.waivers(version))

    def _aside(self, purpose: str) -> Path:
        """A local folder for a remote store: this store's and this user's own."""
        return Path(tempfile.gettempdir()) / f"gristmill-{os.getuid()}" / purpose / sha256_of(self.url.encode())[:16]

    def _why_not(self, place: Place, gates: Mapping[str, str] | None) -> str:
        newest = self.newest(place)
        if newest is None:
            return f"{place}: nothing was written yet; materialize it first"
        wanted = gates if gates is not None else _refusing(self.verdicts(newest))
        return f"{place}: no version is published; the newest, {newest.name}, {self._held_back(newest, wanted)}"

    def held_back(self, version: Version, gates: Mapping[str, str]) -> str:
        """Which gates hold a version back, with their numbers, whatever else is published at its place."""
        return f"{version.place}: version {version.name} {self._held_back(version, gates)}"

    def _held_back(self, version: Version, gates: Mapping[str, str]) -> str:
        still_open, _ = self._open_gates(version, gates)
        lines = still_open or ["its gates have not been judged since they changed; `gristmill judge` does"]
        listed = "".join(f"\n  {line}" for line in lines)
        return f"is held back by{listed}"


def _refusing(verdicts: Mapping[str, StoredVerdict]) -> dict[str, str]:
    return {gate: stored.fingerprint for gate, stored in verdicts.items() if stored.severity == "refuse"}


def _changed(path: str) -> StoreError:
    return StoreError(f"{path}: not the bytes that were written; restore it or delete the version")
