"""csv reads quoted cells of several lines, and says what is wrong with a file or a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SourceError
from pipeline.source.csv import Csv
from pipeline.types import Document, Rejected, Span


def read(folder: Path, content: str | bytes, **fields: Any) -> list[Document | Rejected]:
    (folder / "a.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Csv(path=str(folder), **fields).read("a.csv"))


def test_quotes_line_ends_delimiters_and_spans_are_read(tmp_path: Path) -> None:
    content = (
        'id;text;label;spans\n1;"Bo; or\n""Al""";good;"[{""start"": 0, ""end"": 2, ""label"": ""PER""}]"\n\n2;x;;\n'
    )
    first, second = read(tmp_path, content, delimiter=";")
    assert first == Document(
        "1", 'Bo; or\n"Al"', source="a.csv:2", group_id="1", spans=(Span(0, 2, "PER"),), label="good"
    )
    assert second == Document("2", "x", source="a.csv:5", group_id="2")


def test_a_missing_column_makes_the_file_unreadable_and_names_the_columns(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, "texts,label\na,b\n")
    assert str(error.value) == (
        "a.csv:1: there is no column 'text' for `text`; there are 'texts', 'label'; did you mean 'texts'?"
    )
    with pytest.raises(SourceError) as error:
        read(tmp_path, "text,lable\na,b\n", label="label")
    assert str(error.value) == (
        "a.csv:1: there is no column 'label' for `label`; there are 'text', 'lable'; did you mean 'lable'?"
    )


def test_a_wrong_row_is_rejected_and_the_others_are_kept(tmp_path: Path) -> None:
    records = read(tmp_path, b'text,label\none,a,b\ntw\xe9,a\n"th"ree,a\nfour,a\n"five,a\nsix,b\n')
    assert [r.text for r in records if isinstance(r, Document)] == ["four"]
    assert [r.reason for r in records if isinstance(r, Rejected)] == [
        "a.csv:2: the row has 3 cells and the header 2; quote cells that hold ','",
        "a.csv:3: byte 0xE9 at position 2 of the line is not UTF-8; save the file as UTF-8",
        "a.csv:4: is not CSV: ',' expected after '\"'; double the quotes inside a quoted cell and close it",
        "a.csv:6: is not CSV: unexpected end of data; double the quotes inside a quoted cell and close it",
    ]


def test_spans_that_are_not_json_are_rejected(tmp_path: Path) -> None:
    (record,) = read(tmp_path, "text,spans\nBo,0-2\n")
    assert isinstance(record, Rejected)
    assert record.reason == (
        "a.csv:2: spans '0-2' are not JSON: Extra data: line 1 column 2 (char 1); "
        'write [{"start": 0, "end": 5, "label": "PER"}]'
    )


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"a\.csv: is empty; a file holds at least one record$"):
        read(tmp_path, "")
