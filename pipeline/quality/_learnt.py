"""What gates that learn from a reference share: what is learnt once, and the documents that are judged by it."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

import fsspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.frames import Frame
from pipeline.gate import Gate
from pipeline.quality._reference import chosen
from pipeline.quality._sample import sampled
from pipeline.splitting import SPLITS
from pipeline.types import Json

_COLUMNS = ("id", "text", "label", "spans")
T = TypeVar("T")
Fit = Callable[[pl.DataFrame], T]


class Learnt(Gate):
    """Base: documents `judged` by what was learnt from those of `reference`; at most `sample` of each, in hash order.

    `reference` is a split, a Parquet file or the folder of a stored version (path or URL): earlier data that somebody
    has looked at. `judged` is a split, `group=value`, or `all`. What is learnt from a file is kept as long as the file
    stays as it is. Not judged: fewer than `min_support` documents on a side.
    """

    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")
    named_by: ClassVar[tuple[str, ...]] = ("judged",)

    reference: str = Field("train", min_length=1)
    judged: str = Field("test", min_length=1)
    sample: int = Field(20_000, ge=20)
    min_support: int = Field(100, ge=5)
    seed: int = 13

    def _sides(self, frame: Frame, fit: Fit[T]) -> tuple[T | None, pl.DataFrame, str]:
        """What was learnt, the judged documents (`id`, `text`, `label`, `spans`), and why there is nothing, if so."""
        documents = frame.documents
        try:
            ours = _rows(chosen(documents, self.judged), self.sample, self.seed)
            learnt, rows = self._learnt(documents, fit)
        except (WrongUse, OSError, ValueError) as error:
            return None, pl.DataFrame(), str(error)
        if min(rows, ours.height) >= self.min_support:
            return learnt, ours, ""
        problem = f"{rows} documents of {self.reference} and {ours.height} of {self.judged}: {self.min_support} "
        return None, ours, problem + "of each are needed; add text, or set `min_support` lower in the recipe"

    def _learnt(self, documents: pa.Table, fit: Fit[T]) -> tuple[T, int]:
        if self.reference in SPLITS:
            within = pc.fill_null(pc.equal(documents["split"], self.reference), False)
            rows = _rows(documents.filter(within), self.sample, self.seed)
            return fit(rows), rows.height
        fs, path = fsspec.core.url_to_fs(self.reference)
        if fs.isdir(path):
            path = f"{path.rstrip('/')}/documents.parquet"
        if not fs.exists(path):
            raise WrongUse(f"reference: there is no {path}; give {', '.join(SPLITS)}, or Parquet with its documents")
        found: tuple[T, int] = _of_file(path, fs.ukey(path), fs, self.sample, self.seed, fit)
        return found

    def _facts(self) -> dict[str, Json]:
        return {"reference": self.reference, "sample": self.sample, "seed": self.seed}


@lru_cache(maxsize=16)  # of each gate; a version's gates and the next version's ask for the same file
def _of_file(path: str, _stamp: str, fs: Any, sample: int, seed: int, fit: Fit[Any]) -> tuple[Any, int]:
    table = pq.read_table(io.BytesIO(fs.cat_file(path)), columns=list(_COLUMNS))
    rows = _rows(table, sample, seed)
    return fit(rows), rows.height


def _rows(documents: pa.Table, sample: int, seed: int) -> pl.DataFrame:
    rows = pl.DataFrame(documents.select(_COLUMNS)).filter(pl.col("text").is_not_null())
    return sampled(rows, sample, seed)
