"""The assets of a corpus and of a recipe, and their gates as checks: blocking, but for those that only warn."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg

from assets.materialized import checked, materialized, refusals
from pipeline import stages
from pipeline.gate import Gate
from pipeline.recipe import BASE_VARIANT, Corpus, Recipe
from pipeline.store import Store
from pipeline.work import Work
from resources.gpu import POOL, TrainingProcess
from resources.store import StoreResource
from resources.tracker import Tracker

Plan = Callable[[Any, Store], Work]
DOES = {
    "raw": "One batch as it came: every record a document, or rejected with its place.",
    "clean": "One batch after the corpus's cleaning steps; what a step drops is kept with the reason.",
    "splits": "All clean batches together, annotated, and divided so that no group and no text is on both sides.",
    "ledger": "Where every document is and why, and how much of what is tested stands in train.",
    "encoder": "A base model pre-trained further on the training text of the splits.",
    "augmented": "The training documents of one variant and the children made of them.",
    "checkpoint": "One variant fine-tuned: the model, its predictions on test, its numbers.",
    "lift": "What each operation of augmentation brings, from the variants that were trained for it.",
    "frontier": "What every trained variant scores and costs, side by side, and which differences are real.",
    "search": "Trials of other training settings, scored on the validation split.",
    "release": "The best variant by validation whose checkpoint passed every gate, with its cards.",
}


def batches_of(corpus: Corpus) -> dg.PartitionsDefinition[Any]:
    """A corpus's batches: known from its settings, or registered by its sensor as they are found."""
    fixed = corpus.source.fixed_batches()
    return (
        dg.StaticPartitionsDefinition(fixed) if fixed else dg.DynamicPartitionsDefinition(name=f"corpora/{corpus.name}")
    )


def of_corpus(corpus: Corpus) -> list[Any]:
    """`corpora/<corpus>/raw` and `corpora/<corpus>/clean`, partitioned by batch."""
    batches = batches_of(corpus)
    about = {"licence": corpus.licence, "language": corpus.language}

    @_asset(corpus, "raw", partitions_def=batches, metadata=about, description=corpus.description or None)
    def raw(context: dg.AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.collect(corpus, context.partition_key), store.open())

    @_asset(corpus, "clean", partitions_def=batches, deps=[raw])
    def clean(context: dg.AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.clean(corpus, context.partition_key, store.open()), store.open())

    plans: dict[str, Plan] = {
        "raw": lambda context, store: stages.collect(corpus, context.partition_key),
        "clean": lambda context, store: stages.clean(corpus, context.partition_key, store),
    }
    return [raw, clean, *(c for stage, plan in plans.items() for c in _checks(corpus, stage, plan, batches))]


def of_recipe(recipe: Recipe) -> list[Any]:
    """`splits` with its `ledger`, `augmented` and `checkpoint` by variant, and `release`."""
    variants = dg.StaticPartitionsDefinition(list(recipe.variants))
    cleaned = [
        dg.AssetDep(["corpora", c.name, "clean"], partition_mapping=dg.AllPartitionMapping()) for c in recipe.corpora
    ]

    @_asset(recipe, "splits", deps=cleaned, description=recipe.description or None)
    def splits(store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.split(recipe, store.open()), store.open())

    @_asset(recipe, "ledger", deps=[splits])
    def ledger(store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.ledger(recipe, store.open()), store.open())

    @_asset(recipe, "augmented", deps=[splits], partitions_def=variants)
    def augmented(context: dg.AssetExecutionContext, store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.augment(recipe, context.partition_key, store.open()), store.open())

    @_asset(recipe, "encoder", deps=[splits], pool=POOL)
    def encoder(
        context: dg.AssetExecutionContext, store: StoreResource, gpu: TrainingProcess, tracker: Tracker
    ) -> dg.MaterializeResult[Any]:
        with refusals():
            trainer, opened = gpu.trainer(context, tracker), store.open()
            return materialized(stages.encode(recipe, opened, trainer), opened)

    encoders = [encoder] if recipe.encoder else []

    @_asset(recipe, "checkpoint", deps=[augmented, splits, *encoders], partitions_def=variants, pool=POOL)
    def checkpoint(
        context: dg.AssetExecutionContext, store: StoreResource, gpu: TrainingProcess, tracker: Tracker
    ) -> dg.MaterializeResult[Any]:
        with refusals():
            trainer, opened = gpu.trainer(context, tracker), store.open()
            return materialized(stages.fine_tune(recipe, context.partition_key, opened, trainer), opened)

    every = dg.AssetDep(checkpoint, partition_mapping=dg.AllPartitionMapping())

    @_asset(recipe, "release", deps=[every, ledger])
    def release(store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.release(recipe, store.open()), store.open())

    @_asset(recipe, "lift", deps=[every])
    def lift(store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.lift(recipe, store.open()), store.open())

    @_asset(recipe, "frontier", deps=[every])
    def frontier(store: StoreResource) -> dg.MaterializeResult[Any]:
        with refusals():
            return materialized(stages.frontier(recipe, store.open()), store.open())

    base = dg.AssetDep(augmented, partition_mapping=dg.SpecificPartitionsPartitionMapping([BASE_VARIANT]))

    @_asset(recipe, "search", deps=[base, splits], pool=POOL)
    def search(
        context: dg.AssetExecutionContext, store: StoreResource, gpu: TrainingProcess, tracker: Tracker
    ) -> dg.MaterializeResult[Any]:
        with refusals():
            trainer, opened = gpu.trainer(context, tracker), store.open()
            return materialized(stages.search(recipe, opened, trainer), opened)

    plans: dict[str, Plan] = {
        "splits": lambda context, store: stages.split(recipe, store),
        "augmented": lambda context, store: stages.augment(recipe, context.partition_key, store),
        "checkpoint": lambda context, store: stages.fine_tune(recipe, context.partition_key, store),
    }
    checks = [
        check
        for stage, plan in plans.items()
        for check in _checks(recipe, stage, plan, None if stage == "splits" else variants)
    ]
    asked = [lift] if any(v.lift for v in recipe.variants.values()) else []
    asked += [frontier] if sum(v.lift is None for v in recipe.variants.values()) > 1 else []
    asked += [*encoders, *([search] if recipe.search else [])]
    return [splits, ledger, augmented, checkpoint, release, *asked, *checks]


def key_of(subject: Corpus | Recipe, stage: str) -> dg.AssetKey:
    """`[corpora, <corpus>, <stage>]` or `[<recipe>, <stage>]`."""
    return dg.AssetKey(["corpora", subject.name, stage] if isinstance(subject, Corpus) else [subject.name, stage])


def _asset(subject: Corpus | Recipe, stage: str, **more: Any) -> Callable[[Any], dg.AssetsDefinition]:
    group = f"corpus_{subject.name}" if isinstance(subject, Corpus) else subject.name
    kinds = {"checkpoint": {"pytorch"}, "encoder": {"pytorch"}, "release": {"huggingface"}}.get(stage, {"parquet"})
    version = stages.code_version(subject, stage)[:16]
    more["description"] = "\n\n".join(filter(None, [more.get("description"), DOES[stage]]))
    made: Callable[[Any], dg.AssetsDefinition]
    made = dg.asset(key=key_of(subject, stage), group_name=group, code_version=version, kinds=kinds, **more)
    return made


def _checks(
    subject: Corpus | Recipe, stage: str, plan: Plan, partitions: dg.PartitionsDefinition[Any] | None
) -> Iterator[Any]:
    gates = subject.gates.get(stage, ())
    if not gates:
        return
    key = key_of(subject, stage)
    # What is downstream waits for blocking checks alone. Where all of a stage only warn they have to be: a check whose
    # severity is WARN stops nothing.
    waited_for = all(gate.severity == "warn" for gate in gates)
    specs = [_spec(gate, key, partitions, waited_for or gate.severity == "refuse") for gate in gates]

    @dg.multi_asset_check(name="_".join([*key.path, "gates"]), specs=specs)
    def judged(context: dg.AssetCheckExecutionContext, store: StoreResource) -> Iterator[dg.AssetCheckResult]:
        with refusals():
            opened = store.open()
            yield from checked(plan(context, opened), opened, key)

    yield judged


def _spec(
    gate: Gate, key: dg.AssetKey, partitions: dg.PartitionsDefinition[Any] | None, blocking: bool
) -> dg.AssetCheckSpec:
    with warnings.catch_warnings():  # a check by partition is a preview in Dagster 1.13; tests/test_graph.py holds it
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            gate.name,
            asset=key,
            blocking=blocking,
            partitions_def=partitions,
            description=(type(gate).__doc__ or "").split("\n\n")[0].replace("\n", " "),
            metadata={"settings": dg.MetadataValue.json(gate.settings())},
        )
