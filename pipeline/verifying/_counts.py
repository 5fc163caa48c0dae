"""Rows, and the facts of a manifest, counted again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipeline.cards.chain import corpus_of, stage_of
from pipeline.cleaning import marked
from pipeline.recipe import Recipe
from pipeline.tally import Tally
from pipeline.verifying._bytes import batches
from pipeline.verifying._findings import Findings
from pipeline.version import Version


def same_counts(version: Version, chain: Sequence[Version], recipe: Recipe, found: Findings) -> None:
    """The rows of the Parquet files, what went in, and the facts that can be counted."""
    folder, manifest = found.folder(version), version.manifest
    file, facts = f"{folder}/manifest.json", dict(manifest.facts)
    if "documents.parquet" not in manifest.files:
        found.same(file, "/rows", manifest.rows, _rows_of_checkpoint(version, chain))
        return
    counted: dict[str, Any] = {}
    with found.reading(f"{folder}/documents.parquet"):
        tally = Tally()
        for _ in tally.counted(batches(f"{folder}/documents.parquet", found)):
            pass
        found.same(file, "/rows", manifest.rows, tally.documents)
        counted = {f"by_{name}": {} for name in tally.by} | tally.facts()
    if "rejected.parquet" in manifest.files:
        with found.reading(f"{folder}/rejected.parquet"):
            rejected = sum(b.num_rows for b in batches(f"{folder}/rejected.parquet", found))
            found.same(file, "/rejected", manifest.rejected, rejected)
    if "rows_in" in facts:
        counted["rows_in"] = sum(v.manifest.rows for v in _read(version, chain))
        found.same(file, "/rows and /rejected", manifest.rows + manifest.rejected, facts["rows_in"])
    if stage_of(version.place) == "clean":
        with found.reading(f"{folder}/documents.parquet"):
            counted |= _masked(version, chain, recipe, found)
    for key, value in counted.items():
        found.alike(file, facts.get(key, {}), value, "facts", key)


def _rows_of_checkpoint(version: Version, chain: Sequence[Version]) -> int:
    """Rows that a checkpoint was trained on; of a release those of its checkpoint."""
    first = version.manifest.inputs[0]
    return next((v.manifest.rows for v in chain if _is(v, first)), -1)


def _read(version: Version, chain: Sequence[Version]) -> list[Version]:
    return [next(v for v in chain if _is(v, i)) for i in version.manifest.inputs if any(_is(v, i) for v in chain)]


def _is(version: Version, read: Any) -> bool:
    return (version.place.asset, version.place.partition, version.digest) == (read.asset, read.partition, read.digest)


def _masked(version: Version, chain: Sequence[Version], recipe: Recipe, found: Findings) -> dict[str, Any]:
    """Marks in what came out less marks in what went in, by kind."""
    corpus = corpus_of(version.place, recipe)
    marking = [step for step in corpus.cleaning if step.marks] if corpus else []
    after, before = Counter[str](), Counter[str]()
    files = [(after, f"{found.folder(version)}/{n}") for n in ("documents.parquet", "rejected.parquet")]
    files += [(before, f"{found.folder(v)}/documents.parquet") for v in _read(version, chain)]
    for counter, file in files if marking else ():
        for batch in batches(file, found):
            counter.update(marked(marking, batch.column("text")))
    return {"by_masked": dict(after - before)}
