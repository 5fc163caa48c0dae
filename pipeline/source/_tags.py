"""Reads the tagging schemes of column files: which tokens are one mention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Scheme = Literal["iob2", "iob1", "bioes"]
Mention = tuple[int, int, str]

_PREFIXES: dict[Scheme, str] = {"iob2": "BI", "iob1": "BI", "bioes": "BIES"}


class TagError(ValueError):
    """A tag that its scheme does not know or does not allow there; `at` is its index in the sentence."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


def mentions(tags: Sequence[str], scheme: Scheme) -> list[Mention]:
    """Mentions as (first token, one past the last token, label).

    Raises:
        TagError: an unknown tag, a mention that begins or ends as its scheme does not allow.

    >>> mentions(["B-PER", "I-PER", "O", "B-LOC"], "iob2")
    [(0, 2, 'PER'), (3, 4, 'LOC')]
    """
    found: list[Mention] = []
    start, label = 0, ""  # the mention that is open
    for at, tag in enumerate(tags):
        prefix, name = _parts(at, tag, scheme)
        goes_on = prefix in ("I", "E") and name == label
        if label and not goes_on:
            if scheme == "bioes":
                raise TagError(
                    at, f"the tag {tag!r} cuts off the mention that {tags[start]!r} begins; end it with 'E-{label}'"
                )
            found.append((start, at, label))
            label = ""
        if prefix == "O":
            continue
        if not goes_on:
            _may_begin(at, tag, tags[at - 1] if at else "", prefix, name, scheme)
            start, label = at, name
        if prefix in ("E", "S"):
            found.append((start, at + 1, label))
            label = ""
    if label and scheme == "bioes":
        raise TagError(
            len(tags) - 1,
            f"the sentence ends inside of the mention that {tags[start]!r} begins; end it with 'E-{label}'",
        )
    return [*found, (start, len(tags), label)] if label else found


def _parts(at: int, tag: str, scheme: Scheme) -> tuple[str, str]:
    if tag == "O":
        return "O", ""
    prefix, _, name = tag.partition("-")
    if name and len(prefix) == 1 and prefix in _PREFIXES[scheme]:
        return prefix, name
    known = ", ".join(f"'{p}-LABEL'" for p in _PREFIXES[scheme])
    hint = (
        f"did you mean '{tag[0]}-{tag[2:]}'?"
        if tag[:1] in _PREFIXES[scheme] and tag[1:2] in ("_", ":", "/", ".")
        else ""
    )
    other = " (the file may use the scheme bioes)" if scheme != "bioes" and name and prefix in ("E", "S") else ""
    raise TagError(
        at, f"the tag {tag!r} is none of 'O', {known}{other}; {hint or f'write a tag of the scheme {scheme}'}"
    )


def _may_begin(at: int, tag: str, before: str, prefix: str, name: str, scheme: Scheme) -> None:
    if prefix in ("B", "S") or scheme == "iob1":
        return
    after = f"follows {before!r}" if before else "is the first of its sentence"
    other = ", or set `scheme: iob1` if the file begins mentions with I-" if scheme == "iob2" else ""
    raise TagError(at, f"the tag {tag!r} {after}; under {scheme} a mention begins with 'B-{name}'{other}")
