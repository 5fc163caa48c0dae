"""Faults in what a checkpoint predicts and in the numbers that are kept of it."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from pipeline.faults._fault import Fault, World, some

Predictions = list[dict[str, Any]]
Metrics = dict[str, float]


def constant_predictions(rows: Predictions, strength: float, rng: Random, world: World) -> Predictions:
    """A share of the predictions is the commonest label, or no mention at all."""
    drawn = set(some(rows, strength, rng))
    if "spans" in (rows[0] if rows else {}):
        return [{**row, "spans": []} if at in drawn else row for at, row in enumerate(rows)]
    common = Counter(row["label"] for row in rows).most_common(1)[0][0]
    return [{**row, "label": common} if at in drawn else row for at, row in enumerate(rows)]


def shuffled_predictions(rows: Predictions, strength: float, rng: Random, world: World) -> Predictions:
    """A share of the documents has the prediction of another one."""
    drawn = some(rows, strength, rng)
    given = dict(zip(drawn, rng.sample(drawn, len(drawn)), strict=True))
    return [{**rows[given.get(at, at)], "id": row["id"]} for at, row in enumerate(rows)]


def predictions_lost(rows: Predictions, strength: float, rng: Random, world: World) -> Predictions:
    """A share of the documents has no prediction."""
    gone = set(some(rows, strength, rng))
    return [row for at, row in enumerate(rows) if at not in gone]


def metric_missing(metrics: Metrics, strength: float, rng: Random, world: World) -> Metrics:
    """The task gave no numbers but baselines."""
    return {name: value for name, value in metrics.items() if name.startswith("baseline_")}


def metric_not_a_number(metrics: Metrics, strength: float, rng: Random, world: World) -> Metrics:
    """Every number is NaN."""
    return dict.fromkeys(metrics, float("nan"))


_SCORES = ("f1", "better_than_baseline")

KINDS = (
    Fault(constant_predictions, "checkpoint", (0.5, 1.0), ("predictions",), _SCORES),
    Fault(shuffled_predictions, "checkpoint", (0.5, 1.0), ("predictions",), _SCORES),
    Fault(predictions_lost, "checkpoint", (0.01, 0.5), ("predictions",)),
    Fault(metric_missing, "checkpoint", (1.0,), ("predictions",)),
    Fault(metric_not_a_number, "checkpoint", (1.0,), ("predictions",)),
)
