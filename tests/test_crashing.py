"""A training that is killed at random moments and goes on ends with the weights of one that was left alone."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from conftest import TinyProject

from assets.cli import main
from pipeline import crashing
from pipeline.crashing import crash_test
from pipeline.errors import TrainingDied

SETTINGS = ("training.epochs=4", "training.resume_every=1", "training.batch_tokens=128", "training.dropout=0.2")


@pytest.mark.slow
def test_killed_trainings_end_with_the_bytes_of_an_undisturbed_one(made: TinyProject) -> None:
    arguments = [a for s in SETTINGS for a in ("--set", s)]
    result = CliRunner().invoke(main, ["crash-test", "journeys", "--kills", "1", "--seed", "5", "--json", *arguments])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["kills"] == 1
    assert report["trainings"] >= 1
    assert report["differing_bytes"] == 0
    assert report["steps"] >= 8
    assert 0 <= report["lost_steps"] <= report["kills"], "with a resume point a step, a kill costs a step at most"


def test_what_differs_is_counted_and_ends_the_command_with_1(
    made: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = iter([True, False, True])
    models = iter([{"model.safetensors": b"abcd", "config.json": b"{}"}, {"model.safetensors": b"abXde"}])
    monkeypatch.setattr(crashing, "_lived", lambda *_: next(lives))
    monkeypatch.setattr(crashing, "_model", lambda _: next(models))
    result = CliRunner().invoke(main, ["crash-test", "journeys", "--kills", "1", "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["differing_bytes"] == 4, "one byte is another, one is more, and two of a file are missing"


def test_a_training_that_ends_by_itself_is_an_error_with_its_last_words(made: TinyProject) -> None:
    recipe = made.recipe("training.layers=99")
    with pytest.raises(TrainingDied, match=r"layers: 99 is more than the 6 of the base model"):
        crash_test(recipe, "base", made.store, 1, 1, lambda _: None)
