"""Scores that give credit for mentions that are half right: four schemes, five outcomes.

The outcomes are those of MUC-5 (Chinchor & Sundheim 1993), the schemes those of SemEval-2013 Task 9 (Segura-Bedmar et
al. 2013): `strict` wants extent and label, `exact` the extent, `partial` gives half a point for an overlap, `ent_type`
wants the label and an overlap. An overlap is one shared character.

    POS = COR + INC + PAR + MIS    ACT = COR + INC + PAR + SPU
    recall = (COR + PAR / 2) / POS    precision = (COR + PAR / 2) / ACT    F1 = 2 (COR + PAR / 2) / (POS + ACT)

`strict` F1 is the entity F1 of CoNLL-2003 (conlleval; seqeval in both of its modes), because decoded predictions are
always valid BIO and mentions do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipeline.task._bio import Labelled
from pipeline.task._scores import Rows, interval, precision_recall_f1
from pipeline.types import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMES = ("strict", "exact", "partial", "ent_type")
OUTCOMES = ("correct", "incorrect", "partial", "missed", "spurious")
_CORRECT, _INCORRECT, _PARTIAL, _MISSED, _SPURIOUS = range(5)


def outcomes(gold: Sequence[Labelled], predicted: Sequence[Labelled], scheme: str) -> list[int]:
    """How many of each of OUTCOMES one document has. Both sides sorted.

    Each prediction, from left to right, takes a free gold mention: the nearest that makes it right (the sum of the
    distances of both edges), else the first that it overlaps. What no prediction took is missed.

    >>> outcomes([(0, 8, "LOC"), (12, 14, "PER")], [(4, 8, "LOC")], "partial")
    [0, 0, 1, 1, 0]
    """
    counts, free = [0] * 5, list(gold)
    for start, end, label in predicted:
        near = [g for g in free if g[0] < end and start < g[1]]
        right = [g for g in near if _right((start, end, label), g, scheme)]
        if right:
            taken = min(right, key=lambda g: abs(g[0] - start) + abs(g[1] - end))
            counts[_CORRECT] += 1
        elif near:
            taken = near[0]
            counts[_PARTIAL if scheme == "partial" else _INCORRECT] += 1
        else:
            counts[_SPURIOUS] += 1
            continue
        free.remove(taken)
    counts[_MISSED] = len(free)
    return counts


def _right(predicted: Labelled, gold: Labelled, scheme: str) -> bool:
    extent, label = predicted[:2] == gold[:2], predicted[2] == gold[2]
    return {"strict": extent and label, "exact": extent, "partial": extent, "ent_type": label}[scheme]


def outcome_counts(gold: Sequence[Sequence[Labelled]], predicted: Sequence[Sequence[Labelled]]) -> NDArray[np.float64]:
    """Shape (documents, schemes, outcomes)."""
    import numpy as np

    counts = np.zeros((len(gold), len(SCHEMES), len(OUTCOMES)))
    for i, (wanted, found) in enumerate(zip(gold, predicted, strict=True)):
        if tuple(wanted) == tuple(found):
            counts[i, :, _CORRECT] = len(wanted)
        else:
            counts[i] = [outcomes(wanted, found, scheme) for scheme in SCHEMES]
    return counts


def scheme_rows(total: NDArray[np.float64], drawn: NDArray[np.float64]) -> Rows:
    """One row a scheme: outcomes, P, R, F1 and the interval of F1. Shapes (4, 5) and (draws, 4, 5)."""
    precision, recall, f1 = precision_recall_f1(points(total))
    values = precision_recall_f1(points(drawn))[2]
    rows: Rows = []
    for i, scheme in enumerate(SCHEMES):
        low, high = interval(values[:, i])
        row: dict[str, Json] = {"scheme": scheme, "precision": float(precision[i]), "recall": float(recall[i])}
        row |= {"f1": float(f1[i]), "f1_low": low, "f1_high": high}
        rows.append(row | {name: int(total[i, j]) for j, name in enumerate(OUTCOMES)})
    return rows


def points(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outcomes (..., 5) as (points, ACT, POS): what `precision_recall_f1` takes."""
    import numpy as np

    both = counts[..., _CORRECT] + counts[..., _INCORRECT] + counts[..., _PARTIAL]
    earned = counts[..., _CORRECT] + counts[..., _PARTIAL] / 2
    return np.stack([earned, both + counts[..., _SPURIOUS], both + counts[..., _MISSED]], axis=-1)
