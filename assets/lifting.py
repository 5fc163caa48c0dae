"""Trains what a recipe's `lift` compares, and shows the comparison."""

from collections.abc import Callable
from typing import Any

from pipeline import stages
from pipeline.errors import GateNotPassed
from pipeline.recipe import Project, Recipe
from pipeline.store import Store
from pipeline.version import Version
from resources import progress

Say = Callable[[str], None]


def train(project: Project, recipe: Recipe, store_url: str, say: Say) -> None:
    """Materialize `augmented` and `checkpoint` of every variant of the lift; what is made already is left alone.

    Raises:
        DataSaysNo: a step refused; a checkpoint that its gates refuse is made all the same, and goes on.
    """
    from assets.running import Runner
    from pipeline.stages.lift import trained

    store, runner = Store(store_url), None
    names = [name for name, v in recipe.variants.items() if v.lift is not None]
    progress.keep_terminal()
    with progress.counted(recipe.name, len(names)) as count:
        for name in names:
            count.step(name)
            if trained(recipe, name, store) is not None:
                count.line(f"{name}: unchanged", say)
                continue
            runner = runner or Runner(project, store_url)
            work = stages.augment(recipe, name, store)
            if stages.done(work, store) is None:
                runner.materialize(work)
            count.pause()
            try:
                runner.materialize(stages.fine_tune(recipe, name, store))
            except GateNotPassed:
                count.line(f"{name}: its gates refuse it; it is compared, never released", say)
            version = trained(recipe, name, store)
            assert version is not None
            score = version.manifest.facts["metrics"][recipe.task.headline]
            count.line(f"{name}: {recipe.task.headline} {score:.4f}", say)


def report(project: Project, recipe: Recipe, store_url: str) -> Version:
    """The published lift of what is trained, materialized through Dagster. Raises what the stage raises."""
    from assets.running import Runner

    store = Store(store_url)
    work = stages.lift(recipe, store)
    return stages.done(work, store) or Runner(project, store_url).materialize(work)


def text(rows: list[dict[str, Any]], left_out: dict[str, str]) -> str:
    """The table, and which operations lower the score."""
    lines = [f"{'operation':24}{'size':>8}{'test':>9}{'without':>10}{'with':>10}{'difference':>12}  95 % interval"]
    lines += [
        f"{r['operation']:24}{r['size']:>8}{r['test']:>9}{r['without']:10.4f}{r['with']:10.4f}{r['difference']:+12.4f}"
        f"  [{r['low']:+.4f}, {r['high']:+.4f}]"
        for r in rows
    ]
    lines += [f"{name} lowers the score: {why}; `when: helps` leaves it out" for name, why in left_out.items()]
    return "\n".join(lines)
