"""What a fine-tuning method needs of a task: classes, targets, and the way back from scores to predictions.

A *unit* is what gets one class: the source's own tokens where the text shows them, else the words of the tokenizer
(single characters for Chinese). Scores are natural-log probabilities. Nothing here knows a tensor library.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import pyarrow as pa

from pipeline.task import Task
from pipeline.types import Document, Range

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def visible_tokens(text: str, tokens: Sequence[Range] | None) -> Sequence[Range] | None:
    """The source's tokens where the text itself shows them: each is what stands between white space; else None.

    Words that annotators cut out of a Chinese text are not visible in it. A model that took them as its units would be
    told where names begin and end, in the test too, and score what it cannot reach on plain text.

    >>> visible_tokens("Bo left", [(0, 2), (3, 7)])
    [(0, 2), (3, 7)]
    >>> visible_tokens("李鹏说", [(0, 2), (2, 3)]) is None
    True
    """
    if tokens is None or [text[a:b] for a, b in tokens] != text.split():
        return None
    return tokens


class LearnableTask(Task):
    """A task that `pipeline.training` can fit a classifier to."""

    head: ClassVar[Literal["token", "sequence"]]

    @property
    @abstractmethod
    def classes(self) -> tuple[str, ...]:
        """Names of the classifier's outputs, in order; they become `id2label` of the checkpoint."""

    @abstractmethod
    def targets(self, doc: Document, units: Sequence[Range]) -> list[int]:
        """Class indices: one a unit for the head "token", exactly one for the head "sequence"."""

    @abstractmethod
    def piece_class(self, target: int) -> int:
        """The class of the second and later pieces of a unit whose class is `target` (head "token" only)."""

    def lost(self, doc: Document, units: Sequence[Range]) -> int:
        """How many annotations of a document the targets over these units cannot say."""
        return 0

    @abstractmethod
    def predicted(
        self, docs: Sequence[Document], units: Sequence[Sequence[Range]], scores: Sequence[NDArray[np.float32]]
    ) -> pa.Table:
        """One row a document, in the same order. `scores[i]` has shape (units, classes), or (1, classes)."""

    @abstractmethod
    def headline_value(self, gold: pa.Table, predictions: pa.Table) -> float:
        """The headline metric alone, without intervals: what an epoch is chosen by."""

    @abstractmethod
    def headline_draws(self, gold: pa.Table, predictions: pa.Table) -> NDArray[np.float64]:
        """The headline metric of every bootstrap draw of test groups, the same draws for all predictions of a test."""
