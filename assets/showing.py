"""What a recipe has come to: published versions, verdicts, metrics; as JSON for scripts, as tables for people."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.gate import refusing, titled
from pipeline.recipe import BASE_VARIANT, Corpus, Gates, Recipe
from pipeline.store import Store
from pipeline.version import ALL, Place, Version, outcome_of

COUNTS = ("gold_mentions", "predicted_mentions", "bio_repairs", "lost_spans")


def status(recipe: Recipe, store: Store) -> dict[str, Any]:
    """`recipe`, `published` (stage → partition → version), `gates` (a row each), `metrics` (of what is released)."""
    published: dict[str, dict[str, Any]] = {}
    gates: list[dict[str, Any]] = []
    for stage, partition, place, wanted in _places(recipe, store):
        version = store.published(place, refusing(wanted.get(stage, ())))
        if version is not None:
            m = version.manifest
            published.setdefault(stage, {})[partition] = {
                "version": m.version,
                "digest": m.digest,
                "rows": m.rows,
                "rejected": m.rejected,
                "waived": sorted(store.waivers(version)),
                "path": store.where(version),
                "data_docs": store.data_docs(version),
            }
        gates += _judged(stage, partition, version or store.newest(place), wanted, store)
    best = checkpoint_of(recipe, store)
    metrics = dict(best.manifest.facts["metrics"]) if best else {}
    variant = best.place.partition if best else None
    return {"recipe": recipe.name, "variant": variant, "published": published, "gates": gates, "metrics": metrics}


def overview(status: dict[str, Any]) -> Iterator[Any]:
    """Tables of a status: what is published, and every verdict."""
    rows = [
        {"stage": stage, "partition": partition, **{k: v[k] for k in ("rows", "rejected", "version")}}
        for stage, partitions in status["published"].items()
        for partition, v in partitions.items()
    ]
    if rows:
        yield table_of("published", rows)
    if status["gates"]:
        yield table_of(
            "gates",
            [
                {k: g[k] for k in ("stage", "partition", "gate", "outcome", "observed", "limit")}
                | {"gate": titled(g["gate"], g["severity"])}
                for g in status["gates"]
            ],
        )
    if not rows:
        yield f"nothing of {status['recipe']} is published yet; `gristmill run {status['recipe']}` makes it"


def checkpoint_of(recipe: Recipe, store: Store) -> Version | None:
    """The checkpoint behind the release; where nothing is released, the recipe's own published one."""
    release = store.published(recipe.place("release"))
    variant = release.manifest.facts["variant"] if release else BASE_VARIANT
    place = recipe.place("checkpoint", variant)
    made_of = release.manifest.inputs[0].version if release else None
    return store.find(place, made_of) if made_of else store.published(place)


def tables(recipe: Recipe, store: Store, version: Version) -> Iterator[Any]:
    """The final tables as rich renderables: one for each table of the evaluation, and where everything lies."""
    evaluation = json.loads((store.audit_folder(version) / "evaluation.json").read_text())
    yield table_of("test, with its 95 % interval and the trivial baselines", _headlines(evaluation["metrics"]))
    counts = {
        name.replace("_", " "): int(evaluation["metrics"][name]) for name in COUNTS if name in evaluation["metrics"]
    }
    if counts:
        yield table_of("counts", [counts])
    for title, rows in evaluation["tables"].items():
        if rows:
            yield table_of(title.replace("_", " "), [_with_intervals(row) for row in rows])
    yield table_of("where everything lies", [{"what": k, "path": v} for k, v in _paths(recipe, store, version)])


def _headlines(metrics: Mapping[str, float]) -> list[dict[str, Any]]:
    """A row for each metric that has an interval; a baseline that no metric has is left out."""
    rows = [
        {
            "metric": name.replace("_", " "),
            "value": metrics[name],
            "low": metrics[f"{name}_low"],
            "high": metrics[f"{name}_high"],
            "baseline": metrics.get(f"baseline_{name}"),
            "majority": metrics.get(f"majority_{name}"),
        }
        for name in metrics
        if f"{name}_low" in metrics
    ]
    known = [key for key in ("baseline", "majority") if any(row[key] is not None for row in rows)]
    return [{k: v for k, v in row.items() if k not in ("baseline", "majority") or k in known} for row in rows]


def _with_intervals(row: Mapping[str, Any]) -> dict[str, Any]:
    """A value and its interval in one cell: `0.8840 [0.8713, 0.8960]`."""
    ends = {f"{k}{end}" for k in row for end in ("_low", "_high")}
    return {
        k: f"{_cell(v)} [{_cell(row[f'{k}_low'])}, {_cell(row[f'{k}_high'])}]" if f"{k}_low" in row else v
        for k, v in row.items()
        if k not in ends
    }


def _paths(recipe: Recipe, store: Store, version: Version) -> Iterator[tuple[str, str]]:
    yield "checkpoint", f"{store.where(version)}/model"
    yield "predictions", f"{store.where(version)}/predictions.parquet"
    if "errors.jsonl" in version.manifest.files:
        yield "errors", f"{store.where(version)}/errors.jsonl"
    release = store.published(recipe.place("release"))
    if release is not None:
        yield "release", f"{store.where(release)}/model"
        yield "model card", f"{store.where(release)}/model_card.md"
        yield "data sheet", f"{store.where(release)}/data_sheet.md"


def table_of(title: str, rows: list[dict[str, Any]]) -> Any:
    """Rows as a rich table; numbers stand on the right, with four digits where they are not whole."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold")
    for name in rows[0]:
        numeric = all(isinstance(row.get(name), int | float) or row.get(name) is None for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(row.get(name))) for name in rows[0]))
    return table


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else "" if value is None else str(value)


def _places(recipe: Recipe, store: Store) -> Iterator[tuple[str, str, Place, Gates]]:
    for stage in ("raw", "clean"):
        for corpus in recipe.corpora:
            for batch in _batches(corpus, stage, store):
                yield stage, f"{corpus.name}/{batch}", corpus.place(stage, batch), corpus.gates
    yield "splits", ALL, recipe.place("splits"), recipe.gates
    yield "ledger", ALL, recipe.place("ledger"), recipe.gates
    for stage in ("augmented", "checkpoint"):
        for variant in recipe.variants:
            yield stage, variant, recipe.place(stage, variant), recipe.gates
    yield "release", ALL, recipe.place("release"), recipe.gates


def _batches(corpus: Corpus, stage: str, store: Store) -> list[str]:
    return store.partitions(corpus.place(stage, "").asset)


def _judged(stage: str, partition: str, version: Version | None, wanted: Gates, store: Store) -> list[dict[str, Any]]:
    if version is None:
        return []
    stored, waived, docs = store.verdicts(version), store.waivers(version), store.data_docs(version)
    rows = []
    for gate in wanted.get(stage, ()):
        outcome = outcome_of(stored.get(gate.name), version, gate.fingerprint())
        # a verdict that another gate of this name gave, or this one on other data, says nothing here
        same = gate.name in stored and stored[gate.name].fingerprint == gate.fingerprint()
        found = stored[gate.name].verdict if same else None
        rows.append(
            {
                "stage": stage,
                "partition": partition,
                "gate": gate.name,
                "severity": gate.severity,
                "outcome": outcome,
                "observed": found.observed if found else None,
                "limit": found.limit if found else "",
                "message": found.message if found else "not judged by this gate yet; `gristmill judge` does",
                "waived": gate.name in waived,
                "version": version.name,
                "data_docs": docs,
            }
        )
    return rows
