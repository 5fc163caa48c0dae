"""The documents of a recipe's corpora that came without annotation: text to learn from beside the splits."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.frames import DOCUMENTS
from pipeline.recipe import Recipe
from pipeline.splitting import beside
from pipeline.store import Store
from pipeline.version import Version


def unlabelled(recipe: Recipe, store: Store, splits: Version, documents: pa.Table) -> tuple[pa.Table, dict[str, int]]:
    """What annotation rejected because it came without any, as far as it says nothing of what is held out.

    `documents` are those of the version `splits`. The second is how many were left out, by why (`splitting/beside`).
    """
    rejected = store.audit_documents(splits, "rejected.parquet")
    steps = pa.array([a.name for a in recipe.annotation], pa.string())
    bare = pc.and_(pc.is_null(rejected["spans"]), pc.is_null(rejected["label"]))
    found = rejected.filter(pc.and_(bare, pc.is_in(rejected["step"], steps))).select(DOCUMENTS.names)
    return beside(found.cast(documents.schema), documents, recipe.split.apart)
