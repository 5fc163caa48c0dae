"""hub_dataset reads what `datasets` opens, here local files, without a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SourceError
from pipeline.source.hub_dataset import HubDataset
from pipeline.types import Document, Rejected, Span


def source(folder: Path, rows: list[dict[str, Any]], **fields: Any) -> HubDataset:
    path = folder / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return HubDataset(dataset="json", data_files={"test": str(path)}, cache=str(folder / "cache"), **fields)


def test_rows_of_a_local_builder_become_documents(tmp_path: Path) -> None:
    rows = [
        {"id": "x", "text": "Bo met", "label": 1, "spans": [{"start": 0, "end": 2, "label": "PER"}]},
        {"id": "x", "text": "again", "label": 0, "spans": []},
    ]
    first, second = source(tmp_path, rows).read("test")
    assert first == Document(
        "x", "Bo met", source="test:1", group_id="x", spans=(Span(0, 2, "PER"),), label="1", split="test"
    )
    assert isinstance(second, Rejected)
    assert second.reason == "test:2: the id 'x' is already that of an earlier record; make ids unique"


def test_class_numbers_become_class_names(tmp_path: Path) -> None:
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    data = datasets.Dataset.from_dict({"text": ["fine", "broken"], "label": [1, 0]}, features=features)
    data.to_parquet(str(tmp_path / "a.parquet"))
    hub = HubDataset(
        dataset="parquet", data_files={"train": str(tmp_path / "a.parquet")}, cache=str(tmp_path / "cache")
    )
    assert [r.label for r in hub.read("train") if isinstance(r, Document)] == ["good", "bad"]


def test_the_digest_changes_with_the_rows(tmp_path: Path) -> None:
    first = source(tmp_path, [{"text": "a"}]).digest("test")
    assert source(tmp_path, [{"text": "a"}]).digest("test") == first
    assert source(tmp_path, [{"text": "b"}]).digest("test") != first


def test_a_missing_column_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        list(source(tmp_path, [{"txt": "a"}]).read("test"))
    assert str(error.value) == (
        "json, split test: there is no column 'text' for `text`; there are 'txt'; did you mean 'txt'?"
    )
    gone = HubDataset(dataset="json", data_files={"train": str(tmp_path / "gone.jsonl")}, cache=str(tmp_path / "cache"))
    with pytest.raises(SourceError, match=r"^data set 'json' cannot be loaded \(FileNotFoundError: "):
        list(gone.read("train"))


def test_where_the_data_lies_stays_out_of_the_fingerprint() -> None:
    one = HubDataset(dataset="json", data_files={"train": "/here"}, cache="/a")
    assert one.fingerprint() == HubDataset(dataset="json", data_files={"train": "/there"}).fingerprint()
    assert one.fingerprint() != HubDataset(dataset="json", data_files={"train": "/here"}, revision="1").fingerprint()
