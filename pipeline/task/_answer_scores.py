"""How right an answer is: exact match and F1 of words, and what a question's words alone find."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from pipeline.types import Range

_UNSPACED = 0x2E80  # from here on CJK: scripts that put no spaces between words
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_SENTENCE = re.compile(r"[^.!?。！？\n]+[.!?。！？]*")
_MARKS = set(string.punctuation) | set("，。、；：？！…—～·「」『』（）《》〈〉【】“”‘’￥")


@lru_cache(1 << 16)
def words(text: str) -> tuple[str, ...]:
    """An answer as it is compared: small letters, without punctuation and English articles, cut at white space.

    (Rajpurkar et al. 2016, "SQuAD"; their evaluation script.) Each character of a script without spaces is a word of
    its own (Cui et al. 2019, "CMRC 2018").

    >>> words("The Eiffel Tower, 巴黎。")
    ('eiffel', 'tower', '巴', '黎')
    """
    plain = "".join(c for c in text.lower() if c not in _MARKS)
    plain = "".join(f" {c} " if ord(c) >= _UNSPACED else c for c in _ARTICLES.sub(" ", plain))
    return tuple(plain.split())


def exact_match(gold: str, guess: str) -> float:
    """1 where the two are the same words, else 0; "" is no answer.

    >>> exact_match("the Tower", "Tower."), exact_match("", "Tower")
    (1.0, 0.0)
    """
    return float(words(gold) == words(guess) and bool(gold) == bool(guess))


def token_f1(gold: str, guess: str) -> float:
    """F1 of the words that the two share, 0 to 1; two that have no words (no answer) share all.

    Words are counted wherever they stand (SQuAD); in a script without spaces the longest run of characters that both
    have is (CMRC 2018).

    >>> token_f1("the Eiffel Tower", "Tower"), token_f1("北京大学", "京大"), token_f1("", "")
    (0.6666666666666666, 0.6666666666666666, 1.0)
    """
    true, found = words(gold), words(guess)
    if not true or not found:
        return exact_match(gold, guess)
    if any(ord(c) >= _UNSPACED for c in gold):
        shared = SequenceMatcher(None, true, found, autojunk=False).find_longest_match().size
    else:
        shared = (Counter(true) & Counter(found)).total()
    return 2 * shared / (len(true) + len(found))


def likest_sentence(question: str, context: str) -> Range:
    """The sentence of a context that shares most different words with the question, the first of equals: characters.

    What Richardson et al. (2013, "MCTest") call a sliding window, with sentences for windows.

    >>> context = "It rained. Bo went to Bern. He slept."
    >>> start, end = likest_sentence("Where did Bo sleep in Bern?", context)
    >>> context[start:end]
    'Bo went to Bern.'
    """
    asked = set(words(question))
    found: Sequence[Range] = [m.span() for m in _SENTENCE.finditer(context) if not m.group().isspace()]
    start, end = max(found, key=lambda r: len(asked & set(words(context[slice(*r)]))), default=(0, len(context)))
    return start + len(context[start:end]) - len(context[start:end].lstrip()), end
