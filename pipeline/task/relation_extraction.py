"""Relation extraction: how two mentions of one text relate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import pyarrow as pa
from pydantic import Field, model_validator

from pipeline.errors import InvalidDocument, did_you_mean
from pipeline.task import Evaluation
from pipeline.task._learnable import Reading, groups_of
from pipeline.task._roles import fault, place
from pipeline.task._scores import precision_recall_f1, resampled, with_interval
from pipeline.task.text_classification import TextClassification
from pipeline.types import Document, Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class RelationExtraction(TextClassification):
    """Name the relation of two mentions, one of `labels`. `head` and `tail` are the labels of their spans.

    The model reads the text with markers around the two, `@ … @` the head and `# … #` the tail: characters that a
    vocabulary has, so that nothing but the head of the network begins untrained, which with markers of their own would
    need more examples and could not be learned at all with a frozen encoder (the untyped form of "typed entity marker
    (punct)", Zhou & Chen 2022, "An Improved Baseline for Sentence-level Relation Extraction"). A text longer than the
    model's window is read in the one window that has the two in its middle; the metric `unread_tokens` counts the rest.

    The headline `relation_f1` is micro F1 over all labels but `no_relation` where that is given (as TACRED is scored),
    else macro F1.

    >>> from pipeline.types import Span
    >>> task = RelationExtraction(labels=("born_in", "none"), no_relation="none")
    >>> doc = Document("a", "Bo is of Bern.", label="born_in", spans=(Span(0, 2, "head"), Span(9, 13, "tail")))
    >>> task.reading(doc).text
    '@ Bo @ is of # Bern #.'
    """

    headline: ClassVar[str] = "relation_f1"
    mentions: ClassVar[bool] = False  # another name in the place of one could make the relation untrue
    markers: ClassVar[tuple[str, ...]] = ("@", "#")
    example: ClassVar[Mapping[str, Any]] = {"labels": ("born_in", "works_for")}

    head_label: str = Field("head", min_length=1)
    tail_label: str = Field("tail", min_length=1)
    no_relation: str | None = None

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        if self.no_relation is not None and self.no_relation not in self.labels:
            raise ValueError(
                f"no_relation is {self.no_relation!r}, which is not one of labels; "
                f"{did_you_mean(self.no_relation, self.labels)}"
            )
        if self.no_relation is not None and len(self.labels) < 2:
            raise ValueError(f"no_relation is {self.no_relation!r}, the only one of labels; name a relation")
        if self.head_label == self.tail_label:
            raise ValueError(f"head_label and tail_label are both {self.head_label!r}; the two must differ")
        return self

    def accept(self, doc: Document) -> Document | Rejected:
        """The document; rejected where its label is missing or unknown, or one of the two mentions is not marked."""
        accepted = super().accept(doc)
        wrong = fault(doc, (self.head_label, self.tail_label))
        if isinstance(accepted, Rejected) or not wrong:
            return accepted
        return doc.rejected(f"{doc.source or doc.id}: {wrong}")

    def reading(self, doc: Document) -> Reading:
        """The text with markers around the two mentions, which one window must hold."""
        ends = [(place(doc, self.head_label), "@"), (place(doc, self.tail_label), "#")]
        (one, left), (two, right) = sorted(ends)
        text, between = doc.text, doc.text[one[1] : two[0]] or " "
        marked = f"{left} {text[slice(*one)]} {left}{between}{right} {text[slice(*two)]} {right}"
        return Reading(text[: one[0]] + marked + text[two[1] :], together=(one[0], one[0] + len(marked)))

    def headline_value(self, gold: pa.Table, predictions: pa.Table) -> float:
        """Micro F1 without `no_relation`, or macro F1."""
        return float(self._f1(self._relations(gold, predictions["label"].to_pylist()).sum(0)))

    def headline_draws(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        """The same of every draw, shape (draws,)."""
        counts = self._relations(gold, predictions["label"].to_pylist())
        return self._f1(resampled(counts, groups_of(gold)))

    def evaluate(self, test: pa.Table, predictions: pa.Table, train: pa.Table) -> Evaluation:
        """What text classification gives, and `relation_f1` with `_low`, `_high` (95 %, bootstrap over groups) and
        `baseline_relation_f1`: the commonest relation of `train` for every document.

        Raises:
            InvalidDocument: predictions are not one row a test document in the same order.
        """
        evaluation = super().evaluate(test, predictions, train)
        counts = self._relations(test, predictions["label"].to_pylist())
        draws = resampled(counts, groups_of(test))
        known = train["label"].to_pylist()
        usual = min(self._named, key=lambda name: (-known.count(name), name))
        constant = self._relations(test, [usual] * test.num_rows).sum(0)
        own = {
            **with_interval("relation_f1", float(self._f1(counts.sum(0))), self._f1(draws)),
            "baseline_relation_f1": float(self._f1(constant)),
        }
        return replace(evaluation, metrics={**own, **evaluation.metrics})

    @property
    def _named(self) -> tuple[str, ...]:
        return tuple(name for name in self.labels if name != self.no_relation)

    def _relations(self, gold: pa.Table, guessed: list[str]) -> NDArray[np.float64]:
        """(documents, relations, 3): true positives, predicted, gold of every relation but `no_relation`."""
        import numpy as np

        if len(guessed) != gold.num_rows:
            raise InvalidDocument("predictions must have one row a test document in the same order")
        names = np.array(self._named, object)
        true = np.array(gold["label"].to_pylist(), object)[:, None] == names
        guess = np.array(guessed, object)[:, None] == names
        return np.stack([true & guess, guess, true], axis=-1).astype(np.float64)

    def _f1(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        import numpy as np

        if self.no_relation is not None:
            return precision_recall_f1(counts.sum(-2))[2]
        return np.asarray(precision_recall_f1(counts)[2].mean(-1))
