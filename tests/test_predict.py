"""`gristmill predict`: what it says of a file is what the checkpoint's evaluation said; a bad line loses no other."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from assets.cli import main
from pipeline import serving
from pipeline.errors import SourceError, WrongUse
from pipeline.frames import to_table
from pipeline.predicting import Predictor, folder_of, predictions, read
from pipeline.store import Store
from pipeline.training import Splits
from pipeline.types import Document, Rejected
from tests.conftest import TinyProject
from tests.tiny_checkpoint import CLASSES, NER, Trained
from tests.tiny_checkpoint import trained as train
from tests.tiny_training import CPU, tiny_bert


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("marks"), NER)


@pytest.fixture(scope="module")
def labels(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("labels"), CLASSES)


def gristmill(*arguments: object, input: bytes | None = None) -> Result:
    return CliRunner().invoke(main, [str(a) for a in arguments], input=input)


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def written(path: Path, test: list[Document]) -> Path:
    rows = [{"id": d.id, "text": d.text} | ({"tokens": d.tokens} if d.tokens else {}) for d in test]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def without_scores(spans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in span.items() if k != "score"} for span in spans]


@pytest.mark.parametrize("batch", [256, 4, 1])
def test_spans_are_those_of_the_checkpoints_own_predictions(marks: Trained, tmp_path: Path, batch: int) -> None:
    file = written(tmp_path / "test.jsonl", marks.test)
    result = gristmill("predict", marks.folder, file, "--batch", batch)
    assert result.exit_code == 0, result.output
    found, right = records(result), marks.predicted()
    assert [r["id"] for r in found] == [d.id for d in marks.test]
    assert [r["text"] for r in found] == [d.text for d in marks.test]
    assert [without_scores(r["spans"]) for r in found] == [without_scores(r["spans"]) for r in right]
    assert sum(len(r["spans"]) for r in found) > 12
    pairs = zip(found, right, strict=True)
    scores = [(a["score"], b["score"]) for f, r in pairs for a, b in zip(f["spans"], r["spans"], strict=True)]
    assert max(abs(a - b) for a, b in scores) <= (0 if batch == 256 else 1e-5)  # the same batches: the same bits


def test_a_text_of_many_windows_is_predicted_to_its_end(marks: Trained, tmp_path: Path) -> None:
    file = written(tmp_path / "test.jsonl", marks.test)
    (long,) = [r for r in records(gristmill("predict", marks.model, file)) if r["id"] == "long"]
    assert len(long["text"]) > 300
    assert max(span["end"] for span in long["spans"]) > 290
    assert {"then", "went"}.isdisjoint(long["text"][s["start"] : s["end"]] for s in long["spans"])


def test_labels_and_scores_are_those_of_the_checkpoints_own_predictions(labels: Trained, tmp_path: Path) -> None:
    file = written(tmp_path / "test.jsonl", labels.test)
    found = records(gristmill("predict", labels.folder, file))
    shown = [{"id": r["id"], "label": r["label"], "scores": list(r["scores"].values())} for r in found]
    assert shown == labels.predicted()
    assert {tuple(r["scores"]) for r in found} == {("good", "bad")}
    assert {r["label"] for r in found} == {"good", "bad"}


def test_the_name_of_a_recipe_is_its_published_release(trained: TinyProject, tmp_path: Path) -> None:
    store, recipe = trained.store, trained.recipe()
    split = store.published(recipe.place("splits"))
    release = store.published(recipe.place("release"))
    assert split is not None and release is not None
    rows = [r for r in store.audit_documents(split).to_pylist() if r["split"] == "test"]
    file = tmp_path / "test.jsonl"
    file.write_text("".join(json.dumps({"id": r["id"], "text": r["text"]}) + "\n" for r in rows))
    right = pq.read_table(store.audit_folder(release) / "predictions.parquet").to_pylist()
    for checkpoint in ("journeys", store.where(release), f"{store.where(release)}/model"):
        result = gristmill("predict", checkpoint, file)
        assert result.exit_code == 0, result.output
        assert [(r["id"], r["spans"]) for r in records(result)] == [(r["id"], r["spans"]) for r in right]


def test_plain_text_csv_compressed_files_and_standard_input_say_the_same(marks: Trained, tmp_path: Path) -> None:
    texts = ["Anna went to Bern gladly", 'then "Bo", 𝒳 went to 北京']
    text = "\n\n".join(texts) + "\n"
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(text.encode()))
    quoted = "".join('"' + t.replace('"', '""') + '"\n' for t in texts)
    (tmp_path / "a.csv").write_text(f"text\n{quoted}", encoding="utf-8")
    found = [records(gristmill("predict", marks.folder, tmp_path / f"a.{end}")) for end in ("txt", "txt.gz", "csv")]
    found.append(records(gristmill("predict", marks.folder, "-", "--format", "txt", input=text.encode())))
    assert [[r["id"] for r in f] for f in found] == [[1, 3], [1, 3], [2, 3], [1, 3]]
    assert [[r["text"] for r in f] for f in found] == [texts] * 4
    assert [[r["spans"] for r in f] for f in found] == [[r["spans"] for r in found[0]]] * 4
    second = found[0][1]
    city = next(s for s in second["spans"] if "北" in second["text"][s["start"] : s["end"]])
    assert (city["start"], city["end"]) == (21, 23)  # characters, not bytes and not UTF-16


PAIRS = {"use": "sentence_pair_classification", "labels": ["good", "bad"]}


@pytest.mark.parametrize(
    ("task", "beside", "joined"),
    [
        (PAIRS, "second", "Anna went to Oslo 0\nBo went to Bern"),
        ({"use": "question_answering"}, "question", "Bo went\nAnna went to Oslo 0"),
    ],
)
def test_a_task_of_two_texts_reads_both(task: dict[str, Any], beside: str, joined: str, tmp_path: Path) -> None:
    from pipeline.part import build
    from pipeline.source.jsonl import Jsonl
    from pipeline.training.full import Full

    asked = {"second": "Bo went to Bern", "question": "Bo went", "answer": "Anna"}
    texts = [{"id": f"d{i}", "text": f"Anna went to Oslo {i}", "label": ("bad", "good")[i % 2]} for i in range(20)]
    rows = [{**text, **asked} for text in texts]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    columns = {"second": "second"} if beside == "second" else {"question": "question", "answer": "answer"}
    table = to_table(d for d in Jsonl(path=str(tmp_path), **columns).read("a.jsonl") if isinstance(d, Document))
    method = Full(base_model=str(tiny_bert(tmp_path / "base")), layers=1, epochs=1, batch_tokens=256, max_length=48)
    out = tmp_path / "out"
    out.mkdir()
    method.fit(build("task", task), Splits(table, table, table, "d"), CPU, out, lambda _: None)  # type: ignore[arg-type]
    found = records(gristmill("predict", out, tmp_path / "a.jsonl"))
    right = pq.read_table(out / "predictions.parquet").to_pylist()
    assert [{k: r[k] for k in ("id", "label", "answer", "start", "end") if k in r} for r in found] == [
        {k: r[k] for k in ("id", "label", "answer", "start", "end") if k in r} for r in right
    ]
    assert found[0]["text"] == joined
    (tmp_path / "b.jsonl").write_text('{"text": "Anna"}\n' + json.dumps(rows[0]) + "\n")
    result = gristmill("predict", out, tmp_path / "b.jsonl")
    first, second = records(result)
    assert result.exit_code == 1 and f"{beside!r}" in first["error"] and second["id"] == "d0"
    (tmp_path / "a.txt").write_text("Anna")
    assert gristmill("predict", out, tmp_path / "a.txt").exit_code == 2
    with pytest.raises(WrongUse, match=r"reads more than one text .* use `gristmill predict`"):
        serving.app(Predictor.open(out / "model", "cpu"), "m", serving.Limits())


def test_a_bad_line_is_an_error_in_its_place_and_loses_no_other(marks: Trained, tmp_path: Path) -> None:
    lines = [
        b'{"id": "a", "text": "Anna went to Bern gladly", "spans": "left over", "split": "nowhere"}',
        b"not JSON",
        b'{"id": "b"}',
        b'{"text": "B\xff"}',
        b'{"text": "Bo", "tokens": [[0, 9]]}',
        b'{"text": "\\ud800"}',
        b'{"id": "c", "text": "Bo went to Oslo sadly"}',
    ]
    (tmp_path / "bad.jsonl").write_bytes(b"\n".join(lines))
    result = gristmill("predict", marks.folder, tmp_path / "bad.jsonl", "--output", tmp_path / "out.jsonl")
    assert (result.exit_code, result.stdout) == (1, "")
    found = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [r["id"] for r in found] == ["a", 2, 3, 4, 5, 6, "c"]
    assert [r.get("line") for r in found] == [None, 2, 3, 4, 5, 6, None]
    assert len(found[0]["spans"]) == len(found[6]["spans"]) == 2
    said = [str(r["error"]).removeprefix(f"{tmp_path}/") for r in found[1:6]]
    assert [s[: s.index(": ")] for s in said] == [f"bad.jsonl:{n}" for n in (2, 3, 4, 5, 6)]
    for word, error in zip(("not JSON", "'text'", "UTF-8", "[0, 9)", "surrogate"), said, strict=True):
        assert word in error
    assert f"{tmp_path}/bad.jsonl:2: is not JSON" in result.stderr
    assert result.stderr.endswith("lines that could not be read: 5; the others are predicted\n")


def test_documents_are_read_and_predicted_a_batch_at_a_time(marks: Trained) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Document | Rejected]:
        for n in range(10**9):
            taken.append(n)
            yield Document(f"f:{n}", "Anna went to Bern", source=f"f:{n}")

    found = predictions(Predictor.open(marks.model, "cpu"), endless(), 8)
    assert [next(found)["id"] for _ in range(9)] == list(range(9))
    assert len(taken) == 16


def test_what_is_not_a_checkpoint_is_said_with_what_would_be_right(tmp_path: Path, marks: Trained) -> None:
    store = Store(str(tmp_path / "store"))
    with pytest.raises(WrongUse, match=r"no folder journeys and no published release.*gristmill run journeys"):
        folder_of("journeys", store)
    (tmp_path / "empty").mkdir()
    with pytest.raises(WrongUse, match=r"empty holds no gristmill\.json"):
        folder_of(str(tmp_path / "empty"), store)
    for said in ("{", "[]", '{"task": {"use": "nrr"}}', '{"task": {"use": "ner", "labels": ["A"]}, "max_length": "x"}'):
        (tmp_path / "empty" / "gristmill.json").write_text(said)
        with pytest.raises(WrongUse, match=r"ner|gristmill\.json: is not what a training wrote"):
            Predictor.open(folder_of(str(tmp_path / "empty"), store))
    said = '{"task": {"use": "ner", "labels": ["A"]}, "max_length": 8, "casings": 3, "batch_tokens": 8}'
    (tmp_path / "empty" / "gristmill.json").write_text(said)
    with pytest.raises(WrongUse, match=r"tells 3 casings of a word apart and not 6; train it again"):
        Predictor.open(folder_of(str(tmp_path / "empty"), store))


def test_what_is_not_a_file_of_texts_is_said_with_what_would_be_right(tmp_path: Path, marks: Trained) -> None:
    result = gristmill("predict", marks.folder, tmp_path / "a.xlsx")
    assert (result.exit_code, result.stderr) == (
        2,
        f"{tmp_path}/a.xlsx: is it jsonl, csv or txt? say so with --format\n",
    )
    with pytest.raises(SourceError, match=r"none\.txt: there is no such file"):
        read(str(tmp_path / "none.txt"), None, BytesIO())
    (tmp_path / "a.csv").write_text("txt\nAnna\n")
    result = gristmill("predict", marks.folder, tmp_path / "a.csv")
    assert result.exit_code == 1
    assert "a.csv:1: there is no column 'text'" in result.stderr and "did you mean 'txt'?" in result.stderr
    result = gristmill("predict", marks.folder, tmp_path / "a.csv", "--output", tmp_path / "no" / "out")
    assert result.exit_code == 2
    assert "out: cannot be written: No such file or directory" in result.stderr


def test_an_output_appears_when_all_of_it_is_written(marks: Trained, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("before")
    (tmp_path / "a.csv").write_text("txt\nAnna\n")
    assert gristmill("predict", marks.folder, tmp_path / "a.csv", "--output", tmp_path / "out.jsonl").exit_code == 1
    assert (tmp_path / "out.jsonl").read_text() == "before"
    (tmp_path / "a.txt").write_text("Anna")
    assert gristmill("predict", marks.folder, tmp_path / "a.txt", "--output", tmp_path / "out.jsonl").exit_code == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["text"] == "Anna"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "a.txt", "out.jsonl"]
