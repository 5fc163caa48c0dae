"""Texts that do not read like the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from pipeline.frames import Frame, to_table
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._learnt import Learnt
from pipeline.quality._pairs import Pairs
from pipeline.types import Document, Json, Split, Verdict

_APART = 5  # every fifth text of the reference says what is unlikely among texts that were not counted


class UnlikelyTexts(Learnt):
    """Share (0 to 1) of judged texts less likely than 95 % of the reference's, after its pairs of characters.

    Every fifth text of the reference is kept apart and says where its 5 % begin, so 0.05 is "as there". Another
    subject, language or encoding, characters out of order and broken words are unlikely; copies are not. A text under 2
    characters is not counted. Fields and sampling: pipeline/quality/_learnt.py.
    """

    example: ClassVar[Mapping[str, Any]] = {"min_support": 20, "at_most": 0.4}
    requirements: ClassVar[tuple[str, ...]] = ("representative",)

    at_most: float = Field(0.15, ge=0.05, lt=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        learnt, ours, problem = self._sides(frame, _fit)
        if learnt is None:
            return self.verdict("not_judged", None, limit, problem, self._facts())
        model, bits = learnt
        surprise = model.surprise(ours["text"].to_list())
        unlikely = np.nan_to_num(surprise) > bits
        share = float(unlikely.sum() / max(1, np.isfinite(surprise).sum()))
        report = measure(ours.height, [Number("share", share, at_most=self.at_most)])
        message = (
            f"{unlikely.sum()} of {ours.height} texts ({share:.2%}) of {self.judged} are less likely than 95 % of "
        )
        message += self.reference
        if report.outcome == "failed":
            message += ": read the ids in evidence; is it another source, another subject, or broken text?"
        worst = np.argsort(-np.nan_to_num(surprise), kind="stable")[:EVIDENCE_IDS]
        evidence: dict[str, Json] = {**self._facts(), "bits": bits, "ids": ours["id"].gather(worst).to_list()}
        return self.verdict(report.outcome, share, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("it rained on day")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("xqz jv wk pf")

    @classmethod
    def _frame(cls, test: str) -> Frame:
        sides: tuple[tuple[Split, str], ...] = (("train", "it rained on day"), ("test", test))
        docs = [Document(f"{s}{n}", f"{text} {n}", "en", split=s) for s, text in sides for n in range(30)]
        return Frame(to_table(docs))


def _fit(rows: pl.DataFrame) -> tuple[Pairs, float]:
    """The model, and the bits a character that 5 % of what it has not seen exceed.

    Each text once: with its copies among the counted ones a text that is kept apart would look likelier than new ones
    (where most stand twice, 24 % of new texts were unlikely and not 5 %).
    """
    texts = rows["text"].unique(maintain_order=True).to_list()
    model = Pairs.of([t for n, t in enumerate(texts) if n % _APART])
    return model, float(np.nanquantile(model.surprise(texts[::_APART]), 0.95))
