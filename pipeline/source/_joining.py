"""Two columns as one text with spans that say which is which: a pair, or a question and what it is about."""

from __future__ import annotations

import json
from typing import Any

from pipeline.types import Span

BETWEEN = "\n"  # every cleaning step leaves white space where it separates


class RecordError(ValueError):
    """What is wrong with one record, and what would be right."""


def pair(first: str, second: Any, column: str, other: str) -> tuple[str, tuple[Span, ...]]:
    """The joined text of two columns and its spans.

    >>> pair("Is it?", "It is.", "text", "second")[0]
    'Is it?\\nIt is.'

    Raises:
        RecordError: one of the two is no text.
    """
    one, two = _filled(first, column), _filled(second, other)
    at = len(one) + len(BETWEEN)
    return f"{one}{BETWEEN}{two}", (Span(0, len(one), "first"), Span(at, at + len(two), "second"))


def question(
    context: str, asked: Any, answer: tuple[Any, Any], column: str, other: str
) -> tuple[str, tuple[Span, ...]]:
    """The question, then the context, and the spans of the question and of its answer (text, start), if there is one.

    Raises:
        RecordError: the context or the question is no text, or the answer does not stand where it should.
    """
    if not context.strip():
        raise RecordError(f"{column!r} is {shown(context)}; write the text that the question is about")
    one = _filled(asked, other)
    at = len(one) + len(BETWEEN)
    spans = [Span(0, len(one), "question")]
    if (found := _place(context, *answer)) is not None:
        spans.append(Span(at + found[0], at + found[1], "answer"))
    return f"{one}{BETWEEN}{context}", tuple(spans)


def shown(value: Any) -> str:
    """A value in a message."""
    return "missing or null" if value is None else f"{json.dumps(value, ensure_ascii=False, default=str)[:80]}"


def _filled(value: Any, column: str) -> str:
    """The text without white space at its edges, which a span must not have."""
    if not isinstance(value, str) or not value.strip():
        raise RecordError(f"{column!r} is {shown(value)}; write a string that is not empty")
    return value.strip()


def _place(context: str, answer: Any, start: Any) -> tuple[int, int] | None:
    """Where an answer stands in a context, without white space at its edges; None where there is none."""
    if answer is None or answer == "":
        return None
    if not isinstance(answer, str) or not answer.strip():
        raise RecordError(f"the answer is {shown(answer)}; write a string, an empty one where there is none")
    if start is None or start == "":
        at, count = context.find(answer), context.count(answer)
        if count != 1:
            raise RecordError(f"the answer {answer!r} stands {count} times in the text; give `answer_start`")
    else:
        try:
            at = int(start)
        except (TypeError, ValueError):
            raise RecordError(f"the answer's start is {shown(start)}; write a whole number") from None
    if at < 0 or context[at : at + len(answer)] != answer:
        there = context[max(at, 0) : max(at, 0) + len(answer)]
        raise RecordError(
            f"at {at} stands {there!r}, not the answer {answer!r}; offsets count Unicode code points of the text"
        )
    at += len(answer) - len(answer.lstrip())
    return at, at + len(answer.strip())
