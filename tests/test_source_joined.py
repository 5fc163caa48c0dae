"""Two columns of a record as one document: pairs and questions, from every source of records."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.part import BadSettings, build
from pipeline.source._joining import RecordError, question
from pipeline.source.csv import Csv
from pipeline.source.dataset_folder import DatasetFolder
from pipeline.source.jsonl import Jsonl
from pipeline.source.parquet import Parquet
from pipeline.source.sql import Sql
from pipeline.types import Document, Rejected, Span
from tests.nasty_documents import texts

PAIR = {"a": "Is it open?", "b": "Open today?", "label": "same"}
JOINED = ("Is it open?\nOpen today?", (Span(0, 11, "first"), Span(12, 23, "second")), "same")
ASKED = {"q": "Who left?", "context": "Bo left.", "answer": "Bo", "at": 0}
ANSWERED = ("Who left?\nBo left.", (Span(0, 9, "question"), Span(10, 12, "answer")), None)
QUESTION: dict[str, Any] = {"text": "context", "question": "q", "answer": "answer", "answer_start": "at"}


def only(records: Any) -> Document | Rejected:
    (record,) = records
    assert isinstance(record, Document | Rejected)
    return record


def of_jsonl(folder: Path, row: dict[str, Any], **fields: Any) -> Document | Rejected:
    (folder / "a.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return only(Jsonl(path=str(folder), **fields).read("a.jsonl"))


def of_csv(folder: Path, row: dict[str, Any], **fields: Any) -> Document | Rejected:
    lines = [",".join(row), ",".join(str(value) for value in row.values())]
    (folder / "a.csv").write_text("\n".join(lines), encoding="utf-8")
    return only(Csv(path=str(folder), **fields).read("a.csv"))


def of_parquet(folder: Path, row: dict[str, Any], **fields: Any) -> Document | Rejected:
    pq.write_table(pa.Table.from_pylist([row]), folder / "a.parquet")
    return only(Parquet(path=str(folder), **fields).read("a.parquet"))


def of_sql(folder: Path, row: dict[str, Any], **fields: Any) -> Document | Rejected:
    database = sqlite3.connect(folder / "a.db")
    database.execute(f"CREATE TABLE rows (nr INTEGER PRIMARY KEY, {', '.join(row)})")
    marks = ", ".join("?" * len(row))
    database.execute(f"INSERT INTO rows ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    database.commit()
    database.close()
    return only(Sql(url=f"sqlite:///{folder / 'a.db'}", table="rows", key="nr", **fields).read("rows-000001"))


def of_dataset(folder: Path, row: dict[str, Any], **fields: Any) -> Document | Rejected:
    (folder / "train.jsonl").write_text(json.dumps(row), encoding="utf-8")
    return only(DatasetFolder(path=str(folder), **fields).read("train"))


@pytest.mark.parametrize("read", [of_jsonl, of_csv, of_parquet, of_sql, of_dataset])
def test_every_source_of_records_joins_pairs_and_questions(read: Any, tmp_path: Path) -> None:
    for name, row, fields, expected in (
        ("pair", PAIR, {"text": "a", "second": "b"}, JOINED),
        ("asked", ASKED, QUESTION, ANSWERED),
    ):
        (tmp_path / name).mkdir()
        doc = read(tmp_path / name, row, **fields)
        assert isinstance(doc, Document), doc
        assert (doc.text, doc.spans, doc.label) == expected


def test_lists_of_answers_are_read_as_squad_writes_them(tmp_path: Path) -> None:
    row = {"question": " Who? ", "context": "It was Bo.", "answers": {"text": ["Bo", "It"], "answer_start": [7, 0]}}
    fields = {"text": "context", "question": "question", "answer": "answers"}
    for read in (of_jsonl, of_parquet):
        doc = read(tmp_path, row, **fields)
        assert isinstance(doc, Document)
        assert (doc.text, doc.spans) == ("Who?\nIt was Bo.", (Span(0, 4, "question"), Span(12, 14, "answer")))
    none = of_jsonl(tmp_path, {**row, "answers": {"text": [], "answer_start": []}}, **fields)
    assert isinstance(none, Document)
    assert none.spans == (Span(0, 4, "question"),)


def test_a_list_of_labels_is_kept_with_a_bar_between_them(tmp_path: Path) -> None:
    made = [of_jsonl(tmp_path, {"text": "x", "label": label}) for label in (["a", "b"], [], "a", None)]
    assert [doc.label for doc in made if isinstance(doc, Document)] == ["a|b", "", "a", None]
    wrong = of_jsonl(tmp_path, {"text": "x", "label": ["a|b"]})
    assert isinstance(wrong, Rejected)
    assert wrong.reason == "a.jsonl:1: 'label' holds \"a|b\"; write strings that are not empty and hold no '|'"


@pytest.mark.parametrize(
    ("change", "fields", "reason"),
    [
        ({"b": " "}, {"text": "a", "second": "b"}, "'b' is \" \"; write a string that is not empty"),
        ({"b": None}, {"text": "a", "second": "b"}, "'b' is missing or null; write a string that is not empty"),
        (
            {"spans": [{"start": 0, "end": 2, "label": "x"}]},
            {"text": "a", "second": "b"},
            "has 'spans', and `second` marks spans of its own; leave one of the two out",
        ),
        (
            {},
            {"text": "a", "second": "c"},
            "there is no column 'c' for `second`; there are 'a', 'b', 'label', 'q', 'context', 'answer', 'at'; "
            "did you mean 'q'?",
        ),
        (
            {"at": 1},
            QUESTION,
            "at 1 stands 'o ', not the answer 'Bo'; offsets count Unicode code points of the text",
        ),
        ({"at": "x"}, QUESTION, 'the answer\'s start is "x"; write a whole number'),
        (
            {"at": None, "context": "Bo and Bo"},
            QUESTION,
            "the answer 'Bo' stands 2 times in the text; give `answer_start`",
        ),
        ({"context": " "}, QUESTION, "'context' is \" \"; write the text that the question is about"),
    ],
)
def test_a_record_that_cannot_be_joined_is_rejected_with_its_place_and_what_would_be_right(
    change: dict[str, Any], fields: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    record = of_jsonl(tmp_path, {**PAIR, **ASKED, **change}, **fields)
    assert isinstance(record, Rejected)
    expected = reason.partition("; did you mean")[0]
    assert record.reason.startswith(f"a.jsonl:1: {expected}")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"second": "b", "question": "q"}, "`second` is for pairs and `question` for questions; name one of the two"),
        ({"answer": "a"}, "`answer` needs `question`: name its column"),
        ({"question": "q", "answer_start": "a"}, "`answer_start` needs `answer`: name its column"),
    ],
)
def test_columns_that_do_not_go_together_are_refused(fields: dict[str, str], message: str) -> None:
    with pytest.raises(BadSettings) as error:
        build("source", {"use": "jsonl", "path": "x", **fields})
    assert message in str(error.value)


@given(texts, texts, st.data())
def test_an_answer_stands_in_the_joined_text_as_it_stood_in_its_context(
    asked: str, context: str, data: st.DataObject
) -> None:
    context = f"x{context}y"
    start = data.draw(st.integers(0, len(context) - 1))
    end = data.draw(st.integers(start + 1, len(context)))
    answer = context[start:end]
    if not asked.strip() or not answer.strip():
        with pytest.raises(RecordError):
            question(context, asked, (answer, start), "text", "question")
        return
    text, spans = question(context, asked, (answer, start), "text", "question")
    doc = Document("a", text, spans=spans)
    assert [text[s.start : s.end] for s in doc.spans or ()] == [asked.strip(), answer.strip()]
    assert text.endswith(context)
