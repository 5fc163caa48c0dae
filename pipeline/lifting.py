"""What an operation of augmentation brings: the variants that are trained for it, and the comparison of their scores.

For every size of training text and every seed there is one variant without augmentation and one with each operation.
The two are compared on the same test documents, clean and noised (paired bootstrap, pipeline/task/_scores.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.augmentation import Augmenter
from pipeline.types import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NONE = "none"  # the operation that does nothing
SEED = 13


class LiftSize(BaseModel):
    """`documents` of the training text (null: all), and what of `training` is different for so few."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: int | None = Field(None, ge=1)
    training: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """The number, or `all`."""
        return "all" if self.documents is None else str(self.documents)


class LiftSettings(BaseModel):
    """A recipe's `lift`: which operations, at which sizes, with how many seeds; `noise` makes the noised test copy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    operations: list[Any] = Field(min_length=1)
    sizes: list[LiftSize] = Field(min_length=1)
    seeds: int = Field(2, ge=1, le=10)
    noise: Any = "keyboard_noise"


@dataclass(frozen=True, slots=True)
class LiftPoint:
    """Where a variant stands in the comparison."""

    operation: str
    size: str
    seed: int
    noise: Augmenter


def points(
    settings: LiftSettings, operations: Sequence[Augmenter], noise: Augmenter
) -> Iterator[tuple[str, LiftPoint, tuple[Augmenter, ...], LiftSize]]:
    """(name of the variant, its place, what augments it, its size), in order."""
    for size in settings.sizes:
        for number in range(1, settings.seeds + 1):
            for augmenter in (None, *operations):
                operation = NONE if augmenter is None else augmenter.name
                used = () if augmenter is None else (augmenter.model_copy(update={"when": "always"}),)
                yield (
                    f"lift_{size.name}_{operation}_{number}",
                    LiftPoint(operation, size.name, number, noise),
                    used,
                    size,
                )


@dataclass(frozen=True, slots=True)
class Measured:
    """The scores of one variant: a headline value and its bootstrap draws, on each copy of the test documents."""

    point: LiftPoint
    values: Mapping[str, float]
    draws: Mapping[str, NDArray[np.float64]]


def compared(measured: Sequence[Measured]) -> list[dict[str, Json]]:
    """A row for each size, operation and copy of the test: scores without and with, their difference and its interval.

    `difference` is the mean over seeds. `low` and `high` are the 2.5 and 97.5 % percentiles of draws that take test
    groups and seeds with replacement, the same ones on both sides.
    """
    import numpy as np

    found = {(m.point.size, m.point.operation, m.point.seed): m for m in measured}
    seeds = sorted({m.point.seed for m in measured})
    sizes, operations = (list(dict.fromkeys(getattr(m.point, n) for m in measured)) for n in ("size", "operation"))
    rows: list[dict[str, Json]] = []
    for size in sizes:
        for operation in operations:
            for copy in measured[0].values if operation != NONE else ():
                without = [found[size, NONE, seed] for seed in seeds]
                with_it = [found[size, operation, seed] for seed in seeds]
                pairs = list(zip(without, with_it, strict=True))
                each = np.stack([b.draws[copy] - a.draws[copy] for a, b in pairs])
                turn = np.random.default_rng(SEED).integers(0, len(seeds), (len(seeds), each.shape[1]))
                drawn = np.take_along_axis(each, turn, axis=0).mean(0)
                low, high = np.percentile(drawn, [2.5, 97.5])
                rows.append(
                    {
                        "size": size,
                        "operation": operation,
                        "test": copy,
                        "without": float(np.mean([a.values[copy] for a, _ in pairs])),
                        "with": float(np.mean([b.values[copy] for _, b in pairs])),
                        "difference": float(np.mean([b.values[copy] - a.values[copy] for a, b in pairs])),
                        "low": float(low),
                        "high": float(high),
                        "seeds": len(seeds),
                    }
                )
    return rows


def harmful(rows: Sequence[Mapping[str, Json]]) -> dict[str, str]:
    """Operation → why it is left out where the recipe says `when: helps`.

    It is where the whole interval lies below zero on the clean test at the largest size that was measured.
    """
    last = rows[-1]["size"] if rows else None
    found: dict[str, str] = {}
    for row in rows:
        if row["size"] != last or row["test"] != "clean":
            continue
        difference, low, high = (float(row[k]) for k in ("difference", "low", "high"))  # type: ignore[arg-type]
        if high < 0:
            of = "all" if last == "all" else f"{last}"
            found[str(row["operation"])] = f"{difference:+.4f} [{low:+.4f}, {high:+.4f}] with {of} training documents"
    return found
