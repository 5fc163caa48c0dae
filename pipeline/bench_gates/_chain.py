"""The stages of one resample, made in memory by what the pipeline itself would run, when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import pyarrow as pa

from pipeline.annotation import Step, annotate
from pipeline.augmentation import Augmenter
from pipeline.cleaning import parted, run
from pipeline.faults import Row
from pipeline.frames import DOCUMENTS, REJECTED, Frame, documents_of, rejected_batch, to_table
from pipeline.part import build
from pipeline.recipe import Recipe
from pipeline.splitting import split
from pipeline.stages._children import children, sifted
from pipeline.stages.augment import HELD_APART
from pipeline.types import Rejected
from pipeline.work import part_of

Pair = tuple[pa.Table, pa.Table]  # documents, and the rejected among them


class Chain:
    """Raw, clean, splits and augmented of a resample; places are `corpus/stage` and `stage`."""

    def __init__(self, recipe: Recipe, raw: Mapping[str, Pair]) -> None:
        self.recipe = recipe
        self.raw = raw
        self._rows: dict[str, list[Row]] = {}

    @classmethod
    def of(cls, recipe: Recipe, raw: Mapping[str, pa.Table]) -> Chain:
        """Of what was read, with nothing rejected."""
        return cls(recipe, {name: (table, REJECTED.empty_table()) for name, table in raw.items()})

    @property
    def places(self) -> list[str]:
        """Up to the splits, in order."""
        return [f"{c.name}/{stage}" for stage in ("raw", "clean") for c in self.recipe.corpora] + ["splits"]

    def frame(self, place: str) -> Frame:
        """What the gates of a place look at. Raises whatever the stage raises."""
        corpus, _, stage = place.rpartition("/")
        if stage in ("raw", "clean"):
            return Frame(*(self.raw if stage == "raw" else self.clean)[corpus])
        labels, (documents, rejected) = self.recipe.task.labels, self.splits
        if stage == "splits":
            return Frame(documents, rejected, labels=labels)
        held_out = pa.concat_tables([part_of(documents, name) for name in ("validation", "test")])
        return Frame(self.augmented, REJECTED.empty_table(), labels=labels, held_out=held_out)

    def rows(self, place: str) -> list[Row]:
        """The documents of a place as rows; they are not to be changed."""
        if place not in self._rows:
            self._rows[place] = self.frame(place).documents.to_pylist()
        return self._rows[place]

    @cached_property
    def clean(self) -> dict[str, Pair]:
        """Every corpus after its steps."""
        return {c.name: cleaned(c.cleaning, *self.raw[c.name][:1]) for c in self.recipe.corpora}

    @cached_property
    def splits(self) -> Pair:
        """Everything, annotated and divided."""
        rejected: list[Rejected] = []
        steps: list[Step] = [(a.name, a) for a in self.recipe.annotation]
        steps.append((self.recipe.task.name, self.recipe.task.accept))
        together = pa.concat_tables([table for table, _ in self.clean.values()])
        annotated = to_table(annotate(documents_of(together), steps, rejected))
        kept, dropped = split(annotated, self.recipe.split)
        return kept, pa.Table.from_batches([rejected_batch(rejected), *dropped.cast(REJECTED).to_batches()], REJECTED)

    @cached_property
    def augmented(self) -> pa.Table:
        """The training documents and one child of each that the recipe, or else the plainest augmenter, makes."""
        train = part_of(self.splits[0], "train")
        augmenters = [a for v in self.recipe.variants.values() for a in v.augmentation][:1]
        if not augmenters:
            annotated = any(d.spans for d in documents_of(train.slice(0, 200)))
            plainest = build("augmentation", "swap_entities" if annotated else "swap_words")
            assert isinstance(plainest, Augmenter)
            augmenters = [plainest]
        made = [batch for batch, _ in children(augmenters[0], train, processes=1)]
        apart = min(HELD_APART, self.recipe.split.apart or HELD_APART)
        kept, _ = sifted(made, self.splits[0], self.recipe.children_per_parent, apart)
        return pa.concat_tables([train, kept])


def cleaned(steps: tuple, documents: pa.Table) -> Pair:  # type: ignore[type-arg]
    """(kept, rejected) of a corpus's steps."""
    pairs = [parted(run(steps, batch)) for batch in documents.combine_chunks().to_batches()]
    kept, rejected = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.Table.from_batches(kept, DOCUMENTS), pa.Table.from_batches(rejected, REJECTED)


def each(chain: Chain) -> Iterator[tuple[str, Frame]]:
    """Every place up to what augmentation made, with its frame."""
    yield from ((place, chain.frame(place)) for place in (*chain.places, "augmented"))
