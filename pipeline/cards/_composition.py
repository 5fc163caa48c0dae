"""Answers of the data sheet: motivation, composition, uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pipeline.cards.markdown import cell, table
from pipeline.cards.sheet import Sheet
from pipeline.cards.sources import folder_of
from pipeline.leakage import NEAR
from pipeline.version import Version

SPLITS = ("train", "validation", "test")
LEAKAGE = ("exact", "near", "template", "mention")


def purpose(sheet: Sheet) -> list[str]:
    """What the recipe and the corpora say of themselves."""
    lines = [cell(sheet.recipe.description) or "The recipe does not say.", ""]
    return lines + [f"- **{c.name}** ({c.language}). {cell(c.description)}" for c in sheet.recipe.corpora]


def instances(sheet: Sheet) -> list[str]:
    """What a document is, and how long."""
    said = {
        key: str(sheet.numbers.counted(f"characters, {key}", sheet.splits, "documents.parquet", "characters", key))
        for key in ("fewest", "median", "most")
    }
    lines = [
        "One text with character spans `[start, end)`, a label, groups, its place in the source (`file:line`) and its",
        "licence; the text itself, not features of it. Characters of a document in splits:",
        "",
    ]
    return [*lines, *table([said])]


def counts(sheet: Sheet) -> list[str]:
    """Rows of every version, and of every kind that its manifest counts."""
    n, rows = sheet.numbers, []
    for version in sheet.versions:
        about = str(version.place)
        row = {"asset": about, "rows": str(n.manifest(f"{about}: rows", version, "rows"))}
        row["rejected"] = str(n.manifest(f"{about}: rejected", version, "rejected"))
        rows.append({**row, "version": version.name})
    lines = table(rows)
    for corpus, raw in sheet.corpora():
        read = [n.manifest(f"{v.place}: rows", v, "rows") for v in raw]
        clean = [n.manifest(f"{v.place}: rows", v, "rows") for v in sheet.stage("clean", corpus)]
        if len(raw) > 1:
            lines += ["", f"All batches of {corpus.name}: {n.summed(f'{corpus.name}: raw', read)} read,"]
            lines += [f"{n.summed(f'{corpus.name}: clean', clean)} clean."]
    for version in (v for v in sheet.versions if v.place.asset.startswith(f"{sheet.recipe.name}/")):
        for name, by in version.manifest.facts.items():
            if name.startswith("by_") and isinstance(by, Mapping):
                about = f"{version.place}: {name.replace('_', ' ')}"
                cells = {str(k): str(n.manifest(f"{about} {k}", version, "facts", name, str(k))) for k in by}
                lines += ["", f"{cell(about)}", "", *table([cells])]
    return lines


def labels(sheet: Sheet) -> list[str]:
    """Labels by split."""
    kind = sheet.labelled
    what = "Mentions with a label, by split:" if kind == "spans" else "Documents by label and split:"
    rows = []
    for split in SPLITS:
        by = sheet.counts(sheet.splits, "split", split, kind)
        rows.append({"split": split, **{label: by.get(label, "none") for label in sheet.recipe.task.labels}})
    made = ", ".join(cell(a.name) for a in sheet.recipe.annotation)
    return [f"Made or accepted by: {made}. {what}", "", *table(rows)]


def missing(sheet: Sheet) -> list[str]:
    """Raw documents without annotation."""
    rows = []
    for _, raw in sheet.corpora():
        for version in raw:
            without = sheet.counts(version, "without")
            row = {"asset": str(version.place), **{f"without {k}": v for k, v in without.items()}}
            empty = sheet.numbers.counted(f"{version.place}: empty", version, "documents.parquet", "empty")
            rows.append({**row, "annotated, no span": str(empty)} if without else row)
    return table(rows)


def relationships(sheet: Sheet) -> list[str]:
    """Groups of documents, and whether splits divide any."""
    splits = sheet.splits
    groups = sheet.numbers.counted("distinct group ids", splits, "documents.parquet", "groups")
    documents = sheet.numbers.counted("documents", splits, "documents.parquet", "documents")
    divided = sheet.numbers.counted("group ids in more than one split", splits, "documents.parquet", "divided")
    return [
        f"`group_id` is the root document: {documents} documents of splits have {groups} of them;",
        f"{divided} stand in more than one split.",
    ]


def subpopulations(sheet: Sheet) -> list[str]:
    """Documents and mentions by group and split."""
    rows = []
    splits = sheet.splits
    for kind, unit in (("document_groups", "documents"), ("span_groups", "mentions")):
        for split in SPLITS:
            for by in sheet.branches(splits, "split", split, kind):
                counted = sheet.counts(splits, "split", split, kind, by)
                rows += [
                    {"unit": unit, "by": by, "group": group, "split": split, "count": count}
                    for group, count in counted.items()
                ]
    languages = [
        {"unit": "documents", "by": "language", "group": name, "split": "all", "count": count}
        for name, count in sheet.counts(splits, "language").items()
    ]
    return table(rows + languages)


def split(sheet: Sheet) -> list[str]:
    """The splits and the settings that made them."""
    told = sheet.recipe.split.model_dump(mode="json")
    file = f"{sheet.recipe.name}.yaml"
    settings = ", ".join(
        f"{key} {cell(sheet.numbers.told(f'split: {key}', file, 'split', key))}"
        for key, value in told.items()
        if value is not None and not isinstance(value, dict | list)
    )
    rows = []
    for name in SPLITS:
        found = sheet.counts(sheet.splits, "split", name)
        rows.append({"split": name, "documents": found.get("documents", "none")})
    return [*table(rows), "", f"Settings: {settings}.", "", *_leakage(sheet)]


def _leakage(sheet: Sheet) -> list[str]:
    """What the ledger says of held-out parts that stand in train: as the source divided them, and as splits do."""
    found, rows = sheet.ledger.manifest.facts["leakage"], []
    for side in ("as_shipped", "as_split"):
        for part, steps in (("test", ()), ("validation", ("validation",))) if found[side] is not None else ():
            row = {"divided": side, "part": part}
            for measure in LEAKAGE:
                about = f"{sheet.ledger.place}: {side} {part} {measure}"
                share = sheet.numbers.manifest(about, sheet.ledger, "facts", "leakage", side, *steps, measure)
                row[measure] = "none" if share.value is None else str(share)
            rows.append(row)
    said = "" if found["as_shipped"] is not None else " The source gives no splits of its own."
    lines = [
        "What of a held-out part stands in train, as shares of its documents (of its mentions for `mention`): the same",
        f"text (`exact`), a text of Jaccard similarity {NEAR} or more (`near`), the same but for digits and mentions",
        f"(`template`), the same mention with the same label.{said}",
    ]
    return [*lines, "", *table(rows)]


def errors(sheet: Sheet) -> list[str]:
    """What splits dropped, by kind of reason, and what the gates on annotation and leakage saw."""
    rows = rejected(sheet, sheet.splits)
    lines = ["Left out of splits: duplicates, documents without an annotation that the task can use.", "", *table(rows)]
    return [*lines, "", "Leakage, conflicts and wrong labels: the rows `well annotated` of the four requirements."]


def rejected(sheet: Sheet, version: Version) -> list[dict[str, str]]:
    """Rows of `rejected.parquet` by step and kind of reason."""
    if not version.manifest.rejected:
        return []
    steps = sheet.numbers.sources.content(f"{folder_of(version)}/rejected.parquet")
    return [
        {"asset": str(version.place), "step": step, "reason": reason, "documents": count}
        for step in steps["step"]
        for reason, count in sheet.counts(version, "step", step, file="rejected.parquet").items()
    ]


def self_contained(sheet: Sheet) -> list[str]:
    """The raw text is in the store."""
    return ["The raw documents lie in the store with their digests; nothing is read from elsewhere after that."]


def tasks(sheet: Sheet) -> list[str]:
    """The recipe's task."""
    task = sheet.recipe.task
    return [
        f"{task.name} with the labels {cell(', '.join(task.labels))}; the model card has what it was measured to do."
    ]


def untested(sheet: Sheet) -> list[str]:
    """What no number stands for."""
    return [
        "Text of other domains, times or languages than those above; groups that no gate compares; other tasks.",
        "The requirements that are not measured, and the known gaps.",
    ]


ANSWERS: Mapping[str, Callable[[Sheet], list[str]]] = {
    "purpose": purpose,
    "instances": instances,
    "counts": counts,
    "labels": labels,
    "missing": missing,
    "relationships": relationships,
    "subpopulations": subpopulations,
    "splits": split,
    "errors": errors,
    "self_contained": self_contained,
    "tasks": tasks,
    "untested": untested,
}
