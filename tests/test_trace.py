"""One document through the stages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from nasty_documents import documents, texts

from assets.cli import main
from pipeline import changes as changing
from pipeline import stages
from pipeline.changes import Change, changes, undo
from pipeline.cleaning import CleaningStep
from pipeline.errors import WrongUse
from pipeline.part import build, find, names
from pipeline.recipe import Corpus
from pipeline.trace import Sighting, require, steps_of, trace
from pipeline.types import Document, Edit, Rejected
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


class MaskNumber(CleaningStep):
    """Puts a mark in the place of every run of digits."""

    marks: ClassVar[Mapping[str, str]] = {"number": "[NUMBER]"}

    def __call__(self, doc: Document) -> Document | Rejected:
        """The document without its numbers."""
        found = [(i, c.isdigit()) for i, c in enumerate(doc.text)]
        edits: list[Edit] = []
        for i, digit in found:
            if digit and edits and edits[-1].end == i:
                edits[-1] = Edit(edits[-1].start, i + 1, "[NUMBER]")
            elif digit:
                edits.append(Edit(i, i + 1, "[NUMBER]"))
        return doc.edited(edits)


def steps() -> list[CleaningStep]:
    found = [build("cleaning", {"use": n, **find("cleaning", n).example}) for n in names("cleaning")]
    return [step for step in found if isinstance(step, CleaningStep)]


def corpus_of(project: TinyProject, *cleaning: CleaningStep) -> Corpus:
    own = project.recipe().corpora[0]
    return Corpus(own.name, own.source, own.language, own.licence, own.groups, cleaning, own.gates)


@pytest.mark.parametrize("step", [s for s in steps() if not s.marks], ids=lambda s: str(s.name))
@settings(max_examples=40)
@given(doc=documents())
def test_what_a_step_made_of_a_text_is_turned_back_by_its_edits(step: CleaningStep, doc: Document) -> None:
    cleaned = step(doc)
    if isinstance(cleaned, Document):
        edits = changes(doc.text, cleaned.text)
        assert undo(cleaned.text, edits) == doc.text
        assert all(doc.text[e.start : e.end] == e.old for e in edits)


@given(before=texts, after=texts)
def test_any_text_is_turned_back_into_any_other(before: str, after: str) -> None:
    edits = changes(before, after)
    assert undo(after, edits) == before
    assert all(a.end <= b.start for a, b in pairwise(edits)), "in order and disjoint"


@given(
    st.lists(st.tuples(st.integers(0, 3999), st.sampled_from(("", " ", "中", "xyz"))), max_size=20), st.integers(1, 900)
)
def test_long_texts_are_turned_back_too(places: list[tuple[int, str]], vocabulary: int) -> None:
    after = " ".join(f"w{i * i % vocabulary}" for i in range(900))
    before = list(after)
    for at, new in places:
        before[at % len(before)] = new
    edits = changes("".join(before), after)
    assert undo(after, edits) == "".join(before)


def test_a_long_text_with_few_changes_has_few_short_edits() -> None:
    words = [f"word{n}" for n in range(2000)]
    before = " ".join(w + " " * (n in (5, 900, 1999)) for n, w in enumerate(words))
    edits = changes(before, " ".join(words))
    assert [(e.old, e.new) for e in edits] == [(" ", "")] * 3
    assert len(before) > 10 * changing.SHORT


def test_what_was_masked_is_shown_by_kind_and_place_and_cannot_be_turned_back() -> None:
    marks = {"email": "[EMAIL]", "phone": "[PHONE]"}
    (email, phone) = changes("mail a@b.org or 138 0013 8000.", "mail [EMAIL] or [PHONE].", marks)
    assert (email, phone) == (
        Change(5, 12, None, "[EMAIL]", ("email",)),
        Change(16, 29, None, "[PHONE]", ("phone",)),
    )
    with pytest.raises(WrongUse, match=r"\[5, 12\) was masked; the raw version holds what stood there"):
        undo("mail [EMAIL] or [PHONE].", [email, phone])


def test_every_step_that_changed_a_document_is_shown_with_its_edits(project: TinyProject) -> None:
    path = project.corpus / "one.jsonl"
    path.write_text(json.dumps({"id": "wide", "text": "Ａnna  met Bo ", "spans": []}) + "\n" + path.read_text())
    recipe, store = project.recipe(), project.store
    for work in stages.prepared(recipe, store):
        stages.make(work, store)
        stages.judge(work, store)
    raw, clean = trace(recipe, "wide", store)
    assert raw.changed is None
    assert clean.changed is not None
    assert [(c.step, c.edits) for c in clean.changed] == [
        ("normalize_unicode", (Change(0, 1, "Ａ", "A"),)),
        ("collapse_whitespace", (Change(5, 6, " ", ""), Change(12, 13, " ", ""))),
    ]
    text = clean.document.text
    for one in reversed(clean.changed):
        text = undo(text, one.edits)
    assert text == raw.document.text == "Ａnna  met Bo "
    shown = CliRunner().invoke(main, ["trace", "journeys", "wide"]).output
    assert "    changed by collapse_whitespace: [5, 6) ' ' -> ''; [12, 13) ' ' -> ''\n" in shown
    rows: list[dict[str, Any]] = json.loads(CliRunner().invoke(main, ["trace", "journeys", "wide", "--json"]).output)
    assert rows[1]["changed"][0] == {
        "step": "normalize_unicode",
        "edits": [{"start": 0, "end": 1, "old": "Ａ", "new": "A"}],
    }


def test_steps_that_have_changed_since_are_not_said_to_have_made_the_text(made: TinyProject) -> None:
    made.edit_corpus(cleaning=["normalize_unicode"])
    raw = Document("a", "Zoé  met Bo")
    assert steps_of(raw, "Zoé met Bo", corpus_of(made, *made.recipe().corpora[0].cleaning)) is None


def test_a_masked_value_is_in_no_line_of_any_step_before_or_after(project: TinyProject) -> None:
    wide = build("cleaning", {"use": "fold_width"})
    white = build("cleaning", "collapse_whitespace")
    assert isinstance(wide, CleaningStep)
    assert isinstance(white, CleaningStep)
    raw = Document("a", "Ａnna  called １３８００１３８０００  twice", "zh")
    corpus = corpus_of(project, wide, white, MaskNumber(), white)
    found = steps_of(raw, "Anna called [NUMBER] twice", corpus)
    assert found is not None
    assert [(c.step.rpartition(":")[2], c.edits) for c in found] == [
        ("fold_width", (Change(0, 1, "Ａ", "A"), Change(13, 24, None, "", ("number",)))),
        ("collapse_whitespace", (Change(5, 6, " ", ""), Change(24, 25, None, "", ("number",)))),
        ("MaskNumber", (Change(12, 23, None, "[NUMBER]", ("number",)),)),
    ]
