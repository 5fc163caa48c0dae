"""How well a classifier tells the judged documents from the reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from pipeline.frames import Frame
from pipeline.quality._against import Against
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.quality._representation import FOLDS, c2st
from pipeline.types import Json, Verdict


class C2stAuc(Against):
    """AUC of a classifier that tells judged from reference documents (Lopez-Paz and Oquab 2017): 0.5 is "not at all".

    Logistic regression, 5 folds, no `group_id` in two of them. At most 0.8: another subject or medium gives 0.95 and
    more; months of one newspaper differ by 0.6 to 0.7. From `note_from` up a pass says that the sides differ. Fields
    and sampling: pipeline/quality/_against.py. Not judged too: a side with fewer than 5 group ids.
    """

    example: ClassVar[Mapping[str, Any]] = {"sample": 20}

    at_most: float = Field(0.8, ge=0.5, le=1)
    note_from: float = Field(0.7, ge=0.5, le=1)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        limit = f"at most {self.at_most:g}"
        reference, judged, problem = self._sides(frame)
        groups = [*reference["group_id"], *judged["group_id"]]
        if not problem and min(reference["group_id"].n_unique(), judged["group_id"].n_unique()) < FOLDS:
            problem = f"a side has fewer than {FOLDS} group ids: a classifier cannot be tested on text it has not seen"
        if problem:
            return self.verdict("not_judged", None, limit, problem, self._facts())
        rows = np.concatenate(self._features(reference, judged))
        ours = np.arange(len(rows)) >= reference.height
        auc, probabilities = c2st(rows, ours, np.array(groups), self.seed)
        report = measure(len(rows), [Number("c2st_auc", auc, at_most=self.at_most)])
        message = f"a classifier tells {self.judged} from {self.reference} with an AUC of {auc:.3f}"
        if report.outcome == "failed":
            message += (
                ": they are different kinds of text; read the ids in evidence, then mend the sources or the split"
            )
        elif auc > self.note_from:
            message += f", above {self.note_from:g}: they differ visibly, as months of one newspaper do"
        evidence: dict[str, Json] = {
            **self._facts(),
            "most_unlike_reference": [judged["id"][int(n)] for n in _most(probabilities[ours])],
            "most_unlike_judged": [reference["id"][int(n)] for n in _most(-probabilities[~ours])],
        }
        return self.verdict(report.outcome, None if report.problem else auc, limit, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame("rain snow wind sun", "rain snow wind sun")

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame("rain snow wind sun", "shares bonds")


def _most(scores: Any) -> Any:
    return np.argsort(-scores, kind="stable")[: EVIDENCE_IDS // 2]
