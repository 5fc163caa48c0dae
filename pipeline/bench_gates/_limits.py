"""Limits from clean resamples: what somebody would set who has earlier versions of the data to look at."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Any

from pipeline.frames import Frame
from pipeline.gate import Gate, judge
from pipeline.part import build, use_of
from pipeline.quality._relative import Relative

_CHANCE = 1e-4  # of a clean resample beyond the limit, were its bent numbers normally distributed
# Numbers that end at 0 have a long upper tail: as they are, limits from 24 samples are exceeded by 17 (the distance of
# Kolmogorov and Smirnov), 19 (a divergence of Jensen and Shannon), 7 (a count of 5) of 10,000. Bent by these powers
# (Anscombe 1953 for counts; the square root for distances) by 3, 3 and 1.
_COUNTED, _DISTANT = 2 / 3, 1 / 2
_COUNTS = 5.0  # standard deviations of a count between a share and its limit: small counts are not normal
_FLOOR = 0.01  # of a number that is no share, and of a ratio: a few resamples can lie close together by chance
_SHARES_AT_MOST = (
    *("duplicate_share", "foreign_script", "held_out_conflicts", "known_mentions", "label_conflicts", "markup_left"),
    *("mention_conflicts", "near_copies", "odd_characters", "pii_left", "rejected_share", "shared_edge", "text_length"),
    *("unannotated_mentions", "unlikely_texts", "unusable_share"),
)
_SHARES_AT_LEAST = ("language_share", "class_share")
_AT_MOST = ("c2st_auc", "js_divergence", "label_shift", "length_shift")
_AT_LEAST = ("reference_coverage", "reference_kappa", "vendi")
_LEAKAGE = "no_leakage"  # two shares of the held-out documents
CALIBRATED = (*_SHARES_AT_MOST, *_SHARES_AT_LEAST, *_AT_MOST, *_AT_LEAST, _LEAKAGE)


def limited(gate: Gate, frames: Sequence[Frame]) -> Gate:
    """The gate with a limit that one clean frame in 10,000 would exceed, after what it measures on these (Student's t).

    What does not vary over them keeps its own limit where that is tighter. A share has room for five deviations of a
    count of its size at least. A gate that compares with a baseline gets the mean as that. One whose number says
    nothing of chance (a count of faults, of documents) stays as it is.
    """
    name = use_of(type(gate))
    if isinstance(gate, Relative):
        numbers = _measured(with_(gate, baseline=1.0), frames)
        return with_(gate, baseline=fmean(numbers), **_ratio(gate, numbers)) if numbers else gate
    if name == _LEAKAGE:
        return _leaking(gate, frames)
    if name not in CALIBRATED or not (numbers := _measured(gate, frames)):
        return gate
    rows = min(f.documents.num_rows for f in frames)
    if name in _SHARES_AT_MOST:
        return _set(gate, "at_most", _share_beyond(numbers, rows), numbers)
    if name in _SHARES_AT_LEAST:  # what is missing is counted
        return _set(gate, "at_least", 1 - _share_beyond([1 - n for n in numbers], rows), numbers)
    mean = fmean(numbers)
    if name in _AT_MOST:
        return _set(gate, "at_most", max(number_beyond(numbers, _DISTANT), mean + 3 * _FLOOR * mean), numbers)
    return _set(gate, "at_least", mean - max(_room(numbers), 3 * _FLOOR * abs(mean)), numbers)


def _leaking(gate: Gate, frames: Sequence[Frame]) -> Gate:
    """The gate on leakage with room for what splits that are kept as they came leak, if anything."""
    shares: dict[str, list[float]] = {"at_most": [], "near_at_most": []}
    rows = []
    for evidence in (judge(gate, frame).evidence for frame in frames):
        if "held_out" in evidence:
            rows.append(int(str(evidence["held_out"])))
            shares["at_most"].append(int(str(evidence["leaked"])) / rows[-1])
            shares["near_at_most"].append(int(str(evidence["nearly"])) / rows[-1])
    limits = {f: _share_beyond(found, min(rows)) for f, found in shares.items() if any(found)}
    return with_(
        gate, **{field: round(max(getattr(gate, field), min(limit, 0.99)), 5) for field, limit in limits.items()}
    )


def with_(gate: Gate, **fields: Any) -> Gate:
    """The gate with other fields, which are checked as those of a recipe are."""
    folder = type(gate).__module__.split(".")[1]
    made = build(folder, {**gate.settings(places=True), **fields})
    assert isinstance(made, Gate)
    return made


def _set(gate: Gate, field: str, limit: float, numbers: Sequence[float]) -> Gate:
    """The gate with this limit; its own stays where it is tighter and chance has no part: all numbers are the same, and
    it refuses none."""
    own, varied = getattr(gate, field), max(numbers) > min(numbers)
    if field == "at_most":
        holds = own is not None and not varied and max(numbers) <= own <= limit
        least = max((m.ge for m in type(gate).model_fields[field].metadata if hasattr(m, "ge")), default=0.0)
        return gate if holds else with_(gate, at_most=round(max(least, min(limit, 0.99)), 5))
    holds = own is not None and not varied and min(numbers) >= own >= limit
    return gate if holds else with_(gate, at_least=round(max(limit, 1e-5), 5))


def _ratio(gate: Relative, numbers: Sequence[float]) -> dict[str, float]:
    """The limit as the gate has it: a ratio to the baseline, of `self_repetition` the distance from it."""
    name = use_of(type(gate))
    if name == "self_repetition":
        return {"at_most": round(min(max(_room(numbers), 2 * _FLOOR), 0.99), 5)}
    room = max(_room(numbers) / fmean(numbers), 2 * _FLOOR)
    if name in ("distinct_n", "mtld"):
        return {"at_least": round(max(1 - room, 1e-5), 5)}
    return {"at_most": round(1 + room, 5)} if name == "xz_ratio" else {}


def _share_beyond(shares: Sequence[float], rows: int) -> float:
    """A share that the next one exceeds with that chance, five deviations of a count above the mean at least."""
    mean = fmean(shares)
    return max(number_beyond(shares, _COUNTED), mean + _COUNTS * sqrt(max(min(mean, 1 - mean), 1 / rows) / rows))


def number_beyond(numbers: Sequence[float], power: float) -> float:
    """What one clean number in 10,000 exceeds, if numbers of 0 or more are normal once bent by `power`."""
    bent = [n**power for n in numbers]
    return float((fmean(bent) + _room(bent)) ** (1 / power))


def _room(numbers: Sequence[float]) -> float:
    """How far from the mean the next number is with that chance."""
    from scipy.stats import t

    n = len(numbers)
    return float(t.ppf(1 - _CHANCE, n - 1)) * stdev(numbers) * sqrt(1 + 1 / n) if n > 1 else 0.0


def _measured(gate: Gate, frames: Sequence[Frame]) -> list[float]:
    return [n for n in (judge(gate, frame).observed for frame in frames) if n is not None]
