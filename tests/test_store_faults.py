"""A writer that is killed anywhere: who reads gets version 1 or version 2, whole, and the next writer succeeds.

The sweep runs in a process of its own (`python tests/test_store_faults.py FOLDER`), because it forks, and forking a
process in which other tests have started threads is not safe.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from pipeline.draft import Draft
from pipeline.frames import documents_of, to_batches
from pipeline.store import Store
from pipeline.types import Document, Verdict
from pipeline.version import Place, Version

PLACE = Place("journeys/splits")
GATES = {"share": "fingerprint-1", "leakage": "fingerprint-2"}
TEXTS = {"v1": "the old text", "v2": "the new text"}
ROWS = 3000  # more than one record batch


def write(store: Store, name: str) -> Version:
    """All that a stage does: look up or write, judge, publish."""
    version = store.find(PLACE, name)
    if version is None:
        with store.draft(name) as draft:
            fill(draft, name)
            version = store.commit(draft, PLACE, name, fingerprint=name, inputs=[], seconds=0)
    for gate, fingerprint in GATES.items():
        store.record(version, Verdict(gate, "passed", 1.0, "at least 0", "fine"), fingerprint)
    assert store.settle(version, GATES)
    return version


def fill(draft: Draft, name: str) -> None:
    draft.write(to_batches(Document(f"{name}-{n}", TEXTS[name]) for n in range(ROWS)))
    draft.write_rejected([])
    (draft.folder / "model").mkdir()
    (draft.folder / "model" / "weights").write_bytes(name.encode() * 1000)


def read(store: Store) -> str:
    """The name of what is published; every byte of it is looked at."""
    table, record = store.read_documents(PLACE, GATES)
    assert [d.text for d in documents_of(table)] == [TEXTS[record.version]] * ROWS
    version = store.find(PLACE, record.version)
    assert version is not None and version.digest == record.digest
    assert store.audit_documents(version, "rejected.parquet").num_rows == 0
    assert (store.audit_folder(version) / "model" / "weights").read_bytes() == record.version.encode() * 1000
    for other in store.versions(PLACE):  # what is there at all is whole, published or not
        store.audit_folder(other)
    return record.version


class Dies:
    """Ends the process at the `at`-th call that touches the disk; at a write, with half of it written."""

    def __init__(self, at: int) -> None:
        self.left, self.calls = at, 0

    def now(self, what: str, first: Callable[[], object] = lambda: None) -> None:
        self.left -= 1
        if self.left == 0:
            first()
            os.write(1, what.encode())
            os._exit(9)

    def wrap(self, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def wrapped(*args: Any, **options: Any) -> Any:
            self.now(name)
            return real(*args, **options)

        setattr(owner, name, wrapped)

    def wrap_writing(self, name: str) -> None:
        real_open, real = io.open, getattr(Path, name)

        def wrapped(path: Path, data: Any, *args: Any, **options: Any) -> Any:
            def half() -> None:
                with real_open(path, "wb") as file:
                    file.write((data if isinstance(data, bytes) else data.encode())[: len(data) // 2])

            self.now(name, half)
            return real(path, data, *args, **options)

        setattr(Path, name, wrapped)

    def install(self) -> None:
        for name in ("rename", "replace", "mkdir", "makedirs", "unlink", "rmdir"):
            self.wrap(os, name)
        self.wrap(io, "open")
        builtins.open = io.open
        for name in ("write_bytes", "write_text"):
            self.wrap_writing(name)
        for name in ("__init__", "write_batch", "close"):
            self.wrap(pq.ParquetWriter, name)


def sweep(base: Path) -> list[dict[str, Any]]:
    """Kill a writer of version 2 at every call, one after another: what was read then, and after the next try."""
    write(Store(str(base / "template")), "v1")
    found: list[dict[str, Any]] = []
    for at in count(1):
        folder = base / f"store-{at}"
        shutil.copytree(base / "template", folder)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writing, 1)
            Dies(at).install()
            write(Store(str(folder)), "v2")
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        call = os.read(reading, 100).decode()
        os.close(reading)
        code = os.waitstatus_to_exitcode(status)
        store = Store(str(folder))
        before = read(store)
        write(store, "v2")
        row = {"call": call, "code": code, "read": before, "after": read(store)}
        found.append({**row, "versions": [v.name for v in store.versions(PLACE)]})
        shutil.rmtree(folder)
        if code != 9:
            return found
    raise AssertionError("unreachable")


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    base = tmp_path_factory.mktemp("faults")
    command = [sys.executable, __file__, str(base)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def test_the_sweep_kills_the_writer_at_every_kind_of_call_and_at_last_lets_it_finish(
    swept: list[dict[str, Any]],
) -> None:
    *killed, finished = swept
    assert {row["code"] for row in killed} == {9}
    assert (finished["code"], finished["call"], finished["read"]) == (0, "", "v2")
    calls = {row["call"] for row in killed}
    assert {"open", "mkdir", "rename", "replace", "write_bytes", "write_text", "write_batch", "close"} <= calls
    assert len(killed) > 25


def test_whoever_reads_after_a_kill_gets_the_old_version_or_the_new_one_whole(swept: list[dict[str, Any]]) -> None:
    seen = [row["read"] for row in swept]
    switch = seen.index("v2")
    assert seen == ["v1"] * switch + ["v2"] * (len(seen) - switch)
    # the pointer's own rename is the one call that changes what is read
    assert (swept[switch - 1]["call"], swept[switch - 1]["read"]) == ("replace", "v1")


def test_the_next_writer_succeeds_and_the_old_version_is_still_there(swept: list[dict[str, Any]]) -> None:
    assert [row["after"] for row in swept] == ["v2"] * len(swept)
    assert [row["versions"] for row in swept] == [["v1", "v2"]] * len(swept)


class FlakyFileSystem(MemoryFileSystem):  # type: ignore[misc]
    """Objects in memory that stop being written to after some writes; there is no rename."""

    protocol = "flaky"
    store: dict[str, Any] = {}  # noqa: RUF012 - as its base has it
    pseudo_dirs: list[str] = [""]  # noqa: RUF012
    left = 1_000_000

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("flaky://")))

    def _lose(self) -> None:
        FlakyFileSystem.left -= 1
        if FlakyFileSystem.left < 0:
            raise ConnectionError("the network is gone")

    def put_file(self, *args: Any, **options: Any) -> Any:
        self._lose()
        return super().put_file(*args, **options)

    def pipe_file(self, *args: Any, **options: Any) -> Any:
        self._lose()
        return super().pipe_file(*args, **options)


fsspec.register_implementation("flaky", FlakyFileSystem, clobber=True)


def test_uploads_that_stop_anywhere_leave_the_old_version_or_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for uploads in count():
        store = Store(f"flaky://{uuid.uuid4().hex}")
        write(store, "v1")
        monkeypatch.setattr(FlakyFileSystem, "left", uploads)
        try:
            write(store, "v2")
            lost = False
        except ConnectionError:
            lost = True
        monkeypatch.setattr(FlakyFileSystem, "left", 1_000_000)
        seen.append((read(store), store.find(PLACE, "v2") is not None))
        write(store, "v2")
        assert read(store) == "v2"
        if not lost:
            break
    # four files of the version, the manifest last; two verdicts; the pointer
    none, there, published = ("v1", False), ("v1", True), ("v2", True)
    assert seen == [none, none, none, none, there, there, there, published]


def test_an_upload_that_stops_leaves_no_version_half_visible_to_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(f"flaky://{uuid.uuid4().hex}")
    monkeypatch.setattr(FlakyFileSystem, "left", 2)
    with pytest.raises(ConnectionError):
        write(store, "v1")
    assert store.files.folders("journeys/splits/all") == ["v1"]
    assert store.versions(PLACE) == []
    assert store.newest(PLACE) is None


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sweep(Path(sys.argv[1]))))
