"""The cards of a release: a model card, a data sheet, and the provenance of every byte as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from pipeline.cards.chain import ancestry, evidence
from pipeline.cards.data_sheet import sheet_of
from pipeline.cards.markdown import table
from pipeline.cards.model_card import card_of
from pipeline.cards.sources import told
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.version import Version

__all__ = ["ancestry", "evidence", "table", "told", "write"]


def write(
    folder: Path,
    recipe: Recipe,
    made: tuple[Version, Version],
    store: Store,
    refused: Mapping[str, str],
    otherwise: frozenset[str] = frozenset(),
) -> None:
    """Write `model_card.md`, `data_sheet.md`, `data_sheet.json` and `provenance.json` into a release folder.

    `made` is (checkpoint, ledger), both of the same splits; `refused` are the variants that were left out, with the
    reason; `otherwise` the assets of the ancestry that other settings or other code made than the recipe's of now.
    """
    chain = list(ancestry(made, store))
    (folder / "model_card.md").write_text(card_of(folder, recipe, made[0], chain, store, refused), encoding="utf-8")
    sheet, statements = sheet_of(recipe, chain, store, otherwise)
    (folder / "data_sheet.md").write_text(sheet, encoding="utf-8")
    _json(folder / "data_sheet.json", statements)
    _json(folder / "provenance.json", [{"asset": str(v.place), **asdict(v.manifest)} for v in chain])


def _json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False), encoding="utf-8")
