"""Where an augmenter may change a text: the words and characters outside of mentions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.language import en, words, zh
from pipeline.types import Document, Range

_HAN = re.compile(zh.SCRIPT)
_ADDRESS = re.compile(r"\[[A-Z_]+\]|https?://\S+|www\.\S+|(?<!\S)\S+@\S+")
_WHOLE = re.compile(r"(?<!\w)[^\W\d_]+(?:['’-][^\W\d_]+)*(?!\w)")  # in running text: no part of 2nd or x86
_PLAIN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def eligible(doc: Document, chars: int = 1) -> list[Range]:
    """Words of at least `chars` letters that touch no mention, no mask of personal data, no address, in order.

    In a document with a label, negations are none of them: without "not" the label would be another's.
    """
    text = doc.text
    found = [(a, b) for a, b in _words(doc) if b - a >= chars and _PLAIN.fullmatch(text, a, b)]
    return _free(doc, found)


def eligible_characters(doc: Document) -> list[Range]:
    """Chinese characters outside of the same, one range each; in a document with a label no negation."""
    return _free(doc, [m.span() for m in _HAN.finditer(doc.text)])


def _words(doc: Document) -> Sequence[Range]:
    if doc.tokens is not None:
        return doc.tokens
    if doc.language == zh.CODE:
        return words.tokens(doc.text, doc.language)
    return [m.span() for m in _WHOLE.finditer(doc.text)] if doc.text.isascii() else words.tokens(doc.text, doc.language)


def _free(doc: Document, found: Sequence[Range]) -> list[Range]:
    text = doc.text
    taken = [(s.start, s.end) for s in doc.spans or ()]
    if "@" in text or "[" in text or "://" in text or "www." in text:
        taken = sorted([*taken, *(m.span() for m in _ADDRESS.finditer(text))])
    kept: list[Range] = []
    at = reach = 0
    for start, end in found:
        while at < len(taken) and taken[at][0] < end:
            reach = max(reach, taken[at][1])
            at += 1
        if reach <= start:
            kept.append((start, end))
    if doc.label is None:
        return kept
    return [(a, b) for a, b in kept if not _negates(text[a:b], doc.language)]


def _negates(word: str, language: str) -> bool:
    """Whether a word is a negation; a Chinese one, whether it holds one (不好)."""
    if language == zh.CODE:
        return any(negation in word for negation in zh.NEGATIONS)
    word = word.lower().replace("’", "'")
    return word in en.NEGATIONS or word.endswith("n't")
