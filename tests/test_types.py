"""Documents stay true: whatever is edited, spans and tokens cover what they covered."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents, edits

from pipeline.errors import InvalidDocument
from pipeline.types import Document, Edit, Range, Rejected, Span


def naive(doc: Document, changes: list[Edit]) -> tuple[str, list[Range | None]]:
    """The new text and where each span goes, by following every single character."""
    out: list[tuple[str, int, int]] = []  # a character, and the range of the old text that it stands for
    at = 0
    for edit in sorted(changes, key=lambda e: (e.start, e.end)):
        out += [(doc.text[i], i, i + 1) for i in range(at, edit.start)]
        out += [(c, edit.start, edit.end) for c in edit.text]
        at = edit.end
    out += [(doc.text[i], i, i + 1) for i in range(at, len(doc.text))]
    moved: list[Range | None] = []
    for span in doc.spans or ():
        mine = [
            n
            for n, (c, a, b) in enumerate(out)
            if ((a < span.end and b > span.start) if a < b else span.start < a < span.end)
        ]
        while mine and out[mine[0]][0].isspace():
            mine.pop(0)
        while mine and out[mine[-1]][0].isspace():
            mine.pop()
        moved.append((mine[0], mine[-1] + 1) if mine else None)
    return "".join(c for c, _, _ in out), moved


@given(st.data())
def test_editing_agrees_with_following_every_single_character(data: st.DataObject) -> None:
    doc = data.draw(documents())
    changes = data.draw(edits(doc.text))
    text, moved = naive(doc, changes)
    result = doc.edited(changes)
    if isinstance(result, Rejected):
        overlap = any(a and b and b[0] < a[1] for a, b in pairwise(moved))
        assert None in moved or overlap
        assert result.document is doc
        return
    if not changes:
        assert result is doc
        return
    assert result.text == text
    assert [(s.start, s.end) for s in result.spans or ()] == moved
    assert [s.label for s in result.spans or ()] == [s.label for s in doc.spans or ()]


@given(st.data())
def test_tokens_stay_sorted_disjoint_and_free_of_white_space(data: st.DataObject) -> None:
    doc = data.draw(documents())
    result = doc.edited(data.draw(edits(doc.text)))
    if isinstance(result, Document):
        tokens = result.tokens or ()
        for start, end in tokens:
            assert start < end
            assert not any(c.isspace() for c in result.text[start:end])
        assert all(a[1] <= b[0] for a, b in pairwise(tokens))


@given(st.data())
def test_a_token_that_no_edit_touches_keeps_its_text(data: st.DataObject) -> None:
    doc = data.draw(documents())
    changes = data.draw(edits(doc.text))
    result = doc.edited(changes)
    if isinstance(result, Document):
        kept = [doc.text[a:b] for a, b in doc.tokens or () if all(e.end <= a or e.start >= b for e in changes)]
        after = [result.text[a:b] for a, b in result.tokens or ()]
        assert all(word in after for word in kept)


def test_tokens_that_one_edit_reaches_into_become_one_and_new_white_space_parts_them() -> None:
    doc = Document("a", "abcd ef", tokens=((0, 2), (2, 4), (5, 7)))
    for edit, text, tokens in (
        (Edit(1, 3, "-"), "a-d ef", ((0, 3), (4, 6))),
        (Edit(1, 3, "x y"), "ax yd ef", ((0, 2), (3, 5), (6, 8))),
        (Edit(0, 2, " "), " cd ef", ((1, 3), (4, 6))),
        (Edit(2, 2, "x"), "abxcd ef", ((0, 2), (3, 5), (6, 8))),
    ):
        result = doc.edited([edit])
        assert isinstance(result, Document)
        assert (result.text, result.tokens) == (text, tokens)


@given(documents())
def test_editing_nothing_gives_the_same_document(doc: Document) -> None:
    assert doc.edited([]) is doc


def test_not_annotated_stays_not_annotated_and_nothing_there_stays_nothing_there() -> None:
    change = [Edit(0, 1, "A")]
    assert Document("a", "anna").edited(change) == Document("a", "Anna")
    assert Document("a", "anna", spans=()).edited(change) == Document("a", "Anna", spans=())


def test_one_edit_over_two_spans_rejects_the_document() -> None:
    doc = Document("a", "Bo Al", spans=(Span(0, 2, "PER"), Span(3, 5, "PER")))
    result = doc.edited([Edit(1, 4, "-")])
    assert isinstance(result, Rejected)
    assert result.reason == "one edit reaches into both spans [0, 2) PER and [1, 3) PER"


def test_a_span_that_is_edited_away_rejects_the_document_and_shows_the_span() -> None:
    result = Document("a", "Bo met", spans=(Span(0, 2, "PER"),)).edited([Edit(0, 3, "")])
    assert isinstance(result, Rejected)
    assert result.reason == "the span [0, 2) PER ('Bo') was edited away"


def test_overlapping_and_outlying_edits_are_refused() -> None:
    with pytest.raises(InvalidDocument, match=r"^edits overlap: "):
        Document("a", "Bo met").edited([Edit(0, 2, ""), Edit(1, 3, "")])
    with pytest.raises(InvalidDocument, match=r"^edit outside of a text of 6 characters$"):
        Document("a", "Bo met").edited([Edit(5, 7, "")])


def test_spans_are_sorted_and_wrong_ones_are_refused() -> None:
    doc = Document("a", "Bo Al", spans=(Span(3, 5, "PER"), Span(0, 2, "PER")))
    assert [s.start for s in doc.spans or ()] == [0, 3]
    for span, message in (
        (Span(0, 9, "PER"), "span [0, 9) PER ends after the text, which has 5 characters"),
        (Span(2, 2, "PER"), "span [2, 2) PER is empty or starts before the text"),
        (Span(-1, 2, "PER"), "span [-1, 2) PER is empty or starts before the text"),
    ):
        with pytest.raises(InvalidDocument) as error:
            Document("a", "Bo Al", spans=(span,))
        assert str(error.value) == message
    with pytest.raises(InvalidDocument) as error:
        Document("a", "Bo Al", spans=(Span(0, 4, "PER"), Span(3, 5, "PER")))
    assert str(error.value) == "spans [0, 4) PER and [3, 5) PER overlap or are out of order"
    with pytest.raises(InvalidDocument):
        Document("a", "Bo Al", tokens=((0, 3), (2, 5)))
