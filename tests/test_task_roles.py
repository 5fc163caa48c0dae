"""Spans that are no mentions: what a recipe may not do with them, and children that a task cannot use."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from click.testing import CliRunner

from assets.cli import main
from pipeline.agreeing import not_mentions
from pipeline.errors import InvalidDocument
from pipeline.frames import documents_of, to_batch
from pipeline.part import build
from pipeline.recipe import Variant
from pipeline.splitting import SplitSettings
from pipeline.stages.augment import _fit_for
from pipeline.task import Task
from pipeline.task._roles import place
from pipeline.types import Document, Span
from tests.conftest import TinyProject
from tests.tiny_tasks import FITTED, pair, question, task

WHY = "the spans of question_answering say which part of a text is what and are not mentions: leave it out"


def variant(name: str, *operations: str) -> Variant:
    parts: Any = tuple(build("augmentation", use) for use in operations)
    training: Any = build("training", "full")
    return Variant(name, parts, training)


def test_operations_that_replace_mentions_are_mistakes_where_spans_are_none() -> None:
    variants = {"base": variant("base", "delete_words", "swap_entities"), "other": variant("other", "replace_tokens")}
    found = not_mentions(task("question_answering"), SplitSettings(entity_disjoint=True), variants)
    assert [at for at, _ in found] == [
        ("split", "entity_disjoint"),
        ("augmentation", 1),
        ("variants", "other", "augmentation", 0),
    ]
    assert found[1][1] == f"swap_entities puts other words in the place of mentions, and {WHY}"
    assert not_mentions(task("ner"), SplitSettings(entity_disjoint=True), variants) == []


@pytest.mark.parametrize("use", sorted(FITTED))
def test_a_task_whose_spans_say_what_is_what_says_so(use: str) -> None:
    assert task(use).mentions == (use == "multi_label_classification")


def test_children_of_two_joined_documents_are_dropped_with_the_reason() -> None:
    made: Task = task("question_answering")
    one, two = question(0), question(1)
    shifted = [Span(s.start + len(one.text) + 1, s.end + len(one.text) + 1, s.label) for s in two.spans or ()]
    joined = Document("j", f"{one.text} {two.text}", spans=(*(one.spans or ()), *shifted))
    reasons: Counter[str] = Counter()
    kept = _fit_for(made, to_batch([one, joined]), reasons)
    assert [d.id for d in documents_of(kept)] == [one.id]
    assert reasons == {"the task cannot use it: a part of its text is there twice or not at all": 1}


def test_a_role_that_is_missing_is_named() -> None:
    assert place(pair(0), "first") == (0, 9)
    with pytest.raises(InvalidDocument, match=r"x\.csv:2: there is no span 'first'; mark one"):
        place(Document("a", "text", source="x.csv:2"), "first")


def test_a_method_that_cannot_learn_the_task_is_a_mistake_at_its_place(project: TinyProject) -> None:
    cloze = {"use": "cloze", "base_model": "google-bert/bert-base-uncased"}
    project.edit_recipe(
        task={"use": "sentence_pair_classification", "labels": ["same", "other"]},
        augmentation=[],
        training=cloze,
        variants={
            "again": {"training": {"epochs": 2}},
            "described": {"training": {"use": "zero_shot"}},
            "pairs": {"training": {"use": "setfit"}},
        },
    )
    why = "reads one text as it stands, and sentence_pair_classification gives it two texts; take another method"
    found = {m.place: (m.line, m.message) for m in project.load().mistakes}
    assert {place: message for place, (_, message) in found.items()} == {
        "training": f"cloze {why}",
        "variants.described.training": f"zero_shot {why}",
    }
    lines = (project.root / "recipes" / "journeys.yaml").read_text().splitlines()
    assert lines[(found["training"][0] or 0) - 1].startswith("training:")
    checked = CliRunner().invoke(main, ["check"])
    assert checked.exit_code != 0
    assert f"cloze {why}" in " ".join(checked.output.split())


def test_a_method_for_one_class_a_document_is_refused_with_a_task_of_mentions(project: TinyProject) -> None:
    project.edit_recipe(variants={"few": {"training": {"use": "setfit"}}})
    (mistake,) = project.load().mistakes
    assert (mistake.place, mistake.message) == (
        "variants.few.training",
        "setfit learns tasks of the kind sequence, and ner is of the kind token; take another method",
    )
