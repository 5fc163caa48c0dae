"""Gates under test: faults are planted in a recipe's real data, many times each, and what catches them is counted.

Every seed draws one clean resample of whole groups, runs it through the stages in memory, and plants every kind of
fault at every strength in it. The same seeds give the same numbers, whatever the number of processes.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.bench_gates._chain import Chain, each
from pipeline.bench_gates._data import Data, data_of
from pipeline.bench_gates._power import power, power_table
from pipeline.bench_gates._suite import Suite, every_gate, not_asked, own_gates
from pipeline.bench_gates._table import markdown, replaced
from pipeline.bench_gates._trial import Outcome, trial
from pipeline.errors import WrongUse, did_you_mean
from pipeline.faults import KINDS, Fault
from pipeline.gate import Gate, judge
from pipeline.processes import pool
from pipeline.recipe import Recipe
from pipeline.store import Store

__all__ = ["Settings", "bench", "markdown", "power", "power_table", "replaced"]

_CALIBRATION = 48  # clean resamples that say which gates can judge, and what their limits are
Key = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Settings:
    """`documents` is the size of a resample, `seeds` their number, `seed` the first; `kinds` empty means all.

    `clean` more than `seeds`: so many clean resamples are judged, faults are planted in the first `seeds` of them.
    """

    seeds: int = 20
    seed: int = 0
    clean: int = 0
    kinds: tuple[str, ...] = ()
    documents: int = 1500
    jobs: int = 1
    all_gates: bool = False


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a process needs for the trials of one seed."""

    data: Data
    suite: Suite
    faults: tuple[Fault, ...]
    settings: Settings


def bench(
    recipe: Recipe, store: Store, settings: Settings, say: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Plant every fault with every seed and count what caught it: the report as JSON has it. `say` hears how far it is.

    Raises:
        WrongUse: a kind that there is not.
        GateNotPassed: a corpus of the recipe has no published raw version.
    """
    started = time.monotonic()
    wanted = _wanted(settings.kinds)
    data = data_of(recipe, store)
    with TemporaryDirectory() as folder:
        calibration = range(_CALIBRATION if settings.all_gates else 1)
        chains = [_chain(data, settings, f"calibration {n}") for n in calibration]
        own = own_gates(data, settings.documents)
        suite = every_gate(data, own, chains, Path(folder)) if settings.all_gates else Suite(own, not_asked(data))
        faults = tuple(f for f in wanted if _fits(f, data, chains[0]))
        job = _Bench(data, suite, faults, settings)
        seeds = range(settings.seed, settings.seed + max(settings.seeds, settings.clean))
        calibrated = f"{sum(map(len, suite.gates.values()))} gates calibrated in {time.monotonic() - started:.0f} s"
        say(f"{calibrated}, {len(faults)} kinds to plant")
        found = []
        for ended in (_of_seed(job, n) for n in seeds) if settings.jobs == 1 else _spread(job, seeds):
            found.append(ended)
            say(f"{len(found)} of {len(seeds)} seeds, {time.monotonic() - started:.0f} s")
    report = _report(job, found)
    left = {f.kind: ", ".join(f.needs) for f in wanted if f not in faults}
    seconds = round(time.monotonic() - started, 1)
    return (
        {"recipe": recipe.name, "command": _command(recipe, settings)}
        | report
        | {"not_planted": left, "seconds": seconds}
    )


def _command(recipe: Recipe, settings: Settings) -> str:
    """What measures the same again."""
    words = [f"gristmill bench-gates {recipe.name} --seeds {settings.seeds} --documents {settings.documents}"]
    words += [f"--seed {settings.seed}"] if settings.seed else []
    words += [f"--clean {settings.clean}"] if settings.clean else []
    words += [f"--kinds {','.join(settings.kinds)}"] if settings.kinds else []
    return " ".join([*words, *(["--all-gates"] if settings.all_gates else [])])


def _wanted(kinds: Sequence[str]) -> tuple[Fault, ...]:
    known = {f.kind: f for f in KINDS}
    for kind in kinds:
        if kind not in known:
            raise WrongUse(f"there is no kind of fault {kind!r}; {did_you_mean(kind, known)}")
    return tuple(f for f in KINDS if not kinds or f.kind in kinds)


def _fits(fault: Fault, data: Data, chain: Chain) -> bool:
    """Whether the data has what the fault needs."""
    rows = [row for table, _ in chain.raw.values() for row in table.slice(0, 300).to_pylist()]
    there = {
        "spans": any(row["spans"] for row in rows),
        "label": any(row["label"] for row in rows),
        "tokens": any(row["tokens"] for row in rows),
        "groups": any(s["groups"] for row in rows for s in row["spans"] or ()),
        "predictions": data.checkpoint is not None,
    }
    return all(there[need] for need in fault.needs)


def _chain(data: Data, settings: Settings, which: str) -> Chain:
    return Chain.of(data.recipe, data.resample(settings.documents, Random(f"{data.recipe.name}|{which}")))


def _of_seed(job: _Bench, seed: int) -> tuple[dict[str, str], dict[Key, Outcome]]:
    """(the clean resample's gates that did not pass, by name; how each trial ended, if faults are planted in it)."""
    chain = _chain(job.data, job.settings, f"seed {seed}")
    clean, gates = _judged_clean(job, chain)
    if seed >= job.settings.seed + job.settings.seeds:
        return clean, {}
    ends = {
        (fault.kind, strength): trial(
            fault, strength, chain, job.data, gates, Random(f"{seed}|{fault.kind}|{strength}")
        )
        for fault in job.faults
        for strength in fault.strengths
    }
    return clean, ends


def _judged_clean(job: _Bench, chain: Chain) -> tuple[dict[str, str], dict[str, list[Gate]]]:
    """The gates that do not pass the clean resample, and those that do: only these can tell a fault from it."""
    refusing: dict[str, str] = {}
    frames = list(each(chain))
    if job.data.checkpoint is not None:
        frames.append(("checkpoint", job.data.checkpoint))
    passing: dict[str, list[Gate]] = {place: [] for place, _ in frames}
    for place, frame in frames:
        for gate in job.suite.gates.get(place, ()):
            outcome = judge(gate, frame).outcome
            if outcome == "passed":
                passing[place].append(gate)
            else:
                refusing[f"{place}: {gate.name}"] = outcome
    return refusing, passing


def _spread(job: _Bench, seeds: Sequence[int]) -> Iterator[tuple[dict[str, str], dict[Key, Outcome]]]:
    """Seed after seed over processes of one thread each; every process imports what gates need once."""
    with pool(job.settings.jobs, _begin, job) as workers:
        yield from workers.map(_work, seeds)


_job: list[_Bench] = []  # of this process


def _begin(job: _Bench) -> None:
    _job[:] = [job]


def _work(seed: int) -> tuple[dict[str, str], dict[Key, Outcome]]:
    return _of_seed(_job[0], seed)


def _report(job: _Bench, found: Sequence[tuple[dict[str, str], dict[Key, Outcome]]]) -> dict[str, Any]:
    ends = [(key, outcome) for _, trials in found for key, outcome in trials.items() if outcome.ending != "void"]
    endings = Counter(outcome.ending for _, outcome in ends)
    by_kind: dict[str, dict[str, Any]] = {}
    for fault in job.faults:
        for strength in fault.strengths:
            here = [outcome for key, outcome in ends if key == (fault.kind, strength)]
            if here:
                by_kind.setdefault(fault.kind, {})[f"{strength:g}"] = _summary(here)
    missed = [
        {"kind": kind, "strength": float(strength), "share": _share(1 - s["caught"]), "not_judged": s["not_judged"]}
        | {"repaired": s["repaired"]}
        for kind, strengths in by_kind.items()
        for strength, s in strengths.items()
        if s["caught"] < 1
    ]
    refused = sum("failed" in clean.values() for clean, _ in found)
    clean = Counter(f"{name}: {outcome}" for gates, _ in found for name, outcome in gates.items())
    return {
        "kinds": len(by_kind),
        "trials": len(ends),
        "caught": _share(endings["caught"] / max(1, len(ends))),
        "held_back": _share((endings["caught"] + endings["not_judged"]) / max(1, len(ends))),
        "repaired": _share(endings["repaired"] / max(1, len(ends))),
        "caught_or_repaired": _share((endings["caught"] + endings["repaired"]) / max(1, len(ends))),
        "clean_trials": len(found),
        "false_refusals": _share(refused / max(1, len(found))),
        "vacuous": endings["vacuous"],
        "missed": missed,
        "by_kind": by_kind,
        "clean": {name: _share(n / len(found)) for name, n in sorted(clean.items())},
        "gates": {place: [g.name for g in gates] for place, gates in job.suite.gates.items()},
        "left_out": dict(job.suite.left_out),
        "documents": job.settings.documents,
        "seeds": job.settings.seeds,
    }


def _summary(here: Sequence[Outcome]) -> dict[str, Any]:
    endings = Counter(o.ending for o in here)
    by = Counter(o.by for o in here if o.ending == "caught")
    shares = {name: _share(endings[name] / len(here)) for name in ("caught", "not_judged", "repaired", "vacuous")}
    return {**shares, "by": {name: _share(n / len(here)) for name, n in by.most_common()}}


def _share(value: float) -> float:
    return round(value, 4)
