"""What every method that trains by gradients shares: its fields, its fit, and the places where methods differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, model_validator

from pipeline.errors import WrongUse
from pipeline.part import Part
from pipeline.task import Task
from pipeline.training import Report, Splits, Training
from pipeline.types import Checkpoint, Device

if TYPE_CHECKING:
    from pipeline.training._steps import Steps


class Optimized(Part):
    """The fields of whatever trains a base model with AdamW, and what they mean.

    `base_model` is `packaged_minilm`, a folder that `save_pretrained` wrote, a hub id, or `encoder`, the recipe's own.
    `layers` keeps the first so many layers. `adapt_vocabulary` replaces the word embeddings by one row a character of
    the training text. `batch_tokens` bounds the tokens of a batch, padding included. `warmup` is a share of the steps.
    `max_length` is in tokens, special ones included; longer texts go through overlapping windows. `resume_every` is in
    steps; 0: when an epoch ends only.
    """

    base_model: str = Field(default="packaged_minilm", min_length=1)
    layers: int | None = Field(default=None, ge=1)
    adapt_vocabulary: bool = False
    epochs: float = Field(default=3, gt=0, le=1000)
    learning_rate: float = Field(default=1e-4, gt=0, le=0.1)
    embedding_learning_rate_factor: float = Field(default=1.0, ge=0, le=100)
    batch_tokens: int = Field(default=1024, ge=16)
    warmup: float = Field(default=0.1, ge=0, lt=1)
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    gradient_clipping: float = Field(default=1.0, gt=0)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    max_length: int | None = Field(default=None, ge=8)
    seed: int = Field(default=13, ge=0)
    resume_every: int = Field(default=200, ge=0)

    @model_validator(mode="after")
    def _one_window_fits(self) -> Self:
        if self.max_length is not None and self.max_length > self.batch_tokens:
            raise ValueError(f"max_length {self.max_length} is more than batch_tokens {self.batch_tokens}")
        return self


class Gradient(Optimized, Training):
    """Train a base model, or a part of it, with AdamW, and keep the epoch that validates best.

    `casing` gives each token a type by how its word is written (`_windows.casing_of`); for a base that lowercases.
    `mixup` above 0 mixes every batch with a shuffled copy of itself, in embedding space, by a share of Beta(mixup,
    mixup). `reweigh` names a group, such as `inferred_gender`: documents are weighted so that it says nothing of their
    classes (`_reweighing.py`; the weights are among the evaluation's tables). Epochs are compared on so many
    `validation_documents`, drawn by a hash of their ids; without it on all. The other fields are `Optimized`'s.

    A method says what it trains in four places, each of which does nothing unusual unless overridden: `virtual`,
    `prepared`, `steps` and `saved`. The head, and what `casing` and `adapt_vocabulary` made new, is trained by every
    method: see `_network.always_trained`.
    """

    casing: bool = False
    mixup: float = Field(default=0.0, ge=0, le=10)
    reweigh: str = Field(default="", max_length=200)
    validation_documents: int | None = Field(default=None, ge=1)

    def virtual(self) -> int:
        """Positions of the model that the method itself takes: a window has so many tokens less."""
        return 0

    def prepared(self, model: Any, head: str) -> Any:
        """The network that is trained: a fresh one with its head, parts of it frozen or wrapped. `head` is the task's.

        Raises:
            WrongUse: the method cannot be applied to this network, or needs an extra that is not installed.
        """
        return model

    def steps(self, model: Any) -> Steps | None:
        """What happens beside the optimizer's steps, for the network that `prepared` gave; mostly nothing."""
        return None

    def saved(self, model: Any, folder: Path) -> None:
        """Write the trained network into `folder`, the checkpoint's `model/`, so that `open_checkpoint` opens it.

        What can be merged into the base model's weights is: then plain `transformers` opens it too, and what was
        trained is kept beside the folder, in `adapter/`. What cannot be merged is kept inside of it.
        """
        model.save_pretrained(folder)

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """Write `model/`, `predictions.parquet`, `evaluation.json` and `loss.json` into `out`.

        A fit into a folder with a `resume/` of the same settings, code and data goes on from there; whoever keeps
        the result takes that folder away. metrics are the task's numbers of the test and `seconds` (wall time of
        training and validation), `real_tokens_per_second` (training tokens without padding), `peak_memory_mib`,
        `parameters` (of the network with its head; what a method adds counts where it trains all of it),
        `trainable_parameters`, `best_epoch`, `lost_spans` (annotated spans of all splits whose edges no token of this
        tokenizer has).

        Raises:
            WrongUse: the task cannot be learned by a classifier, or a setting does not fit the base model.
            BaseModelError: the base model cannot be opened.
            BaseModelChanged: the packaged weights have another digest.
            DeviceUnavailable: `requires` names a device that this machine does not have.
        """
        from pipeline.task._learnable import LearnableTask
        from pipeline.training._fit import Run

        if not isinstance(task, LearnableTask):
            raise WrongUse(f"task {task.name!r} gives no classes to learn; use ner or text_classification")
        if why := self.unfit(task):
            raise WrongUse(why)
        return Run(self, task, splits, device, out, report).checkpoint()
