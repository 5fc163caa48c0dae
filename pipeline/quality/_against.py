"""What gates that compare with a reference share: their fields, and the sides they compare."""

from __future__ import annotations

from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._features import Kind, features
from pipeline.quality._reference import EMPTY, sides
from pipeline.types import Document, Json, Split


class Against(Gate):
    """Base: documents `judged` against those of `reference`, `sample` of each in hash order of their ids (`seed`).

    `reference` is a split, `group=value`, a Parquet or JSON lines file, or the folder of a stored version (path or
    URL); `judged` a split, `group=value`, or `all` that is not the reference. `features`: `ngrams` needs no model and
    reads every language, `encoder` is the packaged MiniLM, for English. Not judged: fewer than `sample` on a side.
    """

    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")
    named_by: ClassVar[tuple[str, ...]] = ("judged",)

    reference: str = Field("train", min_length=1)
    judged: str = Field("test", min_length=1)
    features: Kind = "ngrams"
    sample: int = Field(1500, ge=10, le=20_000)
    seed: int = 13

    def _sides(self, frame: Frame, by: str = "") -> tuple[pl.DataFrame, pl.DataFrame, str]:
        """Reference, judged, and why they cannot be compared, if so."""
        try:
            reference, judged = sides(frame.documents, self.reference, self.judged, self.sample, self.seed, by)
        except (WrongUse, OSError, ValueError) as error:
            return EMPTY, EMPTY, str(error)
        if min(reference.height, judged.height) >= self.sample:
            return reference, judged, ""
        problem = (
            f"{reference.height} documents of {self.reference} and {judged.height} of {self.judged}: {self.sample} "
        )
        return reference, judged, problem + "of each are compared; add text, or set `sample` lower in the recipe"

    def _features(self, reference: pl.DataFrame, judged: pl.DataFrame) -> tuple[Any, Any]:
        """Unit rows of both sides, made together."""
        rows = features((*reference["text"], *judged["text"]), self.features)
        return rows[: reference.height], rows[reference.height :]

    def _facts(self) -> dict[str, Json]:
        return {"reference": self.reference, "sample": self.sample, "seed": self.seed, "features": self.features}

    @classmethod
    def _frame(cls, train: str, test: str) -> Frame:
        """Twenty texts a side, each of one word of `train` or `test` and a number, no two alike."""

        def side(split: Split, words: list[str], start: int) -> list[Document]:
            texts = [f"{words[n % len(words)]} {(start + n) * 37 % 101}" for n in range(20)]
            return [Document(f"{split}{n}", text, "en", split=split) for n, text in enumerate(texts)]

        return Frame(to_table([*side("train", train.split(), 0), *side("test", test.split(), 20)]))
