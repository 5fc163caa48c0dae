"""Two processes that train together, started by torchrun with gloo, end where one process ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load_file

from pipeline import job
from pipeline.errors import WrongUse
from tests.tiny_training import TASK, splits, tiny_bert

TRAIN = """
import sys
from pathlib import Path
from pipeline import job
told = []
job.run(job.load(Path(sys.argv[1])), lambda e: print(e["kind"], flush=True))
"""


def laid_out(folder: Path, base: Path, **changed: Any) -> Path:
    settings = {"use": "full", "base_model": str(base), "epochs": 2, "learning_rate": 5e-3, "batch_tokens": 128}
    settings |= {"max_length": 32, "dropout": 0.0, **changed}
    folder.mkdir()
    todo = job.Job(folder, TASK.settings(), settings, "d", "f", device="cpu", precision="fp32", threads=1)
    job.lay_out(todo, splits())
    return folder


def trained(folder: Path, script: Path) -> subprocess.CompletedProcess[str]:
    """Two processes train what lies in a folder."""
    several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [sys.executable, *several, str(script), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """(a folder, the tiny base model, the script that trains)."""
    root = tmp_path_factory.mktemp("together")
    script = root / "train.py"
    script.write_text(TRAIN)
    return root, tiny_bert(root / "base"), script


@pytest.mark.slow
def test_two_processes_end_with_the_weights_and_the_scores_of_one(places: tuple[Path, Path, Path]) -> None:
    root, base, script = places
    one, two = laid_out(root / "one", base), laid_out(root / "two", base)
    told: list[Any] = []
    job.run(job.load(one), lambda event: told.append(event["kind"]))
    together = trained(two, script)
    assert together.returncode == 0, together.stderr
    weights = [load_file(folder / "model" / "model.safetensors") for folder in (one, two)]
    assert weights[0].keys() == weights[1].keys()
    assert max(float(abs(weights[0][k] - weights[1][k]).max()) for k in weights[0]) < 1e-3
    metrics = [json.loads((folder / "run.json").read_text())["metrics"] for folder in (one, two)]
    assert abs(metrics[0]["entity_f1"] - metrics[1]["entity_f1"]) < 0.02
    losses = [[r["loss"] for r in json.loads((f / "loss.json").read_text()) if "loss" in r] for f in (one, two)]
    assert len(losses[0]) == len(losses[1])
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)
    assert told.count("epoch") == together.stdout.count("epoch") == 2, "one of the two reports"


def test_mixup_in_several_processes_is_refused_with_the_reason(
    places: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, base, _ = places
    folder = laid_out(root / "mixed", base, mixup=0.4)
    monkeypatch.setattr("pipeline.training._distributed.world", lambda: 2)
    with pytest.raises(WrongUse, match="mixup compares the windows of a batch: train in one process"):
        job.run(job.load(folder), lambda _: None)
