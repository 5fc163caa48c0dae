"""Texts as unit vectors: character n-grams without a model, or the packaged sentence encoder in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from pipeline.errors import DataSaysNo
from pipeline.quality import _embed

Kind = Literal["ngrams", "encoder"]

CHARACTERS = 500  # of each text: the cost of a fixed number of documents is bounded too
DIMENSIONS = 128
VOCABULARY = 20_000


class NoFeatures(DataSaysNo):
    """The texts could not be made vectors; the message says why."""


@lru_cache(maxsize=2)  # the gates of one version ask for the same texts one after another
def features(texts: tuple[str, ...], kind: Kind) -> Any:
    """One unit row a text, read-only; a text in which nothing was found is a row of zeros.

    `ngrams`: TF-IDF over the 20,000 commonest character 1- to 3-grams of these texts, reduced to 128 dimensions.
    `encoder`: the 384 dimensions of the packaged MiniLM, which knows English only.

    Raises:
        NoFeatures: the encoder's process failed, or no text has a character.
    """
    cut = [t[:CHARACTERS] for t in texts]
    rows = _ngrams(cut) if kind == "ngrams" else _encoded(cut)
    rows.flags.writeable = False
    return rows


def _ngrams(texts: list[str]) -> Any:
    import numpy as np
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    vectorizer = TfidfVectorizer(
        analyzer="char", ngram_range=(1, 3), lowercase=False, sublinear_tf=True, max_features=VOCABULARY
    )
    try:
        matrix = vectorizer.fit_transform(texts)
    except ValueError as error:
        raise NoFeatures(f"{len(texts)} texts without a single n-gram: {error}") from error
    if matrix.shape[1] == 1:  # one n-gram in all of them; there is nothing to reduce
        return normalize(matrix.toarray())
    svd = TruncatedSVD(min(DIMENSIONS, *matrix.shape), random_state=0)
    with np.errstate(divide="ignore", invalid="ignore"):  # it divides by the variance, which one text over has not
        return normalize(svd.fit_transform(matrix))


def _encoded(texts: list[str]) -> Any:
    """By `python -m pipeline.quality._embed`: gates run where torch is never imported."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.feather as feather

    with TemporaryDirectory() as folder:
        read, written = Path(folder) / "texts.arrow", Path(folder) / "rows.npy"
        feather.write_feather(pa.table({"text": texts}), str(read), compression="uncompressed")
        command = [sys.executable, "-m", _embed.__name__, str(read), str(written)]
        quiet = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
        done = subprocess.run(command, env={**os.environ, **quiet}, capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            raise NoFeatures(f"the encoder's process ended with {done.returncode}: {said[-1]}")
        return np.load(written)
