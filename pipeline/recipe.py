"""What a recipe and a corpus are once their YAML has been read. `loading.py` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline import counterfactual
from pipeline.annotation import Annotator
from pipeline.augmentation import Augmenter
from pipeline.cleaning import CleaningStep
from pipeline.encoder import ENCODER, Pretraining
from pipeline.errors import Mistake, RecipeError, WrongUse, did_you_mean
from pipeline.fingerprint import code_of
from pipeline.gate import Gate, refusing
from pipeline.lifting import LiftPoint
from pipeline.part import build
from pipeline.searching import SearchSettings
from pipeline.source import Source
from pipeline.splitting import SplitSettings
from pipeline.task import Task
from pipeline.training import Training
from pipeline.version import ALL, Place

BASE_VARIANT = "base"  # the recipe itself, as a variant
REQUIRED = ("child_labels", "children_apart")  # of what is augmented: every recipe has them, and they refuse
Gates = Mapping[str, tuple[Gate, ...]]  # stage → its gates


@dataclass(frozen=True, slots=True)
class Corpus:
    """A named body of text with a source, a licence and a language."""

    name: str
    source: Source
    language: str
    licence: str
    groups: Mapping[str, str] = field(hash=False)
    cleaning: tuple[CleaningStep, ...]
    gates: Gates = field(hash=False)
    description: str = ""
    datasheet: Mapping[str, str] = field(default_factory=dict, hash=False)  # a person's answers, by question

    def place(self, stage: str, batch: str) -> Place:
        """Where a stage of this corpus keeps a batch."""
        return Place(f"corpora/{self.name}/{stage}", batch)

    def section(self, stage: str) -> list[object]:
        """What a stage of this corpus depends on: its values and the fingerprints of its parts."""
        if stage == "raw":
            return [self.source.fingerprint(), self.language, dict(self.groups)]
        return [step.fingerprint() for step in self.cleaning]


@dataclass(frozen=True, slots=True)
class Variant:
    """A recipe with its augmentation or training changed."""

    name: str
    augmentation: tuple[Augmenter, ...]
    training: Training
    train_documents: int | None = None  # of the training documents only so many, before augmentation
    lift: LiftPoint | None = None  # a variant that is trained to be compared, never released


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which corpora, which parts, which gates; one chain of assets."""

    name: str
    task: Task
    corpora: tuple[Corpus, ...]
    annotation: tuple[Annotator, ...]
    split: SplitSettings
    variants: Mapping[str, Variant] = field(hash=False)
    gates: Gates = field(hash=False)
    description: str = ""
    children_per_parent: int = 3  # of all augmenters together
    search: SearchSettings | None = None
    encoder: Pretraining | None = None

    def place(self, stage: str, variant: str | None = None) -> Place:
        """Where a stage of this recipe keeps its versions, by variant where it is partitioned."""
        return Place(f"{self.name}/{stage}", variant or ALL)

    def section(self, stage: str, variant: str | None = None) -> list[object]:
        """What a stage of this recipe depends on; without a variant, for every variant together."""
        variants = [self.variant(variant)] if variant else list(self.variants.values())
        if stage == "splits":
            parts = [self.task.fingerprint(), *(a.fingerprint() for a in self.annotation)]
            return [*parts, self.split.model_dump(), code_of("pipeline.splitting")]
        if stage == "ledger":
            return [self.split.model_dump() if self.split.official else None, code_of("pipeline.leakage")]
        if stage == "augmented":
            limits = [self.children_per_parent, self.split.apart, code_of("pipeline.stages._children")]
            return [limits, *([v.train_documents, *(a.fingerprint() for a in v.augmentation)] for v in variants)]
        if stage == "checkpoint":
            swapped = counterfactual.section(self.gates.get("checkpoint", ()))
            noise = [[v.lift.noise.fingerprint()] if v.lift else [] for v in variants]
            beside = [self._beside() if v.training.unlabelled else [] for v in variants]
            trained = [[v.training.fingerprint(), self.task.fingerprint()] for v in variants]
            return [[*one, *more, *text, *swapped] for one, more, text in zip(trained, noise, beside, strict=True)]
        if stage == "lift":
            return [code_of("pipeline.lifting")]
        if stage == "encoder":
            return [self.encoder.fingerprint() if self.encoder else None, *self._beside()]
        if stage == "search":
            asked = self.search.model_dump(mode="json") if self.search else None
            base = self.variant(BASE_VARIANT).training.fingerprint()
            return [asked, base, self.task.fingerprint(), code_of("pipeline.searching")]
        if stage == "frontier":
            return [code_of("pipeline.frontier"), self.task.headline]
        shown = [
            [c.name, c.language, c.licence, c.description, dict(c.groups), dict(c.datasheet)] for c in self.corpora
        ]
        return [code_of("pipeline.cards"), self.task.headline, self.description, shown]

    def _beside(self) -> list[object]:
        """What text without annotation that may be read beside the splits depends on."""
        return [self.split.apart, code_of("pipeline.splitting.beside")]

    def variant(self, name: str) -> Variant:
        """A variant by name. Raises WrongUse with what would be right."""
        if name not in self.variants:
            raise WrongUse(f"recipe {self.name} has no variant {name!r}; {did_you_mean(name, self.variants)}")
        return self.variants[name]


def made_models(training: Training) -> dict[str, str]:
    """Which models of the recipe's own a training starts from: name → `encoder`, or the variant whose checkpoint it is.

    >>> from pipeline.training.full import Full
    >>> made_models(Full(base_model="encoder"))
    {'encoder': 'encoder'}
    """
    found = {ENCODER: ENCODER} if getattr(training, "base_model", None) == ENCODER else {}
    teacher = getattr(training, "teacher", None)
    return {**found, **({"teacher": str(teacher)} if teacher else {})}


@dataclass(frozen=True, slots=True)
class Project:
    """Everything that loaded, and every mistake of what did not."""

    recipes: Mapping[str, Recipe] = field(hash=False)
    corpora: Mapping[str, Corpus] = field(hash=False)
    mistakes: tuple[Mistake, ...]
    broken: tuple[str, ...]  # recipes that did not load

    def recipe(self, name: str) -> Recipe:
        """A recipe by name. Raises RecipeError where its file has mistakes, WrongUse where there is none."""
        if name in self.recipes:
            return self.recipes[name]
        if name in self.broken:
            own = [m for m in self.mistakes if m.file.endswith((f"/{name}.yaml", "/corpora.yaml")) or m.file == "--set"]
            raise RecipeError(own or self.mistakes)
        raise WrongUse(f"there is no recipe {name!r}; {did_you_mean(name, [*self.recipes, *self.broken])}")

    def corpus(self, name: str) -> Corpus:
        """A corpus by name. Raises WrongUse with what would be right."""
        if name not in self.corpora:
            raise WrongUse(f"there is no corpus {name!r}; {did_you_mean(name, self.corpora)}")
        return self.corpora[name]


def gate_set(gates: Gates, stage: str) -> dict[str, str]:
    """A stage's gates by name, with their fingerprints: what a version has to pass to be published."""
    return refusing(gates.get(stage, ()))


def with_required(gates: Gates) -> Gates:
    """The gates of a recipe with those of `augmented` that none can leave out; it may set their limits."""
    own = gates.get("augmented", ())
    required = [build("quality", name) for name in REQUIRED]
    missing = [g for g in required if isinstance(g, Gate) and g.name not in {o.name for o in own}]
    return {**gates, "augmented": (*own, *missing)}


def merged(base: Any, own: Any) -> Any:
    """A variant's training: its keys over the recipe's where both use the same part, its own alone where not.

    >>> merged({"use": "full", "epochs": 2}, {"epochs": 3})
    {'use': 'full', 'epochs': 3}
    >>> merged({"use": "full", "epochs": 2}, {"use": "lora", "rank": 8})
    {'use': 'lora', 'rank': 8}
    """
    if own is None:
        return base
    base, own = ({"use": x} if isinstance(x, str) else x for x in (base, own))
    if not isinstance(base, dict) or not isinstance(own, dict) or own.get("use", base.get("use")) != base.get("use"):
        return own
    return {**base, **own}
