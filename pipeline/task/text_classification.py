"""Text classification: one label a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pyarrow as pa

from pipeline.errors import InvalidDocument, did_you_mean
from pipeline.task import Evaluation
from pipeline.task._document_slices import document_calibration, document_tables
from pipeline.task._errors import document_errors
from pipeline.task._learnable import LearnableTask, groups_of
from pipeline.task._scores import Draws, Rows, label_rows, precision_recall_f1, resampled, with_interval
from pipeline.types import Document, Range, Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PREDICTIONS = pa.schema([("id", pa.string()), ("label", pa.string()), ("scores", pa.list_(pa.float64()))])


class TextClassification(LearnableTask):
    """Give a text one of `labels`. The headline is macro F1: it does not reward ignoring a rare label.

    >>> task = TextClassification(labels=("good", "bad"))
    >>> task.accept(Document("a", "Fine.", source="r.csv:2", label="goood")).reason
    "r.csv:2: unknown label 'goood'; did you mean 'good'?"
    """

    headline: ClassVar[str] = "macro_f1"
    head: ClassVar[Literal["token", "sequence"]] = "sequence"
    example: ClassVar[Mapping[str, Any]] = {"labels": ("good", "bad")}

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels."""
        return self.labels

    def accept(self, doc: Document) -> Document | Rejected:
        """The document; rejected where it has no label or one that the task does not have."""
        where = doc.source or doc.id
        if doc.label is None:
            return doc.rejected(f"{where}: the document has no label; {did_you_mean('', self.labels)}")
        if doc.label not in self.labels:
            return doc.rejected(f"{where}: unknown label {doc.label!r}; {did_you_mean(doc.label, self.labels)}")
        return doc

    def targets(self, doc: Document, units: Sequence[Range]) -> list[int]:
        """The index of the document's label."""
        return [self.labels.index(doc.label)] if doc.label in self.labels else [0]

    def piece_class(self, target: int) -> int:
        """Pieces have no class in this task."""
        return target

    def predicted(
        self, docs: Sequence[Document], units: Sequence[Sequence[Range]], scores: Sequence[NDArray[np.float32]]
    ) -> pa.Table:
        """Columns `id`, `label` and `scores`: one probability a label, in the order of `labels`."""
        import numpy as np

        rows = [
            {"id": d.id, "label": self.labels[int(s[0].argmax())], "scores": np.exp(s[0].astype(np.float64)).tolist()}
            for d, s in zip(docs, scores, strict=True)
        ]
        return pa.Table.from_pylist(rows, schema=PREDICTIONS)

    def headline_value(self, gold: pa.Table, predictions: pa.Table) -> float:
        """Macro F1 over `labels`."""
        confusion = self._per_document(gold, predictions).sum(0)
        return float(precision_recall_f1(_counts(confusion))[2].mean())

    def headline_draws(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        """Macro F1 of every draw, shape (draws,)."""
        return _macro(resampled(self._per_document(gold, predictions), groups_of(gold)))

    def evaluate(self, test: pa.Table, predictions: pa.Table, train: pa.Table) -> Evaluation:
        """`accuracy`, `macro_f1`, each with `_low` and `_high` (95 %, bootstrap over groups), and baselines.

        `baseline_accuracy` and `baseline_macro_f1` give every document the commonest label of `train`. Macro F1 is the
        plain mean over `labels`; a label that is neither in gold nor predicted counts as 0. `calibration_error` is the
        ECE of the predicted label's probability, where predictions have `scores`.

        Raises:
            InvalidDocument: predictions are not one row a test document in the same order.
        """
        import numpy as np

        each = self._per_document(test, predictions)
        confusion, sampler = each.sum(0), Draws(groups_of(test))
        draws = sampler.sums(each)
        gold, guess = (t.column("label").to_pylist() for t in (test, predictions))
        usual = Counter(v for v in train.column("label").to_pylist() if v in self.labels)
        commonest = min(self.labels, key=lambda name: (-usual[name], name))
        constant = self._confusions(gold, [commonest] * len(gold)).sum(0)
        right = [g == p for g, p in zip(gold, guess, strict=True)]
        of_documents = np.array([(float(r), 1.0) for r in right]).reshape(len(right), 2)
        scores = self._scores_of(predictions)
        calibrated, reliability = document_calibration(scores, right, sampler)
        metrics = {
            **with_interval("accuracy", float(_accuracy(confusion)), _accuracy(draws)),
            **with_interval("macro_f1", float(_macro(confusion)), _macro(draws)),
            "baseline_accuracy": float(_accuracy(constant)),
            "baseline_macro_f1": float(_macro(constant)),
            **calibrated,
        }
        matrix: Rows = [
            {"gold": name, **{p: int(confusion[i, j]) for j, p in enumerate(self.labels)}}
            for i, name in enumerate(self.labels)
        ]
        tables: dict[str, Rows] = {
            "Documents by label": label_rows(self.labels, _counts(confusion), _counts(draws)),
            **document_tables(test, of_documents, {"accuracy": (0, 1)}, sampler, "Documents"),
            "Documents confused": matrix,
            **reliability,
        }
        return Evaluation(metrics, tables, document_errors(test, guess, scores))

    def _scores_of(self, predictions: pa.Table) -> list[float | None]:
        """The probability of each predicted label; None where predictions say none."""
        if "scores" not in predictions.column_names:
            return [None] * predictions.num_rows
        rows = zip(predictions.column("scores").to_pylist(), predictions.column("label").to_pylist(), strict=True)
        return [scores[self.labels.index(label)] if scores else None for scores, label in rows]

    def _per_document(self, test: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        if test.column("id").to_pylist() != predictions.column("id").to_pylist():
            raise InvalidDocument("predictions must have one row a test document in the same order")
        return self._confusions(test.column("label").to_pylist(), predictions.column("label").to_pylist())

    def _confusions(self, gold: Sequence[str], guess: Sequence[str]) -> NDArray[np.float64]:
        """(documents, gold, predicted): a one in the cell of each document."""
        import numpy as np

        at = {label: i for i, label in enumerate(self.labels)}
        cells = np.zeros((len(gold), len(at), len(at)))
        for i, (g, p) in enumerate(zip(gold, guess, strict=True)):
            cells[i, at[g], at[p]] = 1
        return cells


def _counts(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return np.stack([hits, confusion.sum(-2), confusion.sum(-1)], axis=-1)


def _accuracy(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    total = np.maximum(confusion.sum((-2, -1)), 1)
    return np.asarray(np.trace(confusion, axis1=-2, axis2=-1) / total)


def _macro(confusion: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    return np.asarray(precision_recall_f1(_counts(confusion))[2].mean(-1))
