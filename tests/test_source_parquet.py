"""parquet reads typed columns, and says what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.errors import SourceError
from pipeline.frames import to_table
from pipeline.source.parquet import Parquet
from pipeline.types import Document, Rejected, Span


def test_a_file_of_documents_comes_back_with_spans_and_labels(tmp_path: Path) -> None:
    table = to_table([Document("x", "Bo met", spans=(Span(0, 2, "PER"),)), Document("y", "fine", label="good")])
    pq.write_table(table, tmp_path / "a.parquet")
    assert list(Parquet(path=str(tmp_path)).read("a.parquet")) == [
        Document("x", "Bo met", source="a.parquet:1", group_id="x", spans=(Span(0, 2, "PER"),)),
        Document("y", "fine", source="a.parquet:2", group_id="y", label="good"),
    ]


def test_a_row_without_text_is_rejected(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a", None]}), tmp_path / "a.parquet")
    _, rejected = Parquet(path=str(tmp_path)).read("a.parquet")
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "a.parquet:2: 'text' is missing or null; write a string"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no parquet", "is not Parquet: "),
        ({"texts": ["a"]}, "there is no column 'text' for `text`; there are 'texts'; did you mean 'texts'?"),
        ({"text": pa.array([], pa.string())}, "is empty; a file holds at least one record"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: object, message: str) -> None:
    path = tmp_path / "a.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(pa.table(content), path)
    with pytest.raises(SourceError) as error:
        list(Parquet(path=str(tmp_path)).read("a.parquet"))
    assert str(error.value).startswith(f"{path}: {message}")
