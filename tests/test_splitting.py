from __future__ import annotations

import time
from collections import defaultdict

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.frames import DOCUMENTS, REJECTED, to_table
from pipeline.splitting import SplitSettings, place, split, text_keys
from pipeline.types import Document

HALF = SplitSettings(validation=0.3, test=0.3)
documents = st.lists(
    st.builds(
        Document,
        id=st.integers(0, 500).map(str),
        text=st.sampled_from(["Anna", "ANNA ", "Bo", "Straße", "STRASSE", "Ｂｏ", "你好", "c", "d", ""]),
        group_id=st.sampled_from(["", "g", "h", "i", "j", "k"]),
    ),
    unique_by=lambda d: d.id,
    max_size=30,
)


def places(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True))


def reasons(table: pa.Table) -> dict[str, str]:
    return dict(zip(table["id"].to_pylist(), table["reason"].to_pylist(), strict=True))


def name_in(which: str) -> str:
    return next(g for g in map(str, range(1000)) if place(g, SplitSettings()) == which)


@given(documents)
@settings(max_examples=60, deadline=None)
def test_rows_in_are_rows_out_and_no_group_and_no_text_is_in_two_splits(docs: list[Document]) -> None:
    kept, rejected = split(to_table(docs), HALF)
    assert kept.schema == DOCUMENTS
    assert rejected.schema == REJECTED
    assert sorted(kept["id"].to_pylist() + rejected["id"].to_pylist()) == sorted(d.id for d in docs)
    groups: dict[str, set[str]] = defaultdict(set)
    for group, where in zip(kept["group_id"].to_pylist(), kept["split"].to_pylist(), strict=True):
        groups[group].add(where)
    assert all(len(where) == 1 for where in groups.values())
    keys = text_keys(kept["text"])
    assert keys.n_unique() == len(keys)


@given(documents, documents)
@settings(max_examples=60, deadline=None)
def test_more_documents_move_no_group(docs: list[Document], more: list[Document]) -> None:
    before, _ = split(to_table(docs), HALF)
    after, _ = split(to_table([*docs, *(Document(f"n{d.id}", d.text, group_id=d.group_id) for d in more)]), HALF)
    then, now = (dict(zip(t["group_id"].to_pylist(), t["split"].to_pylist(), strict=True)) for t in (before, after))
    assert {g: now[g] for g in then.keys() & now.keys()} == {g: then[g] for g in then.keys() & now.keys()}


@given(documents, st.randoms())
@settings(max_examples=60, deadline=None)
def test_the_order_of_the_documents_does_not_matter(docs: list[Document], random: object) -> None:
    shuffled = list(docs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    (kept, rejected), (kept2, rejected2) = split(to_table(docs), HALF), split(to_table(shuffled), HALF)
    assert (places(kept), reasons(rejected)) == (places(kept2), reasons(rejected2))


def test_shares_are_kept_within_three_points_on_two_thousand_groups() -> None:
    docs = [Document(f"{n}", f"text {n}", group_id=f"group {n}") for n in range(2000)]
    kept, _ = split(to_table(docs), SplitSettings(validation=0.1, test=0.2))
    counted = kept["split"].value_counts().to_pylist()
    shares = {c["values"]: c["counts"] / 2000 for c in counted}
    assert shares == pytest.approx({"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.03)


def test_a_copy_in_test_wins_over_validation_over_train_and_then_the_smallest_id() -> None:
    test, validation, train = name_in("test"), name_in("validation"), name_in("train")
    docs = [
        Document("a", "Anna met Bo.", group_id=train),
        Document("b", "anna  met\u3000bo.", group_id=validation),
        Document("d", "ANNA MET BO.", group_id=test),
        Document("c", "Ａnna met Bo.", group_id=test),
        Document("e", "Bo met Anna.", group_id=train),
        Document("f", "Bo met Anna.", group_id=validation),
    ]
    kept, rejected = split(to_table(docs), SplitSettings())
    assert places(kept) == {"c": "test", "f": "validation"}
    assert reasons(rejected) == {
        "a": "same text as c in test",
        "b": "same text as c in test",
        "d": "same text as c in test",
        "e": "same text as f in validation",
    }
    assert set(rejected["step"].to_pylist()) == {"split"}


def test_an_id_that_stands_twice_is_rejected_and_names_the_first() -> None:
    docs = [
        Document("a", "second", source="b.txt:1", group_id="g"),
        Document("a", "first", source="a.txt:7", group_id="g"),
    ]
    kept, rejected = split(to_table(docs), SplitSettings())
    assert kept["text"].to_pylist() == ["first"]
    assert reasons(rejected) == {"a": "the id stands twice; the first is in a.txt:7"}


def test_a_document_without_a_group_is_a_group_of_its_own() -> None:
    kept, _ = split(to_table([Document(f"{n}", f"t{n}") for n in range(100)]), HALF)
    assert kept["group_id"].to_pylist() == [f"{n}" for n in range(100)]
    assert set(kept["split"].to_pylist()) == {"train", "validation", "test"}


def test_an_official_split_stays_with_its_duplicates_and_documents_without_one_are_rejected() -> None:
    docs = [Document("a", "x", split="train"), Document("b", "x", split="test"), Document("c", "y")]
    table = to_table([*docs, Document("d", "z", split="dev")])  # type: ignore[arg-type]
    kept, rejected = split(table, SplitSettings(official=True))
    assert places(kept) == {"a": "train", "b": "test"}
    assert reasons(rejected) == {
        "c": "the source gave no split, and the recipe asks for the official one",
        "d": "the source's split 'dev' is not train, validation or test",
    }


def test_a_larger_validation_share_leaves_test_as_it_is() -> None:
    groups = [str(n) for n in range(500)]
    tests = [{g for g in groups if place(g, SplitSettings(validation=v)) == "test"} for v in (0.1, 0.4)]
    assert tests[0] == tests[1]
    other = {g for g in groups if place(g, SplitSettings(seed=14)) == "test"}
    assert tests[0] != other


def test_the_place_of_a_group_is_the_same_on_every_machine() -> None:
    assert [place(f"corpus/{n}", HALF) for n in range(6)] == [
        "validation",
        "test",
        "train",
        "train",
        "validation",
        "train",
    ]


def test_spans_and_groups_travel_unchanged() -> None:
    from pipeline.types import Span

    doc = Document(
        "a", "Anna", group_id="g", spans=(Span(0, 4, "PER", {"gender": "female"}),), groups={"domain": "news"}
    )
    kept, _ = split(to_table([doc]), SplitSettings())
    row = {**kept.to_pylist()[0], "split": None}
    assert row == to_table([doc]).to_pylist()[0]


def test_settings_that_leave_no_train_or_that_nobody_knows_are_refused() -> None:
    with pytest.raises(ValidationError, match="leave nothing for train"):
        SplitSettings(validation=0.5, test=0.5)
    with pytest.raises(ValidationError):
        SplitSettings(tset=0.1)  # type: ignore[call-arg]


def test_an_empty_table_gives_two_empty_ones() -> None:
    for official in (False, True):
        kept, rejected = split(to_table([]), SplitSettings(official=official))
        assert (kept.num_rows, rejected.num_rows, kept.schema, rejected.schema) == (0, 0, DOCUMENTS, REJECTED)


def test_a_hundred_thousand_documents_take_seconds() -> None:
    table = to_table(
        [Document(f"{n}", f"the text of document {n % 90_000}", group_id=f"g{n // 4}") for n in range(100_000)]
    )
    start = time.perf_counter()
    kept, rejected = split(table, SplitSettings())
    assert (kept.num_rows, rejected.num_rows) == (90_000, 10_000)
    assert time.perf_counter() - start < 10
