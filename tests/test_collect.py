"""Raw, read piece by piece: after a kill no finished piece is read again, and the digest is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import stages
from pipeline.frames import documents_of
from pipeline.recipe import Corpus
from pipeline.source import Ids, Source
from pipeline.source._files import FileSource
from pipeline.source.jsonl import Jsonl
from pipeline.store import Store
from pipeline.types import Document, Rejected
from pipeline.version import Version

READS = "reads.txt"
KILL_AT = "kill_at"


class Counting(Jsonl):
    """Writes down every record that it reads, beside the store; kills its process at the record it is told."""

    def read_piece(self, batch: str, piece: str) -> Iterator[Document | Rejected]:
        root = Path(self.path).parent
        kill_at = (root / KILL_AT).read_text() if (root / KILL_AT).exists() else ""
        for record in super().read_piece(batch, piece):
            place = record.source if isinstance(record, Document) else record.document.source
            if place == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            with (root / READS).open("a") as file:
                file.write(f"{place}\n")
            yield record


def corpus(source: Source, licence: str = "CC0") -> Corpus:
    return Corpus("notes", source, "en", licence, {"domain": "notes"}, (), {})


def collect(root: Path, files_per_batch: int = 1000) -> Version:
    """Every file of `root/files` as one batch, raw, into `root/store`."""
    source = Counting(path=str(root / "files"), files_per_batch=files_per_batch)
    (batch,) = source.batches()
    return stages.make(stages.collect(corpus(source), batch), Store(str(root / "store")))


def write_files(root: Path, files: int = 5, lines: int = 20) -> None:
    """Files of lines; each has one line that is no JSON, and the last one takes an id of the first."""
    (root / "files").mkdir(parents=True)
    for number in range(files):
        rows = [json.dumps({"id": f"{number}-{n}", "text": f"text {n} of {number}"}) for n in range(lines)]
        rows[3] = "not JSON"
        if number == files - 1:
            rows[4] = json.dumps({"id": "0-0", "text": "a text under an id that is taken"})
        (root / "files" / f"{number}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")


def killed_at(root: Path, place: str) -> None:
    (root / KILL_AT).write_text(place)
    program = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_collect as t, pathlib; "
    command = [sys.executable, "-c", f"{program}t.collect(pathlib.Path({str(root)!r}))"]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    (root / KILL_AT).unlink()


def reads(root: Path) -> list[str]:
    return (root / READS).read_text().splitlines()


@pytest.mark.slow
def test_a_run_that_was_killed_twice_reads_no_finished_piece_again(tmp_path: Path) -> None:
    undisturbed, disturbed = tmp_path / "one", tmp_path / "other"
    for root in (undisturbed, disturbed):
        write_files(root)
    want = collect(undisturbed)
    killed_at(disturbed, "2.jsonl:11")
    killed_at(disturbed, "4.jsonl:1")
    got = collect(disturbed)
    assert (got.digest, got.name) == (want.digest, want.name)
    assert (got.manifest.rows, got.manifest.rejected) == (94, 6)
    assert sorted(got.manifest.files) == ["documents.parquet", "rejected.parquet"]
    in_order = reads(undisturbed)
    assert len(in_order) == 100
    again = reads(disturbed)
    twice = sorted({place for place in again if again.count(place) > 1})
    assert twice == sorted(f"2.jsonl:{line}" for line in range(1, 11)), "the piece that was cut off, and no other"
    assert set(again) == set(in_order)


def test_an_id_of_an_earlier_piece_is_caught_in_a_piece_that_is_read_after_the_kill(tmp_path: Path) -> None:
    write_files(tmp_path)
    killed_at(tmp_path, "4.jsonl:5")
    version = collect(tmp_path)
    rejected = Store(str(tmp_path / "store")).audit_documents(version, "rejected.parquet")
    taken = [reason for reason in rejected["reason"].to_pylist() if "already" in reason]
    assert taken == ["4.jsonl:5: the id '0-0' is already that of an earlier record; make ids unique"]
    assert set(rejected["step"].to_pylist()) == {"test_collect:Counting"}


def test_a_large_file_is_read_in_pieces_of_lines_and_gives_the_same_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = set()
    for size in (1 << 20, 1000, 100, 1):
        root = tmp_path / str(size)
        write_files(root, files=1, lines=50)
        monkeypatch.setattr(FileSource, "piece_bytes", size)
        source = Counting(path=str(root / "files"))
        assert len(source.pieces("0.jsonl")) == {1 << 20: 1, 1000: 2, 100: 17, 1: 50}[size]
        digests.add(collect(root, 1).digest)
        assert reads(root) == [f"0.jsonl:{line}" for line in range(1, 51)]
    assert len(digests) == 1


def test_a_document_keeps_its_own_licence(tmp_path: Path) -> None:
    rows = [{"text": "one", "terms": "CC-BY-4.0"}, {"text": "two"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    source = Jsonl(path=str(tmp_path / "a.jsonl"))
    for licence, want in (("licence", ["", ""]), ("terms", ["CC-BY-4.0"])):
        chosen = source if licence == "licence" else Jsonl(path=source.path, licence=licence)
        store = Store(str(tmp_path / licence))
        version = stages.make(stages.collect(corpus(chosen), "a.jsonl"), store)
        assert [doc.licence for doc in documents_of(store.audit_documents(version))] == want


class Many(Source):
    """As many records as it is asked for, every second one rejected."""

    count: int

    def batches(self) -> list[str]:
        return ["all"]

    def digest(self, batch: str) -> str:
        return str(self.count)

    def read(self, batch: str) -> Iterator[Document | Rejected]:
        for number in range(self.count):
            document = Document(str(number), f"{number} " * 300, source=f"all:{number}")
            yield document if number % 2 else document.rejected("odd")

    @classmethod
    def example_in(cls, folder: Path) -> Many:
        return cls(count=2)


def test_memory_does_not_grow_with_what_is_kept_or_rejected(tmp_path: Path) -> None:
    peaks = []
    for count in (6_000, 18_000):
        tracemalloc.start()
        stages.make(stages.collect(corpus(Many(count=count)), "all"), Store(str(tmp_path / str(count))))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0], peaks


def test_ids_are_remembered_exactly_whatever_characters_they_have() -> None:
    seen, ids = Ids(), ["", "a", "A", "a ", "\0", "\ud800", "中" * 5000]
    for id_ in ids:
        assert id_ not in seen
        seen.add(id_)
        seen.add(id_)
    assert all(id_ in seen for id_ in ids)
    assert "b" not in seen
