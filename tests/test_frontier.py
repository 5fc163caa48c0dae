"""Variants side by side: which differences are real, which variant is released, and the command."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import TinyProject

from assets.cli import main
from pipeline import stages
from pipeline.errors import DataSaysNo
from pipeline.frontier import Candidate, Scores, chosen, difference, table

NOISE = np.sin(np.arange(1000.0))  # symmetric around 0, between -1 and 1


def candidate(variant: str, validation: float, spread: float, trainable: float = 100.0, test: float = 0.5) -> Candidate:
    scores = {
        "validation": Scores(validation, validation + spread * NOISE),
        "test": Scores(test, np.full(1000, test)),
    }
    metrics = {"parameters": 100.0, "trainable_parameters": trainable, "seconds": trainable, "peak_memory_mib": 10.0}
    return Candidate(variant, "full", scores, metrics)


def test_a_paired_difference_takes_what_both_sides_share_out_of_the_interval() -> None:
    one, other = Scores(0.8, 0.8 + 0.1 * NOISE), Scores(0.7, 0.7 + 0.1 * NOISE)
    found = difference(one, other)
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    assert found.real
    assert str(found) == "+0.1000 [+0.1000, +0.1000]"


def test_a_better_variant_is_released_where_its_lead_is_more_than_noise() -> None:
    taken, others = chosen([candidate("base", 0.70, 0.01), candidate("lora", 0.80, 0.02)])
    assert taken.variant == "lora"
    assert list(others) == ["base"]
    assert "against lora" in others["base"]
    assert "noise" not in others["base"]


def test_a_lead_inside_of_the_noise_replaces_neither_the_recipe_itself_nor_a_smaller_method() -> None:
    taken, others = chosen([candidate("base", 0.70, 0.01), candidate("lora", 0.71, 0.05)])
    assert taken.variant == "base"
    assert others["lora"].startswith("on validation it scores +0.0100 [-0.0")
    assert others["lora"].endswith("against base: inside of the noise, so the simpler one stays")
    small, _ = chosen([candidate("large", 0.71, 0.05, 90), candidate("small", 0.70, 0.01, 5)])
    assert small.variant == "small"


def test_the_frontier_leaves_out_what_scores_less_for_more() -> None:
    found = [
        candidate("dear", 0.9, 0.0, 100, test=0.9),
        candidate("cheap", 0.8, 0.0, 10, test=0.8),
        candidate("waste", 0.7, 0.0, 50, test=0.7),
    ]
    rows = table(found, {"dear": True, "cheap": False, "waste": True})
    assert [(r["variant"], r["on_frontier"]) for r in rows] == [("dear", True), ("cheap", True), ("waste", False)]
    assert [r["trainable_share"] for r in rows] == [1.0, 0.1, 0.5]
    assert [r["difference"] for r in rows] == pytest.approx([0.0, -0.1, -0.2])
    assert [r["published"] for r in rows] == [True, False, True]


def test_the_frontier_of_a_recipe_is_trained_and_shown_by_the_command(trained: TinyProject) -> None:
    result = CliRunner().invoke(main, ["frontier", "journeys", "--train", "--json"])
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert sorted(r["variant"] for r in shown["rows"]) == ["base", "plain"]
    assert shown["not_trained"] == []
    for row in shown["rows"]:
        assert row["low"] <= row["score"] <= row["high"]
        assert row["trainable_share"] == 1.0
        assert row["seconds"] > 0
        assert row["difference_low"] <= row["difference"] <= row["difference_high"]
    recipe, store = trained.recipe(), trained.store
    release = stages.make(stages.release(recipe, store), store)
    assert release.manifest.facts["variant"] == shown["best"]
    left = ({"base", "plain"} - {shown["best"]}).pop()
    card = (store.audit_folder(release) / "model_card.md").read_text()
    assert f"left out: {left}: on validation it scores " in card
    again = CliRunner().invoke(main, ["frontier", "journeys"])
    assert "no other variant scores as well for as little" in again.stdout


def test_a_recipe_with_nothing_trained_says_how_to_train(made: TinyProject) -> None:
    with pytest.raises(DataSaysNo, match=r"no variant is trained; `gristmill frontier journeys --train`"):
        stages.frontier(made.recipe(), made.store)
