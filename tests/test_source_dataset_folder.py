"""Data sets in folders: as `save_to_disk` writes them, and as copies of repositories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SourceError
from pipeline.source._files import FileSource
from pipeline.source.dataset_folder import DatasetFolder
from pipeline.types import Document, Rejected


def write(folder: Path, files: dict[str, Any]) -> DatasetFolder:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = content if isinstance(content, str) else "".join(json.dumps(row) + "\n" for row in content)
        path.write_text(lines, encoding="utf-8")
    return DatasetFolder(path=str(folder))


def texts(source: DatasetFolder) -> dict[str, list[str]]:
    return {
        batch: [record.text for record in source.read(batch) if isinstance(record, Document)]
        for batch in source.batches()
    }


def saved(folder: Path) -> Any:
    import datasets

    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    columns = {"text": ["one", "two", "three"], "label": [1, 0, -1]}
    return datasets.Dataset.from_dict(columns, features=features)


def test_what_save_to_disk_wrote_is_read_with_its_class_names(tmp_path: Path) -> None:
    import datasets

    data = saved(tmp_path)
    data.save_to_disk(tmp_path / "one", num_shards=2)
    datasets.DatasetDict({"train": data, "test": data.select([2, 0])}).save_to_disk(tmp_path / "two")
    one, two = DatasetFolder(path=str(tmp_path / "one")), DatasetFolder(path=str(tmp_path / "two"))
    assert texts(one) == {"train": ["one", "two", "three"]}
    assert texts(two) == {"test": ["three", "one"], "train": ["one", "two", "three"]}
    first, last = two.read("test")
    assert isinstance(first, Document)
    assert isinstance(last, Document)
    assert (first.label, last.label, last.split) == (None, "good", "test")
    assert last.source == "test/data-00000-of-00001.arrow:2"
    assert one.pieces("train") == ["data-00000-of-00002.arrow", "data-00001-of-00002.arrow"]


def test_a_repository_is_read_by_the_names_of_its_files(tmp_path: Path) -> None:
    source = write(
        tmp_path,
        {
            "README.md": "---\nlicense: [mit, cc0-1.0]\n---\n# Notes\n",
            "data/train-00000-of-00002.jsonl": [{"text": "one", "licence": "CC-BY-4.0"}],
            "data/train-00001-of-00002.csv": "text\ntwo\n",
            "dev/part.tsv": "text\tlabel\nthree\tx\n",
            ".cache/train.jsonl": [{"text": "hidden"}],
            "script.py": "raise SystemExit('code of a data set never runs')",
        },
    )
    assert texts(source) == {"train": ["one", "two"], "validation": ["three"]}
    documents = [r for r in source.read("train") if isinstance(r, Document)]
    assert [d.licence for d in documents] == ["CC-BY-4.0", "mit, cc0-1.0"]
    assert [d.split for d in documents] == ["train", "train"]


def test_the_header_says_which_files_make_which_split(tmp_path: Path) -> None:
    header = (
        "---\nconfigs:\n"
        "- config_name: small\n  data_files:\n"
        "  - {split: train, path: 'a*.jsonl'}\n  - {split: test, path: [b.jsonl]}\n"
        "- config_name: large\n  data_files: '*.jsonl'\n---\n"
    )
    files = {f"{name}.jsonl": [{"text": name}] for name in ("a1", "a2", "b")}
    source = write(tmp_path, {"README.md": header, **files})
    with pytest.raises(SourceError, match=r"README\.md names several configs; set `config`: large, small"):
        source.batches()
    assert texts(DatasetFolder(path=str(tmp_path), config="small")) == {"test": ["b"], "train": ["a1", "a2"]}
    assert texts(DatasetFolder(path=str(tmp_path), config="large")) == {"train": ["a1", "a2", "b"]}
    with pytest.raises(SourceError, match=r"README\.md names no config 'smal'; did you mean 'small'"):
        DatasetFolder(path=str(tmp_path), config="smal").batches()


def test_class_numbers_become_the_names_in_the_header_or_in_parquet(tmp_path: Path) -> None:
    header = (
        "---\ndataset_info:\n  features:\n  - name: text\n    dtype: string\n  - name: label\n    dtype:\n"
        "      class_label:\n        names: {'0': bad, '1': good}\n---\n"
    )
    rows = [{"text": "one", "label": 1}, {"text": "two", "label": 7}]
    (tmp_path / "a").mkdir()
    first, second = write(tmp_path / "a", {"README.md": header, "train.jsonl": rows}).read("train")
    assert isinstance(first, Document)
    assert first.label == "good"
    assert isinstance(second, Rejected)
    assert second.reason == "train.jsonl:2: 'label' is 7; the data set has the classes 0 to 1"
    (tmp_path / "b").mkdir()
    saved(tmp_path).to_parquet(tmp_path / "b" / "train.parquet")
    labels = [r.label for r in DatasetFolder(path=str(tmp_path / "b")).read("train") if isinstance(r, Document)]
    assert labels == ["good", "bad", None]


def test_the_digest_changes_with_the_rows_the_classes_and_the_licence(tmp_path: Path) -> None:
    source = write(tmp_path, {"README.md": "---\nlicense: mit\n---\n", "train.jsonl": [{"text": "one"}]})
    seen = [source.digest("train")]
    write(tmp_path, {"notes.txt": "no data"})
    assert source.digest("train") == seen[0]
    write(tmp_path, {"README.md": "---\nlicense: cc0-1.0\n---\n"})
    seen.append(source.digest("train"))
    write(tmp_path, {"train.jsonl": [{"text": "two"}]})
    seen.append(source.digest("train"))
    assert len(set(seen)) == 3


def test_a_large_file_is_cut_into_pieces_of_its_own_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path, {"train.jsonl": [{"text": f"text {n}"} for n in range(20)]})
    whole = list(source.read("train"))
    monkeypatch.setattr(FileSource, "piece_bytes", 100)
    assert source.pieces("train")[:2] == ["train.jsonl@0-114:1", "train.jsonl@114-230:7"]
    assert list(source.read("train")) == whole


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"README.md": "# nothing"}, "holds no data file"),
        ({"README.md": "---\n{: x\n---\n", "train.jsonl": "{}"}, "README.md: the header is not YAML"),
        ({"README.md": "---\na: !!python/object/apply:os.getcwd []\n---\n", "a.csv": "x"}, "the header is not YAML"),
        ({"dataset_dict.json": "not JSON"}, "dataset_dict.json: cannot be read"),
        ({"dataset_dict.json": "[]"}, "dataset_dict.json: names no `splits`"),
        ({"state.json": "{}"}, "state.json: names no `_data_files`"),
    ],
)
def test_a_folder_that_is_no_data_set_is_named(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        write(tmp_path, files).batches()


def test_a_file_outside_of_the_folder_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.arrow").write_text("secret")
    files = {"state.json": json.dumps({"_data_files": [{"filename": "../secret.arrow"}]}), "dataset_info.json": "{}"}
    source = write(tmp_path / "data", files)
    with pytest.raises(SourceError, match="there is no batch"):
        list(source.read("train"))
