"""Children put together of pieces: spans are where the pieces come from, derived twice by different code."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents, edits

from pipeline.composing import Refused, composed, joined, pieces_of
from pipeline.rederiving import fault, inventory
from pipeline.types import Document, Edit, Lineage, Piece, Span

ANNA = Document("a", "Anna Berg met Bo.", "en", spans=(Span(0, 9, "PER"), Span(14, 16, "PER")), split="train")


def spans_of(doc: Document) -> list[tuple[str, str]]:
    return [(doc.text[s.start : s.end], s.label) for s in doc.spans or ()]


def as_child(made: Document, pieces: tuple[Piece, ...], parents: tuple[Document, ...]) -> Document:
    lineage = Lineage("x", "{}", 1, tuple(p.id for p in parents), pieces)
    return replace(made, id="child", split="train", lineage=lineage)


def test_a_mention_is_replaced_whole_and_takes_the_groups_of_what_replaces_it() -> None:
    pieces = pieces_of(len(ANNA.text), [Edit(0, 9, "Cy")])
    made = composed([ANNA], pieces, {(0, 0): {"gender": "male"}})
    assert (made.text, spans_of(made)) == ("Cy met Bo.", [("Cy", "PER"), ("Bo", "PER")])
    assert dict((made.spans or ())[0].groups) == {"gender": "male"}


def test_tokens_of_a_mention_may_change_places_and_stay_one_mention() -> None:
    made = composed([ANNA], (Piece(5, 9), Piece(4, 5), Piece(0, 4), Piece(9, 17)))
    assert (made.text, spans_of(made)) == ("Berg Anna met Bo.", [("Berg Anna", "PER"), ("Bo", "PER")])


def test_two_parents_bring_their_mentions_in_the_order_of_their_pieces() -> None:
    other = Document("b", "Cy left.", "en", spans=(Span(0, 2, "PER"),), split="train")
    made = composed([ANNA, other], (Piece(0, 8, None, 1), Piece(8, 8, " ", 1), Piece(0, 17)))
    assert (made.text, spans_of(made)) == (
        "Cy left. Anna Berg met Bo.",
        [("Cy", "PER"), ("Anna Berg", "PER"), ("Bo", "PER")],
    )


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ((Piece(0, 4), Piece(9, 17)), "would be there in part, or twice"),
        ((Piece(0, 17), Piece(0, 9)), "would stand in two parts"),
        ((Piece(0, 4), Piece(9, 14), Piece(4, 9), Piece(14, 17)), "would stand in two parts"),
        ((Piece(0, 9), Piece(9, 15, " saw B"), Piece(15, 17)), "reaches over the edge"),
        ((Piece(0, 10), Piece(10, 14, "saw"), Piece(14, 17)), "would run into the word before it"),
        ((Piece(0, 9, ""), Piece(9, 17)), "would be there in part, or twice"),
        ((Piece(0, 9, "Cy "), Piece(9, 17)), "would begin or end with white space"),
        ((Piece(9, 9, "  "),), "nothing would be left"),
    ],
)
def test_what_would_cut_double_scatter_or_glue_a_mention_is_refused(pieces: tuple[Piece, ...], why: str) -> None:
    with pytest.raises(Refused, match=why):
        composed([ANNA], pieces)


def test_parents_that_do_not_agree_have_no_child() -> None:
    both = (Piece(0, 1), Piece(0, 1, None, 1))
    good, bad = Document("a", "x", "en", label="good"), Document("b", "y", "en", label="bad")
    for other, why in (
        (bad, "different labels"),
        (replace(good, language="zh"), "different languages"),
        (replace(good, spans=()), "one parent is annotated"),
    ):
        with pytest.raises(Refused, match=why):
            composed([good, other], both)


def test_words_between_spaces_are_the_childs_tokens_where_they_are_the_parents() -> None:
    doc = Document("a", "Bo met Cy", "en", spans=(), tokens=((0, 2), (3, 6), (7, 9)))
    assert composed([doc], pieces_of(9, [Edit(3, 6, "me t")])).tokens == ((0, 2), (3, 5), (6, 7), (8, 10))
    assert composed([replace(doc, tokens=((0, 1), (3, 6)))], pieces_of(9, [])).tokens is None


@pytest.mark.parametrize(
    ("edit", "why"),
    [(Edit(3, 4, ""), r"\[4, 6\) PER would begin"), (Edit(6, 8, "'"), r"\[4, 6\) PER would end")],
)
def test_a_mention_of_whole_tokens_is_never_a_part_of_one(edit: Edit, why: str) -> None:
    doc = Document("a", "« , Bo 's", "en", spans=(Span(4, 6, "PER"),), tokens=((0, 1), (2, 3), (4, 6), (7, 9)))
    with pytest.raises(Refused, match=f"the span {why} inside of a token"):
        composed([doc], pieces_of(9, [edit]))
    made = composed([replace(doc, tokens=None)], pieces_of(9, [edit]))
    assert (spans_of(made), made.tokens) == ([("Bo", "PER")], None)


@pytest.mark.parametrize(
    ("text", "at", "one_word"),
    [
        ("Anna1", 4, True),
        ("a b", 1, False),
        ("北京2008", 2, False),
        ("Zoe\u0308", 3, True),
        ("中国", 1, False),
        ("a", 1, False),
    ],
)
def test_letters_and_marks_make_words_and_han_characters_do_not(text: str, at: int, one_word: bool) -> None:
    assert joined(text, at) is one_word


@given(st.data())
def test_what_is_composed_is_what_is_derived_again(data: st.DataObject) -> None:
    doc = replace(data.draw(documents()), split="train")
    pieces = pieces_of(len(doc.text), data.draw(edits(doc.text)))
    if data.draw(st.booleans()):
        pieces = tuple(data.draw(st.permutations(pieces)))
    try:
        made = composed([doc], pieces)
    except Refused:
        return
    assert fault(as_child(made, pieces, (doc,)), [doc], "altered", {}) is None


@given(st.data())
def test_a_span_that_is_moved_dropped_or_relabelled_is_found(data: st.DataObject) -> None:
    doc = replace(data.draw(documents().filter(lambda d: d.spans)), split="train")
    pieces = pieces_of(len(doc.text), [])
    child = as_child(doc, pieces, (doc,))
    assert fault(child, [doc], "kept", {}) is None
    spans = list(child.spans or ())
    at = data.draw(st.integers(0, len(spans) - 1))
    span = spans[at]
    wrong = [[*spans[:at], *spans[at + 1 :]], [*spans[:at], replace(span, label="ORG"), *spans[at + 1 :]]]
    if span.end - span.start > 1:
        wrong.append([*spans[:at], replace(span, start=span.start + 1), *spans[at + 1 :]])
    for changed in wrong:
        assert fault(replace(child, spans=tuple(changed)), [doc], "kept", {}) == "its spans are not those of its pieces"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"split": "test"}, "it or a parent is not in the training split"),
        ({"group_id": "other"}, "it has another group_id than its first parent"),
        ({"label": "good"}, "it has another label than a parent"),
        ({"text": "Anna Berg met Bo!"}, "its text is not that of its pieces"),
        ({"spans": None}, "it is annotated and its parent is not, or the other way round"),
    ],
)
def test_what_a_child_may_not_differ_in_is_found(change: dict[str, object], said: str) -> None:
    child = as_child(ANNA, pieces_of(len(ANNA.text), []), (ANNA,))
    assert fault(replace(child, **change), [ANNA], "kept", {}) == said  # type: ignore[arg-type]


def test_a_mention_from_nowhere_is_found_unless_the_operation_alters_mentions() -> None:
    pieces = pieces_of(len(ANNA.text), [Edit(0, 9, "Table")])
    child = as_child(composed([ANNA], pieces), pieces, (ANNA,))
    known = inventory([ANNA])
    assert fault(child, [ANNA], "replaced", known) == "a mention became one that is no known PER"
    assert fault(child, [ANNA], "replaced", {"PER": {"Table", "Bo"}}) is None
    assert fault(child, [ANNA], "kept", {"PER": {"Table", "Bo"}}) == "a mention became one that is no known PER"
    assert fault(child, [ANNA], "altered", known) is None


def test_a_child_without_pieces_or_without_its_parent_cannot_be_derived() -> None:
    bare = replace(ANNA, id="c", lineage=Lineage("x", "{}", 1, ("a",)))
    assert fault(bare, [ANNA], "kept", {}) == "its lineage has no pieces to derive it from"
    orphan = as_child(ANNA, pieces_of(len(ANNA.text), []), (ANNA,))
    assert fault(orphan, [], "kept", {}) == "its parents are not there"
