"""The command that kills trainings."""

import json

import click

from assets.asking import AS_JSON, SETTING, VARIANT, exits, project_of, store_of


@click.command("crash-test")
@click.argument("recipe")
@click.option("--kills", default=50, show_default=True, help="How often SIGKILL ends a training, over all of them.")
@click.option("--seed", default=1, show_default=True, help="Of the moments.")
@VARIANT
@AS_JSON
@SETTING
def crash_test(recipe: str, kills: int, seed: int, variant: str, as_json: bool, settings: tuple[str, ...]) -> None:
    """Kill a recipe's training at random moments, let it go on, and compare the weights with an undisturbed one."""
    from pipeline import crashing

    with exits():
        loaded = project_of(settings, recipe).recipe(recipe)
        loaded.variant(variant)
        told = lambda said: click.echo(said, err=True)  # noqa: E731
        report = crashing.crash_test(loaded, variant, store_of(), kills, seed, told)
    shown = ", ".join(f"{v:,} {k.replace('_', ' ')}" if isinstance(v, int) else f"{v} {k}" for k, v in report.items())
    click.echo(json.dumps(report, indent=1) if as_json else shown)
    if report["differing_bytes"]:
        raise SystemExit(1)
