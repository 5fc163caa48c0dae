"""swap_entities keeps labels true, texts well formed and its choices independent of order."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation.swap_entities import SwapEntities
from pipeline.types import Document, Span

ROOT = Path(__file__).parent.parent


def marked(id: str, text: str, **groups: str) -> Document:
    """`[PER Anna] met` as a document."""
    plain, spans = "", []
    for piece in text.split("["):
        head, _, tail = piece.partition("]")
        if not _:
            plain += head
            continue
        label, _, mention = head.partition(" ")
        spans.append(Span(len(plain), len(plain) + len(mention), label, groups))
        plain += mention + tail
    return Document(id, plain, spans=tuple(spans), group_id=f"g-{id}", split="train")


TRAIN = [
    marked("a", "[PER Anna Berg] met [PER Bo] in [LOC Rome]"),
    marked("b", "[PER Cy] left [LOC New York]"),
    marked("c", "记者[PER 王小明]在[LOC 北京]2008年"),
]


def children(doc: Document, train: list[Document] | None = None, **fields: object) -> list[Document]:
    swap = SwapEntities.model_validate(fields).fitted(train or TRAIN)
    return list(swap(doc, swap.rng(doc)))


def test_every_mention_becomes_another_one_of_its_label() -> None:
    known = {"PER": {"Anna Berg", "Bo", "Cy", "王小明"}, "LOC": {"Rome", "New York", "北京"}}
    for child in children(TRAIN[0], copies=8):
        pairs = zip(TRAIN[0].spans or (), child.spans or (), strict=True)
        for before, after in pairs:
            surface = child.text[after.start : after.end]
            assert surface in known[before.label] - {TRAIN[0].text[before.start : before.end]}
            assert after.label == before.label
        assert (child.group_id, child.split) == ("g-a", "train")
        assert child.lineage is not None
        assert child.lineage.parents == ("a",)


def test_children_differ_from_their_parent_and_from_each_other() -> None:
    made = children(TRAIN[1], copies=30)
    texts = [child.text for child in made]
    assert len(set(texts)) == len(texts) == 6
    assert TRAIN[1].text not in texts
    assert len({child.id for child in made}) == 6


def test_the_same_mention_is_replaced_by_the_same_other_throughout_a_text() -> None:
    doc = marked("d", "[PER Bo] is [PER Bo]")
    for child in children(doc, copies=5):
        first, second = child.text.split(" is ")
        assert first == second


def test_no_latin_letter_or_digit_runs_into_its_neighbour() -> None:
    train = [marked("a", "[LOC 北京]"), marked("b", "[LOC Rome]"), marked("c", "[LOC 上海]")]
    doc = marked("d", "在Windows[LOC 北京]2008年")
    assert {child.text for child in children(doc, train, copies=20)} == {"在Windows上海2008年"}


def test_a_mention_that_is_a_part_of_a_word_stays_as_it_is() -> None:
    assert children(marked("d", "the [LOC Rome]s of this world")) == []


def test_groups_of_a_mention_come_with_it_and_contradicting_ones_do_not() -> None:
    train = [
        marked("a", "[PER Anna]", gender="female"),
        marked("b", "[PER Kim]", gender="female", region="north"),
        marked("c", "[PER Kim]", gender="male", region="north"),
    ]
    (child,) = children(train[0], train)
    assert [(child.text[s.start : s.end], dict(s.groups)) for s in child.spans or ()] == [("Kim", {"region": "north"})]


def test_documents_without_spans_and_without_others_have_no_children() -> None:
    assert children(Document("d", "nothing")) == []
    assert children(Document("d", "nothing", spans=())) == []
    assert children(marked("d", "[ORG Acme]")) == []
    assert list(SwapEntities()(TRAIN[0], SwapEntities().rng(TRAIN[0]))) == []


def test_about_the_share_of_the_parents_is_used() -> None:
    swap = SwapEntities(share=0.25).fitted(TRAIN)
    docs = [marked(f"d{n}", "[PER Bo] came") for n in range(400)]
    assert 70 <= sum(len(list(swap(doc, swap.rng(doc)))) for doc in docs) <= 130


def test_the_order_of_the_training_documents_does_not_matter() -> None:
    assert children(TRAIN[0], TRAIN, copies=3) == children(TRAIN[0], TRAIN[::-1], copies=3)


def test_the_hash_seed_of_python_does_not_matter() -> None:
    code = (
        "from test_augmentation_swap_entities import TRAIN, children\n"
        "print([(c.id, c.text) for d in TRAIN for c in children(d, copies=3)])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@given(st.lists(documents(), min_size=1, max_size=4))
def test_labels_are_true_whatever_the_texts_are(docs: list[Document]) -> None:
    swap = SwapEntities(copies=2).fitted(docs)
    surfaces = {(s.label, d.text[s.start : s.end].strip()) for d in docs for s in d.spans or ()}
    for child in swap(docs[0], swap.rng(docs[0])):
        assert [s.label for s in child.spans or ()] == [s.label for s in docs[0].spans or ()]
        assert all((s.label, child.text[s.start : s.end].strip()) in surfaces for s in child.spans or ())
        assert all(a.end <= b.start for a, b in pairwise(child.spans or ()))
        assert not any(c.isspace() for a, b in child.tokens or () for c in child.text[a:b])
