"""Nothing of what is tested has been trained on; why each document is where it is; the settings."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.duplicates import text_keys
from pipeline.errors import DataSaysNo
from pipeline.frames import DOCUMENTS, REJECTED, to_table
from pipeline.splitting import SplitSettings, divide, place, split
from pipeline.types import Document, Span

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

WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "lazy", "dog", "while", "nobody", "in", "town", "looks", "on"]
CHARACTERS = list("今天北京的天气很好我们一起去公园里散步吧")


@st.composite
def near_texts(draw: st.DrawFn) -> str:
    """A sentence of one of two languages with a few of its words exchanged, doubled or left out."""
    space, tokens = draw(st.sampled_from([(" ", list(WORDS)), ("", list(CHARACTERS))]))
    for at in draw(st.lists(st.integers(0, 30), max_size=4)):
        place = at % len(tokens)
        tokens[place : place + 1] = draw(st.sampled_from([[], ["鱼"], ["cat"], [tokens[place]] * 2]))
    return space.join(tokens[: draw(st.sampled_from([3, 9, 99]))])


near = st.lists(
    st.builds(
        Document,
        id=st.integers(0, 500).map(str),
        text=near_texts(),
        group_id=st.sampled_from(["", "", "", "g", "h", "i"]),
        label=st.sampled_from([None, "a", "b"]),
        spans=st.sampled_from([None, (), (Span(0, 2, "X"),), (Span(1, 3, "Y"),)]),
    ),
    unique_by=lambda d: d.id,
    min_size=2,
    max_size=25,
)


def shingles(text: str) -> set[tuple[str, ...]]:
    """Three words or five characters, one by one: what the arrays of pipeline/duplicates must come to."""
    tokens = re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+", text.lower())
    weights = [3 if re.fullmatch(r"[\u3400-\u9fff]", t) else 5 for t in tokens]
    ends = [next((e for e in range(i, len(tokens) + 1) if sum(weights[i:e]) >= 15), 0) for i in range(len(tokens))]
    return {tuple(tokens[i:e]) for i, e in enumerate(ends) if e} or ({tuple(tokens)} if tokens else set())


def jaccard(one: set[Any], other: set[Any]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


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
def test_more_documents_move_no_group_that_nothing_binds_to_another(docs: list[Document], more: list[Document]) -> None:
    alone = HALF.model_copy(update={"apart": None})
    before, _ = split(to_table(docs), alone)
    after, _ = split(to_table([*docs, *(Document(f"n{d.id}", d.text, group_id=d.group_id) for d in more)]), alone)
    then, now = (dict(zip(t["group_id"].to_pylist(), t["split"].to_pylist(), strict=True)) for t in (before, after))
    assert {g: now[g] for g in then.keys() & now.keys()} == {g: then[g] for g in then.keys() & now.keys()}


@given(near, near)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_more_documents_move_only_groups_that_a_near_duplicate_joins(
    docs: list[Document], more: list[Document]
) -> None:
    before = divide(to_table(docs), HALF).placement.to_pylist()
    added = [Document(f"n{d.id}", d.text, group_id=d.group_id) for d in more]
    after = divide(to_table([*docs, *added]), HALF).placement.to_pylist()
    then, now = ({r["group_id"]: r["split"] for r in rows if r["kind"] == "hash"} for rows in (before, after))
    assert {g: now[g] for g in then.keys() & now.keys()} == {g: then[g] for g in then.keys() & now.keys()}


@given(near)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_text_of_train_is_half_like_a_held_out_one_and_what_is_dropped_is_like_what_stays(
    docs: list[Document],
) -> None:
    division = divide(to_table(docs), HALF)
    rows = division.placement.to_pylist()
    assert sorted(r["id"] for r in rows) == sorted(d.id for d in docs)
    texts, kept = {d.id: shingles(d.text) for d in docs}, {r["id"]: r["split"] for r in rows if r["split"]}
    for one, other in combinations(sorted(kept), 2):
        if (kept[one] == "train") != (kept[other] == "train"):
            assert jaccard(texts[one], texts[other]) < 0.5, (one, other)
    gone = {r["id"]: r for r in rows if r["kind"] in ("near", "apart")}
    for row in gone.values():
        assert jaccard(texts[row["id"]], texts[row["near_of"]]) == pytest.approx(row["similarity"])
        assert row["similarity"] >= {"near": 0.8, "apart": 0.5}[row["kind"]]
        assert row["near_of"] in kept or gone[row["near_of"]]["kind"] == "apart"


@given(near, st.randoms())
@settings(max_examples=40, deadline=None)
def test_the_order_of_near_duplicates_does_not_matter(docs: list[Document], random: Any) -> None:
    for chosen in (HALF, HALF.model_copy(update={"stratify": ("label",), "entity_disjoint": True})):
        placements = []
        for _ in range(2):
            random.shuffle(docs)
            rows = divide(to_table(docs), chosen).placement.to_pylist()
            placements.append(sorted(rows, key=lambda row: row["id"]))
        assert placements[0] == placements[1]


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


def test_texts_of_one_template_are_kept_where_similarity_is_not_asked_for() -> None:
    table = to_table([Document(f"{n}", f"the text of document {n % 900}", group_id=f"g{n // 4}") for n in range(1000)])
    kept, rejected = split(table, SplitSettings(apart=None))
    assert (kept.num_rows, rejected.num_rows) == (900, 100)
    division = divide(table, SplitSettings())
    assert set(division.kept["split"].to_pylist()) == {"validation", "test"}, "all of train is half like what is tested"


def test_of_near_duplicates_the_one_in_test_stays_then_the_longer_and_the_reason_names_it() -> None:
    test, train = name_in("test"), name_in("train")
    docs = [
        Document("a", "The council of Oslo met on Monday and spoke of the new road to the north.", group_id=train),
        Document("b", "the council of oslo met on monday and spoke of the new road to the NORTH coast", group_id=train),
        Document("c", "The council of Oslo met on Monday and spoke of the new road to the north again", group_id=test),
        Document("d", "Nothing of all this is said here.", group_id=train),
    ]
    division = divide(to_table(docs), SplitSettings())
    assert places(division.kept) == {"c": "test", "d": "train"}
    assert reasons(division.rejected) == {
        "a": "nearly the text of c in test (similarity 0.93)",
        "b": "nearly the text of c in test (similarity 0.88)",
    }
    whys = {row["id"]: (row["kind"], row["near_of"], row["why"]) for row in division.placement.to_pylist()}
    assert whys["c"] == ("hash", None, "group placed by hash")
    assert whys["b"][:2] == ("near", "c")


def test_groups_that_hold_similar_documents_are_placed_as_one_and_say_by_which() -> None:
    docs = [Document(f"{n}", f"unlike anything else {n} {n + 1} {n + 2} {n + 3}") for n in range(100, 160)]
    docs += [Document("x", "one two three four five six seven eight", group_id="m")]
    docs += [Document("y", "one two three four five six seven nine ten", group_id="k")]
    rows = {r["id"]: r for r in divide(to_table(docs), SplitSettings()).placement.to_pylist()}
    assert (rows["x"]["unit"], rows["y"]["unit"]) == ("k", "k")
    assert rows["x"]["split"] == rows["y"]["split"] == place("k", SplitSettings())
    assert rows["x"]["why"] == "joined with unit k by near-duplicate y (0.62)"
    assert (rows["y"]["near_of"], rows["y"]["similarity"]) == ("x", 0.625)


def test_a_unit_grows_no_larger_than_a_tenth_of_the_smaller_part_and_train_gives_way() -> None:
    words = [f"w{n}" for n in range(40)]
    chain = [Document(f"{n:02}", " ".join(words[n : n + 10])) for n in range(30)]  # each is 7/9 like the next one
    division = divide(to_table(chain), SplitSettings(validation=0.2, test=0.3))
    rows = division.placement.to_pylist()
    sizes = Counter(r["unit"] for r in rows)
    assert max(sizes.values()) == 2
    assert {r["kind"] for r in rows if r["split"] is None} == {"apart"}
    held = {r["id"]: r["split"] for r in rows if r["split"] in ("validation", "test")}
    dropped = [r for r in rows if r["kind"] == "apart"]
    assert dropped and all(f"too similar to {r['near_of']} in {held[r['near_of']]} (" in r["why"] for r in dropped)


def test_every_stratum_has_its_share_to_one_unit_and_the_whole_too() -> None:
    docs = [
        Document(
            f"{n}", f"t{n}", label="rare" if n % 50 == 0 else "common", groups={"domain": "news" if n % 3 else "web"}
        )
        for n in range(600)
    ]
    wanted = SplitSettings(validation=0.1, test=0.2, stratify=("label", "domain"))
    division = divide(to_table(docs), wanted)
    whys = Counter((r["why"], r["split"]) for r in division.placement.to_pylist())
    assert whys == {
        ("stratum label=common, domain=news", "test"): 78,
        ("stratum label=common, domain=news", "validation"): 39,
        ("stratum label=common, domain=news", "train"): 275,
        ("stratum label=common, domain=web", "test"): 40,
        ("stratum label=common, domain=web", "validation"): 20,
        ("stratum label=common, domain=web", "train"): 136,
        ("stratum label=rare, domain=news", "test"): 1,
        ("stratum label=rare, domain=news", "validation"): 1,
        ("stratum label=rare, domain=news", "train"): 6,
        ("stratum label=rare, domain=web", "test"): 1,
        ("stratum label=rare, domain=web", "train"): 3,
    }


def test_an_annotated_document_counts_by_the_labels_of_its_mentions() -> None:
    docs = [
        Document("a", "Anna met Bo in Oslo", group_id="g", spans=(Span(0, 4, "PER"),)),
        Document("b", "what is in Oslo", group_id="g", spans=(Span(11, 15, "LOC"),)),
        Document("c", "nothing at all", spans=()),
    ]
    rows = divide(to_table(docs), SplitSettings(stratify=("label",))).placement.to_pylist()
    assert {r["id"]: r["why"] for r in rows} == {
        "a": "stratum label=LOC+PER",
        "b": "stratum label=LOC+PER",
        "c": "stratum label=none",
    }


def test_a_number_of_documents_is_met_exactly_and_too_many_are_refused() -> None:
    docs = to_table([Document(f"{n}", f"t{n}", group_id=f"g{n // 3}" if n < 60 else "") for n in range(200)])
    division = divide(docs, SplitSettings(validation=17, test=40))
    assert Counter(division.kept["split"].to_pylist()) == {"train": 143, "test": 40, "validation": 17}
    assert {r["why"] for r in division.placement.to_pylist()} == {"group placed by size"}
    with pytest.raises(DataSaysNo, match="test 150 and validation 50 documents leave nothing of 200 for train"):
        divide(docs, SplitSettings(validation=50, test=150))


def test_strata_that_no_document_has_are_refused_with_what_there_is() -> None:
    docs = to_table([Document("a", "x", groups={"domain": "news"})])
    with pytest.raises(DataSaysNo, match=r"no document has a group 'domian'; did you mean 'domain'\?"):
        divide(docs, SplitSettings(stratify=("domian",)))


def test_entity_disjoint_leaves_no_mention_on_both_sides_and_drops_the_fewer() -> None:
    test, train = name_in("test"), name_in("train")
    docs = [
        Document("a", "Anna sings", group_id=test, spans=(Span(0, 4, "PER"),)),
        Document("b", "ANNA dances", group_id=train, spans=(Span(0, 4, "PER"),)),
        Document("c", "Oslo rains", group_id=test, spans=(Span(0, 4, "LOC"),)),
        Document("d", "Oslo shines today", group_id=train, spans=(Span(0, 4, "LOC"),)),
        Document("e", "cold Oslo", group_id=train, spans=(Span(5, 9, "LOC"),)),
        Document("f", "the firm Oslo fails", group_id=train, spans=(Span(9, 13, "ORG"),)),
    ]
    kept, rejected = split(to_table(docs), SplitSettings(entity_disjoint=True))
    assert places(kept) == {"a": "test", "d": "train", "e": "train", "f": "train"}
    assert reasons(rejected) == {
        "b": "the mention anna (PER) stands in a in test",
        "c": "the mention oslo (LOC) stands in d in train",
    }


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"test": 1.5}, "input should be less than 1, or a whole number of documents such as 500"),
        ({"test": -1}, "input should be a share below 1 or a whole number of documents"),
        ({"test": "many"}, "input should be a share below 1 or a whole number of documents"),
        ({"near_duplicates": 0.1}, "greater than or equal to 0.3"),
        ({"apart": 1.2}, "less than or equal to 1"),
        ({"official": True, "stratify": ["label"]}, "leave stratify and entity_disjoint out"),
        ({"stratify": ["label", "label"]}, "names one thing twice: label, label"),
    ],
)
def test_wrong_settings_say_what_would_be_right(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SplitSettings(**wrong)
