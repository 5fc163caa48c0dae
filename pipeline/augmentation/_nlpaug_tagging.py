"""WordNet and parts of speech for nlpaug's SynonymAug and AntonymAug, from this machine alone.

nlpaug asks the network for `averaged_perceptron_tagger`, which nltk has renamed since and cannot find any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from pipeline.errors import WrongUse
from pipeline.extras import require

Tags = list[tuple[str, str]]  # words and their Penn tags
_TAGGERS = ("averaged_perceptron_tagger_eng", "averaged_perceptron_tagger")  # of nltk from 3.9 on, and before


def check_wordnet() -> None:
    """Raises WrongUse, which says what to install, where there is no WordNet on this machine."""
    nltk = require("nltk", extra="augment")
    if not _there(nltk, "corpora/wordnet", "corpora/wordnet.zip"):
        raise WrongUse(
            "there is no WordNet on this machine; `python -m nltk.downloader wordnet` fetches it, or put the folder "
            "corpora/wordnet into a folder that the environment variable NLTK_DATA names"
        )


def tagger() -> Callable[[Sequence[str]], Tags]:
    """A function from words to (word, Penn tag): textblob's, which has its lexicon with it, or nltk's.

    Raises:
        WrongUse: neither is there; the message says what to install.
    """
    try:
        tag = import_module("textblob.en").tag
    except ImportError:
        nltk = require("nltk", extra="augment")
        if any(_there(nltk, f"taggers/{name}", f"taggers/{name}.zip") for name in _TAGGERS):
            return lambda words: [(w, t) for w, t in nltk.pos_tag(list(words))]
        said = f"pip install textblob, or `python -m nltk.downloader {_TAGGERS[0]}`"
        raise WrongUse(f"there is nothing on this machine that tells parts of speech; {said}") from None

    @lru_cache(maxsize=65_536)
    def one(word: str) -> str:
        found = tag(word, tokenize=False)
        return str(found[0][1]) if found else "NN"

    return lambda words: [(w, one(w)) for w in words]


def _there(nltk: Any, *names: str) -> bool:
    for name in names:
        try:
            nltk.data.find(name)
        except LookupError:
            continue
        return True
    return False
