"""exchange_segments puts a clause in the place of another, with its mentions."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation import Refused
from pipeline.augmentation._clauses import clauses
from pipeline.augmentation.exchange_segments import ExchangeSegments
from pipeline.composing import composed
from pipeline.types import Document, Span


def marked(id: str, text: str, language: str = "en") -> Document:
    """`[PER Anna] met` as a document."""
    plain, spans = "", []
    for piece in text.split("["):
        head, closed, tail = piece.rpartition("]")
        label, _, mention = head.partition(" ")
        if closed:
            spans.append(Span(len(plain), len(plain) + len(mention), label))
        plain += mention + tail
    return Document(id, plain, language, spans=tuple(spans), split="train")


def drawn(doc: Document, train: list[Document], tokens: int | None = None) -> dict[str, list[str]]:
    """Text → mentions, of many draws."""
    exchange = ExchangeSegments(tokens=tokens).fitted(train)
    found = {}
    for seed in range(60):
        made = exchange.draw(doc, Random(seed))
        child = composed((doc, *made.partners), made.pieces)
        found[child.text] = [f"{child.text[s.start : s.end]} {s.label}" for s in child.spans or ()]
    return found


def test_clauses_end_at_signs_and_not_inside_of_numbers_names_and_mentions() -> None:
    cases = {
        "Mr. Smith , of 3.5 , left .": ["Mr. Smith", "of 3.5", "left"],
        "It works well. I like it: 12:30 (or so)!": ["It works well", "I like it", "12:30 (or so)"],
        "He left , [ORG Smith , Jones] too .": ["He left", "Smith , Jones too"],
    }
    for text, expected in cases.items():
        doc = marked("a", text)
        assert [doc.text[a:b] for a, b in clauses(doc)] == expected
    chinese = marked("b", "会上，[PER 江泽民]说：“很好！”在12:30，散会。", "zh")
    assert [chinese.text[a:b] for a, b in clauses(chinese)] == ["会上", "江泽民说", "很好", "在12:30", "散会"]


def test_first_clauses_take_the_place_of_first_ones_and_last_of_last() -> None:
    doc, other = marked("a", "[PER Anna] came, [PER Bo] left."), marked("b", "in [LOC Rome], but [PER Cy Lee] slept.")
    assert drawn(doc, [doc, other]) == {
        "in Rome, Bo left.": ["Rome LOC", "Bo PER"],
        "Anna came, but Cy Lee slept.": ["Anna PER", "Cy Lee PER"],
    }


def test_chinese_clauses_bring_their_mentions() -> None:
    doc, other = marked("a", "[PER 江泽民]来了，很高兴。", "zh"), marked("b", "在[LOC 北京]，[PER 邓小平]讲话！", "zh")
    assert drawn(doc, [doc, other]) == {
        "在北京，很高兴。": ["北京 LOC"],
        "江泽民来了，邓小平讲话。": ["江泽民 PER", "邓小平 PER"],
    }


def test_runs_of_tokens_cut_no_mention() -> None:
    doc, other = marked("a", "so [PER Anna Berg] came home late"), marked("b", "then [PER Bo] never left that house")
    assert drawn(doc, [doc, other], 2) == {
        "then Bo came home late": ["Bo PER"],
        "so Anna Berg never left late": ["Anna Berg PER"],
        "so Anna Berg came home that house": ["Anna Berg PER"],
    }


def test_documents_with_a_label_take_clauses_of_the_same_label_only() -> None:
    train = [
        Document("a", "well made, cheap", "en", label="good"),
        Document("b", "it broke, no use", "en", label="bad"),
        Document("c", "fast here, lovely", "en", label="good"),
    ]
    assert set(drawn(train[0], train)) == {"fast here, cheap", "well made, lovely"}
    with pytest.raises(Refused, match="no segment of another document of its kind fits"):
        ExchangeSegments().fitted(train).draw(train[1], Random(1))


def test_a_text_of_one_clause_is_refused() -> None:
    with pytest.raises(Refused, match="the text is one segment"):
        ExchangeSegments().draw(marked("a", "[PER Anna] came ."), Random(1))


@given(st.lists(documents(), min_size=2, max_size=4), st.sampled_from(("en", "zh")), st.sampled_from((None, 1, 2)))
def test_a_child_is_its_parent_around_a_part_of_the_partner(
    docs: list[Document], language: str, tokens: int | None
) -> None:
    train = [Document(f"{n}", d.text, language, spans=d.spans, split="train") for n, d in enumerate(docs)]
    exchange = ExchangeSegments(tokens=tokens, copies=2).fitted(train)
    for doc in train:
        for child in (c for c in exchange(doc, exchange.rng(doc)) if isinstance(c, Document)):
            assert child.lineage is not None
            (piece,) = [p for p in child.lineage.pieces if p.parent == 1]
            around = [p for p in child.lineage.pieces if p.parent == 0]
            partner = train[int(child.lineage.parents[1])]
            moved = [s for s in partner.spans or () if piece.start <= s.start and s.end <= piece.end]
            kept = [s for s in doc.spans or () if any(p.start <= s.start and s.end <= p.end for p in around)]
            assert len(child.spans or ()) == len(moved) + len(kept)
            assert around, "something of the parent is left"
