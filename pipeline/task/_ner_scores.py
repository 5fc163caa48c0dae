"""All numbers of a set of NER predictions, from tables alone.

Entity scores count exact mentions: start, end and label must all be right (CoNLL-2003; micro over labels). Token scores
count the source's own tokens where a document has them, else every character that is not white space.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.errors import InvalidDocument
from pipeline.task import Evaluation
from pipeline.task._bio import Labelled, encode, tags_of
from pipeline.task._calibration import calibration
from pipeline.task._errors import Scored, mention_errors
from pipeline.task._mentions import Row, lengths_of, longest_matches, majority_labels, rows_of, units_of
from pipeline.task._ner_slices import Mention, mentions_of, slice_tables
from pipeline.task._partial import SCHEMES, outcome_counts, points, scheme_rows
from pipeline.task._scores import Draws, Rows, label_rows, precision_recall_f1, report, resampled, with_interval
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
    """Metrics, tables and the worst errors; `_low` and `_high` are a 95 % interval of a bootstrap over groups.

    - `entity_f1`, `entity_precision`, `entity_recall` of exact mentions.
    - `exact_f1`, `partial_f1`, `ent_type_f1`: with credit for what is half right, see `_partial`.
    - `entity_f1_seen`, `entity_f1_unseen`: recall over the gold mentions whose text was (was not) the text of a
      training mention, of any label and compared exactly; precision over the predicted mentions by their own text. A
      right mention stands on the same side in both.
    - `token_micro_f1`: the share of right tags over all tags, O included; `token_macro_f1`: the mean over tags.
    - `baseline_entity_f1`, `baseline_token_micro_f1`: the longest match of training mentions with their commonest
      label. `majority_token_micro_f1`: every tag is O, the commonest.
    - `calibration_error`: ECE of the scores of predicted mentions, where all have one; see `_calibration`.
    - `bio_repairs`: stray I- tags that decoding put right; `gold_mentions`, `predicted_mentions`: counts.

    Raises:
        InvalidDocument: predictions are not one row a test document in the same order.
    """
    rows, scored = rows_of(test), _scored(test, predictions)
    predicted = [tuple(s[:3] for s in found) for found in scored]
    known = majority_labels(rows_of(train))
    draws = Draws([r.group for r in rows])
    counts = _counts(rows, predicted, labels)
    total, drawn = counts.sum(0), draws.sums(counts)
    precision, recall, f1 = (float(v) for v in precision_recall_f1(total.sum(0)))
    schemes, scheme_metrics = _by_scheme(rows, predicted, draws)
    tags, token_metrics = _tokens(rows, predicted, labels, draws)
    mentions = list(mentions_of(rows, predicted))
    sides = _by_novelty(mentions, known, draws)
    reliability, calibrated = _reliability(rows, scored, draws)
    errors, kinds = mention_errors(rows, scored, known)
    repairs = sum(predictions.column("repairs").to_pylist()) if "repairs" in predictions.column_names else 0
    metrics = {
        **with_interval("entity_f1", f1, precision_recall_f1(drawn.sum(1))[2]),
        "entity_precision": precision,
        "entity_recall": recall,
        **{f"entity_f1_{row['mentions']}{k[2:]}": _number(row[k]) for row in sides for k in row if k[:2] == "f1"},
        **scheme_metrics,
        **token_metrics,
        **_baseline(rows, known, labels),
        **calibrated,
        "bio_repairs": float(repairs),
        "gold_mentions": float(total[:, 2].sum()),
        "predicted_mentions": float(total[:, 1].sum()),
    }
    tables = {
        "Mentions by label": label_rows(labels, total, drawn),
        "Mentions by scheme of matching": schemes,
        "Mentions seen in training and not": sides,
        **slice_tables(rows, mentions, draws),
        "Tokens by tag": tags,
        "Mentions confused": _confusion(rows, predicted, labels),
        **({"Reliability of mentions": reliability} if reliability else {}),
        "Errors by kind": kinds,
    }
    return Evaluation(metrics, tables, errors)


def _scored(test: pa.Table, predictions: pa.Table) -> list[list[Scored]]:
    """The predicted spans of each test document, in the order of the text; a score is None where there is none."""
    wanted, given = test.column("id").to_pylist(), predictions.column("id").to_pylist()
    if wanted != given:
        raise InvalidDocument(
            f"predictions must have one row a test document in the same order: "
            f"{len(given)} rows for {len(wanted)} documents, or other ids"
        )
    lists = predictions.column("spans").to_pylist()
    return [
        sorted(((s["start"], s["end"], s["label"], s.get("score")) for s in spans or ()), key=lambda s: s[:3])
        for spans in lists
    ]


def _spans_of(test: pa.Table, predictions: pa.Table) -> list[tuple[Labelled, ...]]:
    return [tuple(s[:3] for s in found) for found in _scored(test, predictions)]


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


def _by_scheme(rows: Sequence[Row], predicted: Predicted, draws: Draws) -> tuple[Rows, dict[str, float]]:
    """The table of schemes, and the F1 of those that are not strict: strict F1 is the entity F1."""
    counts = outcome_counts([r.spans for r in rows], predicted)
    total, drawn = counts.sum(0), draws.sums(counts)
    f1, values = precision_recall_f1(points(total))[2], precision_recall_f1(points(drawn))[2]
    metrics: dict[str, float] = {}
    for i, scheme in enumerate(SCHEMES[1:], start=1):
        metrics |= with_interval(f"{scheme}_f1", f1[i], values[:, i])
    return scheme_rows(total, drawn), metrics


def _by_novelty(mentions: Sequence[Mention], known: Mapping[str, str], draws: Draws) -> Rows:
    """Seen and unseen mentions: two rows, always."""
    import numpy as np

    counts = np.zeros((draws.documents, 2, 3))
    for m in mentions:
        counts[m.document, 0 if m.text in known else 1, m.column] += 1
    return label_rows(("seen", "unseen"), counts.sum(0), draws.sums(counts), "mentions")


def _reliability(
    rows: Sequence[Row], scored: Sequence[Sequence[Scored]], draws: Draws
) -> tuple[Rows, dict[str, float]]:
    """The reliability table and ECE of predicted mentions; nothing where a mention has no score."""
    each = [
        (i, span[:3] in row.spans, span[3])
        for i, (row, found) in enumerate(zip(rows, scored, strict=True))
        for span in found
    ]
    given = [score for _, _, score in each if score is not None]
    if not given or len(given) < len(each):
        return [], {}
    error, table = calibration(given, [right for _, right, _ in each], [i for i, _, _ in each], draws)
    return table, {"calibration_error": error}


def _baseline(rows: Sequence[Row], known: Mapping[str, str], labels: Sequence[str]) -> dict[str, float]:
    """What training mentions alone can do."""
    lengths = lengths_of(known)
    matched = [tuple(longest_matches(row, known, lengths)) for row in rows]
    right, units = 0, 0
    for _, own in _token_confusions(rows, matched, labels):
        right, units = right + int(own.trace()), units + int(own.sum())
    return {
        "baseline_entity_f1": float(precision_recall_f1(_counts(rows, matched, labels).sum((0, 1)))[2]),
        "baseline_token_micro_f1": right / units if units else 0.0,
    }


def _tokens(
    rows: Sequence[Row], predicted: Predicted, labels: Sequence[str], draws: Draws
) -> tuple[Rows, dict[str, float]]:
    """The report by tag, micro and macro F1 over all tags, and the share of units that are O."""
    import numpy as np

    tags = tags_of(labels)
    confusion, right = np.zeros((len(tags), len(tags)), np.int64), np.zeros((len(rows), 2))
    for i, own in _token_confusions(rows, predicted, labels):
        confusion += own
        right[i] = np.trace(own), own.sum()
    table, drawn = report(tags, confusion), draws.sums(right)
    values = np.divide(drawn[:, 0], drawn[:, 1], out=np.zeros(len(drawn)), where=drawn[:, 1] > 0)
    micro, macro = (_number(row["f1"]) for row in table[-3:-1])
    outside = float(confusion[0].sum() / max(confusion.sum(), 1))
    metrics = {**with_interval("token_micro_f1", micro, values), "token_macro_f1": macro}
    return table, {**metrics, "majority_token_micro_f1": outside}


def _token_confusions(
    rows: Sequence[Row], predicted: Predicted, labels: Sequence[str]
) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For every document its confusion (gold tag, predicted tag)."""
    import numpy as np

    size = 2 * len(labels) + 1
    for i, (row, found) in enumerate(zip(rows, predicted, strict=True)):
        units = units_of(row)
        gold, guess = encode(row.spans, units, labels), encode(found, units, labels)
        cells = np.array(gold, np.int64) * size + np.array(guess, np.int64)
        yield i, np.bincount(cells, minlength=size * size).reshape(size, size)


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
