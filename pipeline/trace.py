"""One document through the stages: what every stage made of it, or who rejected it and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.changes import Change, changes, earlier, hidden
from pipeline.cleaning import CleaningStep, parted, run
from pipeline.errors import WrongUse
from pipeline.frames import documents_of, to_batch
from pipeline.recipe import BASE_VARIANT, Corpus, Recipe
from pipeline.store import Store
from pipeline.types import Document
from pipeline.version import Place, Version


@dataclass(frozen=True, slots=True)
class Changed:
    """What one cleaning step changed: its edits, in places of the text that it was given."""

    step: str
    edits: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A document in one version. `step` and `reason` say who rejected it; `prediction` is the checkpoint's row.

    `changed` has the steps that made a clean document's text of the raw one, in order; None where there is no raw one,
    or where the steps of now make another text of it.
    """

    place: Place
    version: str
    published: bool
    document: Document
    step: str | None = None
    reason: str | None = None
    prediction: str | None = None
    changed: tuple[Changed, ...] | None = None


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
    return [_cleaned(seen, sightings, recipe) for seen in sightings]


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


def _cleaned(seen: Sighting, every: list[Sighting], recipe: Recipe) -> Sighting:
    """A sighting in `clean` with what every step changed."""
    for corpus in recipe.corpora:
        if seen.place == corpus.place("clean", seen.place.partition):
            raw = [s for s in every if s.place == corpus.place("raw", seen.place.partition) and s.step is None]
            same = [s.document for s in raw if s.document.source == seen.document.source]
            return replace(seen, changed=steps_of(same[0], seen.document.text, corpus) if same else None)
    return seen


def steps_of(raw: Document, cleaned: str, corpus: Corpus) -> tuple[Changed, ...] | None:
    """What each of the corpus's steps changed of a raw document; None where they do not give the cleaned text.

    What a step masked is shown by kind; so is what an earlier step changed within it.
    """
    found: list[tuple[CleaningStep, list[Change]]] = []
    doc = raw
    for step in corpus.cleaning:
        kept, _ = parted(run([step], to_batch([doc])))
        if not kept.num_rows:
            break
        (after,) = documents_of(kept)
        if after.text != doc.text:
            found.append((step, changes(doc.text, after.text, step.marks)))
        doc = after
    if doc.text != cleaned:
        return None
    masks: list[Change] = []
    shown: list[Changed] = []
    for step, edits in reversed(found):
        shown.append(Changed(step.name, tuple(edits if step.marks else hidden(edits, masks))))
        masks = earlier(masks, edits) + (edits if step.marks else [])
    return tuple(reversed(shown))


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
