"""What the sections of a data sheet are written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.cards.chain import corpus_of, stage_of
from pipeline.cards.numbers import Numbers
from pipeline.cards.sources import folder_of
from pipeline.recipe import Corpus, Recipe
from pipeline.store import Store
from pipeline.version import Version


@dataclass(frozen=True, slots=True)
class Sheet:
    """A recipe, its versions from raw to checkpoint, and the numbers said so far."""

    recipe: Recipe
    versions: tuple[Version, ...]
    store: Store
    numbers: Numbers
    otherwise: frozenset[str]

    @property
    def splits(self) -> Version:
        """The version of splits that was trained and tested on."""
        (version,) = self.stage("splits")
        return version

    @property
    def ledger(self) -> Version:
        """The ledger of those splits."""
        (version,) = self.stage("ledger")
        return version

    @property
    def labelled(self) -> str:
        """What carries the task's labels: `label` of documents, or `spans`."""
        by = self.splits.manifest.facts.get("by_label", {})
        return "label" if set(by) & set(self.recipe.task.labels) else "spans"

    def stage(self, name: str, corpus: Corpus | None = None) -> list[Version]:
        """The versions of one stage, of one corpus where it is named."""
        found = (v for v in self.versions if stage_of(v.place) == name)
        return [v for v in found if corpus is None or corpus_of(v.place, self.recipe) == corpus]

    def corpora(self) -> Iterator[tuple[Corpus, list[Version]]]:
        """Every corpus with its raw versions, batch by batch."""
        for corpus in self.recipe.corpora:
            yield corpus, self.stage("raw", corpus)

    def counts(self, version: Version, *steps: str, file: str = "documents.parquet") -> dict[str, str]:
        """The counts below a path of a Parquet file, by value, each with its mark; nothing where nothing is counted."""
        at = self.numbers.sources.content(f"{folder_of(version)}/{file}")
        for step in steps:
            at = at.get(step, {})
        about = f"{version.place}: {' '.join(steps)}"
        return {
            str(name): str(self.numbers.counted(f"{about} {name}", version, file, *steps, str(name)))
            for name, value in at.items()
            if isinstance(value, int)
        }

    def branches(self, version: Version, *steps: str) -> list[str]:
        """The names below a path of a version's counts."""
        at = self.numbers.sources.content(f"{folder_of(version)}/documents.parquet")
        for step in steps:
            at = at.get(step, {})
        return list(at)
