"""BIO tags: they live only here, between a tokenizer's units and spans of characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pipeline.types import Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Labelled = tuple[int, int, str]  # start, end, label


def tags_of(labels: Iterable[str]) -> tuple[str, ...]:
    """`O`, then `B-` and `I-` of each label: class 0 is O, odd classes are B-, even ones I-.

    >>> tags_of(["PER", "LOC"])
    ('O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC')
    """
    return ("O", *(f"{position}-{label}" for label in labels for position in "BI"))


def encode(spans: Sequence[Labelled], units: Sequence[Range], labels: Sequence[str]) -> list[int]:
    """The class of every unit under sorted, disjoint spans; both must be in the order of the text.

    A unit belongs to the first span that it shares a character with; the first unit of a span is its B-.

    >>> encode([(0, 3, "PER"), (3, 4, "LOC")], [(0, 1), (1, 3), (3, 4), (5, 6)], ["PER", "LOC"])
    [1, 2, 3, 0]
    """
    classes, at, opened = [], 0, -1
    for start, end in units:
        while at < len(spans) and spans[at][1] <= start:
            at += 1
        if at == len(spans) or spans[at][0] >= end:
            classes.append(0)
            continue
        begin = 1 + 2 * labels.index(spans[at][2])
        classes.append(begin + (opened == at))
        opened = at
    return classes


def decode(classes: Sequence[int], units: Sequence[Range], labels: Sequence[str]) -> list[tuple[int, int, str]]:
    """Spans as (first unit, unit after the last, label); a stray I- opens a span as a B- does.

    >>> decode([2, 2, 3, 0], [(0, 1), (1, 3), (3, 4), (5, 6)], ["PER", "LOC"])
    [(0, 2, 'PER'), (2, 3, 'LOC')]
    """
    spans: list[tuple[int, int, str]] = []
    previous = 0
    for i in range(len(units)):
        tag = classes[i]
        if tag and (tag % 2 or previous not in (tag, tag - 1)):
            spans.append((i, i + 1, labels[(tag - 1) // 2]))
        elif tag:
            first, _, label = spans.pop()
            spans.append((first, i + 1, label))
        previous = tag
    return spans


def stray(classes: Sequence[int]) -> int:
    """How many I- tags follow neither the B- nor the I- of their label.

    >>> stray([2, 2, 0, 1, 4])
    2
    """
    return sum(1 for before, tag in zip([0, *classes], classes, strict=False) if _is_stray(before, tag))


def _is_stray(before: int, tag: int) -> bool:
    return tag > 0 and tag % 2 == 0 and before not in (tag, tag - 1)


def best_paths(scores: Sequence[NDArray[np.float32]]) -> list[NDArray[np.int64]]:
    """The most probable valid tag sequence of each text (Viterbi 1967, with no weights but "no stray I-").

    `scores[i]` are log probabilities of shape (units, classes). All texts advance together, longest first, so the
    Python loop runs once a position, not once a unit.
    """
    import numpy as np

    order = sorted(range(len(scores)), key=lambda i: -len(scores[i]))
    paths: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(scores)
    for at in range(0, len(order), 512):
        chunk = [i for i in order[at : at + 512] if len(scores[i])]
        for i, path in zip(chunk, _viterbi([scores[i] for i in chunk]), strict=True):
            paths[i] = path
    return paths


def _viterbi(scores: list[NDArray[np.float32]]) -> list[NDArray[np.int64]]:
    import numpy as np

    if not scores:
        return []
    longest, tags = scores[0].shape
    allowed = np.array([[0.0 if not _is_stray(a, b) else -1e9 for b in range(tags)] for a in range(tags)])
    best = np.stack([s[0] for s in scores]).astype(np.float64) + allowed[0]
    back = np.zeros((longest, len(scores), tags), np.int64)
    final = best.copy()
    for t in range(1, longest):
        live = sum(1 for s in scores if len(s) > t)  # sorted by length: the first `live` texts go on
        step = best[:live, :, None] + allowed[None]
        back[t, :live] = step.argmax(1)
        best = step.max(1) + np.stack([s[t] for s in scores[:live]])
        final[:live] = best
    paths = []
    for row, s in enumerate(scores):
        path = [int(final[row].argmax())]
        for t in range(len(s) - 1, 0, -1):
            path.append(int(back[t, row, path[-1]]))
        paths.append(np.array(path[::-1], np.int64))
    return paths
