"""Jobs, the sensor on every corpus, and the nightly schedule of every recipe."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from assets.graph import batches_of, key_of
from pipeline.errors import GristmillError
from pipeline.fingerprint import fingerprint
from pipeline.recipe import BASE_VARIANT, Corpus, Recipe

NIGHTLY = "0 2 * * *"
SECONDS = 30.0  # a sensor's tick reads for this long at most; Dagster ends one that takes 60


def of_corpus(corpus: Corpus) -> tuple[list[Any], list[Any]]:
    """The job that collects and cleans one batch, and the sensor that asks for it. (jobs, sensors)"""
    selection = dg.AssetSelection.assets(key_of(corpus, "raw"), key_of(corpus, "clean"))
    job = dg.define_asset_job(
        f"corpus_{corpus.name}", selection, description=f"Collect and clean one batch of {corpus.name}"
    )

    @dg.sensor(name=f"{corpus.name}_batches", job=job, minimum_interval_seconds=30)
    def batches(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        """New or changed batches of the corpus: registers them and asks for a run each."""
        seen: dict[str, list[str]] = json.loads(context.cursor or "{}")
        try:
            now = _looked_at(corpus, seen)
        except GristmillError as error:
            return dg.SkipReason(str(error))
        new = [b for b, (_, digest) in now.items() if b not in seen or seen[b][1] != digest]
        partitions = batches_of(corpus)
        add = (
            [partitions.build_add_request(new)]
            if isinstance(partitions, dg.DynamicPartitionsDefinition) and new
            else []
        )
        # of the change, not of the content alone: Dagster starts a key once, and content can be put back as it was
        keys = {b: f"{b}:{now[b][1][:16]}:{fingerprint(seen.get(b), now[b])[:8]}" for b in new}
        runs = [dg.RunRequest(run_key=keys[b], partition_key=b) for b in new]
        return dg.SensorResult(run_requests=runs, dynamic_partitions_requests=add, cursor=json.dumps(now))

    return [job], [batches]


def _looked_at(corpus: Corpus, seen: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Stamp and digest of every batch; what a tick has no time for stays as it was seen last, and the next goes on."""
    until = time.monotonic() + SECONDS
    listed = corpus.source.batches()
    now: dict[str, Sequence[str]] = {b: seen[b] for b in listed if b in seen}
    for batch in listed:
        now[batch] = corpus.source.changed(batch, *now.get(batch, ("", "")))
        if time.monotonic() > until:
            break
    return now


def of_recipe(recipe: Recipe) -> tuple[list[Any], list[Any]]:
    """The recipe's job (splits to release, for one variant) and its nightly schedule. (jobs, schedules)"""
    stages = ("splits", "ledger", *(["encoder"] if recipe.encoder else []), "augmented", "checkpoint", "release")
    selection = dg.AssetSelection.assets(*(key_of(recipe, stage) for stage in stages))
    job = dg.define_asset_job(recipe.name, selection, description=recipe.description or None)

    @dg.schedule(name=f"{recipe.name}_nightly", job=job, cron_schedule=NIGHTLY)
    def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        """The recipe itself, every night; what has not changed is looked up."""
        day = context.scheduled_execution_time.date().isoformat()
        return dg.RunRequest(run_key=f"{recipe.name}:{day}", partition_key=BASE_VARIANT)

    return [job], [nightly]
