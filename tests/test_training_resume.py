"""A killed fit goes on where it was, to the byte, and only where it is the same fit."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.part import build, find
from pipeline.training import Training, _loop
from pipeline.training.full import Full
from tests.tiny_training import CPU, METHODS, TASK, splits, tiny_bert

SETTINGS: dict[str, Any] = {"epochs": 2, "learning_rate": 5e-3, "batch_tokens": 128, "max_length": 32, "dropout": 0.1}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


KILLED = """
import sys; sys.path.insert(0, {root!r})
from pathlib import Path
from tests.tiny_training import CPU, TASK, splits
from pipeline.training.full import Full
def report(event):
    if event["kind"] == "step": print(event["step"], flush=True)
    if event.get("phase") == "resume": print("resumed", event["step"], flush=True)
from pipeline.training import _loop
save = _loop.Loop._save
def saved(self):
    save(self)
    print("saved", self.progress.step, flush=True)
_loop.Loop._save = saved
Full(base_model={base!r}, resume_every=5, **{settings!r}).fit(TASK, splits(), CPU, Path({out!r}), report)
print("done", flush=True)
"""


def run(base: Path, out: Path, kill_at: str | None) -> list[str]:
    names = {"root": str(Path(__file__).parents[1]), "base": str(base)}
    code = KILLED.format(**names, settings=SETTINGS, out=str(out))
    lines = []
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            if line.strip() == kill_at:
                process.send_signal(signal.SIGKILL)
                break
    return lines


def test_a_killed_fit_goes_on_from_its_resume_point_and_ends_with_the_same_bytes(base: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    Full(base_model=str(base), resume_every=5, **SETTINGS).fit(TASK, splits(), CPU, whole, lambda _: None)
    assert run(base, cut, kill_at="saved 10")[-1] == "saved 10"
    assert not (cut / "model").exists()
    assert len(list((cut / "resume").glob("*/current/counters.json"))) == 1
    again = run(base, cut, kill_at=None)
    assert again[0].startswith("resumed 1")
    assert again[-1] == "done"
    weights = [(folder / "model" / "model.safetensors").read_bytes() for folder in (whole, cut)]
    assert weights[0] == weights[1]
    losses = [json.loads((folder / "loss.json").read_text()) for folder in (whole, cut)]
    assert losses[0] == losses[1]


def test_a_resume_point_of_other_settings_is_not_gone_on_from(base: Path, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop_after_an_epoch(event: Mapping[str, Any]) -> None:
        if event["kind"] == "epoch":
            raise Stop

    def phases(**changed: Any) -> list[Any]:
        told: list[Mapping[str, Any]] = []
        Full(base_model=str(base), **SETTINGS | changed).fit(TASK, splits(), CPU, tmp_path, told.append)
        return [event.get("phase") for event in told]

    for _ in range(2):
        with pytest.raises(Stop):
            Full(base_model=str(base), resume_every=4, **SETTINGS).fit(
                TASK, splits(), CPU, tmp_path, stop_after_an_epoch
            )
    assert "resume" in phases(resume_every=4)
    shutil.rmtree(tmp_path / "resume")  # it stays until the job is cleared
    with pytest.raises(Stop):
        Full(base_model=str(base), resume_every=4, **SETTINGS).fit(TASK, splits(), CPU, tmp_path, stop_after_an_epoch)
    assert "resume" not in phases(resume_every=4, seed=14)


class Died(Exception):
    pass


def written(folder: Path) -> dict[str, bytes]:
    places = (folder / "model", folder / "adapter")
    return {str(p.relative_to(folder)): p.read_bytes() for f in places for p in sorted(f.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("use", METHODS)
def test_every_method_that_died_twice_ends_with_the_bytes_of_one_that_did_not(
    use: str, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {**find("training", use).example, **SETTINGS, "layers": 2, "casing": True, "adapt_vocabulary": True}
    method = build("training", {**own, "use": use, "base_model": str(base), "resume_every": 3})
    assert isinstance(method, Training)
    method.fit(TASK, splits(), CPU, tmp_path / "whole", lambda _: None)
    plain, saves = _loop.Loop._save, list[int]()

    def save_and_die(self: _loop.Loop) -> None:
        plain(self)
        saves.append(self.progress.step)
        if len(saves) in (3, 8):
            raise Died

    monkeypatch.setattr(_loop.Loop, "_save", save_and_die)
    for _ in range(2):
        with pytest.raises(Died):
            method.fit(TASK, splits(), CPU, tmp_path / "cut", lambda _: None)
    assert saves[2] < saves[3] < saves[7]  # each life goes on where the one before had saved
    method.fit(TASK, splits(), CPU, tmp_path / "cut", lambda _: None)
    assert written(tmp_path / "cut") == written(tmp_path / "whole")


def test_a_resume_point_keeps_what_a_method_trains_and_not_what_it_leaves(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, sizes = _loop.Loop._save, dict[str, int]()

    def save(self: _loop.Loop) -> None:
        plain(self)
        sizes[use] = (self.resume / "current" / "model.safetensors").stat().st_size

    monkeypatch.setattr(_loop.Loop, "_save", save)
    for use in ("full", "frozen"):
        method = build("training", {"use": use, "base_model": str(base), **SETTINGS})
        assert isinstance(method, Training)
        method.fit(TASK, splits(), CPU, tmp_path / use, lambda _: None)
    assert sizes["full"] > 6277 * 4
    assert sizes["frozen"] < 85 * 4 + 1000
