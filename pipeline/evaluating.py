"""Scores a checkpoint's predictions again: on the labels it was tested on, on other versions of them, over seeds.

Nothing is written and no model is run.
"""

from __future__ import annotations

import json
import re
import statistics
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.errors import GateNotPassed, InvalidDocument, WrongUse
from pipeline.frames import documents_of, to_table
from pipeline.recipe import Recipe, Variant, gate_set
from pipeline.source.conll import Conll
from pipeline.source.jsonl import Jsonl
from pipeline.store import Store
from pipeline.task import Task
from pipeline.task._learnable import LearnableTask
from pipeline.task._scores import paired
from pipeline.types import Document, Range, Rejected, Span
from pipeline.version import Place, Version
from pipeline.work import part_of, splits_of

AS_TESTED = "as tested"
READERS = (".jsonl", ".conll", ".txt")


@dataclass(frozen=True, slots=True)
class Relabelled:
    """Test documents under another version of their labels.

    `rows` are their rows in the test; `changed` counts those whose annotation is another; `unknown` counts what the
    file holds for no document of the test.
    """

    rows: tuple[int, ...]
    documents: tuple[Document, ...]
    changed: int
    unknown: int


def evaluated(recipe: Recipe, variant: str, store: Store, files: Sequence[Path] = ()) -> dict[str, Any]:
    """`recipe`, `variant`, `version`, `published`, `labels` (a row for each version of the labels), `seeds`.

    A row has `labels` (AS_TESTED or the file), `documents`, `unlabelled`, `changed`, `unknown`, `metrics` and, for a
    file, `difference`: the headline on the file's labels less that on the tested ones, on the same documents, with its
    95 % interval and p (paired bootstrap). The version is the published one, else the newest.

    Raises:
        GateNotPassed: no checkpoint was made.
        InvalidDocument: a file cannot be read as labels of the test; names the file and the place.
        WrongUse: the task has no headline that can be compared, or a file is of no known kind.
    """
    task = recipe.task
    if not isinstance(task, LearnableTask):
        raise WrongUse(f"{recipe.name}: the task {task.name} has no score to compare")
    recipe.variant(variant)
    version = _checkpoint(recipe, variant, store)
    test, train = part_of(splits_of(version, store), "test"), _train(version, store)
    predictions = store.audit_documents(version, "predictions.parquet")
    first = {"labels": AS_TESTED, "documents": test.num_rows, "unlabelled": 0, "changed": 0, "unknown": 0}
    rows: list[dict[str, Any]] = [{**first, "metrics": dict(task.evaluate(test, predictions, train).metrics)}]
    for file in files:
        found = relabelled(list(documents_of(test)), file, task)
        before, own = test.take(pa.array(found.rows)), predictions.take(pa.array(found.rows))
        after = to_table(found.documents)
        draws = paired(task.headline_draws(before, own), task.headline_draws(after, own))
        values = [task.headline_value(labels, own) for labels in (before, after)]
        counted = {"documents": len(found.rows), "unlabelled": test.num_rows - len(found.rows)}
        counted |= {"changed": found.changed, "unknown": found.unknown}
        difference = dict(zip(("low", "high", "p"), draws[1:], strict=True))
        rows.append(
            {
                "labels": str(file),
                **counted,
                "metrics": dict(task.evaluate(after, own, train).metrics),
                "difference": {task.headline: values[1] - values[0], "as_tested": values[0], **difference},
            }
        )
    known = store.published(recipe.place("checkpoint", variant), gate_set(recipe.gates, "checkpoint"))
    return {
        "recipe": recipe.name,
        "variant": variant,
        "version": version.name,
        "published": known is not None and known.name == version.name,
        "headline": task.headline,
        "labels": rows,
        "seeds": over_seeds(recipe, variant, version, store),
    }


def relabelled(test: Sequence[Document], file: Path, task: Task) -> Relabelled:
    """The documents of a test under the labels of a file.

    `.jsonl`: objects with `id` and `spans` or `label`, and `text` or not. `.conll` and `.txt`: columns as CoNLL-2003
    has them (IOB2); a sentence is the first document of the same tokens that no sentence before it was.

    Raises:
        InvalidDocument: a line is no label of its document, two lines have one id, a text is another than the
            document's, no document of the test has a label there.
        WrongUse: the file is not there, or of another kind.
    """
    if file.suffix not in READERS:
        raise WrongUse(f"--labels {file}: the name must end in one of {', '.join(READERS)}")
    if not file.is_file():
        raise WrongUse(f"--labels {file}: there is no such file")
    pairs = _from_jsonl(test, file) if file.suffix == ".jsonl" else _from_conll(test, file)
    found: dict[int, Document] = {}
    unknown = 0
    for at, place, labelled in pairs:
        if at is None:
            unknown += 1
            continue
        if at in found:
            raise InvalidDocument(f"{place}: a second line for the document {test[at].id!r}; leave one")
        accepted = task.accept(replace(labelled, source=place))
        if isinstance(accepted, Rejected):
            raise InvalidDocument(accepted.reason)
        found[at] = replace(accepted, source=test[at].source)
    if not found:
        raise InvalidDocument(f"{file}: none of its {unknown} entries is of a document of the test")
    rows = tuple(sorted(found))
    changed = sum((_bare(found[i].spans), found[i].label) != (_bare(test[i].spans), test[i].label) for i in rows)
    return Relabelled(rows, tuple(found[i] for i in rows), changed, unknown)


def over_seeds(recipe: Recipe, variant: str, version: Version, store: Store) -> dict[str, Any] | None:
    """Mean and standard deviation (n - 1) of each metric with an interval, over variants that differ in the seed alone.

    Those count that were tested on the same splits; None where there are fewer than two.
    """
    splits = _input(version, "splits").digest
    own = _seedless(recipe.variant(variant))
    alike = [n for n, v in recipe.variants.items() if v.lift is None and _seedless(v) == own]
    found: dict[str, Mapping[str, float]] = {}
    for name in alike:
        try:
            other = version if name == variant else _checkpoint(recipe, name, store)
        except GateNotPassed:
            continue
        if _input(other, "splits").digest == splits:
            found[name] = dict(other.manifest.facts["metrics"])
    if len(found) < 2:
        return None
    names = [k for k in found[variant] if f"{k}_low" in found[variant] and all(k in m for m in found.values())]
    return {"variants": list(found), "metrics": {name: _spread([m[name] for m in found.values()]) for name in names}}


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {"mean": statistics.fmean(values), "sd": statistics.stdev(values)}


def _seedless(variant: Variant) -> tuple[object, ...]:
    """What a variant is but for its seed."""
    training = {k: v for k, v in variant.training.settings().items() if k != "seed"}
    return [a.settings() for a in variant.augmentation], variant.train_documents, training


def _checkpoint(recipe: Recipe, variant: str, store: Store) -> Version:
    """The published checkpoint of a variant, else the newest. Raises GateNotPassed where none was made."""
    place = recipe.place("checkpoint", variant)
    version = store.published(place, gate_set(recipe.gates, "checkpoint")) or store.newest(place)
    if version is None:
        how = f"`gristmill run {recipe.name} --variant {variant}` makes it"
        raise GateNotPassed(f"{place}: no checkpoint was made yet; {how}")
    return version


def _input(version: Version, stage: str) -> Any:
    return next(i for i in version.manifest.inputs if i.asset.endswith(f"/{stage}"))


def _train(version: Version, store: Store) -> pa.Table:
    read = _input(version, "augmented")
    source = store.find(Place(read.asset, read.partition), read.version)
    if source is None:
        raise GateNotPassed(f"{version.place}: its input {read.asset} {read.version} is gone from the store")
    return store.audit_documents(source)


Spans = tuple[Span, ...] | None
Entry = tuple[int | None, str, Document]  # row of the test, place in the file, the document with its new labels


def _from_jsonl(test: Sequence[Document], file: Path) -> Iterator[Entry]:
    at, reader = {doc.id: i for i, doc in enumerate(test)}, Jsonl(path=str(file))
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        place = f"{file.name}:{number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InvalidDocument(f"{place}: is not JSON: {error}; write one JSON object a line") from error
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise InvalidDocument(f'{place}: has no "id"; write the id that the document has in splits')
        if row["id"] not in at:
            yield None, place, Document(place, "")
            continue
        doc = test[at[row["id"]]]
        if row.get("text", doc.text) != doc.text:
            shown = f"{row['text']!r:.60} is not {doc.text!r:.60}"
            raise InvalidDocument(f"{place}: the text of {doc.id!r} is another than that of the test: {shown}")
        read = reader.record(place, {**row, "text": doc.text})
        if isinstance(read, Rejected):
            raise InvalidDocument(read.reason)
        yield at[doc.id], place, replace(doc, spans=_grouped(read.spans, doc), label=read.label)


def _from_conll(test: Sequence[Document], file: Path) -> Iterator[Entry]:
    waiting: dict[tuple[str, ...], deque[int]] = defaultdict(deque)
    for i, doc in enumerate(test):
        waiting[_tokens(doc)].append(i)
    reader = Conll(path=str(file))
    for read in (doc for batch in reader.batches() for doc in reader.read(batch)):
        if isinstance(read, Rejected):
            raise InvalidDocument(read.reason)
        rows = waiting.get(_tokens(read))
        if not rows:
            yield None, read.source, read
            continue
        at = rows.popleft()
        yield at, read.source, replace(test[at], spans=_by_token(read, test[at]))


def _tokens(doc: Document) -> tuple[str, ...]:
    return tuple(doc.text[a:b] for a, b in _ranges(doc))


def _ranges(doc: Document) -> Sequence[Range]:
    """The source's tokens, or what stands between white space."""
    return doc.tokens if doc.tokens is not None else [m.span() for m in re.finditer(r"\S+", doc.text)]


def _by_token(read: Document, doc: Document) -> Spans:
    """The spans of `read` over the same tokens of `doc`."""
    theirs, ours = _ranges(read), _ranges(doc)
    first, last = ({r[side]: i for i, r in enumerate(theirs)} for side in (0, 1))
    return _grouped(tuple(Span(ours[first[s.start]][0], ours[last[s.end]][1], s.label) for s in read.spans or ()), doc)


def _grouped(spans: Spans, doc: Document) -> Spans:
    """The spans, with the groups that the document's own have at the same place."""
    if spans is None:
        return None
    known = {(s.start, s.end): s.groups for s in doc.spans or ()}
    return tuple(replace(s, groups=known.get((s.start, s.end), {})) for s in spans)


def _bare(spans: Spans) -> set[tuple[int, int, str]] | None:
    return None if spans is None else {(s.start, s.end, s.label) for s in spans}
