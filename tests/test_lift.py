"""The lift: what an operation brings, told from noise; an operation that lowers the score leaves the recipe."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from conftest import TinyProject

from assets.cli import main
from pipeline import stages
from pipeline.augmentation.swap_entities import SwapEntities
from pipeline.errors import DataSaysNo, WrongUse
from pipeline.job import Job
from pipeline.lifting import LiftPoint, Measured, compared, harmful
from pipeline.stages import Trainer
from pipeline.task.ner import PREDICTIONS
from pipeline.training import Report
from pipeline.version import Version
from pipeline.work import Work

LIFT = {
    "operations": [{"use": "swap_entities"}],
    "sizes": [{"documents": 20, "training": {"epochs": 2}}, {}],
    "seeds": 1,
    "noise": {"use": "swap_words", "share_of_words": 0.3},
}


def measured(operation: str, seed: int, clean: float, spread: float = 0.01) -> Measured:
    point = LiftPoint(operation, "400", seed, SwapEntities())
    draws = {"clean": clean + spread * np.sin(np.arange(1000)), "noised": np.full(1000, 0.5)}
    return Measured(point, {"clean": clean, "noised": 0.5}, draws)


def test_a_difference_that_all_draws_share_is_told_from_zero() -> None:
    rows = compared([measured("none", 1, 0.80), measured("swap_entities", 1, 0.75)])
    assert [(r["size"], r["operation"], r["test"]) for r in rows] == [
        ("400", "swap_entities", "clean"),
        ("400", "swap_entities", "noised"),
    ]
    clean, noised = rows
    assert clean["difference"] == pytest.approx(-0.05)
    assert (clean["low"], clean["high"]) == (pytest.approx(-0.05), pytest.approx(-0.05))
    assert (noised["difference"], noised["low"], noised["high"]) == (0.0, 0.0, 0.0)
    assert harmful(rows) == {"swap_entities": "-0.0500 [-0.0500, -0.0500] with 400 training documents"}


def test_seeds_that_disagree_widen_the_interval_and_nothing_is_called_harmful() -> None:
    rows = compared(
        [
            measured("none", 1, 0.80),
            measured("swap_entities", 1, 0.70),
            measured("none", 2, 0.80),
            measured("swap_entities", 2, 0.85),
        ]
    )
    assert rows[0]["difference"] == pytest.approx(-0.025)
    assert float(str(rows[0]["low"])) < -0.09
    assert float(str(rows[0]["high"])) > 0.04
    assert harmful(rows) == {}


def test_a_recipe_with_a_lift_gets_a_variant_for_each_size_operation_and_seed(project: TinyProject) -> None:
    project.edit_recipe(lift={**LIFT, "seeds": 2})
    variants = project.recipe().variants
    assert [n for n in variants if n.startswith("lift_")] == [
        f"lift_{size}_{operation}_{seed}"
        for size in ("20", "all")
        for seed in (1, 2)
        for operation in ("none", "swap_entities")
    ]
    small, whole = variants["lift_20_none_2"], variants["lift_all_swap_entities_1"]
    assert (small.train_documents, small.augmentation, small.training.settings()["epochs"]) == (20, (), 2)
    assert small.training.settings()["seed"] == 2
    assert (whole.train_documents, [a.name for a in whole.augmentation]) == (None, ["swap_entities"])


def test_a_mistake_in_a_lift_is_said_with_its_place(project: TinyProject) -> None:
    project.edit_recipe(lift={**LIFT, "operations": ["swap_entitys"]})
    (mistake,) = project.load().mistakes
    assert (mistake.place, mistake.message) == (
        "lift.operations[0]",
        "there is no augmentation part 'swap_entitys'; did you mean 'swap_entities'?",
    )


def test_a_lift_is_trained_reported_and_keeps_harmful_operations_out(made: TinyProject) -> None:
    made.edit_recipe(lift=LIFT)
    with pytest.raises(DataSaysNo, match="4 of 4 variants are not trained: lift_20_none_1, "):
        stages.lift(made.recipe(), made.store)
    result = CliRunner().invoke(main, ["augment-report", "journeys", "--train", "--json"])
    assert result.exit_code == 0, result.output
    shown = json.loads(result.stdout)
    assert [(r["size"], r["operation"], r["test"]) for r in shown["rows"]] == [
        (size, "swap_entities", copy) for size in ("20", "all") for copy in ("clean", "noised")
    ]
    for row in shown["rows"]:
        assert row["low"] <= row["difference"] + 1e-9
        assert row["difference"] <= row["high"] + 1e-9
        assert row["with"] - row["without"] == pytest.approx(row["difference"])
    recipe, store = made.recipe(), made.store
    small = store.published(recipe.place("augmented", "lift_20_none_1"))
    assert small is not None
    assert small.manifest.rows == 20
    assert recipe.variants["lift_20_none_1"].lift is not None
    again = CliRunner().invoke(main, ["augment-report", "journeys"])
    assert again.exit_code == 0, again.output
    assert "swap_entities" in again.stdout
    version = store.published(recipe.place("lift"))
    assert version is not None
    assert version.name == shown["version"]


def test_an_operation_that_lowers_the_score_is_left_out_and_the_reason_is_kept(made: TinyProject) -> None:
    made.edit_recipe(augmentation=[{"use": "swap_entities", "when": "helps"}])
    recipe, store = made.recipe(), made.store
    before = stages.augment(recipe, "base", store)
    why = "-0.0500 [-0.0600, -0.0400] with all training documents"
    with store.draft("lifted") as draft:
        (draft.folder / "lift.json").write_text("[]")
        facts = {"harmful": {"swap_entities": why}}
        version = store.commit(
            draft, recipe.place("lift"), "lifted", fingerprint="f", inputs=(), seconds=0.0, facts=facts
        )
    store.settle(version, {})
    after = stages.augment(recipe, "base", store)
    assert before.version != after.version
    made_again = stages.make(after, store)
    assert dict(made_again.manifest.facts["left_out"]) == {"swap_entities": why}
    assert made_again.manifest.rows == made_again.manifest.facts["originals"]


def test_an_operation_that_the_lift_finds_harmful_is_left_out_and_the_release_says_why(
    made: TinyProject, faked: Callable[..., Trainer]
) -> None:
    made.edit_recipe(
        lift={**LIFT, "sizes": [{}]}, augmentation=[{"use": "swap_entities", "when": "helps"}, "delete_words"]
    )
    recipe, store = made.recipe(), made.store

    def train(todo: Job, report: Report) -> None:
        """Finds every mention, or persons alone where it was trained on children of swap_entities."""
        faked(0.5)(todo, report)
        lineage = pq.read_table(todo.folder / "data" / "train.parquet")["lineage"].to_pylist()
        spoilt = any(one is not None and one["operation"] == "swap_entities" for one in lineage)
        for read, written in (("test", "predictions"), ("copies/noised", "predictions_noised")):
            if (todo.folder / "data" / f"{read}.parquet").exists():
                gold = pq.read_table(todo.folder / "data" / f"{read}.parquet").to_pylist()
                rows = [
                    {"id": doc["id"], "spans": [s for s in doc["spans"] if s["label"] == "PER" or not spoilt]}
                    for doc in gold
                ]
                table = pa.Table.from_pylist(rows, schema=PREDICTIONS)
                pq.write_table(table, todo.folder / f"{written}.parquet")

    def published(work: Work) -> Version:
        version = stages.make(work, store)
        stages.judge(work, store)
        assert store.published(work.place) == version
        return version

    before = published(stages.augment(recipe, "base", store))
    for name in (n for n, variant in recipe.variants.items() if variant.lift is not None):
        published(stages.augment(recipe, name, store))
        published(stages.fine_tune(recipe, name, store, train))
    lifted = published(stages.lift(recipe, store))
    why = "-0.3333 [-0.3333, -0.3333] with all training documents"
    assert dict(lifted.manifest.facts["harmful"]) == {"swap_entities": why}
    after = published(stages.augment(recipe, "base", store))
    assert (set(before.manifest.facts["by_operation"]), set(after.manifest.facts["by_operation"])) == (
        {"swap_entities", "delete_words"},
        {"delete_words"},
    )
    published(stages.fine_tune(recipe, "base", store, train))
    release = published(stages.release(recipe, store))
    card = (store.audit_folder(release) / "model_card.md").read_text()
    assert f"- left out, it lowers the score: swap_entities {why}\n" in card


def test_a_recipe_without_a_lift_says_how_to_get_one(made: TinyProject) -> None:
    with pytest.raises(WrongUse, match="the recipe has no `lift`"):
        stages.lift(made.recipe(), made.store)
