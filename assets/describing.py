"""Parts and traced documents in words."""

import inspect
import json
from dataclasses import asdict
from typing import Any

from pipeline.errors import WrongUse, did_you_mean
from pipeline.part import FOLDERS, find, names
from pipeline.trace import Changed, Sighting
from pipeline.verifying import Findings

MOST_EDITS = 20  # of one step, for people; JSON has all


def parts(folder: str | None, name: str | None) -> list[dict[str, Any]]:
    """Every part of one folder or of all: how a recipe names it, what it does, its fields. Raises WrongUse."""
    if folder and name and name not in names(folder):
        raise WrongUse(f"there is no {folder} part {name!r}; {did_you_mean(name, names(folder))}")
    folders = [folder] if folder else list(FOLDERS)
    return [_part(f, n) for f in folders for n in names(f) if name in (None, n)]


def text(described: list[dict[str, Any]], whole: bool) -> str:
    """The same for people: one line a part, or one part with everything."""
    lines: list[str] = []
    for part in described:
        fields = ", ".join(
            f"{f['name']}: {f['type']}" + ("" if f["required"] else f" = {f['default']}") for f in part["fields"]
        )
        lines.append(f"{part['folder']}: {part['use']}" + (f" ({fields})" if fields else ""))
        lines += [f"    {line}" for line in (part["documentation"].splitlines() if whole else [part["summary"]])]
    return "\n".join(lines)


def _part(folder: str, name: str) -> dict[str, Any]:
    cls = find(folder, name)
    documentation = inspect.getdoc(cls) or ""
    fields = [
        {
            "name": field.alias or key,
            "type": _type(field.annotation),
            "required": field.is_required(),
            "default": None if field.is_required() else field.get_default(call_default_factory=True),
        }
        for key, field in cls.model_fields.items()
    ]
    summary = documentation.split("\n\n")[0].replace("\n", " ")
    return {"folder": folder, "use": name, "summary": summary, "documentation": documentation, "fields": fields}


def _type(annotation: Any) -> str:
    return annotation.__name__ if inspect.isclass(annotation) else str(annotation).replace("typing.", "")


def sighting(seen: Sighting) -> dict[str, Any]:
    """A sighting as JSON."""
    doc = seen.document
    spans = None if doc.spans is None else [{"span": str(s), "text": doc.text[s.start : s.end]} for s in doc.spans]
    row = {
        "asset": str(seen.place),
        "version": seen.version,
        "published": seen.published,
        "id": doc.id,
        "text": doc.text or None,
        "spans": spans,
        "label": doc.label,
        "split": doc.split,
        "source": doc.source or None,
        "made_by": doc.lineage.operation if doc.lineage else None,
        "rejected_by": seen.step,
        "reason": seen.reason,
        "prediction": seen.prediction,
        "changed": None if seen.changed is None else [_changed(c) for c in seen.changed],
    }
    return {key: value for key, value in row.items() if value is not None}


def _changed(changed: Changed) -> dict[str, Any]:
    """A step's edits: what stood there and what stands there now; of what was masked the kind alone."""
    edits: list[dict[str, Any]] = []
    for e in changed.edits:
        what = {"masked": list(e.kinds)} if e.old is None else {"old": e.old, "new": e.new}
        edits.append({"start": e.start, "end": e.end, **what})
    return {"step": changed.step, "edits": edits}


def _edits(edits: list[dict[str, Any]]) -> str:
    shown = [
        f"[{e['start']}, {e['end']}) "
        + (f"masked {', '.join(e['masked'])}" if "masked" in e else f"{e['old']!r} -> {e['new']!r}")
        for e in edits[:MOST_EDITS]
    ]
    more = len(edits) - MOST_EDITS
    return "; ".join(shown) + (f"; and {more} more, all in --json" if more > 0 else "")


def sightings(rows: list[dict[str, Any]]) -> str:
    """Traced documents for people."""
    lines: list[str] = []
    for row in rows:
        state = "published" if row["published"] else "not published"
        lines.append(f"{row['asset']}  version {row['version']}, {state}")
        for key in ("id", "source", "split", "made_by", "text", "label", "prediction"):
            if key in row:
                lines.append(f"    {key}: {row[key]}")
        for changed in row.get("changed", []):
            lines.append(f"    changed by {changed['step']}: {_edits(changed['edits'])}")
        if row.get("spans"):
            lines.append("    spans: " + "; ".join(f"{s['text']} {s['span']}" for s in row["spans"]))
        if "reason" in row:
            lines.append(f"    REJECTED by {row['rejected_by']}: {row['reason']}")
    return "\n".join(lines)


def findings(found: Findings) -> str:
    """What a verification found, for people: one line, or one a difference."""
    lines = [str(d) for d in found.differences]
    end = f"{found.numbers} numbers in {found.versions} versions"
    return "\n".join([*lines, f"{len(lines)} differences among {end}" if lines else f"{end} agree"])


def findings_json(found: Findings) -> str:
    """The same for scripts."""
    differences = [asdict(d) for d in found.differences]
    row = {"numbers": found.numbers, "versions": found.versions, "agree": not differences, "differences": differences}
    return json.dumps(row, indent=1, ensure_ascii=False, default=str)
