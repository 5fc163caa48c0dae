"""What went wrong, mention by mention or document by document, with the text around it. The same order every time."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pyarrow as pa

from pipeline.task._bio import Labelled
from pipeline.task._mentions import Row
from pipeline.task._scores import Rows
from pipeline.types import Json

ERRORS = 50  # of each kind
KINDS = ("type", "boundary", "spurious", "missed")
_AROUND = 200  # characters of text on either side of a mention
_BEGINNING = 300  # of a document, and _AROUND after it

Scored = tuple[int, int, str, float | None]  # start, end, label, probability


def mention_errors(
    rows: Sequence[Row], scored: Sequence[Sequence[Scored]], known: Collection[str]
) -> tuple[Rows, Rows]:
    """The worst ERRORS of each kind, and how many there are of each.

    - `type`: the extent is right, the label is not.
    - `boundary`: it overlaps a mention that no prediction is exactly; the label may be wrong too.
    - `spurious`: it overlaps none.
    - `missed`: no prediction overlaps the mention.

    The first three are worst where the probability is highest. Of the missed ones, those come first whose text is
    `known` from training. Ties keep the order of documents and of text.
    """
    found: dict[str, list[tuple[tuple[float, int, int], int, Labelled | None, Scored | None]]]
    found = {kind: [] for kind in KINDS}
    for i, (row, predicted) in enumerate(zip(rows, scored, strict=True)):
        free = sorted(set(row.spans) - {p[:3] for p in predicted})
        paired: set[Labelled] = set()
        for p in (p for p in predicted if p[:3] not in row.spans):
            kind, gold = _nearest(p, free)
            paired |= {gold} if gold else set()
            found[kind].append(((-(p[3] or 0.0), i, p[0]), i, gold, p))
        for g in (g for g in free if g not in paired):
            new = float(row.text[g[0] : g[1]] not in known)
            found["missed"].append(((new, i, g[0]), i, g, None))
    listed: Rows = [
        _mention_error(kind, rows[i], gold, p)
        for kind in KINDS
        for _, i, gold, p in sorted(found[kind], key=lambda f: f[0])[:ERRORS]
    ]
    return listed, [{"kind": kind, "mentions": len(found[kind])} for kind in KINDS]


def _nearest(predicted: Scored, free: Sequence[Labelled]) -> tuple[str, Labelled | None]:
    """The kind of a wrong prediction, and the mention that it shares most characters with."""
    start, end = predicted[:2]
    shared = {g: min(end, g[1]) - max(start, g[0]) for g in free if g[0] < end and start < g[1]}
    if not shared:
        return "spurious", None
    gold = max(shared, key=lambda g: (shared[g], -g[0]))
    return ("type" if gold[:2] == (start, end) else "boundary"), gold


def _mention_error(kind: str, row: Row, gold: Labelled | None, predicted: Scored | None) -> dict[str, Json]:
    spans = [span[:2] for span in (gold, predicted) if span]
    return {
        "kind": kind,
        "id": row.id,
        "source": row.source,
        "score": predicted[3] if predicted else None,
        "gold": _span(row.text, gold[:3]) if gold else None,
        "predicted": _span(row.text, predicted[:3]) if predicted else None,
        "text": excerpt(row.text, min(a for a, _ in spans), max(b for _, b in spans)),
    }


def _span(text: str, span: Labelled) -> dict[str, Json]:
    start, end, label = span
    return {"start": start, "end": end, "label": label, "text": text[start:end]}


def document_errors(test: pa.Table, predicted: Sequence[str], scores: Sequence[float | None]) -> Rows:
    """The ERRORS documents with a wrong label that the model is surest of, with the beginning of their texts."""
    gold = test.column("label").to_pylist()
    wrong = [i for i, (g, p) in enumerate(zip(gold, predicted, strict=True)) if g != p]
    worst = sorted(wrong, key=lambda i: (-(scores[i] or 0.0), i))[:ERRORS]
    rows = test.select(["id", "source", "text"]).take(pa.array(worst, pa.int64())).to_pylist()
    return [
        {
            "kind": "confused",
            "id": row["id"],
            "source": row["source"],
            "score": scores[i],
            "gold": gold[i],
            "predicted": predicted[i],
            "text": excerpt(row["text"], 0, _BEGINNING),
        }
        for i, row in zip(worst, rows, strict=True)
    ]


def label_errors(
    test: pa.Table,
    labels: Sequence[str],
    gold: Sequence[Sequence[int]],
    guess: Sequence[Sequence[int]],
    scores: Sequence[Sequence[float]],
) -> tuple[Rows, Rows]:
    """The worst ERRORS labels of each kind, with the beginning of their texts, and how many there are of each.

    `gold` and `guess` have a 0 or 1, `scores` (empty where there are none) a probability for each label of each
    document. `spurious` labels were given and do not hold, the most probable first; `missed` ones hold and were not
    given, the least probable first.
    """
    found: dict[str, list[tuple[float, int, int]]] = {"spurious": [], "missed": []}
    for i, (true, given) in enumerate(zip(gold, guess, strict=True)):
        for at, (holds, said) in enumerate(zip(true, given, strict=True)):
            if holds != said:
                score = scores[i][at] if scores else 0.0
                found["spurious" if said else "missed"].append((-score if said else score, i, at))
    texts = test.select(["id", "source", "text"])
    listed: Rows = []
    for kind, errors in found.items():
        for _, i, at in sorted(errors)[:ERRORS]:
            row = texts.slice(i, 1).to_pylist()[0]
            listed.append(
                {
                    "kind": kind,
                    "id": row["id"],
                    "source": row["source"],
                    "label": labels[at],
                    "score": scores[i][at] if scores else None,
                    "gold": [name for name, holds in zip(labels, gold[i], strict=True) if holds],
                    "predicted": [name for name, said in zip(labels, guess[i], strict=True) if said],
                    "text": excerpt(row["text"], 0, _BEGINNING),
                }
            )
    return listed, [{"kind": kind, "labels": len(errors)} for kind, errors in found.items()]


def excerpt(text: str, start: int, end: int) -> str:
    """The text from 200 characters before a range to 200 after it; an ellipsis stands where it is cut.

    >>> excerpt("a" * 300 + "Bo", 300, 302) == "…" + "a" * 200 + "Bo"
    True
    """
    first, last = max(0, start - _AROUND), min(len(text), end + _AROUND)
    return f"{'…' if first else ''}{text[first:last]}{'…' if last < len(text) else ''}"
