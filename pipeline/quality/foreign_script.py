"""Texts in letters that are not those of their language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.language import en, zh
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._sample import sampled
from pipeline.types import Document, Json, Verdict

_HEADS = (64, 256)  # characters: most texts are told by these


class ForeignScript(Gate):
    """Share (0 to 1) of documents, of those with `letters` letters, that have under a fifth in their language's script.

    English and Chinese documents are counted. Unlike `language_share` it needs no detector, so its limit can see one
    foreign text in a hundred: the shop reviews have 0.16 %, the People's Daily 0.01 %, CoNLL-2003 none. Two languages
    of one script are the same to it. Not judged with fewer than `min_support` such documents. Of more than `sample`
    documents a seeded sample is read: 20,000 tell a share of 1 % within 0.14 points.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.4, "min_support": 2}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.01, ge=0, lt=1)
    letters: int = Field(10, ge=1)
    sample: int = Field(20_000, ge=1)
    seed: int = 13
    min_support: int = Field(50, ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit, text = f"at most {self.at_most:g}", pl.col("text")
        rows = sampled(pl.DataFrame(frame.documents.select(["id", "text", "language"])), self.sample, self.seed)
        counted, foreign = 0, list[str]()
        for language in (en, zh):
            here = rows.filter(pl.col("language") == language.CODE)
            native, here = self._told(here, language.SCRIPT)
            here = here.select(
                "id", letters=text.str.count_matches(r"\p{L}"), own=text.str.count_matches(language.SCRIPT)
            )
            here = here.filter(pl.col("letters") >= self.letters)
            counted += native + here.height
            foreign += here.filter(5 * pl.col("own") < pl.col("letters"))["id"].to_list()
        if counted < self.min_support:
            message = (
                f"{counted} documents of {self.letters} letters in English or Chinese: {self.min_support} are needed"
            )
            return self.verdict("not_judged", None, limit, message)
        share = len(foreign) / counted
        report = measure(counted, [Number("share", share, at_most=self.at_most)])
        message = f"{len(foreign)} of {counted} documents ({share:.2%}) are in other letters than their language's"
        if report.outcome == "failed":
            message += ": look at the ids, drop them with keep_language, or read the source in its own encoding"
        evidence: dict[str, Json] = {"sampled": rows.height, "ids": foreign[:EVIDENCE_IDS]}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    def _told(self, rows: pl.DataFrame, script: str) -> tuple[int, pl.DataFrame]:
        """How many documents begin with so many letters of the script that the rest cannot matter, and the others.

        What is not of the script is at most what is left of the characters; where the script has ASCII's letters, at
        most the characters beyond ASCII, each of which takes a byte more than one.
        """
        text, all_ = pl.col("text"), rows.height
        others = text.str.len_chars().cast(pl.Int64)
        if re.match(script, "a"):
            others = text.str.len_bytes().cast(pl.Int64) - others
        rows = rows.with_columns(others=others)
        for characters in _HEADS:
            own = text.str.head(characters).str.count_matches(script).cast(pl.Int64)
            told = (own >= self.letters) & (4 * own >= pl.col("others"))
            rows = rows.filter(~told.fill_null(value=False))
        return all_ - rows.height, rows.drop("others")

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("你好，今天天气很好，我们去公园吧")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("Anna met Bo in the park today")

    @classmethod
    def _frame(cls, text: str) -> Frame:
        texts = ("他来了又走了，没有说一句话。", text)
        return Frame(to_table(Document(str(n), text, "zh") for n, text in enumerate(texts)))
