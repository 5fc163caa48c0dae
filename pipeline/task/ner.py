"""Named entities: spans of characters in, spans of characters out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import pyarrow as pa

from pipeline.errors import did_you_mean
from pipeline.task import Evaluation
from pipeline.task._bio import Labelled, best_paths, decode, encode, stray, tags_of
from pipeline.task._learnable import LearnableTask
from pipeline.task._ner_scores import entity_f1, entity_f1_draws, evaluated
from pipeline.types import Document, Range, Rejected

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SPAN = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string()), ("score", pa.float64())])
PREDICTIONS = pa.schema([("id", pa.string()), ("spans", pa.list_(_SPAN)), ("repairs", pa.int32())])


class Ner(LearnableTask):
    """Find the spans of `labels` in a text.

    >>> task = Ner(labels=("PER", "LOC"))
    >>> task.classes
    ('O', 'B-PER', 'I-PER', 'B-LOC', 'I-LOC')
    >>> task.accept(Document("a", "Bo", source="x.conll:3", spans=())).id
    'a'
    >>> task.accept(Document("a", "Bo", source="x.conll:3")).reason
    'x.conll:3: the document is not annotated (spans are None): annotate it, or give () where nothing is named'
    """

    headline: ClassVar[str] = "entity_f1"
    head: ClassVar[Literal["token", "sequence"]] = "token"
    example: ClassVar[Mapping[str, Any]] = {"labels": ("PER", "LOC")}

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """`O`, then `B-` and `I-` of each label."""
        return tags_of(self.labels)

    def accept(self, doc: Document) -> Document | Rejected:
        """The document; rejected where it is not annotated or names a label that the task does not have."""
        if doc.spans is None:
            return doc.rejected(
                f"{doc.source or doc.id}: the document is not annotated (spans are None): "
                "annotate it, or give () where nothing is named"
            )
        for span in doc.spans:
            if span.label not in self.labels:
                return doc.rejected(
                    f"{doc.source or doc.id}: unknown label {span.label!r} of the span [{span.start}, {span.end}) "
                    f"{doc.text[span.start : span.end]!r}; {did_you_mean(span.label, self.labels)}"
                )
        return doc

    def targets(self, doc: Document, units: Sequence[Range]) -> list[int]:
        """One BIO class a unit."""
        return encode([(s.start, s.end, s.label) for s in doc.spans or ()], units, self.labels)

    def piece_class(self, target: int) -> int:
        """A B- goes on as the I- of its label."""
        return target + target % 2

    def predicted(
        self, docs: Sequence[Document], units: Sequence[Sequence[Range]], scores: Sequence[NDArray[np.float32]]
    ) -> pa.Table:
        """Columns `id`, `spans` (their score is the mean probability of their tags), `repairs`.

        The tags of a text are its most probable valid sequence. `repairs` counts the units whose most probable tag
        alone would have been a stray I-: what the validity of the sequence had to put right.
        """
        rows = []
        for doc, where, score, path in zip(docs, units, scores, best_paths(scores), strict=True):
            spans = [
                {"start": where[a][0], "end": where[b - 1][1], "label": label, "score": _mean(score, path, a, b)}
                for a, b, label in decode(path.tolist(), where, self.labels)
            ]
            repairs = stray(score.argmax(1).tolist()) if len(score) else 0
            rows.append({"id": doc.id, "spans": spans, "repairs": repairs})
        return pa.Table.from_pylist(rows, schema=PREDICTIONS)

    def lost(self, doc: Document, units: Sequence[Range]) -> int:
        """How many of the document's spans do not come back from their BIO classes: no unit has their edges."""
        gold: list[Labelled] = [(s.start, s.end, s.label) for s in doc.spans or ()]
        back = decode(encode(gold, units, self.labels), units, self.labels)
        return len(set(gold) - {(units[a][0], units[b - 1][1], label) for a, b, label in back})

    def headline_value(self, gold: pa.Table, predictions: pa.Table) -> float:
        """Micro F1 of exact mentions."""
        return entity_f1(gold, predictions, self.labels)

    def headline_draws(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        """Micro F1 of exact mentions of every draw, shape (draws,)."""
        return entity_f1_draws(gold, predictions, self.labels)

    def evaluate(self, test: pa.Table, predictions: pa.Table, train: pa.Table) -> Evaluation:
        """Scores of exact mentions (start, end and label all right) and of tokens; see `_ner_scores` for each."""
        return evaluated(test, predictions, train, self.labels)


def _mean(score: NDArray[np.float32], path: NDArray[np.int64], first: int, end: int) -> float:
    import numpy as np

    return float(np.exp(score[np.arange(first, end), path[first:end]]).mean())
