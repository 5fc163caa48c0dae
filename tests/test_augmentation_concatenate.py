"""concatenate joins two training documents of one kind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation import Refused, _partners
from pipeline.augmentation.concatenate import Concatenate
from pipeline.types import Document, Span

ROOT = Path(__file__).parent.parent
TRAIN = [Document(f"d{n}", f"sentence number {n} .", "en", spans=(), split="train") for n in range(40)]


def children(doc: Document, train: list[Document], **settings: object) -> list[Document]:
    join = Concatenate.model_validate(settings).fitted(train)
    return [c for c in join(doc, join.rng(doc)) if isinstance(c, Document)]


def test_both_keep_their_mentions_and_the_child_names_both_parents() -> None:
    anna = Document(
        "a", "Anna came .", "en", spans=(Span(0, 4, "PER"),), split="train", tokens=((0, 4), (5, 9), (10, 11))
    )
    rome = Document("b", "Rome fell", "en", spans=(Span(0, 4, "LOC"),), split="train", tokens=((0, 4), (5, 9)))
    (child,) = children(anna, [anna, rome])
    assert child.text == "Anna came . Rome fell"
    assert [(child.text[s.start : s.end], s.label) for s in child.spans or ()] == [("Anna", "PER"), ("Rome", "LOC")]
    assert child.tokens == ((0, 4), (5, 9), (10, 11), (12, 16), (17, 21))
    assert child.lineage is not None
    assert child.lineage.parents == ("a", "b")


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ("他来了。", "我走了。", "他来了。我走了。"),
        ("新华社北京电", "江泽民讲话", "新华社北京电。江泽民讲话"),
        ("新华社 北京 电", "江泽民 讲话", "新华社 北京 电 江泽民 讲话"),
        ("他来了 ", "我走了", "他来了 我走了"),
    ],
)
def test_chinese_texts_are_parted_by_a_sign(first: str, second: str, joined: str) -> None:
    docs = [Document(id, text, "zh", spans=(), split="train") for id, text in (("a", first), ("b", second))]
    assert [child.text for child in children(docs[0], docs)] == [joined]


def test_together_they_are_no_longer_than_the_recipe_says() -> None:
    short, long = Document("s", "ab", "en", spans=()), Document("l", "abcdef", "en", spans=())
    doc = Document("d", "xyz", "en", spans=())
    assert {c.text for c in children(doc, [short, long], most_characters=6, copies=3)} == {"xyz ab"}
    assert {c.text for c in children(doc, [short, long], most_characters=10, copies=3)} == {"xyz ab", "xyz abcdef"}
    assert children(doc, [short, long], most_characters=5) == []


def test_only_documents_of_the_same_label_and_language_are_joined() -> None:
    train = [
        Document("a", "fine thing", "en", label="good"),
        Document("b", "poor thing", "en", label="bad"),
        Document("c", "很好", "zh", label="good"),
        Document("d", "well made", "en", label="good"),
    ]
    assert [c.text for c in children(train[0], train)] == ["fine thing well made"]
    assert children(train[1], train) == []


def test_a_document_alone_of_its_kind_is_refused() -> None:
    with pytest.raises(Refused, match="no other document of its kind is short enough for 400 characters together"):
        Concatenate().fitted(TRAIN[:1]).draw(TRAIN[0], Random(1))


def test_of_many_training_documents_the_same_few_are_partners_in_whatever_order() -> None:
    found = _partners.partners(TRAIN, 3)["en", None, False]
    assert [doc.id for doc in found] == ["d35", "d20", "d10"]
    assert _partners.partners(TRAIN[::-1], 3) == _partners.partners(iter(TRAIN), 3)


def test_every_kind_keeps_partners_where_there_are_too_many() -> None:
    rare = Document("rare", "one of its kind", "en", label="rare")
    common = [Document(f"c{n}", f"text {n}", "en", label="common") for n in range(50)]
    found = _partners.partners([*common, rare], 4)
    assert {label: len(docs) for (_, label, _), docs in found.items()} == {"common": 3, "rare": 1}


def test_the_hash_seed_of_python_does_not_matter() -> None:
    code = (
        "from test_augmentation_concatenate import TRAIN, children\n"
        "print([(c.id, c.text) for d in TRAIN for c in children(d, TRAIN)])"
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


@given(st.lists(documents(), min_size=2, max_size=4), st.sampled_from(("en", "zh")))
def test_a_child_begins_with_the_one_text_and_ends_with_the_other(docs: list[Document], language: str) -> None:
    train = [Document(f"{n}", d.text, language, spans=d.spans, split="train") for n, d in enumerate(docs)]
    for doc in train:
        for child in children(doc, train, most_characters=20):
            assert child.lineage is not None
            first, second = (train[int(p)] for p in child.lineage.parents)
            assert child.text.startswith(first.text)
            assert child.text.endswith(second.text)
            assert len(first.text + second.text) <= len(child.text) <= min(20, len(first.text + second.text) + 1)
            assert [s.label for s in child.spans or ()] == [s.label for d in (first, second) for s in d.spans or ()]
