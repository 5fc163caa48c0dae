"""What the store says of a version: its place, manifest, verdicts, waivers and the pointer of its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from pipeline.types import Outcome, Verdict

ALL = "all"  # the partition of an asset that has none


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An asset's partition: `corpora/reviews/clean`, `part-1`."""

    asset: str
    partition: str = ALL

    def __str__(self) -> str:
        return self.asset if self.partition == ALL else f"{self.asset}[{self.partition}]"


@dataclass(frozen=True, slots=True)
class Input:
    """What a version was made of: which version was read, and whether a newer one was refused then."""

    asset: str
    partition: str
    version: str
    digest: str
    refused_newer: str | None = None
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a version. `digest` is the digest of what came out; `seconds` is wall time; times are UTC."""

    version: str
    digest: str
    rows: int
    rejected: int
    fingerprint: str
    inputs: tuple[Input, ...]
    created: str
    seconds: float
    files: Mapping[str, str] = field(hash=False)  # name → SHA-256
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)  # what the stage adds: counts, numbers


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one place."""

    place: Place
    manifest: Manifest

    @property
    def name(self) -> str:
        """The hash of what went in."""
        return self.manifest.version

    @property
    def digest(self) -> str:
        """The hash of what came out."""
        return self.manifest.digest

    def as_input(self, waived: tuple[str, ...] = (), refused_newer: str | None = None) -> Input:
        """This version as an input of another."""
        place = self.place
        return Input(place.asset, place.partition, self.name, self.digest, refused_newer, waived)


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict with what it was given on: the digest of the data and the fingerprint of the gate.

    `severity` is the gate's: "refuse", or "warn" where it holds nothing back.
    """

    verdict: Verdict
    digest: str
    fingerprint: str
    judged: str
    severity: str = "refuse"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A person's decision to let one digest pass one gate."""

    gate: str
    digest: str
    who: str
    why: str
    when: str


@dataclass(frozen=True, slots=True)
class Pointer:
    """What `published` says: the version, and the gates (name → fingerprint) that let it through."""

    version: str
    digest: str
    gates: Mapping[str, str] = field(hash=False)
    waived: tuple[str, ...]
    published: str


def outcome_of(stored: StoredVerdict | None, version: Version, fingerprint: str) -> Outcome:
    """A stored verdict's outcome if it was given on this version by this gate, else not judged."""
    if stored is None or stored.digest != version.digest or stored.fingerprint != fingerprint:
        return "not_judged"
    return stored.verdict.outcome


def open_gates(
    version: Version, gates: Mapping[str, str], verdicts: Mapping[str, StoredVerdict], waivers: Mapping[str, Waiver]
) -> tuple[list[str], tuple[str, ...]]:
    """(a line for each gate that holds the version back, the gates that only a waiver lets it through)."""
    still_open: list[str] = []
    waived: list[str] = []
    for gate, fingerprint in gates.items():
        found = verdicts.get(gate)
        outcome = outcome_of(found, version, fingerprint)
        if outcome == "passed":
            continue
        if gate in waivers:
            waived.append(gate)
        elif found is None or (outcome == "not_judged" and found.verdict.outcome != "not_judged"):
            still_open.append(f"{gate}: not judged on this version by this gate; `gristmill judge` does")
        else:
            verdict = found.verdict
            number = "" if verdict.observed is None else f" (observed {verdict.observed:.6g}, limit {verdict.limit})"
            still_open.append(f"{gate}: {outcome}{number}: {verdict.message}")
    return still_open, tuple(sorted(waived))


def manifest_of(raw: Mapping[str, Any]) -> Manifest:
    """A manifest from its JSON."""
    known = {f.name for f in fields(Manifest)}
    inputs = tuple(Input(**{**i, "waived": tuple(i["waived"])}) for i in raw["inputs"])
    return Manifest(**{**{k: v for k, v in raw.items() if k in known}, "inputs": inputs})


def now() -> str:
    """This moment, UTC, ISO 8601 with microseconds: sorts as text."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
