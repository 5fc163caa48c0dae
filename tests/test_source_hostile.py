"""Every reader on random and damaged bytes: a SourceError or records, each answered for, twice the same."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hostile_bytes import hostile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import SourceError
from pipeline.part import find, names
from pipeline.source import Source
from pipeline.source._files import FileSource
from pipeline.source.html import Html
from pipeline.source.text import Text
from pipeline.source.warc import Warc
from pipeline.types import Document, Rejected

READERS = [name for name in names("source") if name not in ("hub_dataset", "sql")]
BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.compress,
}


def answered(source: Source) -> list[Document | Rejected] | str:
    """Every record of the first batch, or what the SourceError said."""
    try:
        return list(source.read(source.batches()[0]))
    except SourceError as error:
        return str(error)


@pytest.mark.parametrize("name", READERS)
@BOUNDED
@given(data=st.data())
def test_a_reader_answers_for_whatever_bytes_it_is_given(name: str, data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        source = find("source", name).example_in(Path(folder))  # type: ignore[attr-defined]
        path = data.draw(st.sampled_from(sorted(p for p in Path(folder).rglob("*") if p.is_file())).map(str))
        Path(path).write_bytes(data.draw(hostile(Path(path).read_bytes())))
        first = answered(source)
        assert first == answered(source)
    if isinstance(first, str):
        assert first
    else:
        ids = [record.id for record in first if isinstance(record, Document)]
        assert len(set(ids)) == len(ids)
        assert all(record.reason for record in first if isinstance(record, Rejected))


@BOUNDED
@given(hostile(b'{"text": "one"}\n{"text": "two", "spans": []}\n'), st.integers(1, 40))
def test_no_line_is_lost_whatever_pieces_a_file_is_read_in(content: bytes, size: int) -> None:
    filled = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if _text(line).strip()]
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        (Path(folder) / "a.txt").write_bytes(content)
        source = Text(path=folder)
        whole = answered(source)
        patch.setattr(FileSource, "piece_bytes", size)
        pieces = answered(source)
    if filled:
        assert len(whole) == len(filled)
        assert pieces == whole
    else:
        assert "is empty" in str(whole)


@pytest.mark.parametrize("ending", PACKED)
@BOUNDED
@given(data=st.data())
def test_a_damaged_compressed_file_keeps_what_is_before_the_damage(ending: str, data: st.DataObject) -> None:
    lines = [f"line {number}" for number in range(200)]
    packed = PACKED[ending]("".join(f"{line}\n" for line in lines).encode())
    cut = packed[: data.draw(st.integers(0, len(packed) - 1))]
    with TemporaryDirectory() as folder:
        (Path(folder) / f"a.txt.{ending}").write_bytes(cut)
        read = answered(Text(path=folder))
    if isinstance(read, str):
        assert "before its end; it was cut short" in read
        return
    *kept, last = read
    assert [record.text for record in kept if isinstance(record, Document)] == lines[: len(kept)]
    assert isinstance(last, Rejected)
    assert last.reason.startswith(f"a.txt.{ending}:{len(kept) + 1}: the ")


@BOUNDED
@given(hostile(b"<!doctype html><title>T</title><main><p>Once there was a mill.</p></main>"))
def test_a_page_is_one_record(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "a.html").write_bytes(content)
        assert len(answered(Html(path=folder))) == 1


@BOUNDED
@given(data=st.data())
def test_a_broken_record_of_an_archive_takes_no_other_with_it(data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        source = Warc.example_in(Path(folder))
        good = (Path(folder) / "crawl.warc").read_bytes()
        at = good.index(b"WARC/1.0", 1)
        broken = good[:at][: data.draw(st.integers(0, at - 5))]
        (Path(folder) / "crawl.warc").write_bytes(good[at:] + broken + good[:at])
        first, *rest = answered(source)
    assert isinstance(first, Rejected)
    assert isinstance(rest[-1], Document)
    assert rest[-1].text == "Once there was a mill."
    assert len(rest) == 1 + bool(broken)


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "backslashreplace").replace("\0", "\\x00")
