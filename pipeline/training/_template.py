"""The special tokens that a tokenizer puts around one text and around two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands before and after the pieces of a window: ids and types of tokens; `kind` is the pieces' own type."""

    before: list[int]
    before_types: list[int]
    after: list[int]
    after_types: list[int]
    kind: int = 0

    @property
    def size(self) -> int:
        """Tokens."""
        return len(self.before) + len(self.after)


def single(tokenizer: Any) -> Frame:
    """The frame of one text."""
    before, after = specials(tokenizer)
    return Frame(before, [0] * len(before), after, [0] * len(after))


def specials(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The ids that the tokenizer puts before and after a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    at = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
    return whole[:at], whole[at + len(bare) :]


def paired(tokenizer: Any, first: Sequence[int]) -> Frame:
    """The frame of a second text after the pieces of a first, as the tokenizer's own template for two texts says."""
    encoding = tokenizer("a", "a").encodings[0]
    sides, ids, types = encoding.sequence_ids, encoding.ids, encoding.type_ids
    one, two = sides.index(0), sides.index(1)
    middle, last = one + sides.count(0), two + sides.count(1)
    before = [*ids[:one], *first, *ids[middle:two]]
    before_types = [*types[:one], *([types[one]] * len(first)), *types[middle:two]]
    return Frame(before, before_types, ids[last:], types[last:], types[two])
