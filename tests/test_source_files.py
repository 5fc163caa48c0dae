"""What every source of files does: batches, digests, decoding, ids, and what it says of bad input."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SourceError, WrongUse
from pipeline.source._files import FileSource, batch_name
from pipeline.source.jsonl import Jsonl
from pipeline.source.parquet import Parquet
from pipeline.source.text import Text
from pipeline.types import Document, Rejected


def read(folder: Path, content: bytes, name: str = "a.txt") -> list[Document | Rejected]:
    (folder / name).write_bytes(content)
    return list(Text(path=str(folder)).read(batch_name(name)))


def reasons(records: list[Document | Rejected]) -> list[str]:
    return [r.reason for r in records if isinstance(r, Rejected)]


def test_every_file_of_a_folder_is_a_batch_in_sorted_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "新 闻.txt", ".hidden.txt", "a.json"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c.txt").write_text("x", encoding="utf-8")
    flat, deep = Text(path=str(tmp_path)), Text(path=str(tmp_path), pattern="**/*.txt")
    assert flat.batches() == ["%E6%96%B0%20%E9%97%BB.txt", "a.txt", "b.txt"]
    assert deep.batches() == ["%E6%96%B0%20%E9%97%BB.txt", "a.txt", "b.txt", "more%2Fc.txt"]
    assert [d.source for d in flat.read("%E6%96%B0%20%E9%97%BB.txt") if isinstance(d, Document)] == ["新 闻.txt:1"]
    assert [d.source for d in deep.read("more%2Fc.txt") if isinstance(d, Document)] == ["more/c.txt:1"]


def test_one_file_is_one_batch(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x", encoding="utf-8")
    source = Text(path=str(tmp_path / "a.txt"))
    assert source.batches() == ["a.txt"]
    assert len(list(source.read("a.txt"))) == 1


@settings(deadline=None)
@given(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_a_batch_name_is_safe_and_of_one_file_only(one: str, other: str) -> None:
    if any("\ud800" <= c <= "\udfff" for c in one + other):
        return
    name = batch_name(one)
    assert set(name) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-%")
    assert ".." not in name
    assert not name.startswith(".")
    assert (name == batch_name(other)) == (one == other)


def test_a_batch_that_is_not_there_or_lies_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "news.txt").write_text("x", encoding="utf-8")
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    source = Text(path=str(tmp_path / "in"))
    for batch in ("new.txt", "../secret.txt", "%2E%2E%2Fsecret.txt"):
        with pytest.raises(SourceError, match="there is no batch"):
            source.open(batch)
    with pytest.raises(SourceError) as error:
        source.digest("new.txt")
    assert str(error.value) == f"{tmp_path / 'in'}: there is no batch 'new.txt'; did you mean 'news.txt'?"


def test_the_digest_changes_exactly_with_the_bytes(tmp_path: Path) -> None:
    source = Text(path=str(tmp_path / "a.txt"))
    (tmp_path / "a.txt").write_bytes(b"x\n")
    first = source.digest("a.txt")
    (tmp_path / "a.txt").write_bytes(b"x\n")
    assert source.digest("a.txt") == first == "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"
    (tmp_path / "a.txt").write_bytes(b"x\r\n")
    assert source.digest("a.txt") != first


def test_a_file_is_digested_again_only_when_its_stamp_changed(tmp_path: Path) -> None:
    source = Text(path=str(tmp_path))
    (tmp_path / "a.txt").write_bytes(b"x\n")
    stamp, digest = source.changed("a.txt", "", "")
    assert digest == source.digest("a.txt")
    assert source.changed("a.txt", stamp, "as seen last") == (stamp, "as seen last")
    (tmp_path / "a.txt").write_bytes(b"longer\n")
    assert source.changed("a.txt", stamp, digest) != (stamp, digest)
    assert source.changed("a.txt", stamp, digest)[1] == source.digest("a.txt")


def test_a_place_in_memory_reads_like_a_folder() -> None:
    import fsspec

    with fsspec.open("memory://gristmill-test/a.txt", "wb") as stream:
        stream.write("北京\n".encode())
    source = Text(path="memory://gristmill-test")
    assert source.batches() == ["a.txt"]
    assert [d.text for d in source.read("a.txt") if isinstance(d, Document)] == ["北京"]
    assert len(source.digest("a.txt")) == 64


def test_a_compressed_file_reads_like_a_plain_one(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    assert [d.text for d in Text(path=str(tmp_path)).read("a.txt.gz") if isinstance(d, Document)] == ["one", "two"]


def test_the_path_stays_out_of_the_fingerprint() -> None:
    assert Text(path="/here").fingerprint() == Text(path="/there").fingerprint()
    assert Text(path="/here").fingerprint() != Text(path="/here", unit="file").fingerprint()


def test_a_variable_is_filled_in_when_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRISTMILL_SOMEWHERE", raising=False)
    source = Text(path="${GRISTMILL_SOMEWHERE}/texts")
    with pytest.raises(SourceError) as error:
        source.batches()
    assert str(error.value) == (
        "path '${GRISTMILL_SOMEWHERE}/texts': the environment variable GRISTMILL_SOMEWHERE is not set; "
        "set it or pass `--set corpora.<name>.path=…`"
    )
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("x", encoding="utf-8")
    monkeypatch.setenv("GRISTMILL_SOMEWHERE", str(tmp_path))
    assert source.batches() == ["a.txt"]


def test_a_place_that_is_not_there_or_holds_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        Text(path=str(tmp_path / "gone")).batches()
    assert str(error.value) == f"{tmp_path / 'gone'}: there is no such file or folder; check `path`"
    with pytest.raises(SourceError) as error:
        Text(path=str(tmp_path)).batches()
    assert str(error.value) == f"{tmp_path}: holds no file that matches '*.txt*'; check `path` and `pattern`"
    with pytest.raises(SourceError, match=r"^nowhere://x: cannot be opened: "):
        Text(path="nowhere://x").batches()


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", "\u3000\n".encode()])
def test_an_empty_file_is_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, content)
    assert str(error.value) == f"{tmp_path / 'a.txt'}: is empty; a file holds at least one record"


def test_a_byte_order_mark_and_windows_line_ends_are_no_text(tmp_path: Path) -> None:
    records = read(tmp_path, b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert [r.text for r in records if isinstance(r, Document)] == ["one", "two"]


def test_a_line_that_is_not_utf8_is_rejected_and_the_others_are_kept(tmp_path: Path) -> None:
    records = read(tmp_path, "北京\n".encode() + b"caf\xe9 noir\n" + b"three\n")
    assert [r.text for r in records if isinstance(r, Document)] == ["北京", "three"]
    (rejected,) = [r for r in records if isinstance(r, Rejected)]
    assert rejected.reason == "a.txt:2: byte 0xE9 at position 3 of the line is not UTF-8; save the file as UTF-8"
    assert rejected.step == "text"
    assert (rejected.document.text, rejected.document.source) == ("caf\\xe9 noir", "a.txt:2")


def test_gb18030_and_utf16_are_recognized(tmp_path: Path) -> None:
    chinese = read(tmp_path, "中国北京人民\n".encode("gb18030"))
    assert reasons(chinese) == [
        "a.txt:1: byte 0xD6 at position 0 of the line is not UTF-8; save the file as UTF-8 (it looks like GB18030)"
    ]
    assert reasons(read(tmp_path, "one\n".encode("utf-16"))) == [
        "a.txt:1: byte 0xFF at position 0 of the line is not UTF-8; save the file as UTF-8 (it looks like UTF-16)",
        "a.txt:2: byte 0x00 at position 0 of the line is no text; save the file as UTF-8 (it looks like UTF-16)",
    ]
    assert reasons(read(tmp_path, "on".encode("utf-16-le"))) == [
        "a.txt:1: byte 0x00 at position 1 of the line is no text; save the file as UTF-8 (it looks like UTF-16)"
    ]


def test_the_second_holder_of_an_id_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "x", "text": "one"}\n{"id": "x", "text": "two"}\n', encoding="utf-8")
    first, second = Jsonl(path=str(tmp_path)).read("a.jsonl")
    assert isinstance(first, Document)
    assert isinstance(second, Rejected)
    assert second.reason == "a.jsonl:2: the id 'x' is already that of an earlier record; make ids unique"


@settings(deadline=None)
@given(st.lists(st.binary(max_size=6).filter(lambda raw: b"\n" not in raw), min_size=1, max_size=6))
def test_rows_in_are_rows_out_and_rejected_whatever_the_bytes_are(lines: list[bytes]) -> None:
    import fsspec

    with fsspec.open("memory://gristmill-rows/a.txt", "wb") as stream:
        stream.write(b"first\n" + b"\n".join(lines))
    records = list(Text(path="memory://gristmill-rows/a.txt").read("a.txt"))
    filled = [line for line in lines if line.removesuffix(b"\r").decode("utf-8", "backslashreplace").strip()]
    assert len(records) == 1 + len(filled)


def many_files(folder: Path, names: list[str]) -> None:
    for name in names:
        (folder / name).write_text(f"text of {name}\n", encoding="utf-8")


def grouped(folder: Path, files_per_batch: int = 10) -> dict[str, tuple[str, ...]]:
    source = Text(path=str(folder), files_per_batch=files_per_batch)
    return {batch: tuple(source.files(batch)) for batch in source.batches()}


def test_many_files_make_a_batch_and_each_is_in_one(tmp_path: Path) -> None:
    names = [f"{number:04}.txt" for number in range(500)]
    many_files(tmp_path, names)
    batches = grouped(tmp_path)
    assert [name for files in batches.values() for name in files] == names
    assert 25 <= len(batches) <= 100, "one file in ten begins a batch"
    assert next(iter(batches)) == "start"
    assert all(batch == f"from-{files[0]}" for batch, files in list(batches.items())[1:])
    source = Text(path=str(tmp_path), files_per_batch=10)
    batch = list(batches)[1]
    assert source.pieces(batch) == list(batches[batch])
    assert [d.text for d in source.read(batch) if isinstance(d, Document)] == [f"text of {n}" for n in batches[batch]]
    with pytest.raises(SourceError, match="there is no batch 'from-gone'"):
        source.digest("from-gone")


def test_a_new_file_changes_one_batch_or_cuts_it_in_two_and_leaves_the_others(tmp_path: Path) -> None:
    many_files(tmp_path, [f"{number:04}.txt" for number in range(0, 600, 2)])
    for new in (f"{number:04}.txt" for number in (-1, 1, 77, 301, 555, 9999)):
        source = Text(path=str(tmp_path), files_per_batch=10)
        before = {batch: source.digest(batch) for batch in source.batches()}
        many_files(tmp_path, [new])
        after = {batch: source.digest(batch) for batch in source.batches()}
        assert before.keys() <= after.keys()
        assert len(after) - len(before) in (0, 1)
        assert len([batch for batch in before if before[batch] != after[batch]]) <= 1


def test_a_changed_file_changes_the_digest_and_the_stamp_of_its_batch(tmp_path: Path) -> None:
    many_files(tmp_path, ["a.txt", "b.txt"])
    source = Text(path=str(tmp_path), files_per_batch=1000)
    (batch,) = source.batches()
    stamp, digest = source.changed(batch, "", "")
    assert source.changed(batch, stamp, "as seen last") == (stamp, "as seen last")
    (tmp_path / "b.txt").write_text("other", encoding="utf-8")
    assert source.changed(batch, stamp, digest)[1] == source.digest(batch) != digest


def test_an_unreadable_file_among_many_is_rejected_and_the_others_are_read(tmp_path: Path) -> None:
    many_files(tmp_path, ["a.txt", "c.txt"])
    (tmp_path / "b.txt").write_bytes(b"")
    source = Text(path=str(tmp_path), files_per_batch=1000)
    first, second, third = source.read("start")
    assert isinstance(first, Document)
    assert isinstance(third, Document)
    assert isinstance(second, Rejected)
    assert second.reason == f"b.txt:0: {tmp_path / 'b.txt'}: is empty; a file holds at least one record"
    assert second.document.source == "b.txt:0"


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst"])
def test_compressed_files_are_read_to_the_end_of_their_last_member(tmp_path: Path, ending: str) -> None:
    import bz2
    import gzip
    import lzma

    import zstandard

    pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress}[ending]
    (tmp_path / f"a.txt.{ending}").write_bytes(pack("北京\n".encode()) + pack(b"two\nthree"))
    source = Text(path=str(tmp_path))
    assert [d.text for d in source.read(f"a.txt.{ending}") if isinstance(d, Document)] == ["北京", "two", "three"]


def test_what_comes_before_the_damage_in_a_compressed_file_is_kept(tmp_path: Path) -> None:
    import zlib

    packer = zlib.compressobj(wbits=31)
    written = packer.compress(b"one\ntwo\nth") + packer.flush(zlib.Z_SYNC_FLUSH)
    records = read(tmp_path, written, "a.txt.gz")
    assert [r.text for r in records if isinstance(r, Document)] == ["one", "two"]
    cut = f"the gzip data ends after byte {len(written)}, before its end; it was cut short"
    assert reasons(records) == [f"a.txt.gz:3: {cut}"]
    assert reasons(read(tmp_path, written + b"\xff" * 40, "b.txt.gz"))[-1].startswith(
        "b.txt.gz:3: the gzip data is damaged"
    )
    with pytest.raises(SourceError) as error:
        read(tmp_path, b"no gzip", "c.txt.gz")
    assert str(error.value).startswith(f"{tmp_path / 'c.txt.gz'}: nothing of it can be read: the gzip data is damaged")


def test_without_its_library_a_zstd_file_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(WrongUse, match=r"pip install 'gristmill\[zstd\]'"):
        read(tmp_path, b"x", "a.txt.zst")


def test_parquet_is_read_in_pieces_of_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"text": [f"text {number}" for number in range(50)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=8)
    source = Parquet(path=str(tmp_path))
    whole = list(source.read("a.parquet"))
    monkeypatch.setattr(FileSource, "piece_bytes", 400)
    pieces = source.pieces("a.parquet")
    assert pieces[0] == "a.parquet@0-3:1"
    assert pieces[1].endswith(":25")
    assert list(source.read("a.parquet")) == whole
    assert len(whole) == 50


def test_a_value_that_is_no_text_costs_one_row(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    raw = pa.array([b"one", b"caf\xe9", b"three"], pa.binary())
    pq.write_table(pa.table({"text": pa.Array.from_buffers(pa.string(), 3, raw.buffers())}), tmp_path / "a.parquet")
    first, second, third = Parquet(path=str(tmp_path)).read("a.parquet")
    assert isinstance(first, Document)
    assert isinstance(third, Document)
    assert isinstance(second, Rejected)
    assert second.reason.startswith("a.parquet:2: the row holds what is no value: ")
