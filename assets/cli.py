"""The command `gristmill`. Exit codes: 0 done, 1 a gate or the data says no, 2 wrong use, 130 interrupted."""

import getpass
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click

from assets.asking import AS_JSON, SETTING, VARIANT, exits, project_of, show_table, store_of
from assets.augmenting import augment_report, prove_augmentation
from assets.comparing import frontier, search
from assets.crashing import crash_test
from assets.evaluating import evaluate
from assets.exporting import export
from assets.predicting import predict
from assets.serving import serve
from pipeline.part import FOLDERS
from resources import where


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--recipes", type=click.Path(file_okay=False), help="Folder of recipes  [default: GRISTMILL_RECIPES, recipes/]"
)
@click.option("--store", help="Folder or fsspec URL  [default: GRISTMILL_STORE, store/]")
def main(recipes: str | None, store: str | None) -> None:
    """Turns raw corpora into fine-tuned BERT checkpoints, and refuses to when the data is not fit for it."""
    if recipes:
        os.environ["GRISTMILL_RECIPES"] = str(Path(recipes).resolve())
    if store:
        os.environ["GRISTMILL_STORE"] = store if "://" in store else str(Path(store).resolve())


@main.command()
def check() -> None:
    """Load every recipe and say every mistake of every file."""
    project = project_of()
    for mistake in project.mistakes:
        click.echo(str(mistake), err=True)
    click.echo(
        f"{len(project.recipes)} recipes and {len(project.corpora)} corpora are fine", err=bool(project.mistakes)
    )
    if project.mistakes:
        raise SystemExit(2)


@main.command()
@click.argument("folder", required=False, type=click.Choice(FOLDERS))
@click.argument("name", required=False)
@AS_JSON
def parts(folder: str | None, name: str | None, as_json: bool) -> None:
    """What a recipe can use, with fields and documentation."""
    from assets import describing

    with exits():
        described = describing.parts(folder, name)
    click.echo(
        json.dumps(described, indent=1, ensure_ascii=False) if as_json else describing.text(described, bool(name))
    )


@main.command()
@click.argument("recipe")
@VARIANT
@SETTING
def run(recipe: str, variant: str, settings: tuple[str, ...]) -> None:
    """Make everything from raw text to a released checkpoint; what has not changed is left alone."""
    from assets import running, showing

    started = time.monotonic()
    with exits():
        project = project_of(settings, recipe)
        loaded = project.recipe(recipe)
        loaded.variant(variant)
        running.run_recipe(project, loaded, variant, where.store_url(), click.echo)
        store = store_of()
        best = store.published(loaded.place("checkpoint", variant))
        assert best is not None
        for table in showing.tables(loaded, store, best):
            show_table(table)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    click.echo(
        f"{recipe}[{variant}] is released; {time.monotonic() - started:.0f} s, peak memory of a process {peak:,.0f} MiB"
    )


@main.command()
@click.argument("recipe")
@AS_JSON
@SETTING
def show(recipe: str, as_json: bool, settings: tuple[str, ...]) -> None:
    """What is published, each gate's verdict, and the metrics."""
    from assets import showing

    with exits():
        loaded = project_of(settings, recipe).recipe(recipe)
        store = store_of()
        status = showing.status(loaded, store)
        if as_json:
            click.echo(json.dumps(status, indent=1, ensure_ascii=False))
            return
        for table in showing.overview(status):
            show_table(table)
        best = showing.checkpoint_of(loaded, store)
        for table in showing.tables(loaded, store, best) if best else ():
            show_table(table)


@main.command()
@click.argument("recipe")
@AS_JSON
@SETTING
def leakage(recipe: str, as_json: bool, settings: tuple[str, ...]) -> None:
    """How much of what is tested stands in train: by the source's splits and by Gristmill's."""
    from assets import leaking

    with exits():
        found = leaking.measured(project_of(settings, recipe).recipe(recipe), store_of())
    click.echo(json.dumps(found, indent=1, ensure_ascii=False) if as_json else leaking.text(found))


@main.command()
@click.argument("recipe")
@click.argument("document_id")
@VARIANT
@AS_JSON
def trace(recipe: str, document_id: str, variant: str, as_json: bool) -> None:
    """A document after every stage, or who rejected it and why."""
    from assets import describing
    from pipeline import trace as tracing

    with exits():
        loaded = project_of((), recipe).recipe(recipe)
        found = tracing.require(tracing.trace(loaded, document_id, store_of(), variant), loaded, document_id)
    rows = [describing.sighting(s) for s in found]
    click.echo(json.dumps(rows, indent=1, ensure_ascii=False) if as_json else describing.sightings(rows))


@main.command()
@click.argument("recipe")
@VARIANT
@click.option("--stage", help="Only this stage: raw, clean, splits, augmented or checkpoint.")
@SETTING
def judge(recipe: str, variant: str, stage: str | None, settings: tuple[str, ...]) -> None:
    """Give every verdict again on what was made; publish what passes, withdraw what does not."""
    from assets import judging

    with exits():
        loaded = project_of(settings, recipe).recipe(recipe)
        loaded.variant(variant)
        if not judging.judge(loaded, variant, stage, store_of(), click.echo):
            raise SystemExit(1)


@main.command()
@click.argument("recipe")
@click.option("--gates", is_flag=True, help="Judge every gate again as well.")
@AS_JSON
@SETTING
def verify(recipe: str, gates: bool, as_json: bool, settings: tuple[str, ...]) -> None:
    """Recompute from the store everything that the release says; every difference is named."""
    from assets import describing
    from pipeline import verifying

    with exits():
        found = verifying.verify(project_of(settings, recipe).recipe(recipe), store_of(), gates=gates)
    click.echo(describing.findings_json(found) if as_json else describing.findings(found))
    if found.differences:
        raise SystemExit(1)


@main.command(name="bench-gates")
@click.argument("recipe", required=False)
@click.option("--seeds", default=20, show_default=True, help="Clean resamples, and trials of each fault.")
@click.option("--seed", default=0, show_default=True, help="The first.")
@click.option("--clean", default=0, help="Clean resamples to judge in all  [default: as many as seeds]")
@click.option("--kinds", default="", help="Only these kinds of fault, parted by commas.")
@click.option("--documents", default=1500, show_default=True, help="Size of a resample.")
@click.option("--jobs", type=int, help="Processes  [default: the number of cores]")
@click.option("--all-gates", is_flag=True, help="Every gate at its defaults, not only the recipe's own.")
@click.option("--power", is_flag=True, help="Instead: gaps of known size in made-up predictions; needs no recipe.")
@click.option("--table", type=click.Path(), help="Put the table between the markers of this page.")
@AS_JSON
@SETTING
def bench_gates(
    recipe: str | None,
    kinds: str,
    table: str | None,
    as_json: bool,
    settings: tuple[str, ...],
    jobs: int | None,
    power: bool,
    **given: Any,
) -> None:
    """Plant faults in a recipe's real data and show which gate catches which, and how often clean data is refused."""
    from pipeline import bench_gates as bench
    from pipeline.processes import cores

    if power == bool(recipe):
        raise click.UsageError("name a recipe, or give --power without one")
    with exits():
        if not recipe:
            report = bench.power(given["seeds"], given["seed"], jobs or cores())
            shown = bench.power_table(report)
            if table:
                bench.replaced(Path(table), shown, "power")
            click.echo(json.dumps(report, indent=1) if as_json else shown)
            return
        loaded = project_of(settings, recipe).recipe(recipe)
        wanted = tuple(kind for kind in kinds.split(",") if kind)
        chosen = bench.Settings(kinds=wanted, jobs=jobs or cores(), **given)
        report = bench.bench(loaded, store_of(), chosen, lambda said: click.echo(said, err=True))
        shown = bench.markdown(report)
        if table:
            bench.replaced(Path(table), shown, recipe)
    click.echo(json.dumps(report, indent=1, ensure_ascii=False) if as_json else shown)


@main.command()
@click.argument("recipe")
@click.argument("stage", type=click.Choice(["raw", "clean", "splits", "augmented", "checkpoint"]))
@click.argument("gates", nargs=-1, required=True, metavar="GATE...")
@click.option("--partition", help="The batch (BATCH or CORPUS/BATCH) or the variant.")
@click.option("--why", required=True, help="The reason; every card downstream shows it.")
@click.option("--who", default=getpass.getuser, help="Your name  [default: the user's]")
@SETTING
def waive(
    recipe: str,
    stage: str,
    gates: tuple[str, ...],
    partition: str | None,
    why: str,
    who: str,
    settings: tuple[str, ...],
) -> None:
    """Let the newest version of a stage pass gates, for exactly this data."""
    from assets import judging

    with exits():
        loaded = project_of(settings, recipe).recipe(recipe)
        click.echo(judging.waive(loaded, stage, gates, partition, store_of(), who=who, why=why))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Anyone who reaches it can start runs.")
@click.option("--port", default=3000, show_default=True)
def ui(host: str, port: int) -> None:
    """Open the Dagster web UI on the same store and run history, with the daemon for sensors and backfills."""
    where.prepare_home()
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    os.chdir(where.ROOT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored by a script's `&`, it would make Dagster ignore SIGTERM too
    command = [str(Path(sys.executable).parent / "dagster"), "dev", "-w", "workspace.yaml", "-h", host, "-p", str(port)]
    os.execv(command[0], command)


main.add_command(augment_report)
main.add_command(frontier)
main.add_command(search)
main.add_command(crash_test)
main.add_command(prove_augmentation)
main.add_command(predict)
main.add_command(serve)
main.add_command(export)
main.add_command(evaluate)


if __name__ == "__main__":
    main()
