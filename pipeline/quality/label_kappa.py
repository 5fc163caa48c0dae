"""Whether labels have to do with their texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Number, measure
from pipeline.quality._features import features
from pipeline.quality._sample import first
from pipeline.types import Document, Json, Split, Verdict

_FOLDS = 5
_PARTS = {"train": 0.75, "test": 0.6}  # of the baseline


class LabelKappa(Gate):
    """Cohen's kappa of the labels with what a classifier says of texts that it has not seen; the smaller of two.

    Logistic regression on character n-grams: over training documents in five folds that part no `group_id`, and from
    training to test documents. 0 is "no better than chance": labels that belong to other texts; the default refuses
    that. With `baseline`, the kappa of an earlier version, noise is refused too: in training less than 0.75 of it, in
    test, which is smaller, less than 0.6. Not judged: documents without labels, or fewer than `min_support` on a side.
    """

    example: ClassVar[Mapping[str, Any]] = {"min_support": 20}
    stages: ClassVar[tuple[str, ...]] = ("splits",)

    at_least: float = Field(0.1, ge=0, lt=1)
    baseline: float | None = Field(None, gt=0, le=1)
    sample: int = Field(2000, ge=20)
    seed: int = 13
    min_support: int = Field(100, ge=10)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        lowest = {s: max(self.at_least, part * (self.baseline or 0)) for s, part in _PARTS.items()}
        limit = f"at least {min(lowest.values()):g}"
        rows = pl.DataFrame(frame.documents.select(["id", "text", "label", "split", "group_id"]))
        rows = rows.filter(pl.col("label").is_not_null())
        sides = {s: first(rows.filter(pl.col("split") == s), self.sample, self.seed) for s in ("train", "test")}
        small = {s: r.height for s, r in sides.items() if r.height < self.min_support or r["label"].n_unique() < 2}
        if small:
            message = f"labelled documents, of two labels or more: {small}; {self.min_support} are needed in each"
            return self.verdict("not_judged", None, limit, message)
        kappas = _kappas(sides["train"], sides["test"])
        worst = min(kappas, key=lambda side: kappas[side] - lowest[side])
        limit = f"at least {lowest[worst]:g}"
        report = measure(rows.height, [Number(f"kappa of {s}", k, at_least=lowest[s]) for s, k in kappas.items()])
        message = f"what the texts of {worst} say and their labels agree with a kappa of {kappas[worst]:.3f}"
        if report.outcome == "failed":
            message += ": read some, were labels shifted, shuffled or named wrongly?"
        evidence: dict[str, Json] = {**kappas, "train_documents": sides["train"].height}
        return self.verdict(report.outcome, kappas[worst], limit, report.problem or message, evidence)

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
        words = ("a fine thing, I like it", "broken, I sent it back")
        docs = [
            Document(f"{split}{n}", f"{words[n % 2]} {n * 37 % 90}", label=labels[n % 2], split=split, group_id=f"g{n}")
            for split, labels in _sides(test)
            for n in range(40)
        ]
        return Frame(to_table(docs), labels=("good", "bad"))


def _sides(test: tuple[str, str]) -> list[tuple[Split, tuple[str, str]]]:
    return [("train", ("good", "bad")), ("test", test)]


def _kappas(train: pl.DataFrame, test: pl.DataFrame) -> dict[str, float]:
    """Of training documents by those in other folds, and of test documents by training ones."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import cohen_kappa_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    matrix = features((*train["text"], *test["text"]), "ngrams")
    known, unseen = matrix[: train.height], matrix[train.height :]
    labels = train["label"].to_numpy()
    model = LogisticRegression(C=10, max_iter=300)
    folds = GroupKFold(min(_FOLDS, train["group_id"].n_unique()))
    guessed = cross_val_predict(model, known, labels, groups=train["group_id"].to_numpy(), cv=folds)
    said = model.fit(known, labels).predict(unseen)
    found = {"train": cohen_kappa_score(labels, guessed), "test": cohen_kappa_score(test["label"].to_numpy(), said)}
    return {name: round(float(value), 4) for name, value in found.items()}
