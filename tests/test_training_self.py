"""A model that learns from what another one is sure of in text without annotation, and from nothing that is tested."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import TinyProject, good_lines
from hypothesis import given
from hypothesis import strategies as st

from pipeline import stages, verifying
from pipeline.cards.model_card import _unlabelled
from pipeline.errors import WrongUse
from pipeline.frames import documents_of, to_table
from pipeline.part import build
from pipeline.splitting import beside, text_keys
from pipeline.task import Task
from pipeline.training import Splits, _loop
from pipeline.training.full import Full
from pipeline.training.self_training import SelfTraining
from pipeline.types import Checkpoint, Document
from tests import test_splitting as one_by_one
from tests.tiny_training import CPU, LABELLED, TASK, sentences, splits, tiny_bert

SETTINGS: dict[str, Any] = {"learning_rate": 5e-3, "batch_tokens": 128, "max_length": 32, "epochs": 6}
BARE = to_table(replace(d, spans=None, label=None) for d in sentences("u", 30))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


def teacher(task: Task, base: Path, out: Path) -> Path:
    method = Full(**{"base_model": str(base), **SETTINGS, "epochs": 30, "learning_rate": 1e-2})
    method.fit(task, splits(), CPU, out, lambda _: None)
    return out / "model"


@pytest.fixture(scope="module")
def folder(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return teacher(TASK, base, tmp_path_factory.mktemp("teacher"))


def taught(
    base: Path, folder: Path | None, out: Path, task: Task = TASK, unlabelled: pa.Table | None = BARE, **changed: Any
) -> Checkpoint:
    made = splits(8)
    models = {} if folder is None else {"teacher": folder}
    given = Splits(made.train, made.validation, made.test, "d", models=models, unlabelled=unlabelled)
    method = SelfTraining(**{"base_model": str(base), "teacher": "base", **SETTINGS, **changed})
    out.mkdir(exist_ok=True)
    return method.fit(task, given, CPU, out, lambda _: None)


def joined(out: Path) -> list[Document]:
    return list(documents_of(pq.read_table(out / "self_labelled.parquet")))


def test_what_the_teacher_is_sure_of_joins_as_the_teacher_annotated_it(
    base: Path, folder: Path, tmp_path: Path
) -> None:
    checkpoint = taught(base, folder, tmp_path / "a", at_least=0.0, weight=0.5)
    found = joined(tmp_path / "a")
    assert [d.id for d in found] == [f"u{n}" for n in range(30)]
    assert {(d.split, d.weight) for d in found} == {("train", 0.5)}
    from pipeline.predicting import Predictor

    said = Predictor.open(folder, "cpu", 1).predict(list(documents_of(BARE)))
    told = [[(s["start"], s["end"], s["label"]) for s in row["spans"]] for row in said]  # type: ignore[union-attr, index, call-overload]
    assert [[(s.start, s.end, s.label) for s in d.spans or ()] for d in found] == told
    assert sum(map(len, told)) > 30
    assert checkpoint.metrics["unlabelled"] == checkpoint.metrics["self_labelled"] == 30
    taught(base, folder, tmp_path / "b", at_least=0.0, weight=0.5)
    weights = [(tmp_path / n / "model" / "model.safetensors").read_bytes() for n in "ab"]
    assert weights[0] == weights[1]


def test_a_higher_limit_lets_fewer_in_and_what_joins_moves_the_weights(
    base: Path, folder: Path, tmp_path: Path
) -> None:
    counts = [
        taught(base, folder, tmp_path / f"{n}", at_least=limit).metrics["self_labelled"]
        for n, limit in enumerate((0.0, 0.37, 1.0))  # so small a model is sure of little
    ]
    assert counts[0] == 30 > counts[1] > counts[2] == 0
    weights = [(tmp_path / n / "model" / "model.safetensors").read_bytes() for n in "02"]
    assert weights[0] != weights[1]
    Full(base_model=str(base), **SETTINGS).fit(TASK, splits(8), CPU, tmp_path / "plain", lambda _: None)
    assert weights[1] == (tmp_path / "plain" / "model" / "model.safetensors").read_bytes(), "nothing joined: full"


def test_a_class_of_the_document_is_learnt_the_same_way(base: Path, tmp_path: Path) -> None:
    folder = teacher(LABELLED, base, tmp_path / "teacher")
    metrics = taught(base, folder, tmp_path / "a", LABELLED, at_least=0.6).metrics
    right = {d.id: d.label for d in sentences("u", 30)}
    found = joined(tmp_path / "a")
    assert len(found) == metrics["self_labelled"] >= 10
    assert sum(d.label == right[d.id] for d in found) >= 0.9 * len(found)


def test_a_vocabulary_that_is_adapted_has_the_characters_of_what_joined(
    base: Path, folder: Path, tmp_path: Path
) -> None:
    from pipeline.predicting import Predictor

    other = to_table(replace(d, spans=None, label=None, text=f"龍 {d.text}") for d in sentences("u", 4))
    for limit, known in ((0.0, True), (1.0, False)):
        out = tmp_path / f"{limit}"
        taught(base, folder, out, unlabelled=other, at_least=limit, adapt_vocabulary=True)
        assert ("龍" in Predictor.open(out / "model", "cpu", 1).tokenizer.get_vocab()) is known


class Died(Exception):
    pass


def test_a_fit_that_died_goes_on_with_the_same_text_and_ends_with_the_same_bytes(
    base: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"at_least": 0.37, "resume_every": 3, "dropout": 0.1}
    taught(base, folder, tmp_path / "whole", **settings)
    plain, saved = _loop.Loop._save, list[int]()

    def save_and_die(self: _loop.Loop) -> None:
        plain(self)
        saved.append(self.progress.step)
        if len(saved) == 3:
            raise Died

    monkeypatch.setattr(_loop.Loop, "_save", save_and_die)
    with pytest.raises(Died):
        taught(base, folder, tmp_path / "cut", **settings)
    taught(base, folder, tmp_path / "cut", **settings)
    assert saved[3] > saved[2]
    weights = [(tmp_path / n / "model" / "model.safetensors").read_bytes() for n in ("whole", "cut")]
    assert weights[0] == weights[1]
    assert joined(tmp_path / "whole") == joined(tmp_path / "cut")


def test_without_a_teacher_without_text_and_for_another_kind_of_task_it_is_refused(
    base: Path, folder: Path, tmp_path: Path
) -> None:
    assert beside(BARE.slice(0, 0), splits().train, 0.5)[0].num_rows == 0
    with pytest.raises(WrongUse, match="'base' is a variant of a recipe; run it through the recipe"):
        taught(base, None, tmp_path / "a")
    for nothing in (None, BARE.slice(0, 0)):
        with pytest.raises(WrongUse, match="no document of the recipe's corpora came without annotation; add a corpus"):
            taught(base, folder, tmp_path / "a", unlabelled=nothing)
    several = build("task", {"use": "multi_label_classification", "labels": ["a", "b"]})
    assert isinstance(several, Task)
    with pytest.raises(WrongUse, match="self_training learns tasks of the kind token or sequence"):
        taught(base, folder, tmp_path / "a", several)


WORDS = st.lists(st.sampled_from(["rain", "snow", "wind", "sun", "ice", "fog", "dew"]), min_size=1, max_size=9).map(
    " ".join
)


@given(st.lists(WORDS, max_size=12), st.lists(WORDS, max_size=12), st.randoms(use_true_random=False))
def test_nothing_that_is_used_beside_the_splits_stands_in_them_or_near_what_is_held_out(
    texts: list[str], more: list[str], rng: Any
) -> None:
    divided = [
        Document(f"d{n}", text, group_id=f"g{n}", split=rng.choice(["train", "validation", "test"]))
        for n, text in enumerate(texts)
    ]
    extra = [Document(f"m{n}", text, group_id=rng.choice([f"g{n}", ""])) for n, text in enumerate(more)]
    kept, left_out = beside(to_table(extra), to_table(divided), 0.5)
    assert kept.num_rows + sum(left_out.values()) == len(more)
    names = kept["id"].to_pylist()
    assert names == [d.id for d in extra if d.id in set(names)], "in the order in which they came"
    keys, known = text_keys(kept["text"]).to_list(), text_keys(to_table(divided)["text"]).to_list()
    assert len(set(keys)) == len(keys)
    assert not set(keys) & set(known)
    held = [d for d in divided if d.split != "train"]
    assert not {d.group_id for d in held} & set(kept["group_id"].to_pylist())
    told = kept["text"].to_pylist()
    worst = [one_by_one.jaccard(one_by_one.shingles(t), one_by_one.shingles(d.text)) for t in told for d in held]
    assert max(worst, default=0.0) < 0.5


def test_a_recipe_trains_on_what_came_without_annotation_and_on_nothing_near_what_is_tested(made: TinyProject) -> None:
    store = made.store
    test = store.audit_documents(stages.make(stages.split(made.recipe(), store), store))
    tested = [t for t, s in zip(test["text"].to_pylist(), test["split"].to_pylist(), strict=True) if s == "test"]
    lines = [{"id": line["id"], "text": line["text"]} for line in good_lines("more", 30)]
    lines += [{"id": "exact", "text": tested[0].upper()}, {"id": "near", "text": f"{tested[1]} Yes."}]
    (made.corpus / "more.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    pupil = {"use": "self_training", "teacher": "plain", "at_least": 0.0, "max_length": 64, "epochs": 1, "layers": 1}
    gates = {"checkpoint": {"quality": [{"use": "f1", "metric": "token_micro_f1", "at_least": 0.1}]}}
    split = {"validation": 0.2, "test": 0.2, "seed": 13, "near_duplicates": 1.0, "apart": 0.7}
    made.edit_recipe(variants={"plain": {"augmentation": []}, "pupil": {"training": pupil}}, gates=gates, split=split)
    recipe = made.recipe()
    stages.run(recipe, store, "pupil")
    checkpoint = store.published(recipe.place("checkpoint", "pupil"))
    assert checkpoint is not None
    facts = checkpoint.manifest.facts
    found = joined(Path(store.audit_folder(checkpoint)))
    read = facts["metrics"]["unlabelled"]
    assert facts["metrics"]["self_labelled"] == len(found) == read
    assert read + sum(facts["unlabelled_left_out"].values()) == 33, "30, two copies, and one line of the project's own"
    assert facts["unlabelled_left_out"]["same_text"] == 1
    assert facts["unlabelled_left_out"]["near_held_out"] >= 1
    assert not {"tiny/exact", "tiny/near"} & {d.id for d in found}
    assert verifying.verify(recipe, store).differences == []
    card = "\n".join(_unlabelled([checkpoint], "../"))
    assert (
        f"journeys/checkpoint[pupil]: {read:g} documents were read, {len(found)} joined the training documents" in card
    )
    assert "| same text | 1 |" in card
