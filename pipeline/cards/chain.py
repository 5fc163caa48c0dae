"""What a release was made of: every version, down to the bytes of the source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from pipeline.gate import Gate
from pipeline.recipe import Corpus, Recipe
from pipeline.store import Store
from pipeline.version import Input, Place, Version

ORDER = ("raw", "clean", "splits", "ledger", "encoder", "augmented", "checkpoint")


def evidence(checkpoint: Version, store: Store) -> list[object]:
    """What the cards say of gates: the verdicts and waivers on a checkpoint and on all that it was made of."""
    return [
        [
            [str(v.place), v.digest],
            [[asdict(s.verdict), s.severity] for s in store.verdicts(v).values()],
            [asdict(w) for w in store.waivers(v).values()],
        ]
        for v in ancestry([checkpoint], store)
    ]


def ancestry(versions: Sequence[Version], store: Store) -> Iterator[Version]:
    """The versions and every version that they were made of, nearest first, each once."""
    todo, seen = list(versions), set[tuple[Place, str]]()
    while todo:
        at = todo.pop(0)
        if (at.place, at.name) in seen:
            continue
        seen.add((at.place, at.name))
        yield at
        parents = (_parent(i, store) for i in at.manifest.inputs if i.version)
        todo += [p for p in parents if p is not None]


def _parent(read: Input, store: Store) -> Version | None:
    """The version that was read; where another one of the same content is published now, that one's gates count."""
    place = Place(read.asset, read.partition)
    now = store.published(place)
    return now if now is not None and now.digest == read.digest else store.find(place, read.version)


def in_order(version: Version) -> tuple[int, Place]:
    """Sorts versions from raw to checkpoint, and those of one stage by place."""
    return ORDER.index(stage_of(version.place)), version.place


def stage_of(place: Place) -> str:
    """`clean` of `corpora/reviews/clean[part-1]`."""
    return place.asset.rpartition("/")[2]


def corpus_of(place: Place, recipe: Recipe) -> Corpus | None:
    """The corpus that a place belongs to; None for one of the recipe's own."""
    return next((c for c in recipe.corpora if place.asset == f"corpora/{c.name}/{stage_of(place)}"), None)


def gates_of(place: Place, recipe: Recipe) -> Mapping[str, Gate]:
    """The gates that the recipe has for a place, by name."""
    corpus = corpus_of(place, recipe)
    gates = recipe.gates if corpus is None else corpus.gates
    return {gate.name: gate for gate in gates.get(stage_of(place), ())}
