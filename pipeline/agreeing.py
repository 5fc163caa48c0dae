"""What one key of a recipe needs of another: mistakes as (steps to the place, message)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.encoder import ENCODER
from pipeline.errors import did_you_mean
from pipeline.part import BadSettings, build
from pipeline.recipe import BASE_VARIANT, Variant, made_models
from pipeline.searching import SearchSettings
from pipeline.splitting import SplitSettings
from pipeline.task import Task

Place = tuple[str | int, ...]
Found = Iterator[tuple[Place, str]]


def missing_models(variants: Mapping[str, Variant], has_encoder: bool) -> Found:
    """A training that starts from a model of the recipe's own needs that model to be made before it."""
    teachers = {n: made_models(v.training).get("teacher") for n, v in variants.items()}
    for name, variant in variants.items():
        at: Place = ("training",) if name == BASE_VARIANT else ("variants", name, "training")
        if ENCODER in made_models(variant.training) and not has_encoder:
            yield (*at, "base_model"), "is the recipe's own encoder, and the recipe has no `encoder`"
        teacher = teachers[name]
        if teacher is None:
            continue
        if teacher not in variants or variants[teacher].lift is not None:
            known = [n for n, v in variants.items() if v.lift is None and n != name]
            yield (*at, "teacher"), f"there is no variant {teacher!r}; {did_you_mean(teacher, known)}"
        elif teachers[teacher] is not None or teacher == name:
            yield (*at, "teacher"), f"{teacher!r} is itself taught; name a variant that is not"


def unlearnable(task: Task, variants: Mapping[str, Variant]) -> Found:
    """A training must be able to learn the task; what every variant has of the recipe is said once."""
    said: set[str] = set()
    for name, variant in variants.items():
        why = variant.training.unfit(task)
        if why and why not in said:
            said.add(why)
            yield ("training",) if name == BASE_VARIANT else ("variants", name, "training"), why


def unsearchable(search: SearchSettings | None, variants: Mapping[str, Variant]) -> Found:
    """Every value at the edge of the space of a search must be one that the training takes."""
    if search is None or BASE_VARIANT not in variants:
        return
    training = variants[BASE_VARIANT].training
    for name, values in search.space.items():
        for value in values.ends():
            try:
                build("training", {**training.settings(places=True), name: value})
            except BadSettings as error:
                yield from ((("search", "space", name), message) for _, message in error.mistakes)
                break


def not_mentions(task: Task, split: SplitSettings, variants: Mapping[str, Variant]) -> list[tuple[Place, str]]:
    """(place, mistake) of whatever takes spans for mentions, for a task whose spans are none."""
    if task.mentions:
        return []
    why = f"the spans of {task.name} say which part of a text is what and are not mentions"
    found: list[tuple[Place, str]] = []
    if split.entity_disjoint:
        found.append((("split", "entity_disjoint"), f"{why}: leave it out"))
    base = variants[BASE_VARIANT].augmentation if BASE_VARIANT in variants else ()
    for name, variant in variants.items():
        for i, part in enumerate(variant.augmentation):
            if part.mentions == "kept" or (name != BASE_VARIANT and i < len(base) and part is base[i]):
                continue
            own = () if name == BASE_VARIANT else ("variants", name)
            at = ("lift", "operations") if variant.lift else (*own, "augmentation", i)
            message = f"{part.name} puts other words in the place of mentions, and {why}: leave it out"
            if (at, message) not in found:
                found.append((at, message))
    return found
