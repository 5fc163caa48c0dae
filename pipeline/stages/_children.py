"""Children of the training documents: made in processes, counted, and held against every document of the splits."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from pipeline.augmentation import Augmenter
from pipeline.duplicates import nearest, sketch, text_keys
from pipeline.errors import DataSaysNo
from pipeline.frames import DOCUMENTS, REJECTED, documents_of, one_batch, to_table
from pipeline.part import build
from pipeline.processes import cores, pool
from pipeline.splitting.placing import position
from pipeline.types import Document

_PLACES = re.compile(r"\[\d+, \d+\) \S+|'[^']*'|\d+")
Made = tuple[pa.RecordBatch, dict[str, int]]  # children, and how often what was refused


def children(augmenter: Augmenter, train: pa.Table, processes: int | None = None) -> Iterator[Made]:
    """The children of all training documents, in their order; the same whatever the number of processes.

    `processes=None` takes the cores that this process may use where there are documents enough. An augmenter that
    asks a model runs in a process of its own in any case: no model is loaded in this one.

    Raises:
        DataSaysNo: a process died; the message says what to try.
    """
    chunks = range(0, train.num_rows, augmenter.at_a_time)
    count = processes or (cores() if train.num_rows >= augmenter.spread_from else 1)
    if count == 1 and not augmenter.apart:
        fitted = augmenter.fitted(documents_of(train))
        yield from (_made(fitted, train, at) for at in chunks)
        return
    with TemporaryDirectory() as folder:
        file = str(Path(folder) / "train.arrow")
        with pa.OSFile(file, "wb") as sink, pa.ipc.new_file(sink, train.schema) as writer:
            writer.write_table(train)
        with pool(min(count, max(1, len(chunks))), _begin, augmenter.settings(places=True), file) as workers:
            try:
                yield from workers.map(_work, chunks)
            except BrokenProcessPool as error:
                said = "a process died, perhaps for want of memory; try a smaller model or GRISTMILL_PROCESSES=1"
                raise DataSaysNo(f"{augmenter.name}: {said}") from error


def noised(augmenter: Augmenter, test: pa.Table) -> pa.Table:
    """The documents with one child each in their place, under their own names; as they are where none can be made."""
    made: dict[str, Document] = {}
    for batch, _ in children(augmenter, test):
        for child in documents_of(batch):
            if child.lineage is not None:
                made.setdefault(child.lineage.parents[0], replace(child, id=child.lineage.parents[0], lineage=None))
    return to_table(made.get(doc.id, doc) for doc in documents_of(test))


_state: dict[str, Any] = {}  # of a worker: the fitted augmenter and the training documents


def _begin(settings: dict[str, Any], file: str) -> None:
    augmenter = build("augmentation", settings)
    assert isinstance(augmenter, Augmenter)
    train = pa.ipc.open_file(pa.memory_map(file)).read_all()
    _state.update(augmenter=augmenter.fitted(documents_of(train)), train=train)
    gc.collect()
    gc.freeze()  # libraries and inventories stay to the end: the collector need not look through them again and again
    gc.disable()  # nor through the children of a chunk while they are made


def _work(at: int) -> Made:
    made = _made(_state["augmenter"], _state["train"], at)
    gc.collect()
    return made


def _made(fitted: Augmenter, train: pa.Table, at: int) -> Made:
    made, reasons = fitted.batch(one_batch(train.slice(at, fitted.at_a_time)))
    return made, dict(Counter(_PLACES.sub("…", reason) for reason in reasons))


def sifted(made: Sequence[pa.RecordBatch], splits: pa.Table, most: int, apart: float) -> tuple[pa.Table, pa.Table]:
    """(children that stay, children that are rejected): told from every document of the splits and from each other.

    A child goes where its text is that of a document or of an earlier child, where it is as similar as `apart` to a
    document that is held out, and where its first parent has `most` children already; of more, a draw by id decides.
    """
    found = pa.Table.from_batches(made, DOCUMENTS)
    if not found.num_rows:
        return found, REJECTED.empty_table()
    rows = pl.DataFrame({"row": pl.int_range(found.num_rows, eager=True), "id": pl.Series(found["id"])})
    rows = rows.with_columns(
        key=text_keys(found["text"]),
        parent=pl.Series(found["lineage"].combine_chunks().field("parents")).list.first(),
        turn=pl.Series([position(str(name), 13) for name in found["id"].to_pylist()]),
    )
    there = pl.DataFrame({"of": pl.Series(splits["id"]), "key": text_keys(splits["text"])})
    there = there.unique("key", keep="first", maintain_order=True)
    rows = rows.join(there, on="key", how="left", maintain_order="left")
    rows = rows.with_columns(twin=pl.col("id").first().over("key"), near=pl.lit(None, pl.String))
    alike = _near_held_out(found, splits, apart)
    rows = rows.update(alike, on="row") if alike.height else rows
    fine = pl.col("of").is_null() & (pl.col("twin") == pl.col("id")) & pl.col("near").is_null()
    place = pl.struct("turn", "id").rank("ordinal").over("parent", fine)
    reason = (
        pl.when(pl.col("of").is_not_null())
        .then(pl.format("the text of {}", "of"))
        .when(pl.col("twin") != pl.col("id"))
        .then(pl.format("the text of {}", "twin"))
        .when(pl.col("near").is_not_null())
        .then(pl.format("nearly the text of {}, which is held out", "near"))
        .when(place > most)
        .then(pl.lit(f"a parent has at most {most} children"))
    )
    rows = rows.with_columns(reason=reason)
    dropped = rows.filter(pl.col("reason").is_not_null())
    rejected = found.take(pa.array(dropped["row"].to_list(), pa.int64()))
    rejected = rejected.append_column(REJECTED.field("step"), pa.array(["augmented"] * dropped.height, pa.string()))
    rejected = rejected.append_column(REJECTED.field("reason"), pa.array(dropped["reason"].to_list(), pa.string()))
    kept = rows.filter(pl.col("reason").is_null())["row"]
    return found.take(pa.array(kept.to_list(), pa.int64())), rejected


def _near_held_out(found: pa.Table, splits: pa.Table, apart: float) -> pl.DataFrame:
    """`row` of a child and `near`, the held-out document that it is similar to."""
    held = pl.DataFrame(
        {"id": pl.Series(splits["id"]), "text": pl.Series(splits["text"]), "s": pl.Series(splits["split"])}
    )
    held = held.filter(pl.col("s").is_in(["validation", "test"]))
    texts = pl.concat([pl.Series("text", found["text"], dtype=pl.String), held["text"].alias("text")])
    numbers = np.arange(len(texts))
    pairs = nearest(sketch(texts), numbers[: found.num_rows], numbers[found.num_rows :], apart)
    near = held["id"].gather(pairs.left - found.num_rows)
    found_near = pl.DataFrame({"row": pl.Series(pairs.right, dtype=pl.Int64), "near": near})
    return found_near.unique("row", keep="first", maintain_order=True)
