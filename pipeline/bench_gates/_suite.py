"""Which gates stand at which place: the recipe's own, or every gate that can judge there at its defaults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.bench_gates._chain import Chain, each
from pipeline.bench_gates._data import Data
from pipeline.bench_gates._limits import CALIBRATED, limited
from pipeline.fairness._groups import UNKNOWN
from pipeline.frames import Frame
from pipeline.gate import Gate, judge
from pipeline.part import build, find, names, use_of
from pipeline.quality._against import Against
from pipeline.quality._labels import labels_in
from pipeline.quality._learnt import Learnt
from pipeline.quality._relative import Relative, judged
from pipeline.quality._sample import token_sample

Settings = dict[str, Any]
_COUNTS = ("row_count", "labels_covered")  # their limits are numbers of documents: a resample has fewer
DEAR = ("vendi", "c2st_auc", "js_divergence", "reference_coverage")  # up to 0.7 s each, the others under 0.2
_DEARER, _AGAIN = 24, 4  # clean resamples that dear gates are calibrated on; those that every gate has to pass
_BY_GROUP = ("group_share", "label_given_group", "split_shares", "word_association")
_SAMPLING = (Relative, Against, Learnt)
_SAMPLE = 200  # documents a side of a comparison: at the default of 1,500 one verdict takes seconds
_TOKENS = 30_000  # of a sample: less than a third of the default, and of its time
_VENDI = 400
# Where each stands: once, where it first sees what it measures. One that is not listed stands wherever it can judge.
_PLACES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("schema", "not_null", "unique_ids", "no_empty_text", "row_count", "bio_valid"), ("raw",)),
    **dict.fromkeys(("spans_true",), ("raw", "augmented")),
    **dict.fromkeys(("text_length", "language_share", "pii_left", "markup_left"), ("clean",)),
    **dict.fromkeys(("odd_characters",), ("raw", "clean")),
    **dict.fromkeys(
        ("foreign_script", "shared_edge", "duplicate_share", "label_conflicts", "mention_conflicts", "vendi"),
        ("clean",),
    ),
    **dict.fromkeys(("near_copies",), ("clean",)),
    **dict.fromkeys(("unlikely_texts", "length_shift", "reference_kappa", "known_mentions"), ("clean", "splits")),
    **dict.fromkeys(("distinct_n", "mtld", "self_repetition", "xz_ratio"), ("clean",)),
    **dict.fromkeys(("c2st_auc", "js_divergence", "reference_coverage", "label_shift"), ("clean", "splits")),
    **dict.fromkeys(("unannotated_mentions",), ("clean", "augmented")),
    **dict.fromkeys(("class_share", "group_share"), ("splits",)),
}


@dataclass(frozen=True, slots=True)
class Suite:
    """Gates by place, and the ones that were left out, with the reason."""

    gates: Mapping[str, Sequence[Gate]]
    left_out: Mapping[str, str]


def own_gates(data: Data, documents: int) -> dict[str, list[Gate]]:
    """The recipe's gates by place; limits that count documents are scaled to a resample of that size.

    Those that sample more than a resample has, or compare with a baseline of the whole data, are not among them:
    `not_asked` names them, and `every_gate` has them at sizes that fit. Nor are those that only warn, as they hold
    nothing back.
    """
    found: dict[str, list[Gate]] = {}
    share = min(1.0, documents / data.rows)
    for corpus in data.recipe.corpora:
        batch = data.raw[corpus.name].num_rows / len(corpus.source.batches())
        part = min(1.0, share * data.raw[corpus.name].num_rows / batch)
        for stage in ("raw", "clean"):
            found[f"{corpus.name}/{stage}"] = [_scaled(g, part) for g in corpus.gates.get(stage, ())]
    for stage in ("splits", "augmented"):
        found[stage] = [_scaled(g, share) for g in data.recipe.gates.get(stage, ())]
    found["checkpoint"] = list(data.recipe.gates.get("checkpoint", ()))
    return {place: [g for g in gates if not _why_not(g)] for place, gates in found.items()}


def not_asked(data: Data) -> dict[str, str]:
    """The recipe's gates that are not among its own here: place and name → the reason."""
    by_place = {f"{c.name}/{stage}": gates for c in data.recipe.corpora for stage, gates in c.gates.items()}
    return {
        f"{place}: {gate.name}": why
        for place, gates in {**by_place, **data.recipe.gates}.items()
        for gate in gates
        if (why := _why_not(gate))
    }


def _why_not(gate: Gate) -> str:
    if gate.severity == "warn":
        return "as the recipe has it: it only warns"
    if isinstance(gate, _SAMPLING):
        return "as the recipe has it: its sample or its baseline is that of the whole data"
    return ""


def every_gate(data: Data, own: Mapping[str, Sequence[Gate]], chains: Sequence[Chain], folder: Path) -> Suite:
    """Every gate that passes clean resamples (`chains`), besides the recipe's own.

    A limit is what the clean resamples allow, or the default where that is tighter and nothing varies over them
    (`_limits.py`); references are held-out documents, at a sample size that a resample has. A gate that refuses a clean
    resample all the same, or cannot judge it, is left out: it cannot tell a fault from this data. The recipe's own
    gates stay beside them as far as they pass all clean resamples: their limits are for the whole data.
    """
    reference = _written_reference(data, folder)
    frames = [dict(each(chain)) for chain in chains]
    found, left_out = {place: list(gates) for place, gates in own.items()}, not_asked(data)
    for place in frames[0]:
        here = [f[place] for f in frames]
        found[place], refusing = _passing(found[place], here)
        left_out |= {f"{place}: {gate.name}": f"as the recipe has it: {why}" for gate, why in refusing}
        for name, settings in _asked_at(place, here, reference):
            cls = find(*name)
            assert issubclass(cls, Gate)
            if name[1] not in CALIBRATED and any(use_of(type(g)) == name[1] for g in found[place]):
                continue
            gate = limited(_gate(name, settings), here[:_DEARER] if name[1] in DEAR else here)
            bad = next((v for v in (judge(gate, frame) for frame in here[:_AGAIN]) if v.outcome != "passed"), None)
            if bad is None:
                found[place].append(gate)
            else:
                left_out[f"{place}: {gate.name}"] = f"{bad.outcome}: {bad.message}"
    return Suite(found, left_out)


def _passing(gates: Sequence[Gate], frames: Sequence[Frame]) -> tuple[list[Gate], list[tuple[Gate, str]]]:
    """The gates that pass every frame, and the others with how many they do not and what they say of the first."""
    passing, refusing = list[Gate](), list[tuple[Gate, str]]()
    for gate in gates:
        bad = [v for v in (judge(gate, frame) for frame in frames) if v.outcome != "passed"]
        if bad:
            refusing.append((gate, f"{len(bad)} of {len(frames)} clean resamples {bad[0].outcome}: {bad[0].message}"))
        else:
            passing.append(gate)
    return passing, refusing


def _scaled(gate: Gate, share: float) -> Gate:
    if use_of(type(gate)) not in _COUNTS:
        return gate
    return gate.model_copy(update={"at_least": max(1, int(getattr(gate, "at_least") * share))})  # noqa: B009


def _asked_at(place: str, frames: Sequence[Frame], reference: str) -> list[tuple[tuple[str, str], Settings]]:
    """(folder, name) and settings of every gate that judges the stage."""
    stage = place.rpartition("/")[2]
    found = []
    for folder in ("quality", "fairness"):
        for name in names(folder):
            cls = find(folder, name)
            assert issubclass(cls, Gate)
            here = stage in cls.stages and stage in _PLACES.get(name, cls.stages)
            settings = _settings(name, cls, stage, frames, reference) if here else None
            if settings is not None:
                found.append(((folder, name), settings))
    return found


def _settings(name: str, cls: type[Gate], stage: str, frames: Sequence[Frame], reference: str) -> Settings | None:
    """What a gate needs to be told; None where it has no place in this stage."""
    rows = min(f.documents.num_rows for f in frames)
    split = stage in ("splits", "augmented")
    if issubclass(cls, Relative):
        return {"tokens": max(100, min(_TOKENS, min(_tokens(judged(f.documents)) for f in frames) * 9 // 10))}
    if issubclass(cls, Learnt):
        return {"reference": reference, "judged": "test" if split else "all", "min_support": 50}
    if name in ("c2st_auc", "js_divergence", "reference_coverage"):
        size = min(min(_of(f.documents, "test").num_rows for f in frames), rows) if stage == "splits" else rows
        size = max(10, min(_SAMPLE, size // 2 if split else size * 4 // 5))
        clusters = {} if name == "c2st_auc" else {"clusters": max(2, size // 15)}
        return {"sample": size, **clusters, **({} if split else {"reference": reference, "judged": "all"})}
    known: dict[str, Settings | None] = {
        "row_count": {"at_least": max(1, rows // 2)},
        "rejected_share": {"raw": {"at_most": 0.0}, "clean": {"at_most": 0.05}}.get(stage),
        "vendi": {"sample": max(2, min(_VENDI, rows * 7 // 10))},
        "label_shift": {"expected": _shares(frames)} if stage == "clean" and _shares(frames) else {},
        **dict.fromkeys(_BY_GROUP, _group(frames)),
        **dict.fromkeys(
            ("recall_gap", "precision_gap", "equalized_odds", "selection_rate", "counterfactual_gap"), None
        ),
        "label_kappa": None,  # reference_kappa asks the same in a fiftieth of its time
    }
    return known.get(name, {})


def _gate(name: tuple[str, str], settings: Settings) -> Gate:
    made = build(name[0], {"use": name[1], **settings})
    assert isinstance(made, Gate)
    return made


def _of(documents: pa.Table, split: str) -> pa.Table:
    return documents.filter(pc.fill_null(pc.equal(documents["split"], split), False))


def _tokens(documents: pa.Table) -> int:
    return token_sample(documents, 100_000, 13).size


def _shares(frames: Sequence[Frame]) -> dict[str, float]:
    counts = Counter[str]()
    for frame in frames:
        labels = labels_in(frame.documents)
        counts.update(labels["label"].drop_nulls().to_list() if labels is not None else ())
    return {label: n / counts.total() for label, n in sorted(counts.items())}


def _group(frames: Sequence[Frame]) -> Settings | None:
    """A group of which spans have two values or more, all of them required."""
    spans = [s for row in frames[0].documents["spans"].to_pylist() for s in row or ()]
    values: dict[str, set[str]] = {}
    for name, value in (pair for s in spans for pair in s["groups"] or ()):
        if value != UNKNOWN:
            values.setdefault(name, set()).add(value)
    name = min((name for name, known in values.items() if len(known) > 1), default="")
    return {"by": name, "required": sorted(values[name])} if name else None


def _written_reference(data: Data, folder: Path) -> str:
    """The held-out documents after cleaning, as the Parquet file that gates compare with."""
    clean = Chain.of(data.recipe, data.reference()).clean
    path = folder / "reference.parquet"
    pq.write_table(pa.concat_tables([table for table, _ in clean.values()]), path)
    return str(path)
