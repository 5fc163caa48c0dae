"""What nlpaug is handed of a chunk's documents, and which of them its classes are not for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._nlpaug_classes import Step, flat
from pipeline.augmentation._ranges import Ranges, merged

_CHINESE = {"SpellingAug": "dict_path", "OcrAug": "dict_of_path", "ReservedAug": "reserved_tokens"}  # characters


def unfit_for(steps: Sequence[Step], chunk: Chunk) -> dict[int, str]:
    """Documents whose label an antonym makes untrue; Chinese ones, where nothing says what a character becomes."""
    found: dict[int, str] = {}
    for step in flat(steps):
        if step.name == "AntonymAug":
            for row in np.flatnonzero(chunk.labelled).tolist():
                found.setdefault(row, "AntonymAug: an antonym makes the document's label untrue")
        if not step.settings.get(_CHINESE.get(step.name, "")):
            why = f"{step.name} knows no Chinese character; use homophone_noise, shape_noise or swap_words"
            for row in np.flatnonzero(chunk.chinese).tolist():
                found.setdefault(row, why)
    return found


def changeable(chunk: Chunk) -> Ranges:
    """The words of documents that may change; of Chinese ones characters."""
    if not chunk.chinese.any():
        return chunk.words()
    characters = chunk.characters()
    characters = characters.where(chunk.chinese[characters.row])
    if chunk.chinese.all():
        return characters
    words = chunk.words()
    return merged(words.where(~chunk.chinese[words.row]), characters)
