"""Trains the variants of a recipe that are to be compared, and shows what augmentation brings."""

from collections.abc import Callable, Sequence
from typing import Any

from pipeline import stages
from pipeline.errors import DataSaysNo, GateNotPassed
from pipeline.recipe import Project, Recipe
from pipeline.store import Store
from pipeline.version import Version
from pipeline.work import Work
from resources import progress

Say = Callable[[str], None]


def train(project: Project, recipe: Recipe, variants: Sequence[str], store_url: str, say: Say) -> None:
    """Materialize variants with all that they start from; what is made already is left alone.

    Raises:
        DataSaysNo: a step refused; a checkpoint that its gates refuse is made all the same, and goes on.
    """
    from assets.running import Runner
    from pipeline.stages.lift import trained

    store, runner = Store(store_url), None
    progress.keep_terminal()
    with progress.counted(recipe.name, len(variants)) as count:
        for name in variants:
            count.step(name)
            if trained(recipe, name, store) is not None:
                count.line(f"{name}: unchanged", say)
                continue
            runner = runner or Runner(project, store_url)
            count.pause()
            try:
                for work in stages.fitted(recipe, name, store):
                    if stages.done(work, store) is None:
                        runner.materialize(work)
            except GateNotPassed:
                count.line(f"{name}: its gates refuse it; it is compared, never released", say)
            version = trained(recipe, name, store)
            if version is None:
                raise DataSaysNo(f"{name}: what it starts from is not published; `gristmill show {recipe.name}`")
            score = version.manifest.facts["metrics"][recipe.task.headline]
            count.line(f"{name}: {recipe.task.headline} {score:.4f}", say)


def made(project: Project, work: Work, store_url: str) -> Version:
    """The published version of a work, materialized through Dagster where it is not there."""
    from assets.running import Runner

    return stages.done(work, Store(store_url)) or Runner(project, store_url).materialize(work)


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
