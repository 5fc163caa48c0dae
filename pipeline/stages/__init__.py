"""The whole story, one file a stage: collect, clean, split, ledger, augment, fine-tune, release; judged in between.

Each stage is planned first (`Work`: where, which version, made of what), then made: looked up where that version is
there already, written where not. `judge` gives the verdicts of its gates and, where they let it through, publishes it.
What is made must be judged before the next stage can be planned. Nothing here knows Dagster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from pipeline import job
from pipeline.encoder import ENCODER
from pipeline.errors import GateNotPassed
from pipeline.recipe import BASE_VARIANT, Corpus, Recipe, made_models
from pipeline.stages._versions import version_of
from pipeline.stages.augment import augment
from pipeline.stages.clean import clean
from pipeline.stages.collect import collect
from pipeline.stages.encode import encode
from pipeline.stages.fine_tune import Trainer, fine_tune, quiet
from pipeline.stages.frontier import frontier
from pipeline.stages.ledger import ledger
from pipeline.stages.lift import lift
from pipeline.stages.release import release
from pipeline.stages.search import search
from pipeline.stages.split import split
from pipeline.store import Store
from pipeline.training import Report
from pipeline.version import Version
from pipeline.work import Work, done, judge, make

__all__ = [
    "Trainer",
    "augment",
    "clean",
    "code_version",
    "collect",
    "done",
    "encode",
    "fine_tune",
    "fitted",
    "frontier",
    "judge",
    "ledger",
    "lift",
    "make",
    "prepared",
    "quiet",
    "release",
    "run",
    "search",
    "split",
    "trained",
]

STAGES: dict[str, Callable[..., Work]] = {
    "raw": collect,
    "clean": clean,
    "splits": split,
    "ledger": ledger,
    "augmented": augment,
    "checkpoint": fine_tune,
    "lift": lift,
    "frontier": frontier,
    "search": search,
    "encoder": encode,
    "release": release,
}


def prepared(recipe: Recipe, store: Store) -> Iterator[Work]:
    """Raw and clean of every batch of the recipe's corpora, in order."""
    for corpus in recipe.corpora:
        for batch in corpus.source.batches():
            yield collect(corpus, batch)
            yield clean(corpus, batch, store)


def trained(
    recipe: Recipe, variant: str, store: Store, train: Trainer = job.run, report: Report = quiet
) -> Iterator[Work]:
    """Splits to release for one variant, in order."""
    yield split(recipe, store)
    yield ledger(recipe, store)
    yield from fitted(recipe, variant, store, train, report)
    yield release(recipe, store)


def fitted(
    recipe: Recipe, variant: str, store: Store, train: Trainer = job.run, report: Report = quiet
) -> Iterator[Work]:
    """What of a variant comes after the splits and before the release: the models that it starts from, then itself."""
    needed = made_models(recipe.variant(variant).training)
    if ENCODER in needed:
        yield encode(recipe, store, train, report)
    if "teacher" in needed:
        yield from fitted(recipe, needed["teacher"], store, train, report)
    yield augment(recipe, variant, store)
    yield fine_tune(recipe, variant, store, train, report)


def run(
    recipe: Recipe, store: Store, variant: str = BASE_VARIANT, train: Trainer = job.run, report: Report = quiet
) -> Version:
    """The whole chain in this process, without Dagster: the released version.

    Raises:
        GateNotPassed: a gate held a stage back; the message has its numbers.
    """
    version: Version | None = None
    for work in chain(prepared(recipe, store), trained(recipe, variant, store, train, report)):
        version = make(work, store)
        judge(work, store)
        if done(work, store) is None:
            raise GateNotPassed(store.held_back(version, work.gate_set))
    assert version is not None
    return version


def code_version(subject: Corpus | Recipe, stage: str, variant: str | None = None) -> str:
    """The fingerprint of a stage, by its name; what makes an asset stale."""
    return version_of(STAGES[stage], stage, subject, variant)
