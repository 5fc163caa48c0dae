"""The real data of a recipe, and seeded resamples of it."""

from __future__ import annotations

import ast
import hashlib
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import GateNotPassed
from pipeline.faults import World
from pipeline.frames import Frame
from pipeline.part import build
from pipeline.recipe import BASE_VARIANT, Recipe, gate_set
from pipeline.source import Source
from pipeline.store import Store
from pipeline.types import Document
from pipeline.work import frame_of, part_of

_REFERENCE = 5  # every fifth group is held out of the resamples, for gates that compare with a reference
_TEXTS = 2000
_MODULES = 60


@dataclass(frozen=True, slots=True)
class Data:
    """What a recipe's published raw versions hold, by corpus; its checkpoint's frame and `train`, if there is one."""

    recipe: Recipe
    raw: Mapping[str, pa.Table] = field(repr=False)
    world: World
    checkpoint: Frame | None = field(default=None, repr=False)
    train: pa.Table | None = field(default=None, repr=False)

    @property
    def rows(self) -> int:
        """Documents of all corpora."""
        return sum(table.num_rows for table in self.raw.values())

    def resample(self, documents: int, rng: Random) -> dict[str, pa.Table]:
        """About `documents` documents: groups drawn without replacement, at most 80 % of all, none of the reference."""
        share = min(documents / self.rows, 0.8)
        return {name: _drawn(table, share, rng) for name, table in self.raw.items()}

    def reference(self) -> dict[str, pa.Table]:
        """The documents that no resample has."""
        return {name: table.filter(_held_out(table)) for name, table in self.raw.items()}


def data_of(recipe: Recipe, store: Store) -> Data:
    """A recipe's published data. Raises GateNotPassed where a corpus has no published raw version."""
    raw = {
        corpus.name: pa.concat_tables(
            store.read_documents(corpus.place("raw", batch), gate_set(corpus.gates, "raw"))[0]
            for batch in corpus.source.batches()
        )
        for corpus in recipe.corpora
    }
    language = recipe.corpora[0].language
    foreign, off_topic = _others(recipe, language)
    world = World(recipe.task.labels, language, foreign, off_topic)
    try:
        version, _ = store.read(recipe.place("checkpoint", BASE_VARIANT), gate_set(recipe.gates, "checkpoint"))
        splits, _ = store.read_documents(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    except GateNotPassed:
        return Data(recipe, raw, world)
    frame = frame_of(version, store, recipe.task.labels)
    return Data(recipe, raw, world, frame, part_of(splits, "train"))


def _drawn(table: pa.Table, share: float, rng: Random) -> pa.Table:
    pool = table.filter(pc.invert(_held_out(table)))
    sizes = {row["values"]: row["counts"] for row in pool["group_id"].value_counts().to_pylist()}
    groups, size, wanted = sorted(sizes), 0, round(share * table.num_rows)
    rng.shuffle(groups)
    taken = []
    for group in groups:
        if size >= wanted:
            break
        taken.append(group)
        size += sizes[group]
    return pool.filter(pc.is_in(pool["group_id"], pa.array(taken, pa.string()))).combine_chunks()


def _held_out(table: pa.Table) -> pa.Array:
    groups = table["group_id"].unique().to_pylist()
    held = [g for g in groups if hashlib.blake2b(g.encode(), digest_size=8).digest()[0] % _REFERENCE == 0]
    return pc.is_in(table["group_id"], pa.array(held, pa.string()))


def _others(recipe: Recipe, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts of another language, and of another domain in the same language, from what is installed here."""
    comments = _docstrings()
    if language != "zh":
        return _texts("shop_reviews"), comments
    own = {corpus.source.name for corpus in recipe.corpora}
    return comments, _texts("peoples_daily" if "shop_reviews" in own else "shop_reviews")


@cache
def _texts(source: str) -> tuple[str, ...]:
    reader = build("source", source)
    assert isinstance(reader, Source)
    records = (r for batch in reader.batches()[:2] for r in reader.read(batch))
    texts = dict.fromkeys(r.text for r in records if isinstance(r, Document) and len(r.text) >= 15)
    return tuple(texts)[:_TEXTS]


@cache
def _docstrings() -> tuple[str, ...]:
    """First paragraphs of the docstrings of Python's own library: English that speaks of code."""
    found: dict[str, None] = {}
    for path in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py"))[: _MODULES * 3]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
                if 40 <= len(text) <= 400:
                    found[text] = None
    return tuple(found)[:_TEXTS]
