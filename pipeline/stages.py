"""The whole story on one page: collect, clean, split, augment, fine-tune, judge, release.

Each stage is planned first (`Work`: where, which version, made of what), then made: looked up where that version is
there already, written where not. `judge` gives the verdicts of its gates and, where they let it through, publishes it.
What is made must be judged before the next stage can be planned. Nothing here knows Dagster.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any

import pyarrow as pa

from pipeline import cards, job
from pipeline.annotation import Step, annotate
from pipeline.cleaning import apply
from pipeline.draft import Draft
from pipeline.errors import GateNotPassed, SourceError
from pipeline.fingerprint import code_of_function, fingerprint
from pipeline.frames import REJECTED, documents_of, rejected_batch, to_batches, to_table
from pipeline.recipe import BASE_VARIANT, Corpus, Recipe, gate_set
from pipeline.splitting import split as split_table
from pipeline.store import Store
from pipeline.tally import Tally
from pipeline.training import Report, Splits
from pipeline.types import Document, Rejected
from pipeline.version import Input, Version
from pipeline.work import Work, done, judge, make, part_of

__all__ = [
    "augment",
    "clean",
    "collect",
    "done",
    "fine_tune",
    "judge",
    "make",
    "prepared",
    "release",
    "run",
    "split",
    "trained",
]

Trainer = Callable[[job.Job, Report], object]


def quiet(_: Mapping[str, Any]) -> None:
    """A report that nobody reads."""


def collect(corpus: Corpus, batch: str) -> Work:
    """Raw: the records of one batch as documents, stamped with their corpus; wrong ones rejected with their place."""

    def write(draft: Draft) -> dict[str, Any]:
        tally, rejected = Tally(), list[Rejected]()

        def stamped(doc: Document) -> Document:
            return replace(
                doc,
                id=f"{corpus.name}/{doc.id}",
                group_id=f"{corpus.name}/{doc.group_id or doc.id}",
                language=doc.language or corpus.language,
                groups={**corpus.groups, **doc.groups},
            )

        def kept() -> Iterator[Document]:
            for record in corpus.source.read(batch):
                if isinstance(record, Rejected):
                    step = record.step or corpus.source.name
                    rejected.append(replace(record, document=stamped(record.document), step=step))
                else:
                    yield stamped(record)

        draft.write(tally.counted(to_batches(kept())))
        draft.write_rejected([rejected_batch(rejected)])
        return tally.facts()

    content = Input(f"corpora/{corpus.name}/source", batch, "", corpus.source.digest(batch))
    place = corpus.place("raw", batch)
    return Work(place, code_version(corpus, "raw"), (content,), corpus.gates.get("raw", ()), write)


def clean(corpus: Corpus, batch: str, store: Store) -> Work:
    """Clean: the corpus's steps one after another, batch by batch; what a step drops is kept with the reason."""
    version, record = store.read(corpus.place("raw", batch), gate_set(corpus.gates, "raw"))

    def write(draft: Draft) -> dict[str, Any]:
        tally, dropped = Tally(), list[pa.RecordBatch]()

        def cleaned() -> Iterator[pa.RecordBatch]:
            for rows in store.audit_documents(version).to_batches():
                for step in corpus.cleaning:
                    rows, rejected = apply(step, rows)
                    dropped.append(rejected)
                yield rows

        draft.write(tally.counted(cleaned()))
        draft.write_rejected(dropped)
        return {"rows_in": version.manifest.rows, **tally.facts()}

    gates = corpus.gates.get("clean", ())
    return Work(corpus.place("clean", batch), code_version(corpus, "clean"), (record,), gates, write)


def split(recipe: Recipe, store: Store) -> Work:
    """Splits: all clean batches together, annotated, and divided so that no group and no text is on both sides."""
    inputs: list[tuple[Version, Input]] = []
    for corpus in recipe.corpora:
        batches = corpus.source.batches()
        if not batches:
            raise SourceError(f"the corpus {corpus.name} has no batches; put files where its source looks")
        inputs += [store.read(corpus.place("clean", b), gate_set(corpus.gates, "clean")) for b in batches]

    def write(draft: Draft) -> dict[str, Any]:
        tally, rejected = Tally(), list[Rejected]()
        tables = [store.audit_documents(version) for version, _ in inputs]
        steps: list[Step] = [(a.name, a) for a in recipe.annotation]
        steps.append((recipe.task.name, recipe.task.accept))
        annotated = to_table(annotate(documents_of(pa.concat_tables(tables)), steps, rejected))
        kept, dropped = split_table(annotated, recipe.split)
        draft.write(tally.counted(kept.to_batches()))
        draft.write_rejected([rejected_batch(rejected), *dropped.cast(REJECTED).to_batches()])
        return {"rows_in": sum(t.num_rows for t in tables), **tally.facts()}

    records = tuple(record for _, record in inputs)
    gates = recipe.gates.get("splits", ())
    return Work(recipe.place("splits"), code_version(recipe, "splits"), records, gates, write, recipe.task.labels)


def augment(recipe: Recipe, variant: str, store: Store) -> Work:
    """Augmented: the training documents and their children; validation and test are not in here."""
    augmenters = recipe.variant(variant).augmentation
    version, record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))

    def write(draft: Draft) -> dict[str, Any]:
        tally = Tally()
        train = part_of(store.audit_documents(version), "train")

        def rows() -> Iterator[pa.RecordBatch]:
            yield from train.to_batches()
            for augmenter in augmenters:
                fitted = augmenter.fitted(documents_of(train))
                yield from to_batches(c for d in documents_of(train) for c in fitted(d, fitted.rng(d)))

        draft.write(tally.counted(rows()))
        draft.write_rejected([])
        return {"originals": train.num_rows, **tally.facts()}

    place = recipe.place("augmented", variant)
    gates = recipe.gates.get("augmented", ())
    return Work(place, code_version(recipe, "augmented", variant), (record,), gates, write, recipe.task.labels)


def fine_tune(recipe: Recipe, variant: str, store: Store, train: Trainer = job.run, report: Report = quiet) -> Work:
    """Checkpoint: the model folder, its predictions on test, its numbers. `train` runs the job, here or elsewhere."""
    version, record = store.read(recipe.place("augmented", variant), gate_set(recipe.gates, "augmented"))
    split_version, split_record = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    training, code = recipe.variant(variant).training, code_version(recipe, "checkpoint", variant)

    def write(draft: Draft) -> dict[str, Any]:
        documents = store.audit_documents(split_version)
        augmented = store.audit_documents(version)
        parts = {name: part_of(documents, name) for name in ("validation", "test")}
        todo = job.Job(
            draft.folder, recipe.task.settings(places=True), training.settings(places=True), record.digest, code
        )
        job.lay_out(todo, Splits(augmented, parts["validation"], parts["test"], record.digest))
        train(todo, report)
        job.clear(todo)
        draft.rows = augmented.num_rows
        run = json.loads((draft.folder / "run.json").read_text())
        sizes = {"train": augmented.num_rows, **{name: part.num_rows for name, part in parts.items()}}
        return {"documents_by_split": sizes, **{k: run[k] for k in ("metrics", "base_model", "device", "seconds")}}

    place = recipe.place("checkpoint", variant)
    gates = recipe.gates.get("checkpoint", ())
    inputs = (record, split_record)
    return Work(
        place, code, inputs, gates, write, recipe.task.labels, True, job.TIMES, released_at=recipe.place("release")
    )


def release(recipe: Recipe, store: Store) -> Work:
    """Release: the best variant (by validation) whose checkpoint is published, copied, with its cards."""
    _, splits = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    found: list[tuple[Version, Input]] = []
    refused: dict[str, str] = {}
    for variant in recipe.variants:
        try:
            version, record = store.read(recipe.place("checkpoint", variant), gate_set(recipe.gates, "checkpoint"))
        except GateNotPassed as error:
            refused[variant] = str(error)
            continue
        if splits.digest not in {i.digest for i in version.manifest.inputs}:
            refused[variant] = "was trained on other splits than the published ones; materialize it again"
            continue
        found.append((version, record))
    if not found:
        listed = "\n".join(refused.values())
        raise GateNotPassed(f"{recipe.name}: there is no published checkpoint to release\n{listed}")
    key = f"validation_{recipe.task.headline}"
    best, record = max(found, key=lambda pair: dict(pair[0].manifest.facts["metrics"])[key])

    def write(draft: Draft) -> dict[str, Any]:
        folder = store.audit_folder(best)
        shutil.copytree(folder / "model", draft.folder / "model")
        for name in ("evaluation.json", "predictions.parquet"):
            shutil.copy2(folder / name, draft.folder / name)
        cards.write(draft.folder, recipe, best, store, refused)
        draft.rows = best.manifest.rows
        metrics = best.manifest.facts["metrics"]
        return {"variant": best.place.partition, "metrics": metrics, "compared": [v.place.partition for v, _ in found]}

    # every checkpoint that was compared is an input: a new one asks the question again
    others = tuple(r for v, r in found if v is not best)
    # so does what the cards say of it: a waiver or another limit makes new cards of the same checkpoint
    code = fingerprint(code_version(recipe, "release"), cards.evidence(best, store))
    return Work(recipe.place("release"), code, (record, *others), (), write)


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
    yield augment(recipe, variant, store)
    yield fine_tune(recipe, variant, store, train, report)
    yield release(recipe, store)


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
    """The fingerprint of a stage: its section of the YAML, the parts it names and their code, and the stage's own code.

    Without `variant`, that of every variant together: Dagster keeps one code version an asset.
    """
    functions: dict[str, Callable[..., Work]] = {
        "raw": collect,
        "clean": clean,
        "splits": split,
        "augmented": augment,
        "checkpoint": fine_tune,
        "release": release,
    }
    section = subject.section(stage) if isinstance(subject, Corpus) else subject.section(stage, variant)
    return fingerprint(stage, code_of_function(functions[stage]), section)
