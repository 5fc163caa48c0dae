"""What was said of a version: the gates' verdicts, the waivers, and the page that shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from pipeline.files import Files
from pipeline.types import Verdict
from pipeline.version import Place, StoredVerdict, Version, Waiver

_DATA_DOCS = "verdicts/data_docs.html"


class Audited:
    """The part of a store that keeps verdicts and waivers beside the versions they were given on."""

    def __init__(self, files: Files, clock: Callable[[], str]) -> None:
        self.files = files
        self.clock = clock

    def record(self, version: Version, verdict: Verdict, fingerprint: str, severity: str = "refuse") -> None:
        """Store a gate's verdict on exactly this version, and whether the gate refuses or only warns."""
        stored = StoredVerdict(verdict, version.digest, fingerprint, self.clock(), severity)
        self.files.write_json(f"{folder_of(version.place, version.name)}/verdicts/{verdict.gate}.json", asdict(stored))

    def verdicts(self, version: Version) -> dict[str, StoredVerdict]:
        """The stored verdicts on this version, by gate."""
        found: dict[str, StoredVerdict] = {}
        for raw in self.files.each_json(f"{folder_of(version.place, version.name)}/verdicts"):
            verdict = Verdict(**raw["verdict"])
            about = (raw["digest"], raw["fingerprint"], raw["judged"], raw.get("severity", "refuse"))
            found[verdict.gate] = StoredVerdict(verdict, *about)
        return found

    def waive(self, version: Version, gate: str, *, who: str, why: str) -> Waiver:
        """Let this digest pass one gate; stored with name, date and reason."""
        waiver = Waiver(gate, version.digest, who, why, self.clock())
        self.files.write_json(f"{folder_of(version.place, version.name)}/waivers/{gate}.json", asdict(waiver))
        return waiver

    def waivers(self, version: Version) -> dict[str, Waiver]:
        """The waivers given on this version's digest, by gate."""
        raw = self.files.each_json(f"{folder_of(version.place, version.name)}/waivers")
        return {w["gate"]: Waiver(**w) for w in raw if w["digest"] == version.digest}

    def write_data_docs(self, version: Version, page: str) -> None:
        """Keep the page of what the gates found, beside the verdicts."""
        self.files.write(f"{folder_of(version.place, version.name)}/{_DATA_DOCS}", page.encode())

    def data_docs(self, version: Version) -> str | None:
        """Where that page is: a path, or the URL of a remote store's; None where no gate has judged the version."""
        name = f"{folder_of(version.place, version.name)}/{_DATA_DOCS}"
        return self.files.link(name) if self.files.fs.exists(self.files.path(name)) else None


def folder_of(place: Place, version: str | None = None) -> str:
    """Where a version lies, or the versions of a place, below the store."""
    return "/".join([place.asset, place.partition, *([version] if version else [])])
