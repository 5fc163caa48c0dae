"""Where an augmenter may change a text: the words and characters outside of mentions."""

from __future__ import annotations

import re
from bisect import bisect, bisect_left
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import TypeVar

from pipeline.language import en, words, zh
from pipeline.types import Document, Range

T = TypeVar("T")
_HAN = re.compile(zh.SCRIPT)
ADDRESS = re.compile(r"\[[A-Z_]+\]|https?://\S+|www\.\S+|(?<!\S)\S+@\S+")
WHOLE = re.compile(r"(?<!\w)[^\W\d_]+(?:['’-][^\W\d_]+)*(?!\w)")  # in running text: no part of 2nd or x86
_CHINESE_NEGATION = re.compile("|".join(sorted(map(re.escape, zh.NEGATIONS))))
PLAIN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def eligible(doc: Document, chars: int = 1) -> list[Range]:
    """Words of at least `chars` letters that touch no mention, no mask of personal data, no address, in order.

    In a document with a label, negations are none of them: without "not" the label would be another's.
    """
    text = doc.text
    if doc.tokens is None and doc.language == zh.CODE:
        return _free(doc, _chinese(text, chars))
    found = [
        (start, end)
        for start, end in _words(doc)
        if end - start >= chars
        and ((word := text[start:end]).isalpha() or (word[0].isalpha() and PLAIN.fullmatch(word)))
    ]
    return _free(doc, found)


def eligible_characters(doc: Document) -> list[Range]:
    """Chinese characters outside of the same, one range each; in a document with a label no negation."""
    return _free(doc, [m.span() for m in _HAN.finditer(doc.text)])


def some(places: Sequence[T], share: float, rng: Random, spared: int = 0) -> list[T]:
    """A share of the places, at least one, in their order; `spared` are not drawn. Of none none.

    `random.sample` does the same, in twice the time for as few as there are here.
    """
    left = list(range(len(places)))
    count = min(max(1, round(len(left) * share)), len(left) - spared)
    for at in range(count):
        other = at + int(rng.random() * (len(left) - at))
        left[at], left[other] = left[other], left[at]
    return [places[at] for at in sorted(left[:count])]


def _words(doc: Document) -> Sequence[Range]:
    if doc.tokens is not None:
        return doc.tokens
    return [m.span() for m in WHOLE.finditer(doc.text)] if doc.text.isascii() else words.tokens(doc.text, doc.language)


def _chinese(text: str, chars: int) -> list[Range]:
    """The same words as those of `words.tokens`; only cut, not looked for, which takes half the time."""
    from rjieba import cut

    found = cut(text)
    ends = list(accumulate(map(len, found)))
    return [
        (start, end)
        for word, start, end in zip(found, [0, *ends], ends, strict=False)
        if end - start >= chars and (word.isalpha() or (word[0].isalpha() and PLAIN.fullmatch(word)))
    ]


def _free(doc: Document, found: list[Range]) -> list[Range]:
    """Those of disjoint ranges, in order, that touch nothing taken; `found` is used up."""
    text = doc.text
    taken = [(s.start, s.end) for s in doc.spans or ()]
    if has_address(text):
        taken += [m.span() for m in ADDRESS.finditer(text)]
    for start, end in taken if found else ():
        first = bisect(found, (start, start))
        if first and found[first - 1][1] > start:
            first -= 1
        del found[first : bisect_left(found, (end, end), first)]
    if doc.label is None:
        return found
    return [(a, b) for a, b in found if not negates(text[a:b], doc.language)]


def has_address(text: str) -> bool:
    """Whether it is worth looking for ADDRESS, a mask or an address."""
    return "@" in text or "[" in text or "://" in text or "www." in text


def negates(word: str, language: str) -> bool:
    """Whether a word is a negation; a Chinese one, whether it holds one (不好)."""
    if language == zh.CODE:
        return _CHINESE_NEGATION.search(word) is not None
    word = word.lower().replace("’", "'")
    return word in en.NEGATIONS or word.endswith("n't")
