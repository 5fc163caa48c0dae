"""A killed fit goes on where it was, to the byte, and only where it is the same fit."""

from __future__ import annotations

import shutil
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
    losses = {"loss.json": (folder / "loss.json").read_bytes()}
    return losses | {
        str(p.relative_to(folder)): p.read_bytes() for f in places for p in sorted(f.rglob("*")) if p.is_file()
    }


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
