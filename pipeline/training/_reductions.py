"""Linear heads and thresholds that treat groups alike, from Fairlearn (0.15).

Beside `fairness/_metric_frame.py` the only file that knows Fairlearn: that one measures, behind gates that no training
may import; this one repairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import WrongUse
from pipeline.types import Json

Numbers = NDArray[np.float64]
Head = tuple[Numbers, float]
"""Weight (width,) and bias: class 1 is the answer where `weight @ features + bias` is above 0."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Of one group: the answer is the second class with probability `ignored` × `constant` + (1 - `ignored`) × the
    share of those of two thresholds (`first`, `second`) that the score is above, the first weighing `share`."""

    share: float
    first: float
    second: float
    ignored: float = 0.0
    constant: float = 0.0

    def probability(self, score: float) -> float:
        """How probable the second class is for a score (its plain probability)."""
        either = self.share * (score > self.first) + (1 - self.share) * (score > self.second)
        return self.ignored * self.constant + (1 - self.ignored) * either


@dataclass(frozen=True, slots=True)
class Data:
    """What a head is fitted to: features (n, width), classes 0 and 1, groups, each (n,); and what is asked for."""

    features: Numbers
    targets: NDArray[np.int64]
    groups: NDArray[np.str_]
    constraint: str

    def difference(self, probable: Numbers) -> float:
        """The largest difference between two groups of the share given class 1; for equalized odds, that among the
        examples of one class. `probable` is how probable class 1 is as the answer, (n,)."""
        every = np.ones(len(self.targets), bool)
        parts = [every] if self.constraint == "demographic_parity" else [self.targets == 0, self.targets == 1]
        found = []
        for part in parts:
            rates = [probable[here].mean() for g in np.unique(self.groups) if (here := part & (self.groups == g)).any()]
            found.append(max(rates) - min(rates))
        return float(max(found))

    def row(self, head: str, probable: Numbers) -> dict[str, Json]:
        """A row of the evaluation's table."""
        selected: dict[str, Json] = {
            f"selected, {g}": float(probable[self.groups == g].mean()) for g in np.unique(self.groups)
        }
        errors = float(np.abs(probable - self.targets).mean())
        return {"head": head, "errors": errors, "difference": self.difference(probable), **selected}


def check_classes(data: Data, by: str) -> None:
    """Raises WrongUse where the examples with a known group have one class, or a group's have under equalized odds."""
    for group in [None] if data.constraint == "demographic_parity" else [str(g) for g in np.unique(data.groups)]:
        here = data.targets if group is None else data.targets[data.groups == group]
        if len(np.unique(here)) < 2:
            whose = f"of the {by} {group!r}" if group else f"whose {by} is known"
            raise WrongUse(f"by: the training documents {whose} have one label only, and both are needed")


def logistic_head(data: Data) -> Head:
    """Weight (width,) and bias of a logistic regression."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=1000).fit(data.features, data.targets)
    return fitted.coef_[0], float(fitted.intercept_[0])


def reduced(data: Data, at_most: float) -> tuple[Head, list[dict[str, Json]]]:
    """The linear head that is taken of those that the exponentiated gradient tried, and the table's rows."""
    from fairlearn.reductions import DemographicParity, EqualizedOdds, ExponentiatedGradient
    from sklearn.linear_model import LogisticRegression

    moment = {"demographic_parity": DemographicParity, "equalized_odds": EqualizedOdds}[data.constraint]
    search = ExponentiatedGradient(LogisticRegression(max_iter=1000), moment(difference_bound=at_most))
    search.fit(data.features, data.targets, sensitive_features=data.groups)
    linear = [n for n, p in enumerate(search.predictors_) if hasattr(p, "coef_")]  # not: one that says one class
    heads = [(search.predictors_[n].coef_[0], float(search.predictors_[n].intercept_[0])) for n in linear]
    weights = np.array([search.weights_[n] for n in linear])
    plain = logistic_head(data)
    if weights.sum() > 0:
        share = weights / weights.sum()
        heads.append((share @ np.stack([w for w, _ in heads]), float(share @ np.array([b for _, b in heads]))))
    heads.append(plain)
    rows = [data.row(str(n), _answers(data, head)) for n, head in enumerate(heads)]
    best = min(range(len(heads)), key=lambda n: _rank(rows[n], at_most))
    mixture = search._pmf_predict(data.features)[:, 1]  # what `predict` draws by: it has no public name
    shown = [("logistic regression", _answers(data, plain)), ("mixture, expected", mixture)]
    shown.append(("written", _answers(data, heads[best])))
    return heads[best], [data.row(name, probable) for name, probable in shown]


def _answers(data: Data, head: Head) -> Numbers:
    return (data.features @ head[0] + head[1] > 0).astype(np.float64)


def _rank(row: Mapping[str, Any], at_most: float) -> tuple[bool, float, float]:
    """Smallest first: within the limit by errors, beyond it by the difference."""
    beyond = row["difference"] > at_most
    return beyond, row["difference"] if beyond else row["errors"], row["difference"]


def optimized(data: Data) -> tuple[dict[str, Threshold], list[dict[str, Json]]]:
    """The threshold of each group on its documents' scores, `features[:, 0]`, and the table's rows."""
    from fairlearn.postprocessing import ThresholdOptimizer
    from sklearn.base import BaseEstimator

    class Scores(BaseEstimator):  # type: ignore[misc, unused-ignore]
        """An estimator, as Fairlearn asks for one, whose only feature is the score itself."""

        def fit(self, features: Any, targets: Any = None) -> Any:
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict_proba(self, features: Any) -> Numbers:
            scores = np.asarray(features, np.float64)[:, 0]
            return np.stack([1 - scores, scores], 1)

    search = ThresholdOptimizer(
        estimator=Scores(), constraints=data.constraint, prefit=True, predict_method="predict_proba"
    )
    search.fit(data.features, data.targets, sensitive_features=data.groups)
    found = {}
    for group, rule in search.interpolated_thresholder_.interpolation_dict.items():
        above = [float(np.clip(op.threshold, -1.0, 2.0)) for op in (rule.operation0, rule.operation1)]
        ignored = [float(rule.get(key, 0.0)) for key in ("p_ignore", "prediction_constant")]
        found[str(group)] = Threshold(float(rule.p0), *above, *ignored)
    scores = data.features[:, 0]
    expected = np.array([found[g].probability(s) for g, s in zip(data.groups, scores, strict=True)])
    shown = [("one threshold", (scores > 0.5).astype(np.float64)), ("thresholds, expected", expected)]
    shown.append(("written", (expected > 0.5).astype(np.float64)))
    return found, [data.row(name, probable) for name, probable in shown]
