"""All numbers of a set of NER predictions, from tables alone.

Entity scores count exact mentions: start, end and label must all be right (CoNLL-2003; micro over labels). Token scores
count the source's own tokens where a document has them, else every character that is not white space.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.errors import InvalidDocument
from pipeline.task import Evaluation
from pipeline.task._bio import Labelled, encode, tags_of
from pipeline.task._mentions import Row, lengths_of, longest_matches, majority_labels, rows_of, units_of
from pipeline.task._scores import Rows, interval, label_rows, precision_recall_f1, report, resampled
from pipeline.types import Json

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Predicted = Sequence[tuple[Labelled, ...]]


def entity_f1(gold: pa.Table, predictions: pa.Table, labels: Sequence[str]) -> float:
    """Micro F1 of exact mentions."""
    rows = rows_of(gold)
    return float(precision_recall_f1(_counts(rows, _spans_of(gold, predictions), labels).sum((0, 1)))[2])


def entity_f1_draws(gold: pa.Table, predictions: pa.Table, labels: Sequence[str]) -> NDArray[np.float64]:
    """Micro F1 of exact mentions for every bootstrap draw of groups, shape (draws,)."""
    rows = rows_of(gold)
    counts = _counts(rows, _spans_of(gold, predictions), labels)
    return precision_recall_f1(resampled(counts, [r.group for r in rows]).sum(1))[2]


def evaluated(test: pa.Table, predictions: pa.Table, train: pa.Table, labels: Sequence[str]) -> Evaluation:
    """Metrics and tables.

    - `entity_f1`, `entity_precision`, `entity_recall`; `entity_f1_low`, `entity_f1_high`: the 95 % interval of a
      bootstrap over groups.
    - `entity_f1_seen`, `entity_f1_unseen`: recall over the gold mentions whose text was (was not) the text of a
      training mention, of any label and compared exactly; precision over the predicted mentions by their own text. A
      right mention stands on the same side in both.
    - `baseline_entity_f1`: the longest match of training mentions with their commonest label.
    - `token_micro_f1`: the share of right tags over all tags, O included.
    - `bio_repairs`: stray I- tags that decoding put right; `gold_mentions`, `predicted_mentions`: counts.

    Raises:
        InvalidDocument: predictions are not one row a test document in the same order.
    """
    rows, predicted = rows_of(test), _spans_of(test, predictions)
    trained = rows_of(train)
    counts = _counts(rows, predicted, labels)
    total = counts.sum(0)
    draws = resampled(counts, [r.group for r in rows]) if rows else counts[None].sum(1)
    precision, recall, f1 = (float(v) for v in precision_recall_f1(total.sum(0)))
    low, high = interval(precision_recall_f1(draws.sum(1))[2])
    known = majority_labels(trained)
    baseline = _baseline(rows, known, labels)
    sides, side_metrics = _by_novelty(rows, predicted, known)
    tags = report(tags_of(labels), _token_confusion(rows, predicted, labels))
    repairs = sum(predictions.column("repairs").to_pylist()) if "repairs" in predictions.column_names else 0
    metrics = {
        "entity_f1": f1,
        "entity_f1_low": low,
        "entity_f1_high": high,
        "entity_precision": precision,
        "entity_recall": recall,
        **side_metrics,
        "baseline_entity_f1": baseline,
        "token_micro_f1": _number(tags[-3]["f1"]),
        "bio_repairs": float(repairs),
        "gold_mentions": float(total[:, 2].sum()),
        "predicted_mentions": float(total[:, 1].sum()),
    }
    tables = {
        "Mentions by label": label_rows(labels, total, draws),
        "Mentions seen in training and not": sides,
        "Tokens by tag": tags,
        "Mentions confused": _confusion(rows, predicted, labels),
    }
    return Evaluation(metrics, tables)


def _spans_of(test: pa.Table, predictions: pa.Table) -> list[tuple[Labelled, ...]]:
    wanted, given = test.column("id").to_pylist(), predictions.column("id").to_pylist()
    if wanted != given:
        raise InvalidDocument(
            f"predictions must have one row a test document in the same order: "
            f"{len(given)} rows for {len(wanted)} documents, or other ids"
        )
    lists = predictions.column("spans").to_pylist()
    return [tuple(sorted((s["start"], s["end"], s["label"]) for s in spans or ())) for spans in lists]


def _counts(rows: Sequence[Row], predicted: Predicted, labels: Sequence[str]) -> NDArray[np.float64]:
    """(documents, labels, 3): true positives, predicted, gold."""
    import numpy as np

    at = {label: i for i, label in enumerate(labels)}
    counts = np.zeros((len(rows), len(labels), 3))
    for i, (row, found) in enumerate(zip(rows, predicted, strict=True)):
        for span in set(row.spans) & set(found):
            counts[i, at[span[2]], 0] += 1
        for column, spans in ((1, found), (2, row.spans)):
            for span in spans:
                counts[i, at[span[2]], column] += 1
    return counts


def _baseline(rows: Sequence[Row], known: Mapping[str, str], labels: Sequence[str]) -> float:
    lengths = lengths_of(known)
    predicted = [tuple(longest_matches(row, known, lengths)) for row in rows]
    return float(precision_recall_f1(_counts(rows, predicted, labels).sum((0, 1)))[2])


def _by_novelty(rows: Sequence[Row], predicted: Predicted, known: Mapping[str, str]) -> tuple[Rows, dict[str, float]]:
    import numpy as np

    counts = np.zeros((2, 3))
    for row, found in zip(rows, predicted, strict=True):
        for column, spans in ((0, set(row.spans) & set(found)), (1, set(found)), (2, set(row.spans))):
            for start, end, _ in spans:
                counts[0 if row.text[start:end] in known else 1, column] += 1
    precision, recall, f1 = precision_recall_f1(counts)
    table: Rows = [
        {
            "mentions": name,
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "support": int(counts[i, 2]),
        }
        for i, name in enumerate(("seen", "unseen"))
    ]
    return table, {"entity_f1_seen": float(f1[0]), "entity_f1_unseen": float(f1[1])}


def _token_confusion(rows: Sequence[Row], predicted: Predicted, labels: Sequence[str]) -> NDArray[np.int64]:
    import numpy as np

    size = 2 * len(labels) + 1
    confusion = np.zeros(size * size, np.int64)
    for row, found in zip(rows, predicted, strict=True):
        units = units_of(row)
        gold, guess = encode(row.spans, units, labels), encode(found, units, labels)
        confusion += np.bincount(np.array(gold, np.int64) * size + np.array(guess, np.int64), minlength=size * size)
    return confusion.reshape(size, size)


def _confusion(rows: Sequence[Row], predicted: Predicted, labels: Sequence[str]) -> Rows:
    """Gold label against predicted label where start and end agree; "none" where nothing has that extent."""
    pairs: Counter[tuple[str, str]] = Counter()
    for row, found in zip(rows, predicted, strict=True):
        gold = {(start, end): label for start, end, label in row.spans}
        guess = {(start, end): label for start, end, label in found}
        for extent in gold.keys() | guess.keys():
            pairs[gold.get(extent, "none"), guess.get(extent, "none")] += 1
    names = [*labels, "none"]
    return [{"gold": g, **{p: pairs[g, p] for p in names}} for g in names]


def _number(value: Json) -> float:
    assert isinstance(value, float)
    return value
