"""What a checkpoint says of new texts: the same windows, batches and decoding as in its evaluation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.errors import InvalidDocument, SourceError, WrongUse
from pipeline.frames import to_table
from pipeline.source._files import FileSource
from pipeline.source._records import RecordSource
from pipeline.source._text_file import TextFile
from pipeline.source.csv import Csv
from pipeline.source.jsonl import Jsonl
from pipeline.source.text import Text
from pipeline.store import Store
from pipeline.task._learnable import LearnableTask
from pipeline.training import _facts
from pipeline.types import Device, Document, Json, Rejected, Split
from pipeline.version import Place

FORMATS = {"jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv", "txt": "txt"}
JOINED = {"sentence_pair_classification": "second", "question_answering": "question"}  # task → the column it needs
MARKED = ("relation_extraction",)  # tasks that are asked about spans which the input gives
HIDDEN = ("id", "repairs")  # columns of predictions that are about the test, not about a text


@dataclass(frozen=True, slots=True)
class Predictor:
    """A model that is open, on its device."""

    folder: Path
    model: Any
    tokenizer: Any
    facts: _facts.Facts
    device: Device

    @classmethod
    def open(cls, folder: Path, device: str = "auto", threads: int = 0) -> Predictor:
        """The model in a folder. Only safetensors are read and no code that comes with it is run.

        Raises:
            WrongUse: the folder does not hold what a training wrote.
            DeviceUnavailable: the device asked for is not there.
        """
        from pipeline.training._device import choose_device

        facts, model, tokenizer = opened(folder)
        chosen = choose_device(device, "auto", threads, None)
        return cls(folder, model.to(chosen.kind).eval(), tokenizer, facts, chosen)

    def predict(self, documents: Sequence[Document]) -> list[dict[str, Json]]:
        """One record a document, in the same order: `spans` of an entity task, `label` and `scores` of a class."""
        from pipeline.training._examples import gathered
        from pipeline.training._forward import log_probabilities

        examples = self.facts.encoder(self.tokenizer).encode(to_table(documents))
        pad = int(self.tokenizer.pad_token_id)
        scores = log_probabilities(self.model, examples, self.facts.batch_tokens, self.device, pad)
        return [self._record(row) for row in gathered(examples, scores, self.facts.task).to_pylist()]

    def _record(self, row: dict[str, Any]) -> dict[str, Json]:
        labels, scores = self.facts.task.labels, row.get("scores")
        if isinstance(scores, list) and len(scores) == len(labels):
            row["scores"] = dict(zip(labels, scores, strict=True))
        return {name: value for name, value in row.items() if name not in HIDDEN}


def folder_of(checkpoint: str, store: Store) -> Path:
    """The model folder that a path or the name of a recipe means; a name is its published release.

    A path is a model's folder, or the folder of a version (of `checkpoint` or `release`) with `model/` in it.

    Raises:
        WrongUse: there is no such folder, and no release of that name.
    """
    given = Path(checkpoint).expanduser()
    for folder in (given, given / "model"):
        if (folder / _facts.FILE).is_file():
            return folder
    if given.is_dir():
        _facts.read(given)  # says what is missing
    released = None if "/" in checkpoint else store.published(Place(f"{checkpoint}/release"))
    if released is None:
        raise WrongUse(
            f"there is no folder {checkpoint} and no published release of a recipe of that name; give a folder with "
            f"{_facts.FILE}, or make the release with `gristmill run {checkpoint}`"
        )
    return store.audit_folder(released) / "model"


def opened(folder: Path) -> tuple[_facts.Facts, Any, Any]:
    """(facts, model in evaluation mode on the CPU, tokenizer) of a model's folder. Raises WrongUse."""
    from transformers.utils import logging as progress_bars

    from pipeline.training._opening import open_checkpoint

    progress_bars.disable_progress_bar()
    return (_facts.read(folder), *open_checkpoint(folder))


def predictions(predictor: Predictor, records: Iterable[Document | Rejected], batch: int) -> Iterator[dict[str, Json]]:
    """One record a line, in order, `batch` documents in memory at a time.

    `id` is the input's, or the number of its line. A line that is no document gives `line` and `error` in its place.
    """
    iterator = iter(records)
    task = predictor.facts.task
    while chunk := [_readable(record, task) for record in islice(iterator, batch)]:
        found = iter(predictor.predict([r for r in chunk if isinstance(r, Document)]))
        for record in chunk:
            if isinstance(record, Rejected):
                line = _line(record.document)
                yield {"id": line, "line": line, "error": record.reason}
            else:
                known = record.id if record.id != record.source else _line(record)
                yield {"id": known, "text": record.text, **next(found)}


def read(
    file: str, kind: str | None, stream: BinaryIO, task: LearnableTask | None = None
) -> Iterator[Document | Rejected]:
    """The texts of a file, one at a time; of `stream` where the file is `-`. `kind` is jsonl, csv or txt.

    JSONL and CSV have `text` and may have `id`; JSONL may have `tokens`, the source's own [[start, end], …]. A task of
    pairs needs `second` beside it, one of questions `question`, one of relations the `spans` that are asked about.

    Raises:
        SourceError: the file is not there, or its header has no text.
        WrongUse: what it is cannot be told from its name.
    """
    import fsspec

    named = "stdin" if file == "-" else file
    endings = [word.lower() for word in Path(named).suffixes]
    found = kind or next((FORMATS[e[1:]] for e in reversed(endings) if e[1:] in FORMATS), None)
    if found is None:
        raise WrongUse(f"{named}: is it jsonl, csv or txt? say so with --format")
    fs = _Stream(stream) if file == "-" else fsspec.filesystem("file")
    if file != "-" and not Path(file).is_file():
        raise SourceError(f"{file}: there is no such file")
    text = TextFile(fs, file, named, "predict")
    return text.answered(_reader(found, named, task).read_file(text))


def _reader(kind: str, named: str, task: LearnableTask | None) -> FileSource:
    """The source of a format. Raises WrongUse where lines of plain text cannot hold what the task needs."""
    name = "" if task is None else task.name
    column = JOINED.get(name)
    if kind == "txt":
        if column or name in MARKED:
            raise WrongUse(f"{named}: the task {name} needs `{column or 'spans'}` beside each text; give jsonl or csv")
        return Text(path=".")
    needed = column or ("spans" if name in MARKED else None)
    columns = {"path": ".", **({needed: needed} if needed else {})}
    return _Csv(**columns) if kind == "csv" else _Jsonl(**columns)


class _Stream:
    """Standard input, where a file is opened from a file system."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def open(self, *_: object, **__: object) -> BinaryIO:
        return self._stream


def _only(row: Mapping[str, Any], source: RecordSource) -> dict[str, Any]:
    """What a prediction reads of a record: what else stands in it, right or wrong, does not matter."""
    marked = "spans" in source.model_fields_set
    wanted = ("text", "id", source.second, source.question, "spans" if marked else None)
    return {name: row[name] for name in wanted if name is not None and name in row}


class _Csv(Csv):
    def record(self, place: str, row: Mapping[str, Any], split: Split | None = None) -> Document | Rejected:
        return super().record(place, _only(row, self))


class _Jsonl(Jsonl):
    def record(self, place: str, row: Mapping[str, Any], split: Split | None = None) -> Document | Rejected:
        made = super().record(place, _only(row, self))
        tokens = row.get("tokens")
        if isinstance(made, Rejected) or tokens is None:
            return made
        try:
            return replace(made, tokens=tuple((int(a), int(b)) for a, b in tokens))
        except (ValueError, TypeError) as error:  # InvalidDocument is a ValueError
            said = f"{place}: tokens {json.dumps(tokens)[:80]}: {error}; write [[start, end], …] in order"
            return Rejected(made, "predict", said)


def _readable(record: Document | Rejected, task: LearnableTask) -> Document | Rejected:
    """The record; rejected where the task cannot read it."""
    if isinstance(record, Rejected):
        return record
    try:
        task.reading(record)
    except InvalidDocument as error:
        return Rejected(record, "predict", f"{record.source}: {error}")
    return record


def _line(document: Document) -> int:
    return int(document.source.rpartition(":")[2])
