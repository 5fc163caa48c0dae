"""The command that scores a checkpoint again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from assets.asking import AS_JSON, SETTING, VARIANT, exits, project_of, show_table, store_of


@click.command()
@click.argument("recipe")
@VARIANT
@click.option(
    "--labels",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Another version of the test's labels: .jsonl with ids, or .conll or .txt in columns. May be given again.",
)
@AS_JSON
@SETTING
def evaluate(recipe: str, variant: str, labels: tuple[Path, ...], as_json: bool, settings: tuple[str, ...]) -> None:
    """Score a checkpoint's predictions again, on its own labels and on other versions of them."""
    from pipeline import evaluating

    with exits():
        loaded = project_of(settings, recipe).recipe(recipe)
        found = evaluating.evaluated(loaded, variant, store_of(), labels)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    for shown in rendered(found):
        show_table(shown)


def rendered(found: dict[str, Any]) -> Iterator[Any]:
    """Tables: metrics side by side, the versions of the labels, the spread over seeds."""
    from assets.showing import table_of

    version = f"{found['recipe']}[{found['variant']}] {found['version']}"
    yield version + ("" if found["published"] else ", which is not published: a gate holds it back or was not asked")
    rows = found["labels"]
    names = [name for name in rows[0]["metrics"] if f"{name}_low" in rows[0]["metrics"]]
    columns = _short([row["labels"] for row in rows])
    metrics = [{"metric": n, **{c: _cell(r["metrics"], n) for c, r in zip(columns, rows, strict=True)}} for n in names]
    yield table_of("test, with its 95 % interval, by version of the labels", metrics)
    if len(rows) > 1:
        yield table_of(
            "versions of the labels", [_version(c, r, found["headline"]) for c, r in zip(columns, rows, strict=True)]
        )
    if found["seeds"]:
        over = [{"metric": name, **spread} for name, spread in found["seeds"]["metrics"].items()]
        yield table_of(f"over the seeds of {', '.join(found['seeds']['variants'])}", over)


def _version(column: str, row: dict[str, Any], headline: str) -> dict[str, Any]:
    """What a version of the labels covers; the difference is on the documents that both versions label."""
    counts = {key: row[key] for key in ("documents", "unlabelled", "changed", "unknown")}
    found = row.get("difference")
    if found is None:
        return {"labels": column, **counts, f"difference of {headline}": "", "p": ""}
    shown = f"{found[headline]:+.4f} [{found['low']:+.4f}, {found['high']:+.4f}]"
    return {"labels": column, **counts, f"difference of {headline}": shown, "p": f"{found['p']:.3f}"}


def _cell(metrics: dict[str, float], name: str) -> str:
    if name not in metrics:
        return ""
    return f"{metrics[name]:.4f} [{metrics[f'{name}_low']:.4f}, {metrics[f'{name}_high']:.4f}]"


def _short(labels: list[str]) -> list[str]:
    """File names where they differ, else whole paths."""
    names = [Path(name).name for name in labels]
    return names if len(set(names)) == len(names) else labels
