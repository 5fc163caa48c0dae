"""How often gates on gaps fail, pass, and do not judge, where a gap of known size is planted in made-up predictions.

No model is trained: what is tested is the rule, at several supports. Every mention stands in a document of its own; the
better group's recall is RECALL and the other's is lower by the gap. For the paired gate a sentence is hit with either
name or with neither but for the share REDRAWN, whose second answer is drawn anew, and for the planted gap.

For `selection_rate` the better group has the label SELECTED of the time. For `equalized_odds` half of the documents
have the label: RECALL of them are given it, and 1 - RECALL of the others; the gap is in the first rate alone.
`precision_gap` is `recall_gap` with predictions for mentions: the same rule, so the same shares.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.fairness._metric_frame import Cell
from pipeline.fairness.counterfactual_gap import CounterfactualGap
from pipeline.fairness.equalized_odds import EqualizedOdds
from pipeline.fairness.recall_gap import RecallGap
from pipeline.fairness.selection_rate import SelectionRate
from pipeline.processes import pool
from pipeline.types import Verdict

SUPPORTS = (50, 100, 200, 500, 1000)
GAPS = (0.0, 0.02, 0.05, 0.1, 0.2)
RECALL, SELECTED, REDRAWN = 0.9, 0.5, 0.2
_OUTCOMES = ("failed", "passed", "not_judged")


def power(
    draws: int, seed: int = 0, jobs: int = 1, supports: Sequence[int] = SUPPORTS, gaps: Sequence[float] = GAPS
) -> dict[str, Any]:
    """Shares of `draws` verdicts of each gate of GATES at its defaults, by support and planted gap.

    Support is mentions or documents a group, or pairs.
    """
    started = time.monotonic()
    cells = [(gate, support, gap) for gate in GATES for support in supports for gap in gaps]
    asked = [(*cell, seed, draws) for cell in cells]
    shares = [
        {"gate": gate, "support": support, "gap": gap, **{name: counts[name] / draws for name in _OUTCOMES}}
        for (gate, support, gap), counts in zip(cells, _counted(asked, jobs), strict=True)
    ]
    command = f"gristmill bench-gates --power --seeds {draws}" + (f" --seed {seed}" if seed else "")
    return {"command": command, "draws": draws, "shares": shares, "seconds": round(time.monotonic() - started, 1)}


def power_table(report: Mapping[str, Any]) -> str:
    """Failed, passed and not judged in per cent, a row a support, a column a planted gap."""
    gaps = list(dict.fromkeys(row["gap"] for row in report["shares"]))
    lines = [
        f"`{report['command']}`: {report['draws']} draws a cell, gates at their defaults: at most 0.05, tolerance 0.1; "
        "per cent failed / passed / not judged.",
        "",
        f"| gate | support | {' | '.join(f'gap {gap:g}' for gap in gaps)} |",
        f"| --- | --- |{' --- |' * len(gaps)}",
    ]
    for gate, support in dict.fromkeys((row["gate"], row["support"]) for row in report["shares"]):
        row = [r for r in report["shares"] if (r["gate"], r["support"]) == (gate, support)]
        shown = [" / ".join(f"{100 * r[name]:.0f}" for name in _OUTCOMES) for r in row]
        lines.append(f"| `{gate}` | {support:,} | {' | '.join(shown)} |")
    return "\n".join(lines)


def _counted(asked: Sequence[tuple[str, int, float, int, int]], jobs: int) -> Iterator[Counter[str]]:
    if jobs == 1:
        yield from map(_outcomes, asked)
        return
    with pool(jobs) as workers:
        yield from workers.map(_outcomes, asked)


def _outcomes(asked: tuple[str, int, float, int, int]) -> Counter[str]:
    gate, support, gap, seed, draws = asked
    drawn = (np.random.default_rng([seed + n, support, round(gap * 1000)]) for n in range(draws))
    return Counter(GATES[gate](rng, support, gap).outcome for rng in drawn)


def _recall(rng: np.random.Generator, support: int, gap: float) -> Verdict:
    return RecallGap(by="group").decided(*_drawn(rng, {"PER": (RECALL, RECALL - gap)}, support))


def _selected(rng: np.random.Generator, support: int, gap: float) -> Verdict:
    gate = SelectionRate(by="group", favourable="yes")
    return gate.decided(*_drawn(rng, {"yes": (SELECTED, SELECTED - gap)}, support))


def _odds(rng: np.random.Generator, support: int, gap: float) -> Verdict:
    rates = {"yes, TPR": (RECALL, RECALL - gap), "yes, FPR": (1 - RECALL, 1 - RECALL)}
    return EqualizedOdds(by="group").decided(*_drawn(rng, rates, support // 2))


def _drawn(
    rng: np.random.Generator, rates: Mapping[str, tuple[float, float]], support: int
) -> tuple[pl.DataFrame, list[Cell]]:
    """Rows of `support` documents a label and group, hit at these rates, and their cells as Fairlearn counts."""
    hits = {
        (label, group): rng.random(support) < rate
        for label, pair in rates.items()
        for group, rate in zip(("first", "second"), pair, strict=True)
    }
    rows = pl.DataFrame(
        {
            "label": [label for label, _ in hits for _ in range(support)],
            "group": [group for _, group in hits for _ in range(support)],
            "hit": np.concatenate(list(hits.values())).astype(np.int64),
            "unit": [str(n) for n in range(len(hits) * support)],
        }
    )
    return rows, [Cell(*of, float(found.mean()), support) for of, found in hits.items()]


def _paired(rng: np.random.Generator, support: int, gap: float) -> Verdict:
    first = rng.random(support) < RECALL
    second = np.where(rng.random(support) < REDRAWN, rng.random(support) < RECALL, first)
    second &= rng.random(support) >= gap / RECALL
    return CounterfactualGap().paired(_pairs(first, second))


def _pairs(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> pl.DataFrame:
    names = [str(n) for n in range(len(first))] * 2
    return pl.DataFrame(
        {
            "label": ["PER"] * len(names),
            **dict.fromkeys(("unit", "of", "thing", "item"), names),
            "group": ["first"] * len(first) + ["second"] * len(second),
            "hit": np.concatenate([first, second]).astype(np.int64),
        }
    )


GATES: Mapping[str, Callable[[np.random.Generator, int, float], Verdict]] = {
    "recall_gap": _recall,
    "equalized_odds": _odds,
    "selection_rate": _selected,
    "counterfactual_gap": _paired,
}
