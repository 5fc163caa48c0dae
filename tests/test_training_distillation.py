"""A small model that learns from a larger checkpoint of its own recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import TinyProject

from pipeline import stages, verifying
from pipeline.errors import WrongUse
from pipeline.training import Splits
from pipeline.training._forward import Batch
from pipeline.training._teacher import Teacher
from pipeline.training.distillation import Distillation
from pipeline.training.full import Full
from pipeline.types import Checkpoint
from tests.tiny_training import CPU, TASK, splits, tiny_bert

SETTINGS: dict[str, Any] = {"learning_rate": 5e-3, "batch_tokens": 128, "max_length": 32, "epochs": 4}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def teacher(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("teacher")
    Full(base_model=str(base), **SETTINGS).fit(TASK, splits(), CPU, out, lambda _: None)
    return out / "model"


def taught(base: Path, teacher: Path, out: Path, **changed: Any) -> Checkpoint:
    made = splits()
    given = Splits(made.train, made.validation, made.test, "d", models={"teacher": teacher})
    method = Distillation(**{"base_model": str(base), "teacher": "base", "layers": 1, **SETTINGS, **changed})
    return method.fit(TASK, given, CPU, out, lambda _: None)


class Says:
    """A model that gives the same scores whatever it is asked."""

    def __init__(self, logits: torch.Tensor) -> None:
        self.logits = logits

    def __call__(self, **_: Any) -> Any:
        return type("Output", (dict,), {"logits": self.logits})()


def test_the_loss_is_the_labels_own_and_the_divergence_from_the_teacher_by_their_shares() -> None:
    said, logits = torch.tensor([[2.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 0.0], [0.0, 0.0]])
    batch = Batch({}, torch.tensor([[0], [1]]), torch.tensor([1.0, 3.0]), 4, "sequence")
    own = batch.loss(logits)
    mixed = Teacher(Says(said), CPU, temperature=2.0, share=0.25).loss(batch, logits)
    p = torch.tensor([1.0, 0.0]).softmax(-1)
    divergence = float((p * (p / 0.5).log()).sum())
    assert float(own) == pytest.approx(0.693147, abs=1e-5)
    assert float(mixed) == pytest.approx(0.75 * 0.693147 + 0.25 * 4 * divergence * 1 / 4, abs=1e-5)


def test_a_student_learns_from_its_teacher_and_is_written_as_any_checkpoint(
    base: Path, teacher: Path, tmp_path: Path
) -> None:
    from transformers import AutoModelForTokenClassification

    checkpoint = taught(base, teacher, tmp_path / "a", share=1.0)
    assert checkpoint.metrics["entity_f1"] > 0.5, "learnt from the teacher alone: no label has a share in the loss"
    model = AutoModelForTokenClassification.from_pretrained(checkpoint.path, local_files_only=True)
    assert model.config.num_hidden_layers == 1
    taught(base, teacher, tmp_path / "b", share=1.0)
    weights = [(tmp_path / n / "model" / "model.safetensors").read_bytes() for n in "ab"]
    assert weights[0] == weights[1]


def test_a_teacher_that_reads_another_vocabulary_is_refused(base: Path, teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="'base' reads another vocabulary than this variant"):
        taught(base, teacher, tmp_path / "a", adapt_vocabulary=True)
    with pytest.raises(WrongUse, match="differs from this variant in `casing`"):
        taught(base, teacher, tmp_path / "b", casing=True)


def test_without_a_recipe_there_is_no_teacher(base: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="'base' is a variant of a recipe; run it through the recipe"):
        Distillation(teacher="base", base_model=str(base), layers=1).fit(TASK, splits(), CPU, tmp_path, lambda _: None)


def test_a_variant_is_taught_by_another_one_of_its_recipe_and_its_release_is_verified(made: TinyProject) -> None:
    small = {"use": "distillation", "teacher": "plain", "layers": 1, "max_length": 64, "epochs": 1}
    made.edit_recipe(variants={"plain": {"augmentation": []}, "small": {"training": small}})
    recipe, store = made.recipe("training.adapt_vocabulary=false"), made.store
    release = stages.run(recipe, store, "small")
    teacher, student = (store.published(recipe.place("checkpoint", v)) for v in ("plain", "small"))
    assert teacher is not None
    assert student is not None
    assert ("journeys/checkpoint", "plain", teacher.digest) in {
        (i.asset, i.partition, i.digest) for i in student.manifest.inputs
    }
    assert sorted(release.manifest.facts["compared"]) == ["plain", "small"]
    found = verifying.verify(recipe, store)
    assert found.differences == []


@pytest.mark.parametrize(
    ("teacher", "said"),
    [("nobody", "there is no variant 'nobody'"), ("pupil", "'pupil' is itself taught; name a variant that is not")],
)
def test_a_teacher_that_cannot_teach_is_a_mistake(project: TinyProject, teacher: str, said: str) -> None:
    pupil = {"training": {"use": "distillation", "teacher": teacher}}
    project.edit_recipe(variants={"pupil": pupil})
    (mistake,) = project.load().mistakes
    assert mistake.place == "variants.pupil.training.teacher"
    assert mistake.message.startswith(said)
