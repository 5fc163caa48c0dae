"""Contrastive training on all pairs of a batch, then a logistic regression on the embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.training._batches import batches
from pipeline.training._embedding import embeddings, set_classifier
from pipeline.training._examples import Examples
from pipeline.training._few_shot import FewShot, Often
from pipeline.training._forward import PREDICT_BUDGET, Batch, autocast, collate, rounded, rounded_up


class Pairs(Often):
    """Batches in which every class comes about as often as in all of the examples, and in twos."""

    divisible = False

    def _once(self, time: int) -> list[list[int]]:
        classes = np.array([int(window.targets[0]) for window in self.train.windows])
        rng = np.random.default_rng([self.schedule.seed, time])
        return cut(spread(classes, rng), self.train.lengths, self.schedule.batch_tokens)

    def _loss(self, batch: Batch) -> torch.Tensor:
        """Squared difference of cosine and 1 for a pair of one class, of cosine and 0 for another; the mean of each."""
        vectors = embeddings(self.model, batch.inputs)
        off = ((vectors @ vectors.T) - (batch.targets == batch.targets.T).float()).square()
        pairs = torch.ones_like(off, dtype=torch.bool).triu(1)
        same = batch.targets == batch.targets.T
        parts = [off[pairs & kind] for kind in (same, ~same)]
        return torch.stack([part.mean() for part in parts if len(part)]).mean()


def spread(classes: NDArray[np.int64], rng: np.random.Generator) -> list[int]:
    """All indices in an order in which each class is spread evenly, its members two and two together."""
    place = np.zeros(len(classes))
    for one in np.unique(classes):
        members = rng.permutation(np.flatnonzero(classes == one))
        twos = np.arange(len(members)) // 2
        place[members] = (twos + rng.random(len(members))[twos]) / (twos[-1] + 1)
    order: list[int] = np.argsort(place, kind="stable").tolist()
    return order


def cut(order: list[int], lengths: NDArray[np.int64], budget: int) -> list[list[int]]:
    """Batches of at least two, of at most `budget` tokens with padding where two are not more already."""
    made: list[list[int]] = [[]]
    longest = 0
    for index in order:
        longest = max(longest, rounded_up(int(lengths[index])))
        if len(made[-1]) >= 2 and longest * (len(made[-1]) + 1) > budget:
            made.append([])
            longest = rounded_up(int(lengths[index]))
        made[-1].append(index)
    if len(made) > 1 and len(made[-1]) < 2:
        last = made.pop()
        made[-1] += last
    return made


class SetFitRun(FewShot):
    """The classifier is fitted to the embeddings when the contrastive training is done, before it is validated."""

    loop = Pairs

    def _validated(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> float:
        train = examples["train"]
        vectors = self._embedded(model, train, int(tokenizer.pad_token_id))
        targets = np.array([int(window.targets[0]) for window in train.windows])
        weights = np.array([window.weight for window in train.windows])
        set_classifier(model, *logistic(vectors, targets, weights))
        return super()._validated(model, tokenizer, examples)

    def _embedded(self, model: Any, examples: Examples, pad: int) -> NDArray[np.float32]:
        """Unit vectors of every window, (windows, width)."""
        model.eval()
        found = np.zeros((len(examples.windows), model.config.hidden_size), np.float32)
        for indices in batches(rounded(examples.lengths), self.method.batch_tokens * PREDICT_BUDGET):
            batch = collate([examples.windows[i] for i in indices], examples.head, pad, self.device.kind)
            with torch.inference_mode(), autocast(self.device):
                found[indices] = embeddings(model, batch.inputs).cpu().numpy()
        return found


def logistic(
    vectors: NDArray[np.float32], targets: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight (classes, width) and bias (classes,) of scikit-learn's logistic regression; every class has an example."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(max_iter=1000).fit(vectors.astype(np.float64), targets, weights)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # one row, of the second class: half of it for that, half against the first
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    return torch.from_numpy(coefficients).float(), torch.from_numpy(intercepts).float()
