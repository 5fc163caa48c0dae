"""gold keeps what the source says and rejects what it does not say."""

from __future__ import annotations

import pytest

from pipeline.annotation.gold import Gold
from pipeline.types import Document, Rejected, Span


@pytest.mark.parametrize(
    "doc",
    [
        Document("a", "Bo", spans=(Span(0, 2, "PER"),)),
        Document("a", "nobody", spans=()),
        Document("a", "fine", label="good"),
    ],
)
def test_annotated_documents_are_kept_as_they_are(doc: Document) -> None:
    assert Gold()(doc) is doc


def test_a_document_without_annotation_is_rejected() -> None:
    result = Gold()(Document("a", "Bo"))
    assert isinstance(result, Rejected)
    assert result.reason == "the source gave neither spans nor a label; use an annotator that makes them"


def test_dropped_labels_are_dropped_once_and_the_rest_stays() -> None:
    gold = Gold(drop_labels=("LOC", "ORG"))
    doc = Document("a", "Bo in Rom", spans=(Span(0, 2, "PER"), Span(6, 9, "LOC")))
    once = gold(doc)
    assert isinstance(once, Document)
    assert once.spans == (Span(0, 2, "PER"),)
    assert gold(once) is once
