"""Distillation: a small model learns what a larger one of the same recipe says, beside the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pipeline.training._pupil import Pupil

if TYPE_CHECKING:
    from pipeline.training._fit import Run


class Distillation(Pupil):
    """Train all weights on the labels and on the class probabilities of a teacher (Hinton, Vinyals & Dean 2015).

    `teacher` is another variant of the recipe: its published checkpoint teaches. The loss is (1 - share) × that of the
    labels + share × temperature² × the Kullback-Leibler divergence of the two softened distributions. Both must read
    with the same vocabulary, and `layers` makes the student smaller.

    >>> Distillation(teacher="base", layers=2).temperature
    2.0
    """

    temperature: float = Field(default=2.0, gt=0, le=20)
    share: float = Field(default=0.5, gt=0, le=1)

    def taught(self) -> type[Run]:
        """The fit in which the teacher has its part."""
        from pipeline.training._teacher import Taught

        return Taught
