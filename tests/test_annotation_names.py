"""name_gender and name_origin say what a name looks like, at persons only, and call it inferred."""

from __future__ import annotations

from pipeline.annotation.name_gender import NameGender
from pipeline.annotation.name_origin import NameOrigin
from pipeline.types import Document, Span

TEXT = "Anna Johnson met 欧阳淑芬 in Paris Hilton"
SPANS = (
    Span(0, 12, "PER", {"name_form": "two_words"}),
    Span(17, 21, "PER"),
    Span(25, 37, "LOC"),
)
DOC = Document("a", TEXT, "en", "f:1", "g", SPANS, groups={"domain": "news"})


def test_persons_get_the_groups_beside_those_they_have_and_nothing_else_changes() -> None:
    once = NameOrigin()(NameGender()(DOC))
    assert isinstance(once, Document)
    assert once.spans is not None
    assert [dict(span.groups) for span in once.spans] == [
        {"name_form": "two_words", "inferred_gender": "female", "inferred_origin": "english"},
        {"inferred_gender": "female", "inferred_origin": "chinese_compound"},
        {},
    ]
    assert once.groups == {"domain": "news"}
    assert [(s.start, s.end, s.label) for s in once.spans] == [(s.start, s.end, s.label) for s in SPANS]
    assert DOC.spans == SPANS, "the document that was handed in is as it was"


def test_other_labels_are_asked_for_by_name() -> None:
    for annotator, value in ((NameGender(labels=("LOC",)), "female"), (NameOrigin(labels=("LOC",)), "english")):
        made = annotator(DOC)
        assert isinstance(made, Document)
        assert made.spans is not None
        assert dict(made.spans[0].groups) == {"name_form": "two_words"}
        assert set(made.spans[2].groups.values()) <= {value, "unknown"}
        assert len(made.spans[2].groups) == 1


def test_what_is_not_annotated_stays_so() -> None:
    for spans in (None, ()):
        made = NameGender()(Document("a", "Anna Berg", spans=spans))
        assert isinstance(made, Document)
        assert made.spans == spans


def test_a_name_without_a_lexicon_entry_says_unknown() -> None:
    made = NameGender()(Document("a", "Xyzzy Qwerty left", spans=(Span(0, 12, "PER"),)))
    assert isinstance(made, Document)
    assert made.spans is not None
    assert made.spans[0].groups == {"inferred_gender": "unknown"}
