"""Weights of training documents that make a group and what is annotated independent. No tensors, no torch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa

from pipeline.errors import WrongUse
from pipeline.frames import documents_of
from pipeline.types import Document, Json

UNKNOWN = "unknown"
_NO_GROUP = ("", UNKNOWN, "nan", "none", "null")  # what a missing value is called once it was made a string


def reweighed(train: pa.Table, by: str) -> tuple[pa.Table, list[dict[str, Json]]]:
    """(the table with its weights multiplied by w(group, class), one row a group and class).

    w(g, y) = P(g) P(y) / P(g, y), each P a share of the weights there are (Kamiran & Calders, 2012, "Data preprocessing
    techniques for classification without discrimination"): weighted so, no group has a class more often than another,
    and no group or class has more weight than before. The class is the document's label; of a document with spans, the
    set of their labels. A document without a known group keeps its weight and counts in no P.

    Raises:
        WrongUse: no document, or only one group, is known by that name.
    """
    documents = list(documents_of(train))
    keys = [(group_of(doc, by), class_of(doc)) for doc in documents]
    known: dict[tuple[str, str], float] = defaultdict(float)
    counts: dict[tuple[str, str], int] = defaultdict(int)
    groups: dict[str, float] = defaultdict(float)
    classes: dict[str, float] = defaultdict(float)
    for doc, (group, of_class) in zip(documents, keys, strict=True):
        if group != UNKNOWN:
            known[group, of_class] += doc.weight
            counts[group, of_class] += 1
            groups[group] += doc.weight
            classes[of_class] += doc.weight
    check_groups(groups, documents, by, "reweigh")
    total = sum(groups.values())
    weights = {(g, y): groups[g] * classes[y] / (total * there) for (g, y), there in known.items() if there > 0}
    changed = [doc.weight * weights.get(key, 1.0) for doc, key in zip(documents, keys, strict=True)]
    at = train.schema.get_field_index("weight")
    table = train.set_column(at, train.schema.field(at), pa.array(changed, pa.float32()))
    rows: list[dict[str, Json]] = [
        {"group": g, "class": y, "documents": counts[g, y], "weight": weights[g, y]} for g, y in sorted(weights)
    ]
    return table, rows


def group_of(doc: Document, by: str) -> str:
    """The document's own group, else the one that all of its mentions with a known one have, else `unknown`.

    >>> from pipeline.types import Span
    >>> he, she, who = ({"g": value} for value in ("male", "female", "unknown"))
    >>> [group_of(Document("a", "A B", spans=(Span(0, 1, "P", a), Span(2, 3, "P", b))), "g")
    ...  for a, b in ((he, who), (he, she), (who, who))]
    ['male', 'unknown', 'unknown']
    """
    own = _known(doc.groups.get(by))
    if own is not None:
        return own
    named = {value for span in doc.spans or () if (value := _known(span.groups.get(by))) is not None}
    return named.pop() if len(named) == 1 else UNKNOWN


def class_of(doc: Document) -> str:
    """The label of a document; of one without, the labels of its spans, each once."""
    return doc.label if doc.label is not None else "+".join(sorted({s.label for s in doc.spans or ()}))


def check_groups(groups: Sequence[str] | dict[str, float], documents: Sequence[Document], by: str, field: str) -> None:
    """Raises WrongUse where there are less than two groups; the message says which there are."""
    if len(groups) < 2:
        there = {key for doc in documents for key in doc.groups}
        there |= {key for doc in documents for span in doc.spans or () for key in span.groups}
        found = f"only {next(iter(groups))!r}" if groups else "none"
        raise WrongUse(
            f"{field}: of {by!r} the training documents have {found} known, and two groups are needed; they have the "
            f"groups {', '.join(sorted(there)) or 'of no name'}"
        )


def _known(value: str | None) -> str | None:
    plain = (value or "").strip()
    return None if plain.lower() in _NO_GROUP else plain
