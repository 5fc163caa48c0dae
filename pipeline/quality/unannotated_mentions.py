"""Mentions that are annotated here and not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._mentions import mentions_in, outside
from pipeline.types import Document, Json, Span, Verdict

_HAN = "[\u3400-\u9fff\U00020000-\U0003ffff]"


class UnannotatedMentions(Gate):
    """Share (0 to 1) of mention strings that also stand somewhere in annotated text outside of every span.

    Only strings that are likely to mean the same everywhere count: two words or more, two characters or more with a
    Chinese one among them. Words are compared whole and with their case. It is 0.3 % of the strings of CoNLL-2003 and
    3.6 % of those of the People's Daily (compounds of a name): the default refuses more than that. Not judged with
    fewer than `min_support` such strings.
    """

    example: ClassVar[Mapping[str, Any]] = {"at_most": 0.4, "min_support": 2}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_most: float = Field(0.05, ge=0, lt=1)
    min_support: int = Field(20, ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        mentions = mentions_in(frame.documents)
        strings = _searched(mentions["surface"]) if mentions is not None else pl.Series("searched", [], pl.String)
        if mentions is None or strings.len() < self.min_support:
            message = (
                f"{strings.len()} mention strings of two words or Chinese characters: {self.min_support} are needed"
            )
            return self.verdict("not_judged", None, limit, message)
        gaps = outside(frame.documents, mentions).with_columns(gap=_words(pl.col("gap")))
        found = gaps.select("row", "id", found=pl.col("gap").str.extract_many(strings.to_list(), overlapping=True))
        found = found.filter(pl.col("found").list.len() > 0).explode("found")
        share = found["found"].n_unique() / strings.len()
        report = measure(frame.documents.num_rows, [Number("share", share, at_most=self.at_most)])
        message = (
            f"{found['found'].n_unique()} of {strings.len()} mention strings ({share:.2%}) also stand where nothing "
        )
        message += f"is annotated, at {found.height} places"
        if report.outcome == "failed":
            message += ": look at the ids, annotate what was overlooked or settle the guide"
        worst = found.group_by("id", maintain_order=True).len().sort("len", descending=True, maintain_order=True)
        evidence: dict[str, Json] = {"places": found.height, "ids": worst["id"].head(EVIDENCE_IDS).to_list()}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("New York is large, and so is San Diego.", "I like New Yorkers.")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("New York is large, and so is San Diego.", "I like New York.")

    @classmethod
    def _frame(cls, first: str, second: str) -> Frame:
        spans = tuple(
            Span(first.index(name), first.index(name) + len(name), "LOC") for name in ("New York", "San Diego")
        )
        return Frame(to_table([Document("a", first, spans=spans), Document("b", second, spans=())]))


def _words(text: pl.Expr) -> pl.Expr:
    """Words between single spaces, one at each end too, so that a string between spaces is a whole word."""
    return pl.format(" {} ", text.str.replace_all(r"\W+", " "))


def _searched(surfaces: pl.Series) -> pl.Series:
    """What to look for, each once: Chinese strings as they are, others as whole words."""
    strings = pl.DataFrame({"surface": surfaces.unique()})
    words = pl.format(" {} ", pl.col("surface").str.replace_all(r"\W+", " ").str.strip_chars())
    han = pl.col("surface").str.contains(_HAN)
    long_enough = pl.when(han).then(pl.col("surface").str.len_chars() >= 2).otherwise(words.str.count_matches(" ") >= 3)
    searched = pl.when(han).then(words.str.strip_chars()).otherwise(words)
    return strings.filter(long_enough).select(searched=searched).to_series().unique().sort()
