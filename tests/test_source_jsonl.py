"""jsonl reads records with spans and labels, and says what is wrong with a record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.source.jsonl import Jsonl
from pipeline.types import Document, Rejected, Span


def read(folder: Path, *rows: Any, **fields: Any) -> list[Document | Rejected]:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return list(Jsonl(path=str(folder), **fields).read("a.jsonl"))


def reason(folder: Path, row: Any, **fields: Any) -> str:
    (record,) = read(folder, row, **fields)
    assert isinstance(record, Rejected)
    return record.reason


def test_every_field_is_read_from_the_column_that_is_named(tmp_path: Path) -> None:
    row = {
        "sentence": "Bo met Al",
        "key": 7,
        "class": "meeting",
        "entities": [{"start": 7, "end": 9, "label": "PER", "text": "Al"}, {"start": 0, "end": 2, "label": "PER"}],
        "doc": "d1",
        "lang": "en",
        "fold": "dev",
        "region": "north",
        "other": 1,
    }
    (doc,) = read(
        tmp_path,
        row,
        text="sentence",
        id="key",
        label="class",
        spans="entities",
        group_id="doc",
        language="lang",
        split="fold",
        groups=("region",),
    )
    assert doc == Document(
        "7",
        "Bo met Al",
        language="en",
        source="a.jsonl:1",
        group_id="d1",
        spans=(Span(0, 2, "PER"), Span(7, 9, "PER")),
        label="meeting",
        groups={"region": "north"},
        split="validation",
    )


def test_no_spans_and_an_empty_list_of_spans_are_told_apart(tmp_path: Path) -> None:
    one, two, three = read(tmp_path, {"text": "a"}, {"text": "a", "spans": []}, {"text": "a", "spans": None})
    assert [r.spans for r in (one, two, three) if isinstance(r, Document)] == [None, (), None]


def test_the_split_is_that_of_the_file_where_a_record_names_none(tmp_path: Path) -> None:
    (tmp_path / "test.jsonl").write_text('{"text": "a"}\n{"text": "b", "split": "train"}\n', encoding="utf-8")
    records = list(Jsonl(path=str(tmp_path)).read("test.jsonl"))
    assert [r.split for r in records if isinstance(r, Document)] == ["test", "train"]


SPAN = '{"start": 0, "end": 5, "label": "PER"}'
RULE = "offsets count Unicode code points, [start, end), and spans do not overlap"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            '{"text": "a"',
            "is not JSON: Expecting ',' delimiter: line 1 column 13 (char 12); write one JSON object a line",
        ),
        ('["a"]', 'is a JSON list, not an object; write {"text": "…"}'),
        ({"txt": "a"}, "there is no column 'text' for `text`; there are 'txt'; did you mean 'txt'?"),
        ({"text": 3}, "'text' is 3; write a string"),
        ({"text": None}, "'text' is missing or null; write a string"),
        ({"text": "a", "label": 0.5}, "'label' is 0.5; write a string or a whole number"),
        ({"text": "a", "id": True}, "'id' is true; write a string or a whole number"),
        ({"text": "a", "split": "tests"}, "there is no split 'tests'; did you mean 'test'?"),
        ({"text": "a", "spans": {}}, f"spans are {{}}; write [{SPAN}]"),
        ({"text": "a", "spans": [[0, 1, "PER"]]}, f'a span is [0, 1, "PER"]; write {SPAN}'),
        (
            {"text": "a", "spans": [{"start": "0", "end": 1, "label": "PER"}]},
            f"'start' of a span is \"0\"; write {SPAN}",
        ),
        ({"text": "a", "spans": [{"start": 0, "label": "PER"}]}, f"'end' of a span is missing or null; write {SPAN}"),
        ({"text": "a", "spans": [{"start": 0, "end": 1}]}, f"'label' of a span is missing or null; write {SPAN}"),
        (
            {"text": "Bo", "spans": [{"start": 0, "end": 9, "label": "PER"}]},
            f"span [0, 9) PER ends after the text, which has 2 characters; {RULE}",
        ),
        (
            {"text": "Bo", "spans": [{"start": -1, "end": 1, "label": "PER"}]},
            f"span [-1, 1) PER is empty or starts before the text; {RULE}",
        ),
        (
            {"text": "Bob", "spans": [{"start": 0, "end": 2, "label": "A"}, {"start": 1, "end": 3, "label": "B"}]},
            f"spans [0, 2) A and [1, 3) B overlap or are out of order; {RULE}",
        ),
        (
            {"text": "👩Bo", "spans": [{"start": 2, "end": 4, "label": "PER", "text": "Bo"}]},
            f"span [2, 4) PER ends after the text, which has 3 characters; {RULE}",
        ),
        (
            {"text": "👩Bo met", "spans": [{"start": 2, "end": 4, "label": "PER", "text": "Bo"}]},
            "the span [2, 4) PER covers 'o ', not 'Bo'; offsets count Unicode code points, [start, end)",
        ),
        (
            '{"text": "a\\ud800"}',
            "the text holds U+D800 at position 1, half of a surrogate pair; write the whole character",
        ),
        (
            '{"text": "a", "id": "x\\udc00"}',
            "the id holds U+DC00 at position 1, half of a surrogate pair; write the whole character",
        ),
    ],
)
def test_a_wrong_record_is_rejected_with_its_place_its_value_and_what_would_be_right(
    tmp_path: Path, row: Any, expected: str
) -> None:
    assert reason(tmp_path, row) == f"a.jsonl:1: {expected}"


def test_a_key_that_the_recipe_names_must_be_in_every_record(tmp_path: Path) -> None:
    assert reason(tmp_path, {"text": "a", "Class": "x"}, label="class") == (
        "a.jsonl:1: there is no column 'class' for `label`; there are 'text', 'Class'; did you mean 'Class'?"
    )
    assert reason(tmp_path, {"text": "a"}, groups=("region",)) == (
        "a.jsonl:1: there is no column 'region' for `groups`; there are 'text'; choose from text"
    )


def test_a_wrong_record_does_not_take_the_others_down(tmp_path: Path) -> None:
    records = read(tmp_path, {"text": "a"}, "{", {"text": "b"})
    assert [type(r).__name__ for r in records] == ["Document", "Rejected", "Document"]
