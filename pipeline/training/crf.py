"""Full fine-tuning with a conditional random field on the classifier."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from pipeline.training._settings import Gradient

if TYPE_CHECKING:
    from pipeline.training._steps import Steps


class Crf(Gradient):
    """Train all weights of a base model and how well each class follows each: the likelihood of whole sequences.

    For tasks that give every token a class. Predicted are marginals, so probabilities stay probabilities. The
    checkpoint is opened by `open_checkpoint` only. Lafferty, McCallum and Pereira 2001: see `_chain.py`.

    >>> Crf(mixup=0.2)
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Crf
    ...
    """

    heads: ClassVar[tuple[str, ...]] = ("token",)
    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}

    mixup: float = Field(default=0.0, ge=0, le=0)  # a mixed window has no one sequence that is right

    def prepared(self, model: Any, head: str) -> Any:
        """The network with a chain on its classifier."""
        from pipeline.training import _chain

        return _chain.attach(model)

    def steps(self, model: Any) -> Steps:
        """The likelihood of the chain as the loss."""
        from pipeline.training import _chain

        return _chain.Likelihood(model)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the classifier, and the chain in `adapter/` inside of its folder."""
        from pipeline.training import _chain

        _chain.save(model, folder)
