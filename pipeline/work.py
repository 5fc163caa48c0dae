"""A piece of work: a version to be made, looked up or written, judged, published. The same for every stage."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.draft import Draft
from pipeline.errors import GateNotPassed, StoreError
from pipeline.fingerprint import fingerprint
from pipeline.frames import DOCUMENTS, Frame
from pipeline.gate import Gate, refusing
from pipeline.gate import judge as judge_one
from pipeline.quality._data_docs import page
from pipeline.store import Store
from pipeline.types import Outcome, Verdict
from pipeline.version import Input, Place, Version, outcome_of

COUNTERFACTUAL = "counterfactual.parquet"  # copies of test documents beside the predictions of them
Write = Callable[[Draft], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Work:
    """A version to be made: its place, what goes in, its gates, and how to write it."""

    place: Place
    fingerprint: str
    inputs: tuple[Input, ...]
    gates: tuple[Gate, ...]
    write: Write = field(compare=False)
    labels: tuple[str, ...] = ()
    keep: bool = False  # leave what was done behind when the writer dies
    apart: tuple[str, ...] = ()
    released_at: Place | None = None  # where this version stands released, if it does

    @property
    def version(self) -> str:
        """The version's name."""
        return fingerprint(self.fingerprint, [(i.asset, i.partition, i.digest) for i in self.inputs])[:16]

    @property
    def gate_set(self) -> dict[str, str]:
        """Name → fingerprint of the gates that hold the version back."""
        return refusing(self.gates)


def make(work: Work, store: Store) -> Version:
    """The version: looked up, or written. A stage without gates is published as it is."""
    version = store.find(work.place, work.version)
    if version is None:
        started = time.monotonic()
        with store.draft(work.version, keep=work.keep) as draft:
            facts = work.write(draft)
            rows_in = facts.get("rows_in", draft.rows + draft.rejected_rows)
            if rows_in != draft.rows + draft.rejected_rows:
                raise StoreError(f"{work.place}: {rows_in} rows in, {draft.rows} out, {draft.rejected_rows} rejected")
            version = store.commit(
                draft,
                work.place,
                work.version,
                fingerprint=work.fingerprint,
                inputs=work.inputs,
                seconds=time.monotonic() - started,
                facts=facts,
                apart=work.apart,
            )
    if not work.gates:
        store.settle(version, {})
    return version


def done(work: Work, store: Store) -> Version | None:
    """The version, if it is there and published under these gates, and those that only warn were asked."""
    version = store.published(work.place, work.gate_set)
    if version is None or version.name != work.version:
        return None
    return version if all(asked for _, asked in _warnings(work, version, store)) else None


def warned(work: Work, version: Version, store: Store) -> dict[str, Outcome]:
    """The outcomes of the gates that only warn and did not pass."""
    return {name: asked or "not_judged" for name, asked in _warnings(work, version, store) if asked != "passed"}


def _warnings(work: Work, version: Version, store: Store) -> list[tuple[str, Outcome | None]]:
    """Each gate that only warns, with its outcome on this version; None where it was not asked."""
    gates = [gate for gate in work.gates if gate.severity == "warn"]
    stored = store.verdicts(version) if gates else {}
    given = {name: one.verdict.outcome for name, one in stored.items() if one.digest == version.digest}
    known = {name: one.fingerprint for name, one in stored.items()}
    return [(g.name, given.get(g.name) if known.get(g.name) == g.fingerprint() else None) for g in gates]


def judge(work: Work, store: Store, *, again: bool = False) -> list[Verdict]:
    """The verdicts of the work's gates on its version; publishes, or withdraws, what they say.

    A verdict that the same gate gave on the same digest is not given again unless `again`.
    """
    version = store.find(work.place, work.version)
    if version is None:
        raise GateNotPassed(f"{work.place}: this version was not made yet; materialize it first")
    stored = store.verdicts(version)
    verdicts: list[Verdict] = []
    documented = store.data_docs(version) is not None
    frame: Frame | None = None
    for gate in work.gates:
        found = stored.get(gate.name)
        if again or found is None or outcome_of(found, version, gate.fingerprint()) == "not_judged":
            frame = frame or frame_of(version, store, work.labels)
            verdict = judge_one(gate, frame)
            store.record(version, verdict, gate.fingerprint(), gate.severity)
            documented = False
        else:
            verdict = found.verdict
        verdicts.append(verdict)
    if work.gates and not documented:
        document(version, work.gates, store)
    if not store.settle(version, work.gate_set) and work.released_at is not None:
        released = store.published(work.released_at)
        if released is not None and released.manifest.inputs[0].version == version.name:
            store.withdraw(work.released_at)  # a release does not outlive the checkpoint that it is
    return verdicts


def document(version: Version, gates: Sequence[Gate], store: Store) -> None:
    """Write the data docs of a version anew: what its gates have said, and who waived what."""
    store.write_data_docs(version, page(version, gates, store.verdicts(version), store.waivers(version)))


def frame_of(version: Version, store: Store, labels: tuple[str, ...]) -> Frame:
    """What the gates of a version look at."""
    if "predictions.parquet" not in version.manifest.files:
        rejected = store.audit_documents(version, "rejected.parquet")
        held_out = None
        if version.place.asset.endswith("/augmented"):
            splits = splits_of(version, store)
            held_out = pa.concat_tables([part_of(splits, "validation"), part_of(splits, "test")])
        return Frame(store.audit_documents(version), rejected, labels=labels, held_out=held_out)
    test = part_of(splits_of(version, store), "test")
    metrics = {str(k): float(v) for k, v in dict(version.manifest.facts["metrics"]).items()}
    predictions = store.audit_documents(version, "predictions.parquet")
    copies = None
    if COUNTERFACTUAL in version.manifest.files:
        of_copies = store.audit_documents(version, f"predictions_{COUNTERFACTUAL}")
        copies = Frame(store.audit_documents(version, COUNTERFACTUAL), predictions=of_copies, labels=labels)
    return Frame(test, predictions=predictions, metrics=metrics, labels=labels, counterfactual=copies)


def splits_of(version: Version, store: Store) -> pa.Table:
    """The documents of the splits that a version was made of. Raises StoreError where they are gone."""
    splits = next(i for i in version.manifest.inputs if i.asset.endswith("/splits"))
    source = store.find(Place(splits.asset, splits.partition), splits.version)
    if source is None:
        raise StoreError(f"{version.place}: its input {splits.asset} {splits.version} is gone from the store")
    return store.audit_documents(source)


def part_of(documents: pa.Table, split: str) -> pa.Table:
    """The rows of one split."""
    return documents.filter(pc.equal(documents.column("split"), split)).cast(DOCUMENTS)
