"""One document through the stages: what every stage made of it, or who rejected it and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import WrongUse
from pipeline.frames import documents_of
from pipeline.recipe import BASE_VARIANT, Recipe
from pipeline.store import Store
from pipeline.types import Document
from pipeline.version import Place, Version


@dataclass(frozen=True, slots=True)
class Sighting:
    """A document in one version. `step` and `reason` say who rejected it; `prediction` is the checkpoint's row."""

    place: Place
    version: str
    published: bool
    document: Document
    step: str | None = None
    reason: str | None = None
    prediction: str | None = None


def trace(recipe: Recipe, document_id: str, store: Store, variant: str = BASE_VARIANT) -> list[Sighting]:
    """Where a document stands in each stage, its children in `augmented` among them; an empty list where nowhere.

    A version is the published one of its place, or where there is none, the newest. The id may leave the corpus out
    where the recipe has one only.

    Raises:
        WrongUse: the recipe has no such variant.
    """
    recipe.variant(variant)
    sightings: list[Sighting] = []
    for name in [document_id, *(f"{c.name}/{document_id}" for c in recipe.corpora)]:
        for place in _places(recipe, variant, store):
            version = store.published(place) or store.newest(place)
            if version is not None:
                sightings += _seen(version, name, store)
        if sightings:
            break
    return sightings


def _places(recipe: Recipe, variant: str, store: Store) -> Iterator[Place]:
    for stage in ("raw", "clean"):
        for corpus in recipe.corpora:
            for batch in store.partitions(corpus.place(stage, "").asset):
                yield corpus.place(stage, batch)
    yield recipe.place("splits")
    yield recipe.place("augmented", variant)
    yield recipe.place("checkpoint", variant)


def _seen(version: Version, name: str, store: Store) -> Iterator[Sighting]:
    published = store.published(version.place)
    is_published = published is not None and published.name == version.name
    files = version.manifest.files
    if "documents.parquet" in files:
        for row in documents_of(_rows(store.audit_documents(version), name)):
            yield Sighting(version.place, version.name, is_published, row)
    if "rejected.parquet" in files:
        rows = _rows(store.audit_documents(version, "rejected.parquet"), name)
        for document, row in zip(documents_of(rows), rows.to_pylist(), strict=True):
            yield Sighting(version.place, version.name, is_published, document, row["step"], row["reason"])
    if "predictions.parquet" in files:
        table = store.audit_documents(version, "predictions.parquet")
        for row in table.filter(pc.equal(table.column("id"), name)).to_pylist():
            shown = {k: v for k, v in row.items() if k != "id"}
            yield Sighting(version.place, version.name, is_published, Document(name, ""), prediction=str(shown))


def _rows(table: pa.Table, name: str) -> pa.Table:
    """The document itself and its children: an augmenter's ids begin with their parent's and a tilde."""
    ids = table.column("id")
    return table.filter(pc.or_(pc.equal(ids, name), pc.starts_with(ids, f"{name}~")))


def require(sightings: list[Sighting], recipe: Recipe, document_id: str) -> list[Sighting]:
    """The sightings, or WrongUse with an example of an id where there are none."""
    if sightings:
        return sightings
    example = f"{recipe.corpora[0].name}/…"
    raise WrongUse(f"no stage of {recipe.name} holds {document_id!r}; ids look like {example!r}, see documents.parquet")
