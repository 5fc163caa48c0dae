"""One fault planted once: which gate, or which refusal, catches it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.bench_gates._chain import Chain
from pipeline.bench_gates._data import Data
from pipeline.bench_gates._suite import DEAR
from pipeline.errors import GristmillError, StoreError
from pipeline.faults import Fault, table_of
from pipeline.frames import REJECTED, Frame
from pipeline.gate import Gate, judge
from pipeline.part import build, use_of
from pipeline.source import Source
from pipeline.stages import collect
from pipeline.store import Store
from pipeline.version import Place
from pipeline.work import make

Ending = Literal["caught", "not_judged", "vacuous", "repaired", "missed", "void"]
Gates = Mapping[str, Sequence[Gate]]  # place → its gates


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended, and by which gate or error."""

    ending: Ending
    by: str = ""


def trial(fault: Fault, strength: float, clean: Chain, data: Data, gates: Gates, rng: Random) -> Outcome:
    """Plant one fault in a clean resample, run what follows, judge what comes of it.

    `caught`: a gate failed, or the pipeline raised. `not_judged`: a gate could not judge what it judges of clean data,
    so nothing would be published. `repaired`: what reaches the splits is what stands in those of the clean resample,
    or carries the fault's `trace` no more. `vacuous`: everything passed, and there was nothing in it. `void`: the fault
    changes nothing in this data.
    """
    if fault.enters == "store":
        return _in_store(fault, strength, clean, data, rng)
    if fault.enters == "checkpoint":
        return _of_checkpoint(fault, strength, data, gates, rng)
    if fault.enters == "file":
        name = data.recipe.corpora[0].name
        file = fault.plant(clean.rows(f"{name}/raw"), strength, rng, data.world)
        return _refused_or(lambda: _judged(fault, _read(file, clean, name), clean, gates))
    if fault.enters == "raw":
        name = rng.choice(data.recipe.corpora).name
        planted = table_of(fault.plant(clean.rows(f"{name}/raw"), strength, rng, data.world))
        if planted.equals(clean.raw[name][0]):
            return Outcome("void")
        chain = Chain(clean.recipe, {**clean.raw, name: (planted, REJECTED.empty_table())})
        return _refused_or(lambda: _judged(fault, chain, clean, gates))
    before = clean.frame(fault.enters)
    planted = table_of(fault.plant(clean.rows(fault.enters), strength, rng, data.world))
    if planted.equals(before.documents):
        return Outcome("void")
    frame = replace(before, documents=planted)
    return _refused_or(lambda: _asked(fault, [(fault.enters, lambda: frame)], gates) or _passed(frame))


def _refused_or(run: Callable[[], Outcome]) -> Outcome:
    """What `run` says; an error that the pipeline raises on purpose is a refusal too, any other is a fault of ours."""
    try:
        return run()
    except GristmillError as error:
        return Outcome("caught", type(error).__name__)


def _judged(fault: Fault, chain: Chain, clean: Chain, gates: Gates) -> Outcome:
    found = _asked(fault, [(place, lambda at=place: chain.frame(at)) for place in chain.places], gates)  # type: ignore[misc]
    if found is not None:
        return found
    return Outcome("repaired") if _repaired(fault, chain, clean) else _passed(chain.frame("splits"))


def _repaired(fault: Fault, chain: Chain, clean: Chain) -> bool:
    documents = chain.splits[0]
    if not documents.num_rows:
        return False
    if fault.trace:
        left, before = (_traces(fault.trace, c.splits[0]) for c in (chain, clean))
        return left <= before
    same = {_content(row) for row in clean.rows("splits")}
    return all(_content(row) in same for row in documents.to_pylist())


def _traces(pattern: str, documents: pa.Table) -> int:
    return int(pc.sum(pc.match_substring_regex(documents["text"], pattern)).as_py() or 0)


def _asked(fault: Fault, frames: Sequence[tuple[str, Callable[[], Frame]]], gates: Gates) -> Outcome | None:
    """The first gate that fails: those that look at such a fault are asked first, the dear ones last, None if none."""
    held: dict[str, str] = {}

    def turn(gate: Gate) -> int:
        name = use_of(type(gate))
        return 0 if name in fault.seen_by else 2 if name in DEAR else 1

    for now in range(3):
        for place, frame in frames:
            for gate in (g for g in gates.get(place, ()) if turn(g) == now):
                verdict = judge(gate, frame())
                if verdict.outcome == "failed":
                    return Outcome("caught", gate.name)
                if verdict.outcome == "not_judged":
                    held.setdefault(place, gate.name)
            frame()
    return next((Outcome("not_judged", held[place]) for place, _ in frames if place in held), None)


def _passed(frame: Frame) -> Outcome:
    """Everything passed: because nothing was seen, or although the fault was there to be seen."""
    documents = frame.documents
    spans = documents["spans"].drop_null()
    annotated = documents.num_rows - documents["label"].null_count + sum(len(s) for s in spans)
    return Outcome("missed" if annotated else "vacuous")


def _content(row: Mapping[str, Any]) -> tuple[object, ...]:
    spans = None if row["spans"] is None else tuple((s["start"], s["end"], s["label"]) for s in row["spans"])
    return row["text"], row["label"], spans


def _read(file: tuple[str, bytes], clean: Chain, name: str) -> Chain:
    """The chain with one corpus read from a file by the stage `collect`, into a store of its own."""
    with TemporaryDirectory() as folder:
        place = Path(folder) / "corpus"
        place.mkdir()
        (place / file[0]).write_bytes(file[1])
        use = "csv" if file[0].endswith(".csv") else "jsonl"
        source = build("source", {"use": use, "path": str(place)})
        assert isinstance(source, Source)
        corpus = replace(next(c for c in clean.recipe.corpora if c.name == name), source=source)
        store = Store(str(Path(folder) / "store"))
        version = make(collect(corpus, file[0]), store)
        read = store.audit_documents(version), store.audit_documents(version, "rejected.parquet")
    return Chain(clean.recipe, {**clean.raw, name: read})


def _in_store(fault: Fault, strength: float, clean: Chain, data: Data, rng: Random) -> Outcome:
    """A stored version whose file is an older one's, or has another byte: reading it has to raise StoreError."""
    rows = clean.rows("splits")
    with TemporaryDirectory() as folder:
        store, place = Store(folder), Place(f"{data.recipe.name}/splits")
        older = table_of(fault.plant(rows, strength, rng, data.world))
        files = {}
        for name, table in (("older", older), ("newer", clean.splits[0])):
            with store.draft(name) as draft:
                draft.write(table.to_batches())
                draft.write_rejected([])
                version = store.commit(draft, place, name, fingerprint=name, inputs=(), seconds=0.0)
            store.settle(version, {})
            files[name] = Path(store.where(version)) / "documents.parquet"
        data_ = bytearray(files["older"].read_bytes())
        if older.equals(clean.splits[0]):
            data_[rng.randrange(len(data_))] ^= 1
        files["newer"].write_bytes(bytes(data_))
        try:
            store.read_documents(place)
        except StoreError as error:
            return Outcome("caught", type(error).__name__)
    return Outcome("missed")


def _of_checkpoint(fault: Fault, strength: float, data: Data, gates: Gates, rng: Random) -> Outcome:
    frame = data.checkpoint
    assert frame is not None and frame.predictions is not None and data.train is not None
    predictions, train = frame.predictions, data.train
    if fault.kind.startswith("metric_"):
        planted = replace(frame, metrics=fault.plant(dict(frame.metrics), strength, rng, data.world))
        return _asked(fault, [("checkpoint", lambda: planted)], gates) or _passed(planted)
    rows = fault.plant(predictions.to_pylist(), strength, rng, data.world)
    table = pa.Table.from_pylist(rows, schema=predictions.schema)
    if table.equals(predictions):
        return Outcome("void")

    def scored() -> Outcome:
        metrics = data.recipe.task.evaluate(frame.documents, table, train).metrics
        found = replace(frame, predictions=table, metrics=metrics)
        return _asked(fault, [("checkpoint", lambda: found)], gates) or _passed(found)

    return _refused_or(scored)
