"""Verdicts: given on this data, enough to have published it; with time, the same when they are given again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from pipeline.cards.chain import corpus_of, gates_of
from pipeline.gate import judge
from pipeline.recipe import Recipe
from pipeline.verifying._findings import Findings
from pipeline.version import Version, open_gates
from pipeline.work import frame_of

COMPARED = ("outcome", "observed", "limit", "message", "evidence")


def same_verdicts(version: Version, found: Findings) -> None:
    """Each verdict is on the version's digest; what is published passed every gate that it was published under."""
    folder = f"{found.folder(version)}/verdicts"
    with found.reading(folder):
        stored = found.store.verdicts(version)
        for name, one in stored.items():
            found.same(f"{folder}/{name}.json", "/digest", one.digest, version.digest)
        pointer = found.store.pointer(version.place)
        if pointer is None or pointer.version != version.name:
            return
        file = f"{version.place.asset}/{version.place.partition}/published.json"
        still_open, waived = open_gates(version, pointer.gates, stored, found.store.waivers(version))
        found.same(file, "/gates", [], still_open)
        found.same(file, "/waived", sorted(pointer.waived), sorted(waived))


def judged_again(chain: Sequence[Version], recipe: Recipe, found: Findings) -> None:
    """Every gate of the recipe on every version, judged again and compared with the stored verdict."""
    for version in chain:
        gates = gates_of(version.place, recipe)
        labels = () if corpus_of(version.place, recipe) else recipe.task.labels
        folder = f"{found.folder(version)}/verdicts"
        if not gates:
            continue
        with found.reading(found.folder(version)):
            frame = frame_of(version, found.store, labels)
            for name, gate in gates.items():
                stored = found.json(f"{folder}/{name}.json")
                if stored is None:
                    continue
                file = f"{folder}/{name}.json"
                if not found.same(file, "/fingerprint", stored["fingerprint"], gate.fingerprint()):
                    continue
                found.same(file, "/severity", stored.get("severity", "refuse"), gate.severity)
                again: dict[str, Any] = json.loads(json.dumps(asdict(judge(gate, frame)), default=str))
                for key in COMPARED:
                    found.alike(file, stored["verdict"][key], again[key], "verdict", key)
