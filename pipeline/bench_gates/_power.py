"""How often gates on gaps fail, pass, and do not judge, where a gap of known size is planted in made-up predictions.

No model is trained: what is tested is the rule, at several supports. Every mention stands in a document of its own; the
better group's recall is RECALL and the other's is lower by the gap. For the paired gate a sentence is hit with either
name or with neither but for the share REDRAWN, whose second answer is drawn anew, and for the planted gap.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipeline.fairness._metric_frame import Cell
from pipeline.fairness.counterfactual_gap import CounterfactualGap
from pipeline.fairness.recall_gap import RecallGap
from pipeline.processes import pool
from pipeline.types import Verdict

SUPPORTS = (50, 100, 200, 500, 1000)
GAPS = (0.0, 0.02, 0.05, 0.1, 0.2)
RECALL, REDRAWN = 0.9, 0.2
GATES = ("recall_gap", "counterfactual_gap")
_OUTCOMES = ("failed", "passed", "not_judged")


def power(
    draws: int, seed: int = 0, jobs: int = 1, supports: Sequence[int] = SUPPORTS, gaps: Sequence[float] = GAPS
) -> dict[str, Any]:
    """Shares of `draws` verdicts of both gates at their defaults, by support (mentions a group, or pairs) and gap."""
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
    judged = _recall if gate == "recall_gap" else _paired
    return Counter(judged(rng, support, gap).outcome for rng in drawn)


def _recall(rng: np.random.Generator, support: int, gap: float) -> Verdict:
    hits = {"first": rng.random(support) < RECALL, "second": rng.random(support) < RECALL - gap}
    rows = pl.DataFrame(
        {
            "label": ["PER"] * (2 * support),
            "group": [group for group in hits for _ in range(support)],
            "hit": np.concatenate(list(hits.values())).astype(np.int64),
            "unit": [str(n) for n in range(2 * support)],
        }
    )
    cells = [Cell("PER", group, float(found.mean()), support) for group, found in hits.items()]  # as Fairlearn counts
    return RecallGap(by="group").decided(rows, cells)


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
