"""Words that go with one group rather than with another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.fairness._groups import UNKNOWN
from pipeline.fairness._log_odds import Words, compared, largest_error, word_counts
from pipeline.fairness._training import text_groups, training
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.language.words import Chinese
from pipeline.types import Document, Json, Verdict

_SHOWN = 10  # words of each group of a pair that stand in the evidence


class WordAssociation(Gate):
    """Share (0 to 1) of the frequent words of the training texts that go with one group rather than with another.

    Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi & Quinn 2008; `_log_odds.py`), between every
    two groups. A word is associated where the interval of its log-odds ratio, at 95 % over all words and pairs together
    (Bonferroni), lies beyond an odds ratio of `odds`; the largest share of a pair is what is limited. A text is in its
    own group, else in the one that its spans have; with several it is `unknown`, which is no group. Annotated mentions
    are no words: a woman's name goes with women's names.

    Compared are words that count `min_count` times in `min_roots` root documents or more, and often enough for an odds
    ratio of `detects` to be found four times of five: what is passed has been looked at. A word counts once a root
    document and group, since a text that says it has reason to say it again. Not judged: fewer than two groups with
    `min_support` texts, or fewer than `min_words` such words in every pair. A `required` group with fewer texts fails.

    Single frequent words are aggregates of the text, no row of it: the evidence names the most associated ones.
    """

    example: ClassVar[Mapping[str, Any]] = {"by": "domain", "at_most": 0.2, "min_words": 3}
    stages: ClassVar[tuple[str, ...]] = ("clean", "splits", "augmented")
    named_by: ClassVar[tuple[str, ...]] = ("by",)

    by: str = Field("domain", min_length=1)
    at_most: float = Field(0.02, ge=0, lt=1)
    odds: float = Field(1.5, ge=1)
    detects: float = Field(6.0, gt=1)
    min_count: int = Field(20, ge=20)
    min_roots: int = Field(10, ge=10)
    min_words: int = Field(50, ge=2)
    min_support: int = Field(100, ge=2)
    required: tuple[str, ...] = ()
    chinese: Chinese = "words"

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        documents = training(frame.documents)
        groups = text_groups(documents, self.by)
        sizes: dict[str, int] = dict(sorted(groups.value_counts().rows()))
        unknown = sizes.pop(UNKNOWN, 0)
        evidence: dict[str, Json] = {"texts": sizes, "unknown": unknown}
        short = {g: sizes.get(g, 0) for g in self.required if sizes.get(g, 0) < self.min_support}
        if short and documents.num_rows:
            message = f"of the required {self.by}, too few texts, {self.min_support} are needed: {short}: add text"
            return self.verdict("failed", None, limit, message, evidence)
        large = [g for g, n in sizes.items() if n >= self.min_support]
        if len(large) < 2:
            message = f"texts by {self.by}: {sizes or 'none'}; two groups with {self.min_support} are needed"
            return self.verdict("not_judged", None, limit, message, evidence)
        counts = word_counts(documents, groups, large, self.chinese)
        frequent = counts.filter(pl.sum_horizontal(large) >= self.min_count, pl.col("roots") >= self.min_roots)
        tests = frequent.height * len(large) * (len(large) - 1) // 2
        error = largest_error(self.odds, self.detects, tests)
        pairs = [compared(counts, frequent, a, b, error) for a, b in combinations(large, 2)]
        return self._concluded(pairs, tests, limit, evidence)

    def _concluded(self, pairs: list[Words], tests: int, limit: str, evidence: dict[str, Json]) -> Verdict:
        judged = [pair for pair in pairs if len(pair.words) >= self.min_words]
        evidence["pairs"] = [pair.evidence(self.odds, tests, _SHOWN) for pair in pairs]
        if not judged:
            most = max(len(pair.words) for pair in pairs)
            message = (
                f"{most} words are frequent enough in two groups to find odds of {self.detects:g}; {self.min_words} "
            )
            message += "are needed: add text"
            return self.verdict("not_judged", None, limit, message, evidence)
        worst = max(judged, key=lambda pair: pair.associated(self.odds, tests).mean())
        found = worst.associated(self.odds, tests)
        share = float(found.mean())
        message = f"{found.sum()} of {len(found)} frequent words ({share:.1%}) go with one of {worst.first} and "
        message += f"{worst.second}, at odds beyond {self.odds:g}"
        thin = [f"{p.first}/{p.second}" for p in pairs if len(p.words) < self.min_words]
        if thin:
            message += f"; not compared, too few frequent words: {', '.join(thin)}"
        if share <= self.at_most:
            return self.verdict("passed", share, limit, message, evidence)
        message += ": swap the groups' names, add text that says the same of both, or say in the recipe why it is right"
        return self.verdict("failed", share, limit, message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(news="price", law="price")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(news="goal", law="court")

    @classmethod
    def _frame(cls, **words: str) -> Frame:
        texts = ((g, n, f"the {word if n % 2 else 'day'} was fine") for g, word in words.items() for n in range(150))
        return Frame(to_table(Document(f"{g}{n}", text, "en", groups={"domain": g}) for g, n, text in texts))
