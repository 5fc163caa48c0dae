"""What the cards say of differences between groups: the numbers, what they are not, and what was not tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.cards import requirements
from pipeline.cards.chain import gates_of, stage_of
from pipeline.cards.markdown import cell, table
from pipeline.cards.sheet import Sheet
from pipeline.gate import Gate, titled
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.version import StoredVerdict, Version, outcome_of

SHOWN = 12  # gaps of a gate, the largest first; the verdict has all of them
_WORDS = (
    "These are measurements of single differences, not virtues: a model whose gates all passed is not thereby fair,",
    "and a gap says neither why it is there nor whom it harms. That depends on where the model is used, by whom and on",
    "whom: fairness is a matter of people and technology together, and people decide what is right. What is measured",
    "are harms in the quality of service (some are found less often than others), not in what is given or refused to",
    "anybody by whoever uses the model. Groups called `inferred_`, and names that `counterfactual_gap` puts in, are",
    "inferred from names alone: they say how names are treated, and nothing of the persons who bear them.",
)
_UNTESTED = (
    "Not tested: groups that no gate above names and combinations of them; persons who are meant but not named;",
    "whoever wrote the texts; names of non-binary people, and names that the lists lack or have for several groups",
    "(`unknown`, which is in no difference); use on other text than the test split is of.",
)


def of_data(sheet: Sheet) -> list[str]:
    """The section of the data sheet: the gates on what the checkpoint was trained on, every number with its source."""
    rows: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    for version in sheet.versions:
        if stage_of(version.place) == "checkpoint":
            continue
        for name, stored in _asked(version, sheet.recipe, sheet.store):
            cite = _citing(sheet, version, name)
            said = {key: cite(key, key) for key in ("outcome", "observed", "limit")}
            said["observed"] = "none" if stored.verdict.observed is None else said["observed"]
            rows.append({"asset": str(version.place), "gate": titled(name, stored.severity), **said})
            shares = stored.verdict.evidence.get("shares", {})
            for group in sorted(shares) if isinstance(shares, Mapping) else ():
                share = cite(f"share of {group}", "evidence", "shares", str(group))
                groups.append({"gate": name, "group": str(group), "share": share})
            for at, gap in _largest(stored):
                bounds = {key: cite(f"{key} of gap {at + 1}", "evidence", "gaps", at, key) for key in _NUMBERS}
                gaps.append({"gate": name, "label": gap["label"], "first minus second": _pair(gap), **bounds})
    if not rows:
        return ["## Differences between groups", "", "No gate asked for any.", "", *_UNTESTED, ""]
    lines = ["## Differences between groups", "", *_WORDS, "", *table(rows), ""]
    lines += [*table(groups), ""] if groups else []
    lines += (
        [f"The {SHOWN} largest differences of each gate, with 95 % intervals:", "", *table(gaps), ""] if gaps else []
    )
    return [*lines, *_UNTESTED, ""]


def of_model(checkpoint: Version, recipe: Recipe, store: Store, link: Callable[[str], str]) -> list[str]:
    """The section of the model card: what its gates measured by group; `link` makes a link to a file of the version."""
    lines = ["## Differences between groups", ""]
    asked = _asked(checkpoint, recipe, store)
    if not asked:
        return [*lines, "No gate asked for any on this checkpoint.", "", *_UNTESTED, ""]
    lines += [*_WORDS, ""]
    for name, stored in asked:
        verdict = stored.verdict
        outcome = f"{verdict.outcome.replace('_', ' ')}, limit {verdict.limit or 'none'}"
        lines += [f"### {cell(titled(name, stored.severity))}: {cell(outcome)}", "", f"{cell(verdict.message)}", ""]
        lines += [f"From {link(f'verdicts/{name}.json')}, `verdict/evidence`.", ""]
        cells = verdict.evidence.get("cells", [])
        rows = [dict(row) for row in cells if isinstance(row, Mapping)] if isinstance(cells, list) else []
        lines += [*table(rows), ""] if rows else []
        gaps = [
            {"label": gap["label"], "first minus second": _pair(gap), **{k: gap[k] for k in _NUMBERS}}
            for _, gap in _largest(stored)
        ]
        lines += [*table(gaps), ""] if gaps else []
    return [*lines, *_UNTESTED, ""]


_NUMBERS = ("gap", "low", "high")


def _asked(version: Version, recipe: Recipe, store: Store) -> list[tuple[str, StoredVerdict]]:
    """The verdicts that the recipe's gates on fairness, as they are now, gave on a version."""
    stored = store.verdicts(version)
    gates: Mapping[str, Gate] = gates_of(version.place, recipe)
    return [
        (name, stored[name])
        for name, gate in gates.items()
        if "unbiased" in requirements.of(gate)
        and name in stored
        and outcome_of(stored[name], version, gate.fingerprint()) == stored[name].verdict.outcome
    ]


def _citing(sheet: Sheet, version: Version, gate: str) -> Callable[..., Any]:
    def cite(about: str, *steps: str | int) -> Any:
        return sheet.numbers.verdict(f"{version.place}: {gate} {about}", version, gate, "verdict", *steps)

    return cite


def _largest(stored: StoredVerdict) -> list[tuple[int, Mapping[str, Any]]]:
    """The largest gaps of a verdict, each with its place in the evidence."""
    gaps = stored.verdict.evidence.get("gaps", [])
    found: Sequence[Any] = gaps if isinstance(gaps, list) else []
    numbered = [(at, gap) for at, gap in enumerate(found) if isinstance(gap, Mapping)]
    return sorted(numbered, key=lambda pair: (-abs(pair[1]["gap"]), pair[0]))[:SHOWN]


def _pair(gap: Mapping[str, Any]) -> str:
    return " minus ".join(str(group) for group in gap["groups"])
