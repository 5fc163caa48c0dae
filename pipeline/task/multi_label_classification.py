"""Text classification with any number of labels a document."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import pyarrow as pa
from pydantic import Field, model_validator

from pipeline.errors import InvalidDocument, did_you_mean
from pipeline.task import Evaluation
from pipeline.task._calibration import calibration
from pipeline.task._document_slices import document_tables
from pipeline.task._errors import label_errors
from pipeline.task._learnable import LearnableTask, groups_of
from pipeline.task._scores import Draws, Rows, label_rows, precision_recall_f1, resampled, with_interval
from pipeline.types import Document, Range, Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BETWEEN = "|"  # stands between the labels of an accepted document
SLICED = {"subset_accuracy": (0, 3), "micro_f1": (1, 2)}  # columns of what each document counts
PREDICTIONS = pa.schema([("id", pa.string()), ("label", pa.string()), ("scores", pa.list_(pa.float64()))])


class MultiLabelClassification(LearnableTask):
    """Give a text those of `labels` that hold. The headline is macro F1: it does not reward ignoring a rare label.

    `Document.label` holds the labels with `separator` between them; an accepted document has them in the order of
    `labels`, each once, with `|` between them. `no_label` is how a source writes that none holds; the empty string
    always means it. A label is predicted where its probability is at least `threshold`.

    >>> task = MultiLabelClassification(labels=("sport", "money"), separator=",", no_label="none")
    >>> task.accept(Document("a", "The club was sold.", label="money, sport")).label
    'sport|money'
    >>> task.accept(Document("a", "It rains.", label="none")).label
    ''
    """

    headline: ClassVar[str] = "macro_f1"
    head: ClassVar[Literal["token", "sequence", "multi_label", "span"]] = "multi_label"
    example: ClassVar[Mapping[str, Any]] = {"labels": ("sport", "money")}

    separator: str = Field(BETWEEN, min_length=1)
    no_label: str = ""
    threshold: float = Field(0.5, gt=0, lt=1)

    @model_validator(mode="after")
    def _names_can_be_told_apart(self) -> Self:
        for name in self.labels:
            if name != name.strip() or not name or self.separator in name or BETWEEN in name or name == self.no_label:
                raise ValueError(f"the label {name!r} is empty, has white space at an edge, or holds a separator")
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels."""
        return self.labels

    def accept(self, doc: Document) -> Document | Rejected:
        """The document, its labels in order; rejected where it has none given, or one that the task does not have."""
        where = doc.source or doc.id
        if doc.label is None:
            right = f"{did_you_mean('', self.labels)}; where none holds, give {self.no_label!r}"
            return doc.rejected(f"{where}: the document has no label; {right}")
        found = self._names(doc.label)
        for name in found:
            if name not in self.labels:
                return doc.rejected(f"{where}: unknown label {name!r}; {did_you_mean(name, self.labels)}")
        return replace(doc, label=BETWEEN.join(name for name in self.labels if name in found))

    def targets(self, doc: Document, units: Sequence[Range]) -> list[int]:
        """A 0 or 1 a label."""
        found = self._names(doc.label)
        return [int(name in found) for name in self.labels]

    def predicted(
        self, docs: Sequence[Document], units: Sequence[Sequence[Range]], scores: Sequence[NDArray[np.float32]]
    ) -> pa.Table:
        """Columns `id`, `label` (with `|` between labels) and `scores`: one probability a label, as in `labels`."""
        import numpy as np

        rows = []
        for doc, score in zip(docs, scores, strict=True):
            each = np.exp(score[0].astype(np.float64)).tolist()
            chosen = [name for name, p in zip(self.labels, each, strict=True) if p >= self.threshold]
            rows.append({"id": doc.id, "label": BETWEEN.join(chosen), "scores": each})
        return pa.Table.from_pylist(rows, schema=PREDICTIONS)

    def headline_value(self, gold: pa.Table, predictions: pa.Table) -> float:
        """Macro F1 over `labels`."""
        return float(_macro(self._counts(gold, predictions).sum(0)))

    def headline_draws(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        """Macro F1 of every draw, shape (draws,)."""
        return _macro(resampled(self._counts(gold, predictions), groups_of(gold)))

    def evaluate(self, test: pa.Table, predictions: pa.Table, train: pa.Table) -> Evaluation:
        """`macro_f1`, `micro_f1` and `subset_accuracy`, each with `_low` and `_high` (95 %, bootstrap over groups).

        Subset accuracy is the share of documents with all labels right and no other. `baseline_macro_f1` and
        `baseline_micro_f1` give every label to every document (of constant answers the one with the best F1 of each
        label), `baseline_subset_accuracy` gives the commonest set of `train`. A label that is neither in gold nor
        predicted counts as F1 0. `calibration_error` is the ECE of the probability of every label of every document,
        where predictions have `scores`.

        Raises:
            InvalidDocument: predictions are not one row a test document in the same order.
        """
        import numpy as np

        counts, sampler = self._counts(test, predictions), Draws(groups_of(test))
        tp, both = counts.sum(1)[:, 0] * 2, counts.sum(1)[:, 1:].sum(1)
        of_documents = np.stack([tp == both, tp, both, np.ones_like(tp)], axis=-1).astype(np.float64)
        total, draws, subset = counts.sum(0), sampler.sums(counts), sampler.sums(of_documents[:, [0, 3]])
        gold, guess = self._matrix(test), self._matrix(predictions)
        always = _tally(gold, np.ones_like(gold)).sum(0)
        sets = Counter(map(bytes, self._matrix(train).astype(np.uint8)))
        usual = min(sets, key=lambda s: (-sets[s], s), default=bytes(len(self.labels)))
        constant = np.frombuffer(usual, np.uint8)
        scores = predictions["scores"].to_pylist() if "scores" in predictions.column_names else []
        calibrated, reliability = _calibrated(scores, gold, sampler)
        errors, kinds = label_errors(test, self.labels, gold.tolist(), guess.tolist(), scores)
        metrics = {
            **with_interval("macro_f1", float(_macro(total)), _macro(draws)),
            **with_interval("micro_f1", float(_micro(total)), _micro(draws)),
            **with_interval("subset_accuracy", float(_share(of_documents[:, [0, 3]].sum(0))), _share(subset)),
            "baseline_macro_f1": float(_macro(always)),
            "baseline_micro_f1": float(_micro(always)),
            "baseline_subset_accuracy": float((gold == constant).all(1).mean()) if len(gold) else 0.0,
            **calibrated,
        }
        tables: dict[str, Rows] = {
            "Documents by label": label_rows(self.labels, total, draws),
            **document_tables(test, of_documents, SLICED, sampler, "Documents"),
            **reliability,
            "Errors by kind": kinds,
        }
        return Evaluation(metrics, tables, errors)

    def _names(self, label: str | None) -> list[str]:
        if not label or label == self.no_label:
            return []
        found = re.split(f"{re.escape(self.separator)}|{re.escape(BETWEEN)}", label)
        return [name.strip() for name in found]

    def _matrix(self, table: pa.Table) -> NDArray[np.int64]:
        """(documents, labels): a one where the label holds."""
        import numpy as np

        rows = [[int(name in found) for name in self.labels] for found in map(self._names, table["label"].to_pylist())]
        return np.array(rows, np.int64).reshape(len(rows), len(self.labels))

    def _counts(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        if gold.column("id").to_pylist() != predictions.column("id").to_pylist():
            raise InvalidDocument("predictions must have one row a test document in the same order")
        return _tally(self._matrix(gold), self._matrix(predictions))


def _calibrated(
    scores: Sequence[Sequence[float]], gold: NDArray[np.int64], draws: Draws
) -> tuple[dict[str, float], dict[str, Rows]]:
    """Calibration over every label of every document; nothing where there are no probabilities."""
    if not scores:
        return {}, {}
    documents = [i for i, row in enumerate(scores) for _ in row]
    error, rows = calibration([p for row in scores for p in row], (gold > 0).reshape(-1).tolist(), documents, draws)
    return {"calibration_error": error}, {"Reliability of labels": rows}


def _tally(gold: NDArray[np.int64], guess: NDArray[np.int64]) -> NDArray[np.float64]:
    """(documents, labels, 3): true positives, predicted, gold."""
    import numpy as np

    return np.stack([gold * guess, guess, gold], axis=-1).astype(np.float64)


def _macro(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(precision_recall_f1(counts)[2].mean(-1))


def _micro(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return precision_recall_f1(counts.sum(-2))[2]


def _share(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(counts[..., 0] / np.maximum(counts[..., 1], 1))
