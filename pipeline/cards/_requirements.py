"""The four requirements as numbers with limits, and what is known to be missing."""

from __future__ import annotations

from typing import Any

from pipeline.cards import requirements
from pipeline.cards.chain import gates_of, stage_of
from pipeline.cards.markdown import cell, table
from pipeline.cards.sheet import Sheet
from pipeline.gate import Gate, titled
from pipeline.version import StoredVerdict, Version, outcome_of


def measured(sheet: Sheet) -> list[str]:
    """A row for every gate of the recipe that measures a requirement; a requirement without one is not measured."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in requirements.MEASURED_BY}
    for version in sheet.versions:
        stored = sheet.store.verdicts(version)
        for gate in gates_of(version.place, sheet.recipe).values():
            for name in requirements.of(gate):
                found[name].append(_row(name, version, gate, stored.get(gate.name), sheet))
    lines = ["## The four requirements", ""]
    for name, rows in found.items():
        uses = ", ".join(requirements.MEASURED_BY[name])
        none = {"requirement": name, "asset": "", "gate": f"not measured: no gate of {uses}", "outcome": "not judged"}
        found[name] = rows or [{**none, "observed": "", "limit": ""}]
    return [*lines, *table([row for rows in found.values() for row in rows]), ""]


def _row(name: str, version: Version, gate: Gate, stored: StoredVerdict | None, sheet: Sheet) -> dict[str, Any]:
    row = {"requirement": name, "asset": str(version.place), "gate": titled(gate.name, gate.severity)}
    if stored is None or outcome_of(stored, version, gate.fingerprint()) != stored.verdict.outcome:
        return {**row, "outcome": "not judged by the gate as it is now", "observed": "", "limit": ""}
    about = f"{version.place}: {gate.name}"
    said = {
        key: sheet.numbers.verdict(f"{about} {key}", version, gate.name, "verdict", key)
        for key in ("outcome", "observed", "limit")
    }
    if said["observed"].value is None:
        return {**row, **said, "observed": "none"}
    return {**row, **said}


def gaps(sheet: Sheet) -> list[str]:
    """What is known to be missing: gates, labels, groups, versions that were passed over."""
    lines = [*_gates(sheet), *_labels(sheet), *_groups(sheet), *_versions(sheet)]
    return ["## Known gaps", "", *(lines or ["None that the manifests and verdicts know of."]), ""]


def _gates(sheet: Sheet) -> list[str]:
    lines = []
    for version in sheet.versions:
        stored, waived = sheet.store.verdicts(version), sheet.store.waivers(version)
        for name, gate in gates_of(version.place, sheet.recipe).items():
            outcome = outcome_of(stored.get(name), version, gate.fingerprint())
            if outcome != "passed":
                said = f": {cell(stored[name].verdict.message)}" if name in stored else ""
                let = ", waived" if name in waived else ""
                title = titled(name, gate.severity)
                lines.append(f"- {version.place}: {title} {outcome.replace('_', ' ')}{let}{said}")
    return lines


def _labels(sheet: Sheet) -> list[str]:
    splits, kind = sheet.splits, sheet.labelled
    unit, lines = "mention" if kind == "spans" else "document", []
    for split in ("train", "validation", "test"):
        there = sheet.branches(splits, "split", split, kind)
        missing = [label for label in sheet.recipe.task.labels if label not in there]
        if missing:
            lines.append(f"- No {unit} in {split} of {cell(', '.join(missing))}.")
    return lines


def _groups(sheet: Sheet) -> list[str]:
    splits = sheet.splits
    lines = []
    for kind in ("document_groups", "span_groups"):
        for by in sheet.branches(splits, "split", "train", kind):
            train = sheet.branches(splits, "split", "train", kind, by)
            if len(train) == 1:
                lines.append(f"- All of train has the {cell(by)} {cell(train[0])}: nothing can be compared by it.")
            test = sheet.branches(splits, "split", "test", kind, by)
            unseen = [value for value in train if value not in test]
            if unseen:
                lines.append(f"- The {cell(by)} {cell(', '.join(unseen))} is in train and not in test.")
    return lines


def _versions(sheet: Sheet) -> list[str]:
    lines = []
    for version in sheet.versions:
        if version.place.asset in sheet.otherwise:
            lines.append(
                f"- {version.place} was made by other settings or other code than {stage_of(version.place)} has now."
            )
        lines += [
            f"- {version.place} read {i.asset} {i.version}; the newer {i.refused_newer} was refused."
            for i in version.manifest.inputs
            if i.refused_newer
        ]
    return lines
