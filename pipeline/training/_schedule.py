"""How long a training goes on and how fast: the settings of the loop, its learning rates, what decays."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.training._settings import Optimized


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast; the fields of the same names of `Gradient`."""

    epochs: float
    learning_rate: float
    embedding_learning_rate_factor: float
    batch_tokens: int
    warmup: float
    weight_decay: float
    gradient_clipping: float
    resume_every: int
    seed: int
    mixup: float = 0.0

    @classmethod
    def of(cls, method: Optimized, **changed: float) -> Schedule:
        """The fields of the same names of a method; those that it does not have are as here."""
        own = {f.name: getattr(method, f.name) for f in fields(cls) if hasattr(method, f.name)}
        return cls(**{**own, **changed})


def rate(step: int, steps: int, warmup: float) -> float:
    """Linear from 0 to 1 over the first share `warmup` of the steps, then linear to 0."""
    rising = warmup * steps
    if step < rising:
        return (step + 1) / (rising + 1)
    return (steps - step) / max(steps - rising, 1)


def groups(model: Any, schedule: Schedule) -> list[dict[str, Any]]:
    """Matrices decay, vectors do not; word embeddings have a rate of their own and do not decay."""
    word = {id(p) for p in model.get_input_embeddings().parameters()}
    trainable = [p for p in model.parameters() if p.requires_grad]
    most, decay = schedule.learning_rate, schedule.weight_decay
    found = [
        {"params": [p for p in trainable if id(p) not in word and p.ndim > 1], "lr": most, "weight_decay": decay},
        {"params": [p for p in trainable if id(p) not in word and p.ndim < 2], "lr": most, "weight_decay": 0.0},
        {
            "params": [p for p in trainable if id(p) in word],
            "lr": most * schedule.embedding_learning_rate_factor,
            "weight_decay": 0.0,
        },
    ]
    return [g for g in found if g["params"]]
