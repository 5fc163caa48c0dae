"""The names that official splits go by."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.types import Split

NAMES: Mapping[str, Split] = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "validation": "validation",
    "val": "validation",
    "dev": "validation",
    "testa": "validation",
    "test": "test",
    "testb": "test",
}


def split_of(name: str, own: Mapping[str, Split] | None = None) -> Split | None:
    """The split that a file or a column value names; `own` goes first. None where it names none.

    A file is known by its name, its name without the ending, or the ending alone.

    >>> split_of("en/eng.testa"), split_of("train.jsonl.gz"), split_of("all.txt"), split_of("a.txt", {"a": "test"})
    ('validation', 'train', None, 'test')
    """
    names = {**NAMES, **(own or {})}
    file = name.rsplit("/", 1)[-1]
    stem = re.sub(r"(\.(gz|bz2|xz|zst))?$", "", file)
    for known in (file, stem, stem.split(".", 1)[0], stem.rsplit(".", 1)[0], stem.rsplit(".", 1)[-1]):
        found = names.get(known) or names.get(known.lower())
        if found:
            return found
    return None
