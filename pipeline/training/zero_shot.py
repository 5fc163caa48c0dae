"""Zero-shot: labels are descriptions, and nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from pipeline.task import Task
from pipeline.training import Report, Splits, Training
from pipeline.types import Checkpoint, Device


class ZeroShot(Training):
    """Give a text the label whose description it is nearest to, or which an entailment model says it entails.

    `descriptions` say each label in one or several sentences in the language of the texts; a label without is described
    by its name. By embedding: `base_model`, a sentence encoder built as a BERT or a RoBERTa is, embeds texts and
    descriptions as means over tokens (several of one label are averaged), and the logit of a label is the cosine
    divided by `temperature`, which changes the probabilities alone. By entailment, where `entailment_model` (a folder
    or a hub id of a sequence classifier with a class "entailment") is given: the logit of a label is that model's for
    the text and `hypothesis` with the description in the place of {}; one pass a label. Yin et al. 2019, "Benchmarking
    Zero-shot Text Classification".

    >>> ZeroShot(descriptions={"sport": "a match report"}).descriptions
    {'sport': ('a match report',)}
    """

    heads: ClassVar[tuple[str, ...]] = ("sequence",)
    plain: ClassVar[bool] = True
    example: ClassVar[Mapping[str, Any]] = {"max_length": 64}

    base_model: str = Field(default="packaged_minilm", min_length=1)
    descriptions: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    temperature: float = Field(default=0.05, gt=0, le=10)
    entailment_model: str | None = Field(default=None, min_length=1)
    hypothesis: str = "This text is about {}."
    batch_tokens: int = Field(default=1024, ge=16)
    max_length: int | None = Field(default=None, ge=8)

    @field_validator("hypothesis")
    @classmethod
    def _has_a_place(cls, hypothesis: str) -> str:
        if hypothesis.count("{}") != 1:
            raise ValueError("a hypothesis has {} once, where the description goes")
        return hypothesis

    @field_validator("descriptions", mode="before")
    @classmethod
    def _one_description_is_a_list_of_one(cls, descriptions: Any) -> Any:
        if not isinstance(descriptions, Mapping):
            return descriptions
        return {label: (said,) if isinstance(said, str) else said for label, said in descriptions.items()}

    @field_validator("descriptions")
    @classmethod
    def _a_label_is_described(cls, descriptions: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for label, said in descriptions.items():
            if not said or not all(sentence.strip() for sentence in said):
                raise ValueError(f"{label} has an empty description; give a sentence, or leave the label out")
        return descriptions

    def saved(self, model: Any, folder: Path) -> None:
        """Write the network into `folder`, the checkpoint's `model/`, so that `open_checkpoint` opens it."""
        from pipeline.training._few_shot_entailment import Entailed, save

        if isinstance(model, Entailed):
            save(model, folder)
        else:
            model.save_pretrained(folder)

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """Write what `Gradient.fit` writes; of the train split the baselines of the evaluation are taken, no more.

        Raises:
            WrongUse: the task does not give one text one class, a description is of no label, or the model does
                not fit.
            BaseModelError: the base model cannot be opened.
        """
        from typing import cast

        from pipeline.training._few_shot import sequence_task
        from pipeline.training._few_shot_described import ZeroShotRun

        task = sequence_task(task, self)
        return ZeroShotRun(cast("Any", self), task, splits, device, out, report).checkpoint()
