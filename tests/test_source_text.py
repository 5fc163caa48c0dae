"""text reads lines, paragraphs and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.source.text import Text
from pipeline.types import Document, Rejected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("line", [("one", 1), ("two", 2), (" three", 5)]),
        ("paragraph", [("one\ntwo", 1), (" three", 5)]),
        ("file", [("one\ntwo\n\n \n three", 1)]),
    ],
)
def test_each_unit_is_a_document_with_its_first_line(
    tmp_path: Path, unit: str, expected: list[tuple[str, int]]
) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n\n \n three\n", encoding="utf-8")
    records = list(Text.model_validate({"path": str(tmp_path), "unit": unit}).read("a.txt"))
    assert [(r.text, r.source) for r in records if isinstance(r, Document)] == [(t, f"a.txt:{n}") for t, n in expected]
    assert all(r.spans is None and r.label is None for r in records if isinstance(r, Document))


def test_a_file_with_a_bad_line_is_rejected_whole_where_it_is_one_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntw\xff\n")
    (record,) = Text(path=str(tmp_path), unit="file").read("a.txt")
    assert isinstance(record, Rejected)
    assert record.reason == "a.txt:2: byte 0xFF at position 2 of the line is not UTF-8; save the file as UTF-8"
    assert record.document.text == "one\ntw\\xff"
