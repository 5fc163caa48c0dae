"""How right an answer is: exact match and F1 of words, what a question's words alone find, and the worst answers."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import pyarrow as pa

from pipeline.task._errors import ERRORS, excerpt
from pipeline.task._scores import Rows
from pipeline.types import Json, Range

ANSWER_KINDS = ("partial", "other", "spurious", "missed")
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


def answer_errors(test: pa.Table, predictions: pa.Table) -> tuple[Rows, Rows]:
    """The worst ERRORS of each kind of answers that do not match, the surest first, and how many there are of each.

    - `partial`: it shares words with the answer.
    - `other`: it shares none.
    - `spurious`: the text holds no answer.
    - `missed`: "no answer" was said where there is one.

    `score` is the probability of what was predicted, an answer or that there is none, where predictions have it.
    """
    found: dict[str, list[tuple[float, int, Mapping[str, Json]]]] = {kind: [] for kind in ANSWER_KINDS}
    documents = test.select(["id", "source", "text", "spans"]).to_pylist()
    for i, (row, predicted) in enumerate(zip(documents, predictions.to_pylist(), strict=True)):
        roles = {s["label"]: (s["start"], s["end"]) for s in row["spans"] or ()}
        gold, guess = row["text"][slice(*roles.get("answer", (0, 0)))], predicted["answer"]
        if exact_match(gold, guess):
            continue
        kind = "spurious" if not gold else "missed" if not guess else "partial" if token_f1(gold, guess) else "other"
        score = predicted.get("score" if guess else "no_answer_score")
        known = None if score is None else math.exp(score)
        where = roles.get("answer") or (predicted.get("start") or 0, predicted.get("end") or 0)
        error = {
            "kind": kind,
            "id": row["id"],
            "source": row["source"],
            "score": known,
            "question": row["text"][slice(*roles.get("question", (0, 0)))],
            "gold": gold or None,
            "predicted": guess or None,
            "text": excerpt(row["text"], *where),
        }
        found[kind].append((-(known or 0.0), i, error))
    worst = [error for kind in ANSWER_KINDS for _, _, error in sorted(found[kind], key=lambda f: f[:2])[:ERRORS]]
    return worst, [{"kind": kind, "questions": len(found[kind])} for kind in ANSWER_KINDS]
