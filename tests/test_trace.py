"""One document through the stages."""

from __future__ import annotations

import pytest

from pipeline import stages
from pipeline.errors import WrongUse
from pipeline.trace import Sighting, require, trace
from tests.conftest import TinyProject


def places(seen: list[Sighting]) -> list[str]:
    return [str(s.place) for s in seen]


def test_a_document_is_seen_in_every_stage_and_its_children_with_it(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    rows = store.audit_documents(stages.make(stages.augment(recipe, "base", store), store)).to_pylist()
    child = next(row for row in rows if row["lineage"])
    parent = child["lineage"]["parents"][0]
    seen = trace(recipe, parent, store)
    batch = "one" if parent.startswith("tiny/one") else "two"
    assert places(seen) == [
        f"corpora/tiny/raw[{batch}.jsonl]",
        f"corpora/tiny/clean[{batch}.jsonl]",
        "journeys/splits",
        "journeys/augmented[base]",
        "journeys/augmented[base]",
    ]
    assert [s.document.id for s in seen] == [parent] * 4 + [child["id"]]
    assert all(s.published and s.step is None for s in seen)
    assert seen[2].document.split == "train"
    assert seen[-1].document.lineage is not None and seen[-1].document.lineage.operation == "swap_entities"


def test_the_corpus_may_be_left_out_of_the_id(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    assert trace(recipe, "one-3", store) == trace(recipe, "tiny/one-3", store) != []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("short", ("corpora/tiny/clean[one.jsonl]", "min_length", "the text has 2 characters; min_length asks for 5")),
        (
            "unannotated",
            ("journeys/splits", "gold", "the source gave neither spans nor a label; use an annotator that makes them"),
        ),
    ],
)
def test_a_rejected_document_ends_where_it_was_rejected_with_the_reason(
    made: TinyProject, document: str, expected: tuple[str, str, str]
) -> None:
    *before, last = trace(made.recipe(), document, made.store)
    assert all(s.step is None for s in before)
    assert (str(last.place), last.step, last.reason) == expected


def test_a_line_that_is_no_document_is_found_by_its_place(made: TinyProject) -> None:
    (seen,) = trace(made.recipe(), "two.jsonl:43", made.store)
    assert (str(seen.place), seen.step, seen.document.text) == (
        "corpora/tiny/raw[two.jsonl]",
        "jsonl",
        "this line is not JSON",
    )


def test_an_id_that_two_documents_had_shows_both_and_which_one_went(made: TinyProject) -> None:
    seen = [s for s in trace(made.recipe(), "one-0", made.store) if str(s.place) == "journeys/splits"]
    assert [(s.document.source, s.reason) for s in seen] == [
        ("one.jsonl:1", None),
        ("two.jsonl:41", "the id stands twice; the first is in one.jsonl:1"),
    ]


def test_a_test_document_is_seen_with_its_prediction(trained: TinyProject) -> None:
    recipe, store = trained.recipe(), trained.store
    splits = store.published(recipe.place("splits"))
    assert splits is not None
    test = next(row for row in store.audit_documents(splits).to_pylist() if row["split"] == "test")
    last = trace(recipe, test["id"], store)[-1]
    assert str(last.place) == "journeys/checkpoint[base]"
    assert last.prediction is not None and last.prediction.startswith("{'spans': [")


def test_a_version_that_is_held_back_is_seen_as_not_published(made: TinyProject) -> None:
    strict = {"splits": {"quality": [{"use": "labels_covered", "at_least": 1000}]}}
    made.edit_recipe(gates=strict, split={"validation": 0.3, "test": 0.3, "seed": 5})
    store = made.store
    (made.root / "store" / "journeys" / "splits" / "all" / "published.json").unlink()
    work = stages.split(made.recipe(), store)
    stages.make(work, store)
    stages.judge(work, store)
    seen = [s for s in trace(made.recipe(), "one-3", store) if str(s.place) == "journeys/splits"]
    assert [(s.version, s.published) for s in seen] == [(work.version, False)]


def test_a_variant_has_its_own_trace(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    assert "journeys/augmented[plain]" not in places(trace(recipe, "one-3", store, "plain"))
    with pytest.raises(WrongUse, match="did you mean 'plain'"):
        trace(recipe, "one-3", store, "plane")


def test_an_unknown_id_is_wrong_use_with_an_example(made: TinyProject) -> None:
    recipe = made.recipe()
    assert trace(recipe, "nobody", made.store) == []
    with pytest.raises(WrongUse, match=r"no stage of journeys holds 'nobody'; ids look like 'tiny/…'"):
        require([], recipe, "nobody")
