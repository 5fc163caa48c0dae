"""A ledger, made again from its splits: the rows, their counts, the leakage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import zip_longest

from pipeline.cards.chain import stage_of
from pipeline.recipe import Recipe
from pipeline.stages.ledger import LEDGER_FILE, made_of
from pipeline.stages.split import PLACEMENT
from pipeline.verifying._bytes import table
from pipeline.verifying._findings import Findings
from pipeline.version import Version


def same_ledger(version: Version, chain: Sequence[Version], recipe: Recipe, found: Findings) -> None:
    """The rows of `ledger.parquet` and the facts of its manifest are those that the documents of splits give."""
    folder, manifest = found.folder(version), version.manifest
    splits = next((v for v in chain if stage_of(v.place) == "splits"), None)
    if splits is None:
        return
    names = ("documents.parquet", "rejected.parquet", PLACEMENT)
    with found.reading(found.folder(splits)):
        rows, facts = made_of(recipe, *(table(f"{found.folder(splits)}/{name}", found) for name in names))
        found.same(f"{folder}/manifest.json", "/rows", manifest.rows, rows.num_rows)
        found.same(f"{folder}/manifest.json", "/rejected", manifest.rejected, 0)
        found.alike(f"{folder}/manifest.json", dict(manifest.facts), json.loads(json.dumps(facts)), "facts")
        with found.reading(f"{folder}/{LEDGER_FILE}"):
            pairs = zip_longest(table(f"{folder}/{LEDGER_FILE}", found).to_pylist(), rows.to_pylist())
            first = next((pair for pair in pairs if pair[0] != pair[1]), (None, None))
            found.same(f"{folder}/{LEDGER_FILE}", "first row that differs", *first)
