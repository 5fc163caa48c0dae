"""Full fine-tuning: every weight of a base model is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipeline.training._settings import Gradient


class Full(Gradient):
    """Train all weights of a base model. The fields are those of every method: see `Gradient` in `_settings.py`.

    >>> Full(learning_rate=3.0)
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Full
    ...
    """

    example: ClassVar[Mapping[str, Any]] = {"layers": 1, "epochs": 1, "batch_tokens": 1024, "max_length": 64}
