"""Formulas of representativeness: how two samples differ, on vectors, counts and cluster numbers."""

from __future__ import annotations

from typing import Any

FOLDS = 5
NULL_DRAWS = 1000


def c2st(rows: Any, judged: Any, groups: Any, seed: int) -> tuple[float, Any]:
    """Classifier two-sample test (Lopez-Paz and Oquab 2017): AUC, and each row's probability of being judged.

    Logistic regression on `rows`, mean AUC of 5 folds that it was not fitted on. No group is in two folds: else it
    would learn the subject of an article from one half of its sentences and know the other half by it.
    """
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedGroupKFold

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    probabilities, scores = np.zeros(len(rows)), []
    for known, held_out in folds.split(rows, judged, groups):
        model = LogisticRegression(C=10.0, max_iter=1000).fit(rows[known], judged[known])
        probabilities[held_out] = model.predict_proba(rows[held_out])[:, 1]
        scores.append(roc_auc_score(judged[held_out], probabilities[held_out]))
    return round(float(np.mean(scores)), 4), probabilities


def jsd(p: Any, q: Any) -> Any:
    """Jensen-Shannon divergence in bits, 0 to 1, of counts or shares along the last axis (Lin 1991)."""
    import numpy as np

    p, q = p / p.sum(-1, keepdims=True), q / q.sum(-1, keepdims=True)
    return np.maximum(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2, 0)


def _entropy(p: Any) -> Any:
    import numpy as np

    return -(p * np.log2(np.where(p > 0, p, 1))).sum(-1)


def null_jsd(shares: Any, size: int, seed: int, *, quota: bool) -> float:
    """The divergence that 95 % of samples of `size` stay under though nothing differs: 1,000 draws from `shares`.

    Two samples are drawn each time, one where the other side is a quota and has no chance in it.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    ours = rng.multinomial(size, shares / shares.sum(), NULL_DRAWS)
    theirs = shares[None] if quota else rng.multinomial(size, shares / shares.sum(), NULL_DRAWS)
    return float(np.quantile(jsd(ours, theirs), 0.95))


def clustered(reference: Any, judged: Any, clusters: int, seed: int) -> tuple[Any, Any, list[int]]:
    """k-means clusters of the reference: members of each on both sides, and the reference row nearest each centre."""
    import numpy as np
    from sklearn.cluster import KMeans

    model = KMeans(clusters, n_init=4, random_state=seed).fit(reference)
    nearest = model.transform(reference).argmin(0)
    theirs = np.bincount(model.labels_, minlength=clusters)
    return theirs, np.bincount(model.predict(judged), minlength=clusters), [int(n) for n in nearest]
