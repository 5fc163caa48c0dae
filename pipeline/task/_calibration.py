"""Is a prediction right as often as its probability says? Expected calibration error and its reliability table.

Ten bins of equal width, (0, 0.1] to (0.9, 1]; ECE = sum over bins of n_b / n * |share right_b - mean probability_b|
(Naeini et al. 2015; Guo et al. 2017). 0 is perfect. An interval of ECE itself is not given: its bootstrap is biased
upwards, because noise in a bin can only add to it.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.task._scores import Draws, Rows, share_rows

BINS = 10


def calibration(
    probabilities: Sequence[float], right: Sequence[bool], documents: Sequence[int], draws: Draws
) -> tuple[float, Rows]:
    """ECE, and a row for each bin that holds a prediction; `documents[i]` is the row of the document of prediction i.

    A row's share has a 95 % interval over `draws`. Without predictions the error is 0 and there are no rows.
    """
    import numpy as np

    given = np.asarray(probabilities, np.float64)
    bins = np.clip(np.ceil(given * BINS).astype(np.int64) - 1, 0, BINS - 1)
    counts = np.zeros((draws.documents, BINS, 2))
    at = (np.asarray(documents, np.int64), bins)
    np.add.at(counts[..., 0], at, np.asarray(right, np.float64))
    np.add.at(counts[..., 1], at, 1)
    total = counts.sum(0)
    sums = np.bincount(bins, weights=given, minlength=BINS)
    used = np.flatnonzero(total[:, 1])
    error = float(np.abs(total[:, 0] - sums).sum() / max(len(given), 1))
    names = [f"{b / BINS:.1f} to {(b + 1) / BINS:.1f}" for b in used]
    shares = share_rows(names, total[used], draws.sums(counts[:, used]), "probability", "right")
    means = [{"mean_probability": float(sums[b] / total[b, 1])} for b in used]
    return error, [
        {"probability": s["probability"], **mean, **{k: v for k, v in s.items() if k != "probability"}}
        for s, mean in zip(shares, means, strict=True)
    ]
