"""Cloze prompts: a masked language model says the class by filling a gap beside the text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator

from pipeline.task import Task
from pipeline.training import Report, Splits
from pipeline.training._settings import Gradient
from pipeline.types import Checkpoint, Device


class Cloze(Gradient):
    """Put `template` around each text and compare the words that the masked-LM head would say at its `[MASK]`.

    `words` are what each label is said by, each one token of the base model; a label without is said by its own name.
    The logit of a label is the mean of its words' logits. With `epochs: 0` nothing is trained: zero-shot. Else all
    weights are trained through the logits of these words; `epochs` is how often each example is seen, and the
    validation is scored once, at the end. `examples_per_class` draws so many from the train split. `base_model` must
    have a masked-LM head, which `packaged_minilm` has not. Schick and Schütze 2021, "Exploiting Cloze Questions for Few
    Shot Text Classification and Natural Language Inference"; one pattern, without their unlabelled text. Other fields:
    see `Gradient` in `_settings.py`.

    >>> Cloze(base_model="google-bert/bert-base-uncased", words={"positive": "great", "negative": "bad"}).words
    {'positive': ('great',), 'negative': ('bad',)}
    >>> Cloze(base_model="google-bert/bert-base-uncased", template="It was great.")
    Traceback (most recent call last):
    ...
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Cloze
    ...
    """

    heads: ClassVar[tuple[str, ...]] = ("sequence",)
    plain: ClassVar[bool] = True

    base_model: str = Field(min_length=1)
    template: str = "{text} It was [MASK]."
    words: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    examples_per_class: int | None = Field(default=None, ge=1)
    epochs: int = Field(default=10, ge=0, le=1000)
    learning_rate: float = Field(default=3e-5, gt=0, le=0.1)
    adapt_vocabulary: Literal[False] = False
    casing: Literal[False] = False
    mixup: float = Field(default=0.0, ge=0, le=0)

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """One with a model of random weights, written into a folder."""
        from pipeline.training._few_shot_tiny import tiny_masked_model

        return cls(base_model=str(tiny_masked_model(folder)), epochs=2, max_length=64, learning_rate=1e-3)

    @field_validator("template")
    @classmethod
    def _has_a_text_and_a_gap(cls, template: str) -> str:
        if template.count("{text}") != 1 or template.count("[MASK]") != 1:
            raise ValueError("a template has {text} once and [MASK] once, as '{text} It was [MASK].'")
        return template

    @field_validator("words", mode="before")
    @classmethod
    def _one_word_is_a_list_of_one(cls, words: Any) -> Any:
        if not isinstance(words, Mapping):
            return words
        return {label: (said,) if isinstance(said, str) else said for label, said in words.items()}

    @field_validator("words")
    @classmethod
    def _a_label_has_a_word(cls, words: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for label, said in words.items():
            if not said or not all(word.strip() for word in said):
                raise ValueError(f"{label} has no word; give one, or leave the label out to say it by its name")
        return words

    def saved(self, model: Any, folder: Path) -> None:
        """Write the masked language model, and which words stand for which label."""
        from pipeline.training._few_shot_cloze import save

        save(model, folder)

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """As `Gradient.fit`; `best_epoch` is 1, or 0 where nothing was trained.

        Raises:
            WrongUse: the task does not give a document of one text one class, the base model has no masked-LM head, a
                word is not one token, or a class has no example.
        """
        from pipeline.training._few_shot import few, sequence_task
        from pipeline.training._few_shot_cloze import ClozeRun

        task = sequence_task(task, self)
        train = few(splits.train, task, self.examples_per_class, self.seed) if self.epochs else splits.train
        return ClozeRun(self, task, replace(splits, train=train), device, out, report).checkpoint()
