"""Whether labels agree with what the reference's labels teach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._learnt import Learnt
from pipeline.quality._pairs import Classifier, kappa
from pipeline.types import Document, Json, Split, Verdict


class ReferenceKappa(Learnt):
    """Cohen's kappa of the judged labels with those that a classifier learnt from the reference would give, -1 to 1.

    Naive Bayes over the pairs of characters of a text: cheap, and right often enough to see labels that went wrong. 0
    is "no better than chance", which the default refuses; with `at_least` near the number of an earlier version a few
    wrong labels in a hundred are seen too. Fields and sampling: pipeline/quality/_learnt.py. Not judged: no labels.
    """

    example: ClassVar[Mapping[str, Any]] = {"min_support": 20}
    requirements: ClassVar[tuple[str, ...]] = ("well annotated",)

    at_least: float = Field(0.1, gt=-1, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at least {self.at_least:g}"
        model, ours, problem = self._sides(frame, _fit)
        ours = ours.filter(pl.col("label").is_not_null()) if model is not None else ours
        if model is None or ours.height < self.min_support or len(model.labels) < 2:
            problem = problem or f"{ours.height} labelled documents of {self.judged}: {self.min_support} are needed, "
            return self.verdict("not_judged", None, limit, f"{problem} and two labels in the reference", self._facts())
        said = model.label(ours["text"].to_list())
        value = kappa(ours["label"].to_list(), said)
        report = measure(ours.height, [Number("kappa", value, at_least=self.at_least)])
        message = f"labels of {self.judged} and what {self.reference} teaches agree with a kappa of {value or 0:.3f}"
        if report.outcome == "failed":
            message += ": read the ids in evidence; were labels shifted, shuffled, or given after another guide?"
        other = ours.filter(pl.Series(said) != ours["label"])["id"]
        evidence: dict[str, Json] = {**self._facts(), "other": other.len(), "ids": other.head(EVIDENCE_IDS).to_list()}
        return self.verdict(report.outcome, value, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(("good", "bad"))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(("bad", "good"))

    @classmethod
    def _frame(cls, test: tuple[str, str]) -> Frame:
        words, sides = ("a fine thing", "it broke at once"), (("train", ("good", "bad")), ("test", test))
        docs: list[Document] = []
        for split, labels in sides:
            named: Split = "train" if split == "train" else "test"
            docs += [Document(f"{split}{n}", words[n % 2], label=labels[n % 2], split=named) for n in range(40)]
        return Frame(to_table(docs))


def _fit(rows: pl.DataFrame) -> Classifier:
    known = rows.filter(pl.col("label").is_not_null())
    return Classifier.of(known["text"].to_list(), known["label"].to_list())
