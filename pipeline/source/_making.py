"""Makes a Document of a record, or a Rejected that names its place, the value and what would be right."""

from __future__ import annotations

from typing import Any

from pipeline.errors import InvalidDocument
from pipeline.types import Document, Rejected

_SPANS = "offsets count Unicode code points, [start, end), and spans do not overlap"


def document(
    step: str, place: str, *, text: str, id: str = "", group_id: str = "", **known: Any
) -> Document | Rejected:
    """The record at `place` (`file:line`) as a Document; its id is the place and its group the id where it has none.

    `known` are other fields of Document; None among them is left at its default. Text, ids and labels with half of a
    surrogate pair are rejected: no file can hold them.
    """
    known = {name: value for name, value in known.items() if value is not None}
    name = id or place
    labels = [known.get("label") or "", *(span.label for span in known.get("spans") or ())]
    checked = {"the text": text, "the id": name, "the group id": group_id, "a label": "".join(labels)}
    checked["the licence"] = known.get("licence") or ""
    for what, value in checked.items():
        if fault := _unpaired(value):
            return reject(
                step, place, text, f"{what} holds {fault}, half of a surrogate pair; write the whole character"
            )
    try:
        return Document(name, text, source=place, group_id=group_id or name, **known)
    except InvalidDocument as error:
        return reject(step, place, text, f"{error}; {_SPANS}")


def reject(step: str, place: str, text: str, reason: str) -> Rejected:
    """A record that is no document: its text as far as it is known, and `place: reason`."""
    shown = text.encode("utf-8", "backslashreplace").decode()
    said = reason.encode("utf-8", "backslashreplace").decode()
    return Rejected(Document(place, shown, source=place, group_id=place), step, f"{place}: {said}")


def _unpaired(value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"U+{ord(value[error.start]):04X} at position {error.start}"
    return ""
