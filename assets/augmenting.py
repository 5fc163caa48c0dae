"""Commands about augmentation."""

import json

import click

from assets.asking import AS_JSON, SETTING, exits, project_of, store_of

_WORTH_A_PROCESS = 5_000  # sentences; a process imports the libraries of all operations for ten seconds


@click.command("prove-augmentation")
@click.argument("recipe")
@click.option("--sentences", default=10_000, show_default=True, help="Children to make and check, over all operations.")
@click.option("--seed", default=1, show_default=True)
@click.option("--jobs", type=click.IntRange(1), help="Processes  [default: one for every 5,000, up to the cores]")
@click.option("--only", default="[]", help="A YAML list of operations as a recipe has them  [default: every operation]")
@AS_JSON
@SETTING
def prove_augmentation(
    recipe: str, sentences: int, seed: int, jobs: int | None, only: str, as_json: bool, settings: tuple[str, ...]
) -> None:
    """Augment a recipe's training text at random and derive every child's labels again: no label may be wrong."""
    from assets import proof
    from pipeline.processes import cores
    from pipeline.proving import prove

    with exits():
        loaded = project_of(settings, recipe).recipe(recipe)
        processes = jobs or max(1, min(cores(), sentences // _WORTH_A_PROCESS))
        report = prove(loaded, store_of(), sentences, seed, processes, _progress, _listed(only))
    click.echo(json.dumps(report, indent=1, ensure_ascii=False) if as_json else proof.text(report))
    if report["misaligned"] or report["invalid"] or report["wrong_split"]:
        raise SystemExit(1)


def _progress(said: str) -> None:
    click.echo(said, err=True)


def _listed(text: str) -> list[object]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise click.BadParameter(f"is no YAML: {error}", param_hint="--only") from error
    if not isinstance(found, list):
        raise click.BadParameter(f"is a list, such as [swap_words], got {text!r}", param_hint="--only")
    return found


@click.command("augment-report")
@click.argument("recipe")
@click.option("--train", is_flag=True, help="Train the variants of the lift that are not trained yet; this takes long.")
@AS_JSON
@SETTING
def augment_report(recipe: str, train: bool, as_json: bool, settings: tuple[str, ...]) -> None:
    """What each operation of augmentation brings at each size: paired differences, clean and noised."""
    from assets import lifting, running
    from pipeline import stages
    from resources import where

    with exits():
        project = project_of(settings, recipe)
        loaded = project.recipe(recipe)
        if train:
            names = [name for name, v in loaded.variants.items() if v.lift is not None]
            running.train(project, loaded, names, where.store_url(), lambda said: click.echo(said, err=True))
        version = running.made(project, stages.lift(loaded, store_of()), where.store_url())
        rows = json.loads((store_of().audit_folder(version) / "lift.json").read_text())
    left_out = dict(version.manifest.facts["harmful"])
    shown = {"recipe": recipe, "version": version.name, "rows": rows, "harmful": left_out}
    click.echo(json.dumps(shown, indent=1) if as_json else lifting.text(rows, left_out))
