"""cluener brings every published mention through, and rejects what does not stand where it is said to stand."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.cleaning.collapse_whitespace import CollapseWhitespace
from pipeline.cleaning.normalize_unicode import NormalizeUnicode
from pipeline.source.cluener import Cluener
from pipeline.types import Document, Rejected, Span

DATA = Path(os.environ.get("GRISTMILL_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "cluener"
published = pytest.mark.skipif(not DATA.is_dir(), reason="GRISTMILL_TEST_DATA names no folder with cluener/")

NESTED = (
    "train.json:1507: mentions overlap: [15, 35) book '《招商银行：投资永隆银行浮亏逾百亿港元》', "
    "[16, 20) company '招商银行', [23, 27) company '永隆银行'; keep one of them, or set `nested: outer` for nested ones"
)


def read(folder: Path, row: Any, **fields: Any) -> Document | Rejected:
    line = row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)
    (folder / "train.json").write_text(line, encoding="utf-8")
    (record,) = Cluener(path=str(folder), **fields).read("train.json")
    return record


@published
def test_all_27044_published_mentions_are_accounted_for() -> None:
    source = Cluener(path=str(DATA))
    assert source.batches() == ["dev.json", "train.json"]
    records = {batch: list(source.read(batch)) for batch in source.batches()}
    assert {batch: len(found) for batch, found in records.items()} == {"dev.json": 1343, "train.json": 10748}
    docs = [r for found in records.values() for r in found if isinstance(r, Document)]
    assert sum(len(d.spans or ()) for d in docs) == 27044 - 3
    assert [r.reason for found in records.values() for r in found if isinstance(r, Rejected)] == [NESTED]


@published
def test_with_nested_outer_every_sentence_is_kept() -> None:
    source = Cluener(path=str(DATA), nested="outer")
    docs = [r for batch in source.batches() for r in source.read(batch) if isinstance(r, Document)]
    assert len(docs) == 10748 + 1343
    assert sum(len(d.spans or ()) for d in docs) == 27044 - 2


@published
def test_no_mention_drifts_when_it_is_imported_and_cleaned() -> None:
    steps = (NormalizeUnicode(), CollapseWhitespace())

    def cleaned(doc: Document) -> Document:
        for step in steps:
            result = step(doc)
            assert isinstance(result, Document)
            doc = result
        return doc

    seen = 0
    for batch in ("dev.json", "train.json"):
        lines = (DATA / batch).read_text(encoding="utf-8").splitlines()
        for record in Cluener(path=str(DATA), nested="outer").read(batch):
            assert isinstance(record, Document)
            label = json.loads(lines[int(record.source.rpartition(":")[2]) - 1])["label"]
            gold = {
                (kind, start): mention
                for kind, mentions in label.items()
                for mention, places in mentions.items()
                for start, _ in places
            }
            doc = cleaned(record)
            for before, after in zip(record.spans or (), doc.spans or (), strict=True):
                mention = cleaned(Document("m", gold[before.label, before.start])).text
                assert doc.text[after.start : after.end] == mention
                assert after.label == before.label
                seen += 1
    assert seen == 27044 - 2


def test_the_last_index_is_inclusive_and_a_line_without_label_is_not_annotated(tmp_path: Path) -> None:
    row = {"text": "王小明在北京", "label": {"address": {"北京": [[4, 5]]}, "name": {"王小明": [[0, 2]]}}}
    doc = read(tmp_path, row)
    assert isinstance(doc, Document)
    assert doc.spans == (Span(0, 3, "name"), Span(4, 6, "address"))
    assert doc.split is None
    bare = read(tmp_path, {"id": 0, "text": "王小明在北京"})
    assert isinstance(bare, Document)
    assert bare.spans is None


def test_a_split_is_set_where_the_recipe_names_the_file(tmp_path: Path) -> None:
    doc = read(tmp_path, {"text": "a", "label": {}}, splits={"train": "train", "dev": "test"})
    assert isinstance(doc, Document)
    assert (doc.split, doc.spans) == ("train", ())


SHAPE = 'write {"text": "…", "label": {"name": {"叶老桂": [[9, 11]]}}}, the last index inclusive'


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"text": "王小明在北京", "label": {"address": {"北京": [[4, 6]]}}},
            "address '北京' is said to be at [4, 6], which is outside of the 6 characters; it stands at [4, 5]",
        ),
        (
            {"text": "王小明在北京", "label": {"address": {"北京": [[3, 4]]}}},
            "address '北京' is said to be at [3, 4], which is '在北'; it stands at [4, 5]",
        ),
        (
            {"text": "王小明在北京", "label": {"address": {"上海": [[4, 5]]}}},
            "address '上海' is said to be at [4, 5], which is '北京'; it is not in the text",
        ),
        (
            {"text": "王小明在北京", "label": {"address": {"北京": [[-2, -1]]}}},
            "address '北京' is said to be at [-2, -1], which is outside of the 6 characters; it stands at [4, 5]",
        ),
        (
            {"text": "北京大学生", "label": {"a": {"北京大学": [[0, 3]]}, "b": {"大学生": [[2, 4]]}}},
            "mentions overlap: [0, 4) a '北京大学', [2, 5) b '大学生'; "
            "keep one of them, or set `nested: outer` for nested ones",
        ),
        ({"text": "北京", "label": {"a": ["北京"]}}, f'\'label\' is {{"a": ["北京"]}}; {SHAPE}'),
        (
            {"text": "北京", "label": {"a": {"北京": [["0", 1]]}}},
            f'\'label\' is {{"a": {{"北京": [["0", 1]]}}}}; {SHAPE}',
        ),
        ({"label": {}}, f"has no string 'text'; {SHAPE}"),
        ("[1]", f"has no string 'text'; {SHAPE}"),
        (
            "{",
            "is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1); "
            "write one JSON object a line",
        ),
    ],
)
def test_a_wrong_line_is_rejected_with_its_place_its_value_and_what_would_be_right(
    tmp_path: Path, row: Any, expected: str
) -> None:
    record = read(tmp_path, row)
    assert isinstance(record, Rejected)
    assert record.reason == f"train.json:1: {expected}"


def test_mentions_that_cross_are_rejected_whatever_is_said_of_nested_ones(tmp_path: Path) -> None:
    row = {"text": "北京大学生", "label": {"a": {"北京大学": [[0, 3]]}, "b": {"大学生": [[2, 4]]}}}
    assert isinstance(read(tmp_path, row, nested="outer"), Rejected)
    row = {"text": "北京", "label": {"a": {"北京": [[0, 1]]}, "b": {"北京": [[0, 1]]}}}
    assert isinstance(read(tmp_path, row, nested="outer"), Rejected)
