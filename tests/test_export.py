"""`gristmill export`: what ONNX Runtime says of any batch is what the checkpoint says, and the command checks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from assets.cli import main
from pipeline import exporting
from pipeline.errors import WrongUse
from pipeline.exporting import LIMIT, LogitsDiffer, exported
from pipeline.frames import to_table
from pipeline.predicting import opened
from pipeline.training._examples import gathered
from pipeline.training._forward import collate
from pipeline.training.crf import Crf
from pipeline.training.full import Full
from tests.tiny_checkpoint import CLASSES, NER, Trained, trained

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module", params=[(NER, Full), (NER, Crf), (CLASSES, Full)], ids=["token", "chain", "sequence"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return trained(tmp_path_factory.mktemp("checkpoint"), *request.param)


def test_the_logits_agree_on_batches_of_every_shape_and_on_the_windows_of_a_long_text(
    checkpoint: Trained, tmp_path: Path
) -> None:
    import torch

    exported(checkpoint.model, tmp_path / "onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "onnx" / "model.onnx"))
    facts, model, tokenizer = opened(checkpoint.model)
    examples = facts.encoder(tokenizer).encode(to_table(checkpoint.test))
    assert sum(w.document == 12 for w in examples.windows) > 3  # the long text
    found: list[Any] = []
    for size in (1, 2, 3, 5, 16):
        for at in range(0, len(examples.windows), size):
            windows = examples.windows[at : at + size]
            batch = collate(windows, examples.head, tokenizer.pad_token_id, "cpu").inputs
            with torch.inference_mode():
                right = model(**batch).logits.numpy()
            (said,) = session.run(["logits"], {name: value.numpy() for name, value in batch.items()})
            assert said.shape == right.shape
            real = batch["attention_mask"].numpy() == 1 if right.ndim == 3 else slice(None)
            assert np.abs(said - right)[real].max() <= LIMIT
            if size == 1:
                scores = torch.from_numpy(said).log_softmax(-1).numpy()
                found.append(scores[0, : len(windows[0].ids)] if said.ndim == 3 else scores)
    rows = gathered(examples, found, facts.task).to_pylist()
    shown = [{k: v for k, v in row.items() if k in ("id", "label")} for row in rows]
    expected = checkpoint.predicted()
    assert shown == [{k: v for k, v in row.items() if k in ("id", "label")} for row in expected]
    for row, right in zip(rows, expected, strict=True):
        places = [[(s["start"], s["end"], s["label"]) for s in r.get("spans", ())] for r in (row, right)]
        assert places[0] == places[1]


def test_the_command_says_the_greatest_difference_and_writes_a_whole_folder(
    checkpoint: Trained, tmp_path: Path
) -> None:
    result = CliRunner().invoke(main, ["export", str(checkpoint.folder), str(tmp_path / "a" / "onnx")])
    assert result.exit_code == 0, result.output
    shapes = [line for line in result.stdout.splitlines() if "tokens: greatest difference" in line]
    assert [line.split(":")[0].strip() for line in shapes] == [
        "1 x 5 tokens",
        "3 x 17 tokens",
        "8 x 32 tokens",
        "2 x 32 tokens",
    ]
    last = result.stdout.splitlines()[-1]
    assert last.startswith(f"{tmp_path}/a/onnx/model.onnx, ") and last.endswith(", limit 0.0001")
    assert float(last.split("greatest difference ")[1].split(",")[0]) <= 2e-5
    files = {p.name for p in (tmp_path / "a" / "onnx").iterdir()}
    assert {"model.onnx", "tokenizer.json", "config.json", "gristmill.json"} <= files
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["onnx"]
    facts = json.loads((tmp_path / "a" / "onnx" / "gristmill.json").read_text())
    assert (facts["max_length"], facts["casings"]) == (32, 6)
    again = CliRunner().invoke(main, ["export", str(checkpoint.folder), str(tmp_path / "a" / "onnx")])
    assert again.exit_code == 2
    assert again.stderr == f"{tmp_path}/a/onnx is not an empty folder; name one that does not exist\n"


def test_a_model_that_says_something_else_is_not_written(
    checkpoint: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = exporting._write

    def otherwise(model: Any, file: Path) -> None:
        write(model, file)
        model.classifier.bias.data[0] += 4 * LIMIT  # as if tracing had lost something

    monkeypatch.setattr(exporting, "_write", otherwise)
    with pytest.raises(LogitsDiffer, match=r"differ by \d\.\d\de-0[34], more than 0\.0001: nothing was written"):
        exported(checkpoint.model, tmp_path / "onnx")
    assert list(tmp_path.iterdir()) == []


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(WrongUse, match=r"pip install 'gristmill\[export\]'"):
        exported(tmp_path, tmp_path / "onnx")
