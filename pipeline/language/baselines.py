"""What diversity clean text of a language has, measured at a fixed sample size: what gates compare with by default.

Each number is that of the least diverse corpus that was measured, so that no clean one is refused; the number of a
corpus itself, or of an earlier release, is the sharper baseline (docs/measurements.md has both). Measured by
`pipeline.quality._diversity.measured` on

- en: the sentences of CoNLL-2003 train, and 7,065 docstrings of Python 3.11's standard library, which are the less
  diverse in everything;
- zh: the paragraphs of the People's Daily of January 1998, the sentences of CLUENER2020 train, and 17,392 different
  shop reviews, which are the less diverse in everything but 4-grams (there the newspaper is).
"""

from __future__ import annotations

from collections.abc import Mapping

TOKENS = 100_000
"""Tokens of a sample: words of English, characters of Chinese. Every number here grows or falls with it."""

SEED = 13

BASELINES: Mapping[str, Mapping[str, float]] = {
    "en": {
        "distinct_1": 0.0751,
        "distinct_2": 0.4967,
        "distinct_3": 0.8025,
        "distinct_4": 0.9053,
        "mtld": 57.7624,
        "self_repetition": 0.6136,
        "xz_ratio": 3.5544,
    },
    "zh": {
        "distinct_1": 0.0289,
        "distinct_2": 0.4135,
        "distinct_3": 0.7838,
        "distinct_4": 0.928,
        "mtld": 124.3278,
        "self_repetition": 0.882,
        "xz_ratio": 2.5953,
    },
}
