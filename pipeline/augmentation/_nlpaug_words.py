"""What nlpaug is handed of a chunk's documents, and which of them its classes are not for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.augmentation._chunk import Chunk, Ranges
from pipeline.augmentation._nlpaug_classes import Step, flat
from pipeline.language import zh

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
            for row, language in enumerate(chunk.languages):
                if language == zh.CODE:
                    found.setdefault(row, why)
    return found


def handed(chunk: Chunk) -> Ranges:
    """The words of documents that may change; of Chinese ones characters."""
    chinese = np.array([language == zh.CODE for language in chunk.languages], bool)
    if not chinese.any():
        return chunk.words()
    characters = chunk.characters()
    if chinese.all():
        return characters
    words = chunk.words()
    words, characters = words.where(~chinese[words.row]), characters.where(chinese[characters.row])
    both = [np.concatenate([getattr(r, name) for r in (words, characters)]) for name in ("row", "start", "end")]
    return Ranges(*both).where(np.argsort(both[1], kind="stable"))
