"""What gates of diversity share: a number at a fixed sample size, judged against a baseline of the same language."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import fsspec
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.language.baselines import BASELINES, SEED, TOKENS
from pipeline.quality._diversity import most_repeating
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._sample import TokenSample, token_samples
from pipeline.types import Document, Json, Verdict

_SHARE = 0.05  # a language with fewer of the documents is not judged: stray lines are nobody's corpus


@dataclass(frozen=True, slots=True)
class Measured:
    """One language's number, the baseline, the limit, and how far inside of it the number is, in shares of it."""

    language: str
    value: float
    baseline: float
    limit: float
    margin: float


class Relative(Gate):
    """Base: `_measure` gives the number, `_number` its name among baselines; `_lowest` says which side is refused.

    `tokens` are taken in two seeded orders from the training documents, from all where none has a split, and the worse
    number counts: copies of many texts are seen in one, a few texts over and over in the other (_sample.py). `baseline`
    is a number, or the path or URL of the `baselines.json` of an earlier release, else the language's own at 100,000
    tokens (pipeline/language/baselines.py). Each language with 5 % of the documents is judged, the worst is shown. Not
    judged: fewer tokens than the sample asks for, or no baseline of that size.
    """

    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")
    _lowest: ClassVar[bool] = True
    _grams: ClassVar[int] = 4  # evidence: the documents whose n-grams stand elsewhere too

    tokens: int = Field(TOKENS, ge=100)
    baseline: float | str | None = None
    seed: int = SEED

    @property
    @abstractmethod
    def _number(self) -> str:
        """The number's name in baselines."""

    @abstractmethod
    def _measure(self, sample: TokenSample) -> float | None:
        """The number."""

    @abstractmethod
    def _limit(self, baseline: float) -> float:
        """The limit that follows from the baseline."""

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        word = "at least" if self._lowest else "at most"
        limit = f"{word} what the baseline allows"
        documents = judged(frame.documents)
        if documents.num_rows == 0:
            return self.verdict("not_judged", None, limit, "there are no documents to judge")
        found: list[Measured] = []
        evidence: dict[str, Json] = {"tokens": self.tokens, "seed": self.seed}
        for language in _languages(documents):
            own = documents.filter(pc.equal(documents["language"], language))
            value, sample = self._worse(own)
            if sample.size < self.tokens:
                message = (
                    f"{sample.size} tokens of {language!r}, {self.tokens} are measured: add text, or set `tokens` "
                )
                message += "lower together with a `baseline` that was measured at that size"
                return self.verdict("not_judged", None, limit, message, evidence)
            if value is None:
                message = f"nothing to measure in {len(sample.ids)} documents of {language!r}"
                return self.verdict("not_judged", None, limit, message, evidence)
            try:
                found.append(self._compared(language, value, self._baseline(own, language)))
            except (WrongUse, OSError, ValueError) as error:
                return self.verdict("not_judged", None, limit, f"baseline: {error}", evidence)
            evidence[language or "?"] = {
                "measured": value,
                "baseline": found[-1].baseline,
                "documents": len(sample.ids),
                "ids": [*most_repeating(sample, self._grams, EVIDENCE_IDS)],
            }
        return self._verdict(min(found, key=lambda m: m.margin), documents.num_rows, word, evidence)

    def _worse(self, documents: pa.Table) -> tuple[float | None, TokenSample]:
        """The worse number of the two samples, and that sample."""
        samples = token_samples(documents, self.tokens, self.seed)
        found = [(value, s) for s in samples if (value := self._measure(s)) is not None]
        if not found:
            return None, samples[0]
        return (min if self._lowest else max)(found, key=lambda pair: pair[0])

    def _compared(self, language: str, value: float, baseline: float) -> Measured:
        limit = self._limit(baseline)
        margin = (value - limit) if self._lowest else (limit - value)
        return Measured(language, value, baseline, limit, margin / max(limit, 1e-9))

    def _verdict(self, worst: Measured, documents: int, word: str, evidence: Mapping[str, Json]) -> Verdict:
        bounds = {"at_least" if self._lowest else "at_most": worst.limit}
        report = measure(documents, [Number(self._number, worst.value, **bounds)])
        message = f"{self._number} of {self.tokens} tokens of {worst.language!r} is {worst.value:.4g}, "
        message += f"the baseline {worst.baseline:.4g}"
        if report.outcome == "failed":
            message += "; read the documents in evidence: copies, templates, or one subject alone"
        limit = f"{word} {worst.limit:.4g}"
        observed = None if report.problem else worst.value
        return self.verdict(report.outcome, observed, limit, report.problem or message, evidence)

    def _baseline(self, documents: pa.Table, language: str) -> float:
        """The recipe's, that of a file, or the language's own; `documents` are for gates that compare inside of them.

        Raises WrongUse, OSError or ValueError where there is none of this size.
        """
        if isinstance(self.baseline, float):
            return self.baseline
        known: Mapping[str, Any] = BASELINES
        where, size = "pipeline/language/baselines.py", TOKENS
        if self.baseline is not None:
            where = self.baseline
            with fsspec.open(where, "r", encoding="utf-8") as file:
                known = json.load(file)
            size = int(known.get(language, {}).get("tokens", 0))
        if self._number not in known.get(language, {}):
            raise WrongUse(f"{where} has no {self._number} of {language!r}: set a number that you measured")
        if size != self.tokens:
            message = f"{where} was measured at {size} tokens of {language!r}, `tokens` is {self.tokens}: "
            raise WrongUse(message + "make them equal, or set a number that was measured at that size")
        return float(known[language][self._number])

    @classmethod
    def _frame(cls, texts: list[str]) -> Frame:
        return Frame(to_table(Document(str(n), text, "en") for n, text in enumerate(texts)))


def varied(documents: int) -> list[str]:
    """Texts of ten made-up words, no two texts alike: what gates of diversity pass."""
    return [" ".join(f"w{(n * 10 + k) * 7919 % 1000}" for k in range(10)) for n in range(documents)]


def judged(documents: pa.Table) -> pa.Table:
    """The documents that are looked at: those of train, all where none has a split."""
    if documents["split"].null_count == documents.num_rows:
        return documents
    return documents.filter(pc.equal(documents["split"], "train"))


def _languages(documents: pa.Table) -> list[str]:
    counts = pc.value_counts(documents["language"].combine_chunks()).to_pylist()
    least = min(_SHARE * documents.num_rows, max(c["counts"] for c in counts))
    return sorted(str(c["values"]) for c in counts if c["counts"] >= least)
