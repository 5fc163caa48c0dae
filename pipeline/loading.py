"""Recipes and corpora from YAML: every mistake of every file at once, and no recipe takes another down."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from pipeline.agreeing import missing_models, not_mentions, unlearnable, unsearchable
from pipeline.annotation import Annotator
from pipeline.augmentation import Augmenter
from pipeline.cards.questions import QUESTIONS
from pipeline.cleaning import CleaningStep
from pipeline.encoder import Pretraining
from pipeline.errors import Mistake, WrongUse, did_you_mean
from pipeline.gate import Gate
from pipeline.lifting import LiftPoint, points
from pipeline.part import BadSettings, Part, UnknownPart, build, explain
from pipeline.recipe import (
    BASE_VARIANT,
    REQUIRED,
    Corpus,
    Gates,
    Project,
    Recipe,
    Variant,
    merged,
    with_required,
)
from pipeline.shapes import CorpusYaml, GateLists, RecipeYaml, Strict
from pipeline.source import Source
from pipeline.task import Task
from pipeline.training import Training
from pipeline.yaml_file import Step, YamlFile, read_yaml

P = TypeVar("P", bound=Part)
_MISSING: Any = object()  # a required key that is missing or wrong: said already
_CORPUS_NAME = re.compile("[a-z][a-z0-9_]*")
_VARIANT_NAME = re.compile("[a-z0-9][a-z0-9_-]*")


class _Reader:
    """Builds what one YAML file describes and collects its mistakes."""

    def __init__(self, file: YamlFile, at: tuple[Step, ...] = ()) -> None:
        self.file, self.at = file, at
        self.mistakes: list[Mistake] = []

    def say(self, steps: Sequence[Step], message: str) -> None:
        self.mistakes.append(self.file.mistake((*self.at, *steps), message))

    def skeleton(self, model: type[Strict], data: Any) -> Any:
        """The model; where the data has mistakes, what is right of it, so that the mistakes inside are said as well."""
        try:
            return model.model_validate(data)
        except ValidationError as error:
            places = [[s for s in e["loc"] if s != "[key]"] for e in error.errors()]
            for e, place in zip(error.errors(), places, strict=True):
                self.say(place, explain(e, model)[1])
        return _without(data, places, model) if isinstance(data, dict) else None

    def part(self, folder: str, spec: Any, steps: tuple[Step, ...], base: type[P]) -> P | None:
        if spec is _MISSING:
            return None
        try:
            part = build(folder, spec)
        except UnknownPart as error:
            self.say([*steps, "use"] if isinstance(spec, dict) else steps, str(error))
        except BadSettings as error:
            for place, message in error.mistakes:
                self.say([*steps, *place.split(".")], message)
        else:
            assert isinstance(part, base)
            return part
        return None

    def parts(self, folder: str, specs: Sequence[Any], steps: tuple[Step, ...], base: type[P]) -> tuple[P, ...]:
        built = [self.part(folder, spec, (*steps, i), base) for i, spec in enumerate(specs)]
        return tuple(p for p in built if p is not None)

    def gates(self, stages: Mapping[Any, GateLists]) -> Gates:
        found: dict[str, tuple[Gate, ...]] = {}
        for stage, lists in stages.items():
            gates: list[Gate] = []
            for folder, specs in (("quality", lists.quality), ("fairness", lists.fairness)):
                for i, spec in enumerate(specs):
                    steps: tuple[Step, ...] = ("gates", stage, folder, i)
                    gate = self.part(folder, spec, steps, Gate)  # type: ignore[type-abstract]
                    if gate is None:
                        continue
                    if stage not in gate.stages:
                        self.say(steps, f"{gate.name} judges {', '.join(gate.stages)}, not {stage}")
                    if gate.severity == "warn" and gate.name in REQUIRED:
                        self.say([*steps, "severity"], f"{gate.name} cannot only warn: every recipe is held to it")
                    if gate.name in {g.name for g in gates}:
                        self.say(steps, f"two gates of one stage are called {gate.name}")
                    gates.append(gate)
            found[stage] = tuple(gates)
        return found


def _without(data: Mapping[str, Any], places: Sequence[Sequence[Step]], model: type[Strict]) -> Strict:
    """The model of the data without the keys at these places."""
    rest = copy.deepcopy(dict(data))
    for place in places:
        inside: Any = rest
        for i, step in enumerate(place):
            last = i + 1 == len(place) or not isinstance(inside.get(step), dict)
            if last:
                inside.pop(step, None)
                break
            inside = inside[step]
    missing = {name: _MISSING for name, field in model.model_fields.items() if field.is_required()}
    right = model.model_construct(**missing)
    for name in [n for n in model.model_fields if n in rest]:
        try:
            model.__pydantic_validator__.validate_assignment(right, name, rest[name])
        except ValidationError:  # what is left of a key is not enough for it; its mistake is said already
            continue
    return right


def load_recipes(folder: Path, overrides: Sequence[str] = (), recipe: str | None = None) -> Project:
    """Load `corpora.yaml` and every recipe of a folder.

    `overrides` are `key=value` as `--set` takes them: `corpora.NAME.FIELD=…` for a corpus (a field of its source needs
    no `source.`), anything else for the recipe named by `recipe`.

    Raises:
        WrongUse: the folder or its corpora.yaml is not there, or an override is not `key=value`.
    """
    path = folder / "corpora.yaml"
    if not path.is_file():
        raise WrongUse(f"{path}: not there; a folder of recipes holds corpora.yaml and one YAML file a recipe")
    corpora_file = read_yaml(path, f"{folder.name}/corpora.yaml")
    files = {p.stem: read_yaml(p, f"{folder.name}/{p.name}") for p in sorted(folder.glob("*.yaml")) if p != path}
    for override in overrides:
        _override(override, corpora_file, files.get(recipe or ""))
    mistakes = list(corpora_file.mistakes)
    corpora: dict[str, Corpus] = {}
    for name, data in (corpora_file.data or {}).items():
        reader = _Reader(corpora_file, (name,))
        corpus = _corpus(reader, name, data)
        mistakes += reader.mistakes
        if corpus is not None and not reader.mistakes:
            corpora[name] = corpus
    recipes: dict[str, Recipe] = {}
    for stem, file in files.items():
        reader = _Reader(file)
        loaded = None if file.data is None else _recipe(reader, stem, file.data, corpora, corpora_file.data or {})
        found = file.mistakes + reader.mistakes
        mistakes += found
        if loaded is not None and not found:
            recipes[stem] = loaded
    return Project(recipes, corpora, tuple(mistakes), tuple(s for s in files if s not in recipes))


def _override(text: str, corpora: YamlFile, recipe: YamlFile | None) -> None:
    key, equals, value = text.partition("=")
    steps = key.split(".")
    if not equals or not all(steps):
        raise WrongUse(f"--set {text}: write KEY=VALUE, for example --set training.epochs=3")
    try:
        parsed = yaml.safe_load(value) if value else ""
    except (yaml.YAMLError, ValueError) as error:
        raise WrongUse(f"--set {text}: {value!r} is not a YAML value; put it in quotes") from error
    if steps[0] == "corpora" and len(steps) > 1:
        names = list(corpora.data or {})
        if steps[1] not in names:
            raise WrongUse(f"--set {text}: there is no corpus {steps[1]!r}; {did_you_mean(steps[1], names)}")
        if len(steps) == 2:
            raise WrongUse(f"--set {text}: say which field, for example corpora.{steps[1]}.path=…")
        inside = steps[2:] if steps[2] in CorpusYaml.model_fields else ["source", *steps[2:]]
        corpora.override([steps[1], *inside], parsed)
    elif recipe is None or recipe.data is None:
        raise WrongUse(f"--set {text}: is for one recipe; name the recipe, or write corpora.NAME.FIELD=VALUE")
    else:
        recipe.override(steps, parsed)


def _corpus(reader: _Reader, name: str, data: Any) -> Corpus | None:
    if not _CORPUS_NAME.fullmatch(name):
        reader.say([], f"is part of asset keys and folders: write it as {_CORPUS_NAME.pattern}")
    yaml_ = reader.skeleton(CorpusYaml, data)
    if yaml_ is None:
        return None
    source = reader.part("source", yaml_.source, ("source",), Source)  # type: ignore[type-abstract]
    cleaning = reader.parts("cleaning", yaml_.cleaning, ("cleaning",), CleaningStep)  # type: ignore[type-abstract]
    gates = reader.gates(yaml_.gates)
    for key in sorted(set(yaml_.datasheet) - set(QUESTIONS)):
        reader.say(["datasheet", key], f"is no question of a data sheet; {did_you_mean(key, QUESTIONS)}")
    if source is None or reader.mistakes:
        return None
    told = (yaml_.description, yaml_.datasheet)
    return Corpus(name, source, yaml_.language, yaml_.licence, yaml_.groups, cleaning, gates, *told)


def _recipe(reader: _Reader, stem: str, data: Any, corpora: Mapping[str, Corpus], described: Any) -> Recipe | None:
    yaml_ = reader.skeleton(RecipeYaml, data)
    if yaml_ is None:
        return None
    if yaml_.name not in (stem, _MISSING):
        reader.say(["name"], f"must be the file's name, {stem!r}, got {yaml_.name!r}")
    for i, name in enumerate(() if yaml_.corpora is _MISSING else yaml_.corpora):
        if name not in corpora:
            known = "has mistakes" if name in described else f"is not in corpora.yaml; {did_you_mean(name, described)}"
            reader.say(["corpora", i], f"the corpus {name!r} {known}")
            continue
        for step in corpora[name].cleaning:
            if not step.for_encoders and not step.settings().get("even_for_an_encoder"):
                reader.say(["corpora", i], _not_for_encoders(name, step))
    task = reader.part("task", yaml_.task, ("task",), Task)  # type: ignore[type-abstract]
    annotation = reader.parts("annotation", yaml_.annotation, ("annotation",), Annotator)  # type: ignore[type-abstract]
    encoder: Pretraining | None = None
    if yaml_.encoder is not None:
        encoder = reader.part("encoder", yaml_.encoder, ("encoder",), Pretraining)  # type: ignore[type-abstract]
    variants = _variants(reader, yaml_)
    gates = reader.gates(yaml_.gates)
    found = [*missing_models(variants, yaml_.encoder is not None), *unsearchable(yaml_.search, variants)]
    if task is not None:
        found += [*unlearnable(task, variants), *not_mentions(task, yaml_.split, variants)]
    for place, message in found:
        reader.say(place, message)
    if task is None or reader.mistakes:
        return None
    used = tuple(corpora[name] for name in yaml_.corpora)
    told = (yaml_.description, yaml_.children_per_parent, yaml_.search, encoder)
    return Recipe(stem, task, used, annotation, yaml_.split, variants, with_required(gates), *told)


def _not_for_encoders(corpus: str, step: CleaningStep) -> str:
    """Every training fine-tunes an encoder, which reads the words that a bag-of-words view does not want."""
    right = f"take a corpus without {step.name}, or write {{use: {step.name}, even_for_an_encoder: true}} there"
    return f"the corpus {corpus!r} is cleaned with {step.name}, for bag-of-words views and not for an encoder; {right}"


def _variants(reader: _Reader, yaml_: RecipeYaml) -> dict[str, Variant]:
    def trained(spec: Any, steps: tuple[Step, ...]) -> Training | None:
        return reader.part("training", spec, steps, Training)  # type: ignore[type-abstract]

    def augmented(specs: list[Any], steps: tuple[Step, ...]) -> tuple[Augmenter, ...]:
        return reader.parts("augmentation", specs, steps, Augmenter)  # type: ignore[type-abstract]

    augmentation = augmented(yaml_.augmentation, ("augmentation",))
    training = trained(yaml_.training, ("training",))
    found = {BASE_VARIANT: (augmentation, training)}
    for name, own in yaml_.variants.items():
        if not _VARIANT_NAME.fullmatch(name):
            reader.say(["variants", name], f"is a partition and a folder: write it as {_VARIANT_NAME.pattern}")
        if name == BASE_VARIANT:
            reader.say(["variants", name], "'base' is the recipe itself; call the variant something else")
        at: tuple[Step, ...] = ("variants", name)
        found[name] = (
            augmentation if own.augmentation is None else augmented(own.augmentation, (*at, "augmentation")),
            training if own.training is None else trained(merged(yaml_.training, own.training), (*at, "training")),
        )
    sizes = {name: own.train_documents for name, own in yaml_.variants.items()}
    lifts: dict[str, LiftPoint] = {}
    if yaml_.lift is not None:
        operations = augmented(yaml_.lift.operations, ("lift", "operations"))
        noise = reader.part("augmentation", yaml_.lift.noise, ("lift", "noise"), Augmenter)  # type: ignore[type-abstract]
        for name, point, used, size in points(yaml_.lift, operations, noise) if noise is not None else ():
            own = merged(merged(yaml_.training, size.training), {"seed": point.seed})
            found[name] = (used, trained(own, ("lift", "sizes")))
            sizes[name], lifts[name] = size.documents, point
    return {n: Variant(n, a, t, sizes.get(n), lifts.get(n)) for n, (a, t) in found.items() if t is not None}
