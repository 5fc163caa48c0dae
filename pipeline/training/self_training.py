"""Self-training: what another variant is sure of in text without annotation becomes training text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from pipeline.training._pupil import Pupil

if TYPE_CHECKING:
    from pipeline.training._fit import Run


class SelfTraining(Pupil):
    """Train all weights on the annotated text and on texts that a teacher annotated (Yarowsky 1995; Lee 2013).

    `teacher` is another variant of the recipe: its published checkpoint annotates the documents of the recipe's corpora
    that came without annotation. Those of which its certainty is `at_least` join the training documents, each with
    `weight`. Certainty is the probability of the document's class, for entities that of the least certain word's.

    The checkpoint has `self_labelled.parquet` too, the documents that joined, as annotated, and among its metrics
    `unlabelled` and `self_labelled`: documents read and joined. Without such documents it is refused.

    >>> SelfTraining(teacher="base").at_least
    0.9
    """

    heads: ClassVar[tuple[str, ...]] = ("token", "sequence")
    unlabelled: ClassVar[bool] = True

    at_least: float = Field(default=0.9, ge=0, le=1)
    weight: float = Field(default=1.0, gt=0, le=1)

    def taught(self) -> type[Run]:
        """The fit in which the teacher has its part."""
        from pipeline.training._self_labelling import SelfTaught

        return SelfTaught
