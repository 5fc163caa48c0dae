"""A pipeline of nlpaug, by class names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field, JsonValue, field_validator

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Keys
from pipeline.augmentation._nlpaug import Noise
from pipeline.augmentation._nlpaug_classes import Step, step_of
from pipeline.augmentation._nlpaug_words import changeable, unfit_for
from pipeline.augmentation._ranges import Ranges


class Nlpaug(Noise):
    """Augmenters of nlpaug one after another, each handed the words outside of mentions and nothing else.

    `augmenters` are class names of nlpaug.augmenter.char and .word, with settings where they need any; `Sequential` and
    `Sometimes` take a `flow` of them. A class that works on whole sentences, or an action that makes more or fewer
    words, is refused when the recipe is loaded, with what to use instead. A Chinese document is handed over character
    by character where the settings say what becomes of which (a dictionary), and refused otherwise.

    >>> from pipeline.types import Document, Span
    >>> doc = Document("a", "soon Anna left", "en", spans=(Span(5, 9, "PER"),))
    >>> swap = Nlpaug(augmenters=[{"RandomWordAug": {"action": "swap"}}])
    >>> [child.text for child in swap(doc, swap.rng(doc))]
    ['left Anna soon']
    """

    example: ClassVar[Mapping[str, Any]] = {
        "augmenters": [{"KeyboardAug": {"aug_char_max": 1}}, {"RandomWordAug": {"action": "swap"}}]
    }

    augmenters: list[JsonValue] = Field(min_length=1, max_length=20)

    @field_validator("augmenters")
    @classmethod
    def _known(cls, augmenters: list[JsonValue]) -> list[JsonValue]:
        for spec in augmenters:
            step_of(spec)
        return augmenters

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The classes as the recipe has them."""
        return tuple(step_of(spec) for spec in self.augmenters)

    def unfit(self, chunk: Chunk) -> dict[int, str]:
        """By what its classes do to labels, and know of Chinese."""
        return unfit_for(self.steps, chunk)

    def handed(self, chunk: Chunk, keys: Keys) -> Ranges:
        """Words, or Chinese characters."""
        return changeable(chunk)
