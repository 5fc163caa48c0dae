"""What a version looks like: plots as PNG inside Markdown, tables as tables."""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from pipeline.store import Store
from pipeline.types import Verdict
from pipeline.version import Version

ROWS = 100  # a table longer than this is cut in the UI's metadata; the whole stands in evaluation.json
MOST = 24  # groups, and gaps, of one plot


def of(version: Version, store: Store) -> dict[str, dg.MetadataValue[Any]]:
    """Plots and tables of a checkpoint or a release; the counts of anything else."""
    files = version.manifest.files
    shown: dict[str, dg.MetadataValue[Any]] = {}
    folder = store.audit_folder(version) if {"evaluation.json", "model_card.md"} & set(files) else None
    if folder is not None and "loss.json" in files:
        shown["loss_plot"] = _image(_loss(json.loads((folder / "loss.json").read_text())), "loss")
    if folder is not None and "evaluation.json" in files:
        tables = json.loads((folder / "evaluation.json").read_text())["tables"]
        for title, rows in tables.items():
            if "confused" in title and rows:
                shown["confusion_plot"] = _image(_confusion(rows), "confusion")
            if title.startswith("Reliability") and rows:
                shown["reliability_plot"] = _image(_reliability(rows), "reliability")
        for title, rows in tables.items():
            records = [dg.TableRecord(_flat(row)) for row in rows[:ROWS]]
            shown[title.lower().replace(" ", "_")] = dg.MetadataValue.table(records)
    if "errors.jsonl" in files:  # its sentences are data: the UI is told where they lie, not what they say
        shown["errors"] = dg.MetadataValue.path(f"{store.where(version)}/errors.jsonl")
    if "lift.json" in files:
        rows = json.loads((store.audit_folder(version) / "lift.json").read_text())
        shown["lift_plot"] = _image(_lift(rows), "lift")
        shown["lift"] = dg.MetadataValue.table([dg.TableRecord(_flat(row)) for row in rows[:ROWS]])
    if "frontier.json" in files:
        rows = json.loads((store.audit_folder(version) / "frontier.json").read_text())
        shown["frontier_plot"] = _image(_frontier(rows), "frontier")
        shown["frontier"] = dg.MetadataValue.table([dg.TableRecord(_flat(row)) for row in rows[:ROWS]])
    if "search.json" in files:
        rows = json.loads((store.audit_folder(version) / "search.json").read_text())
        shown["trials"] = dg.MetadataValue.table([dg.TableRecord(_flat(row)) for row in rows[:ROWS]])
    if folder is not None and "model_card.md" in files:
        shown["model_card"] = dg.MetadataValue.md((folder / "model_card.md").read_text())
        shown["data_sheet"] = dg.MetadataValue.md((folder / "data_sheet.md").read_text())
    return shown


def of_verdict(verdict: Verdict) -> dict[str, dg.MetadataValue[Any]]:
    """Shares of groups and gaps between them, with their intervals; nothing where the gate compares no groups."""
    gaps = _rows(verdict.evidence.get("gaps"), "gap", "low", "high", "groups", "label")
    cells = _rows(verdict.evidence.get("cells"), "group", "label")
    return {"groups_plot": _image(_groups(verdict.gate, cells[:MOST], gaps), "groups")} if gaps and cells else {}


def _rows(found: Any, *keys: str) -> list[dict[str, Any]]:
    """Evidence as rows, where it is rows with these keys: a gate of somebody else may mean other things by a word."""
    rows = found if isinstance(found, list) else []
    return [dict(row) for row in rows if isinstance(row, Mapping) and set(keys) <= set(row)]


def _groups(title: str, cells: Sequence[Mapping[str, Any]], gaps: Sequence[Mapping[str, Any]]) -> Any:
    """Above the share of every group, below the largest gaps; lines are 95 % intervals."""
    from matplotlib.figure import Figure

    shown = sorted(gaps, key=lambda g: -abs(g["gap"]))[:MOST]
    heights = [0.6 + 0.3 * len(rows) for rows in (cells, shown)]
    figure = Figure(figsize=(8, 1.2 + sum(heights)), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=heights)
    figure.suptitle(title)
    name = next((k for k, v in cells[0].items() if isinstance(v, float) and k not in ("low", "high")), "")
    for at, cell in enumerate(cells):
        if "low" in cell:
            above.plot([cell["low"], cell["high"]], [at, at], color="tab:blue")
        above.plot([cell.get(name, 0)], [at], "o", color="tab:blue")
    above.set_yticks(
        range(len(cells)), [f"{c['label']}, {c['group']} ({c.get('examples', c.get('of'))})" for c in cells]
    )
    above.set_title(f"{name or 'share'} by group")
    for at, gap in enumerate(shown):
        color = "tab:red" if gap["low"] > 0 or gap["high"] < 0 else "tab:gray"
        below.plot([gap["low"], gap["high"]], [at, at], color=color)
        below.plot([gap["gap"]], [at], "o", color=color)
    below.axvline(0, color="black", lw=0.8)
    below.set_yticks(range(len(shown)), [f"{g['label']}: {' minus '.join(g['groups'])}" for g in shown])
    below.set_title("difference, all intervals together 95 %")
    return figure


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    plain = {k: round(v, 4) if isinstance(v, float) else v for k, v in row.items()}
    return {k: v if isinstance(v, str | int | float | bool) or v is None else json.dumps(v) for k, v in plain.items()}


def _image(figure: Any, name: str) -> dg.MetadataValue[Any]:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90, bbox_inches="tight")
    return dg.MetadataValue.md(f"![{name}](data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()})")


def _figure() -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # the class alone: no display, no global state

    figure = Figure(figsize=(6, 4))
    return figure, figure.subplots()


def _loss(curve: Sequence[Mapping[str, Any]]) -> Any:
    figure, axes = _figure()
    steps = [p for p in curve if "loss" in p]
    axes.plot([p["step"] for p in steps], [p["loss"] for p in steps], lw=1, color="tab:blue")
    axes.set_xlabel("step")
    axes.set_ylabel("training loss", color="tab:blue")
    scores = [(p["step"], v) for p in curve for k, v in p.items() if k.startswith("validation_") and "step" in p]
    if scores:
        right = axes.twinx()
        right.plot([s for s, _ in scores], [v for _, v in scores], "o-", color="tab:orange")
        right.set_ylim(0, 1.02)
        right.set_ylabel("validation score", color="tab:orange")
    return figure


def _lift(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Difference with its interval: a row an operation and size, one side clean and one noised."""
    from matplotlib.figure import Figure

    names = list(dict.fromkeys((r["operation"], r["size"]) for r in rows))
    copies = list(dict.fromkeys(r["test"] for r in rows))
    figure = Figure(figsize=(4.5 * len(copies), 1 + 0.35 * len(names)))
    for axes, copy in zip(figure.subplots(1, len(copies), sharey=True, squeeze=False)[0], copies, strict=True):
        for at, (operation, size) in enumerate(names):
            row = next(r for r in rows if (r["operation"], r["size"], r["test"]) == (operation, size, copy))
            color = "tab:red" if row["high"] < 0 else "tab:green" if row["low"] > 0 else "tab:gray"
            axes.plot([row["low"], row["high"]], [at, at], color=color)
            axes.plot([row["difference"]], [at], "o", color=color)
        axes.axvline(0, color="black", lw=0.8)
        axes.set_yticks(range(len(names)), [f"{operation}, {size}" for operation, size in names])
        axes.set_title(f"{copy} test: difference of the score")
    return figure


def _reliability(rows: Sequence[Mapping[str, Any]]) -> Any:
    """The share that is right, with its interval, against the mean probability; the diagonal is perfect."""
    figure, axes = _figure()
    said, right = ([row[key] for row in rows] for key in ("mean_probability", "right"))
    axes.plot([0, 1], [0, 1], color="black", lw=0.8, ls="--")
    axes.vlines(said, [row["right_low"] for row in rows], [row["right_high"] for row in rows], color="tab:blue")
    axes.plot(said, right, "o-", color="tab:blue")
    for x, y, row in zip(said, right, rows, strict=True):
        axes.annotate(f"{row['support']:,}", (x, y), xytext=(4, -10), textcoords="offset points", fontsize=8)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("mean probability")
    axes.set_ylabel("share that is right")
    axes.set_title("test split; numbers: predictions of the bin")
    return figure


def _frontier(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Test score with its interval against each cost; the variants that no other one beats are filled."""
    from matplotlib.figure import Figure

    costs = {"trainable_share": "trained share of the parameters", "seconds": "seconds", "peak_memory_mib": "MiB"}
    figure = Figure(figsize=(4 * len(costs), 4))
    for axes, (cost, label) in zip(figure.subplots(1, len(costs), sharey=True), costs.items(), strict=True):
        for row in rows:
            color = "tab:blue" if row["on_frontier"] else "tab:gray"
            axes.plot([row[cost]] * 2, [row["low"], row["high"]], color=color, lw=1)
            axes.plot([row[cost]], [row["score"]], "o" if row["on_frontier"] else "x", color=color)
            axes.annotate(row["variant"], (row[cost], row["score"]), xytext=(4, 4), textcoords="offset points")
        axes.set_xlabel(label)
        if cost == "trainable_share":
            axes.set_xscale("symlog", linthresh=1e-4)
    figure.axes[0].set_ylabel("test score")
    return figure


def _confusion(rows: Sequence[Mapping[str, Any]]) -> Any:
    figure, axes = _figure()
    names = [k for k, v in rows[0].items() if not isinstance(v, str)]
    gold = [next(str(v) for v in row.values() if isinstance(v, str)) for row in rows]
    shares = [[row[n] / max(1, sum(row[m] for m in names)) for n in names] for row in rows]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_title("test split; color: share of its row")
    axes.set_xticks(range(len(names)), names, rotation=45)
    axes.set_yticks(range(len(gold)), gold)
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    for y, row in enumerate(rows):
        for x, name in enumerate(names):
            axes.text(
                x, y, f"{row[name]:,}", ha="center", va="center", color="white" if shares[y][x] > 0.5 else "black"
            )
    return figure
