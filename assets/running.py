"""Runs a recipe through Dagster in this process, into the instance that the web UI shows."""

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

from assets import turns
from assets.definitions import build
from assets.graph import batches_of
from pipeline import stages
from pipeline.errors import DataSaysNo, GateNotPassed
from pipeline.recipe import Project, Recipe
from pipeline.stages.lift import trained
from pipeline.store import Store
from pipeline.version import ALL, Version
from pipeline.work import Work, done, warned
from resources import progress, where
from resources.gpu import POOL

Say = Callable[[str], None]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Runner:
    """Materializes pieces of work of one project; each is a Dagster run of its asset and its checks."""

    def __init__(self, project: Project, store_url: str) -> None:
        where.prepare_home()
        warnings.filterwarnings("ignore", module="dagster")
        logging.getLogger("dagster").setLevel(logging.CRITICAL)
        self.store = Store(store_url)
        self.instance = dg.DagsterInstance.get()
        turns.bury_the_dead(self.instance)
        self._job = build(project, store_url).resolve_implicit_global_asset_job_def()

    def register(self, recipe: Recipe) -> None:
        """Make the batches of the recipe's corpora known to Dagster."""
        for corpus in recipe.corpora:
            partitions = batches_of(corpus)
            if isinstance(partitions, dg.DynamicPartitionsDefinition):
                self.instance.add_dynamic_partitions(str(partitions.name), corpus.source.batches())

    def materialize(self, work: Work) -> Version:
        """One run over the work's asset and its checks; the published version.

        Raises:
            DataSaysNo: the step refused, or a gate did.
        """
        result = self._job.execute_in_process(
            run_config=QUIET,
            instance=self.instance,
            partition_key=None if work.place.partition == ALL else work.place.partition,
            asset_selection=[dg.AssetKey(work.place.asset.split("/"))],
            raise_on_error=False,
            tags={turns.PROCESS: turns.this_process()},
        )
        failures = [e.step_failure_data for e in result.all_events if e.is_step_failure]
        if any(f.error_source is not None and f.error_source.value == "INTERRUPT" for f in failures):
            raise KeyboardInterrupt
        version = done(work, self.store)
        if version is not None and result.success:
            return version
        made = self.store.find(work.place, work.version)
        if made is None or version is not None:
            raise DataSaysNo(_reason(result))  # the step itself refused: the gates have nothing to say
        self.store.read(work.place, work.gate_set)  # where nothing at all is published, says so
        raise GateNotPassed(self.store.held_back(made, work.gate_set))


def run_recipe(project: Project, recipe: Recipe, variant: str, store_url: str, say: Say) -> None:
    """Everything from raw text to release; what is published already is left alone.

    Raises:
        DataSaysNo: the data, a gate or the training refused; the message has the reason and the numbers.
    """
    store = Store(store_url)
    progress.keep_terminal()
    runner: Runner | None = None
    works = sum(2 * len(c.source.batches()) for c in recipe.corpora) + 5
    with progress.counted(recipe.name, works) as count:
        for part in (stages.prepared(recipe, store), stages.trained(recipe, variant, store)):
            for work in part:
                count.step(str(work.place))
                started = time.monotonic()
                version = done(work, store)
                if version is not None:
                    count.line(_line(work, version, store, "unchanged"), say)
                    continue
                if runner is None:
                    runner = Runner(project, store_url)
                    runner.register(recipe)
                if work.place.asset.endswith("/checkpoint"):
                    count.pause()
                    turns.wait(runner.instance, POOL, say)
                version = runner.materialize(work)
                count.line(_line(work, version, store, f"{time.monotonic() - started:.1f} s"), say)
                if why := _unread(work, version, store):
                    count.line(why, say)


def _line(work: Work, version: Version, store: Store, note: str) -> str:
    rejected = f", {version.manifest.rejected:,} rejected" if version.manifest.rejected else ""
    warnings_ = warned(work, version, store)
    passed = len(work.gates) - len(warnings_)
    gates = f", {passed} gates passed" if passed else ""
    gates += "".join(f", warning: {name} {outcome.replace('_', ' ')}" for name, outcome in warnings_.items())
    return f"{work.place!s:50} {version.manifest.rows:>8,} rows{rejected}{gates}  {note}"


def _unread(work: Work, version: Version, store: Store) -> str:
    """Why the source could not read a record, of the first of them; empty where it read all, or for another stage."""
    if not version.manifest.rejected or not work.place.asset.endswith("/raw"):
        return ""
    said = store.audit_documents(version, "rejected.parquet")["reason"][0].as_py()
    reason = "".join(c if c.isprintable() else "\ufffd" for c in said)  # it may quote the record
    more = version.manifest.rejected - 1
    return f"  rejected: {reason}" + (f" (and {more:,} more, in rejected.parquet of the version)" if more else "")


def _reason(result: Any) -> str:
    failures = [e.event_specific_data for e in result.all_events if e.is_step_failure]
    for failure in failures:
        if failure.user_failure_data is not None and failure.user_failure_data.description:
            return str(failure.user_failure_data.description)
    if failures and failures[0].error is not None:
        deepest = failures[0].error
        while deepest.cause is not None:
            deepest = deepest.cause
        return str(deepest.message).strip()
    return "the run failed; its log is in the web UI"


def train(project: Project, recipe: Recipe, variants: Sequence[str], store_url: str, say: Say) -> None:
    """Materialize variants with all that they start from; what is made already is left alone.

    Raises:
        DataSaysNo: a step refused; a checkpoint that its gates refuse is made all the same, and goes on.
    """
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
    return stages.done(work, Store(store_url)) or Runner(project, store_url).materialize(work)
