"""Verdicts given again, and waivers."""

from collections.abc import Callable, Sequence
from itertools import chain

from pipeline import stages
from pipeline.errors import DataSaysNo, WrongUse, did_you_mean
from pipeline.gate import titled
from pipeline.recipe import Gates, Recipe, gate_set
from pipeline.store import Store
from pipeline.version import ALL, Place
from pipeline.work import document


def judge(recipe: Recipe, variant: str, stage: str | None, store: Store, say: Callable[[str], None]) -> bool:
    """Judge every version that was made, in order; whether all of them are published now.

    Raises:
        WrongUse: there is no such stage.
    """
    known = ["raw", "clean", "splits", "augmented", "checkpoint"]
    if stage is not None and stage not in known:
        raise WrongUse(f"there is no stage {stage!r}; {did_you_mean(stage, known)}")
    good, by_batch = True, stages.prepared(recipe, store)
    works = by_batch if stage in ("raw", "clean") else chain(by_batch, stages.trained(recipe, variant, store))
    for work in works:
        at = work.place.asset.rpartition("/")[2]
        if at == "release":
            break
        if stage not in (None, at):
            continue
        if store.find(work.place, work.version) is None:
            raise DataSaysNo(f"{work.place}: not made yet with these settings; `gristmill run {recipe.name}` makes it")
        for gate, verdict in zip(work.gates, stages.judge(work, store, again=True), strict=True):
            number = "" if verdict.observed is None else f"{verdict.observed:.6g}, {verdict.limit}"
            title = titled(gate.name, gate.severity)
            say(f"{work.place!s:50} {title:24} {verdict.outcome:10} {number}  {verdict.message}")
        good &= stages.done(work, store) is not None
        if at == stage and stage not in ("raw", "clean"):
            break
    return good


def waive(
    recipe: Recipe, stage: str, names: Sequence[str], partition: str | None, store: Store, *, who: str, why: str
) -> str:
    """Waive gates for the newest version of a stage's partition, and publish it if those were all. A line of what is.

    Raises:
        WrongUse: the stage has no such gate (then none is waived), or the partition is missing or wrong.
        DataSaysNo: nothing was made there yet.
    """
    place, gates = _place(recipe, stage, partition, store)
    wanted = gate_set(gates, stage)
    for gate in names:
        if gate in {g.name for g in gates.get(stage, ())} - set(wanted):
            raise WrongUse(f"{place}: {gate} only warns and holds nothing back; there is nothing to waive")
        if gate not in wanted:
            raise WrongUse(f"{place} has no gate {gate!r}; {did_you_mean(gate, wanted)}")
    version = store.newest(place)
    if version is None:
        raise DataSaysNo(f"{place}: nothing was made there yet")
    for gate in names:
        store.waive(version, gate, who=who, why=why)
    document(version, gates.get(stage, ()), store)
    published = store.settle(version, wanted)
    state = "is published" if published else "is still held back by other gates; `gristmill show` lists them"
    waived = ", ".join(dict.fromkeys(names))
    return f"{who} waived {waived} for {place} version {version.name} (digest {version.digest[:12]}): it {state}"


def _place(recipe: Recipe, stage: str, partition: str | None, store: Store) -> tuple[Place, Gates]:
    if stage in ("raw", "clean"):
        places = {
            f"{c.name}/{b}": (c.place(stage, b), c.gates)
            for c in recipe.corpora
            for b in store.partitions(c.place(stage, "").asset)
        }
        if partition and "/" not in partition and len(recipe.corpora) == 1:
            partition = f"{recipe.corpora[0].name}/{partition}"
    elif stage == "splits":
        places, partition = {ALL: (recipe.place(stage), recipe.gates)}, ALL
    else:
        places = {v: (recipe.place(stage, v), recipe.gates) for v in recipe.variants}
    if partition not in places:
        raise WrongUse(f"say which partition of {stage} with --partition; {did_you_mean(partition or '', places)}")
    return places[partition]
