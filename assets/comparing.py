"""Commands that compare trainings: the variants of a recipe, and the trials of a search."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from assets.asking import AS_JSON, SETTING, exits, project_of, store_of


@click.command("frontier")
@click.argument("recipe")
@click.option("--train", is_flag=True, help="Train the variants that are not trained yet; this takes long.")
@AS_JSON
@SETTING
def frontier(recipe: str, train: bool, as_json: bool, settings: tuple[str, ...]) -> None:
    """What every trained variant scores and costs, the best by validation first, and which differences are real."""
    from assets import running
    from pipeline import stages
    from resources import where

    with exits():
        project = project_of(settings, recipe)
        loaded = project.recipe(recipe)
        if train:
            names = [name for name, v in loaded.variants.items() if v.lift is None]
            running.train(project, loaded, names, where.store_url(), lambda said: click.echo(said, err=True))
        version = running.made(project, stages.frontier(loaded, store_of()), where.store_url())
        rows = json.loads((store_of().audit_folder(version) / "frontier.json").read_text())
    facts = version.manifest.facts
    shown = {"recipe": recipe, "rows": rows, **{k: facts[k] for k in ("best", "not_trained")}}
    click.echo(json.dumps(shown, indent=1) if as_json else frontier_text(rows, facts))


@click.command("search")
@click.argument("recipe")
@AS_JSON
@SETTING
def search(recipe: str, as_json: bool, settings: tuple[str, ...]) -> None:
    """Try other training settings, as the recipe's `search` says; a search that was stopped goes on."""
    from assets import running
    from pipeline import stages
    from resources import progress, where

    with exits():
        project = project_of(settings, recipe)
        progress.keep_terminal()
        version = running.made(project, stages.search(project.recipe(recipe), store_of()), where.store_url())
        rows = json.loads((store_of().audit_folder(version) / "search.json").read_text())
    facts = version.manifest.facts
    shown = {"recipe": recipe, "best": facts["best"], "score": facts["score"], "trials": rows}
    click.echo(json.dumps(shown, indent=1) if as_json else search_text(rows, facts))


def frontier_text(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    """The table, what would be released, and what is not trained."""
    lines = [
        f"{'variant':20}{'method':18}{'score':>8}  {'95 % interval':18}{'trained':>9}{'seconds':>9}{'MiB':>8}"
        "  difference from the first"
    ]
    for r in rows:
        share = f"{r['trainable_share']:.2%}"
        behind = f"{r['difference']:+.4f} [{r['difference_low']:+.4f}, {r['difference_high']:+.4f}]"
        mark = " *" if r["on_frontier"] else ""
        lines.append(
            f"{r['variant']:20}{r['method']:18}{r['score']:8.4f}  [{r['low']:.4f}, {r['high']:.4f}]  {share:>9}"
            f"{r['seconds']:9.0f}{r['peak_memory_mib']:8.0f}  {behind}{mark}"
        )
    lines.append("* no other variant scores as well for as little")
    lines.append(f"by validation, and the simplest where the difference is noise: {facts['best']}")
    if facts["not_trained"]:
        lines.append(f"not trained: {', '.join(facts['not_trained'])}")
    return "\n".join(lines)


def search_text(rows: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]) -> str:
    """A line a trial, and the best settings as YAML for a variant."""
    lines = []
    for r in rows:
        values = {k: v for k, v in r.items() if k not in ("trial", "state", "score", "seconds")}
        score = "     -" if r["score"] is None else f"{r['score']:.4f}"
        said = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        lines.append(f"{r['trial']:>4}  {score}  {r['state']:12}{said}")
    inside = ", ".join(f"{k}: {json.dumps(v)}" for k, v in facts["best"].items())
    return "\n".join([*lines, f"best on validation, {facts['score']:.4f}: training: {{{inside}}}"])
