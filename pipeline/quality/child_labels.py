"""The labels of what augmentation made, derived again from its lineage."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from pipeline.frames import Frame, documents_of, to_table
from pipeline.gate import Gate
from pipeline.part import build
from pipeline.quality._expectations import EVIDENCE_IDS, Number, measure
from pipeline.rederiving import Known, Operation, fault, inventory
from pipeline.types import Document, Json, Lineage, Piece, Span, Verdict

_LIMIT = "at most 0"


class ChildLabels(Gate):
    """Children whose text, labels, split, group or mentions are not what their lineage says (`pipeline/rederiving.py`).

    The pieces of the lineage are followed character by character from the parents in this version, by other code than
    the one that made the child. A mention that took another's place has to be one of the training documents or of what
    the operation lists. Every recipe has this gate; its limit is 0. A version without children passes and says so.
    """

    stages: ClassVar[tuple[str, ...]] = ("augmented",)

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        if not frame.documents.num_rows:
            return self.verdict("not_judged", None, _LIMIT, "there are no documents to judge")
        documents = list(documents_of(frame.documents))
        originals = {d.id: d for d in documents if d.lineage is None}
        children = [d for d in documents if d.lineage is not None]
        if not children:
            return self.verdict(
                "passed", 0, _LIMIT, f"no child among {len(documents)} documents: nothing was augmented"
            )
        known = inventory(list(originals.values()))
        operations: dict[str, tuple[str, Known]] = {}
        faults = Counter[str]()
        ids: list[Json] = []
        for child in children:
            assert child.lineage is not None
            if child.lineage.settings not in operations:
                operations[child.lineage.settings] = _operation(child.lineage.settings, known)
            parents = [originals[p] for p in child.lineage.parents if p in originals]
            said = fault(child, parents, *operations[child.lineage.settings])
            if said is not None:
                faults[said] += 1
                ids.append({"id": child.id, "fault": said})
        wrong = sum(faults.values())
        report = measure(len(children), [Number("faults", wrong, at_most=0)])
        message = f"{wrong} of {len(children)} children are not what their lineage says"
        if wrong:
            message += f" ({'; '.join(f'{n}: {what}' for what, n in faults.most_common())}): mend the augmenter"
        evidence: dict[str, Json] = {"children": len(children), "faults": dict(faults), "ids": ids[:EVIDENCE_IDS]}
        return self.verdict(report.outcome, wrong, _LIMIT, report.problem or message, evidence)

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return cls._frame(Span(0, 2, "PER"))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return cls._frame(Span(1, 2, "PER"))

    @classmethod
    def _frame(cls, span: Span) -> Frame:
        parents = [Document(n, f"{n} left", spans=(Span(0, len(n), "PER"),), split="train") for n in ("Anna", "Bo")]
        made = Lineage("swap_entities", '{"use": "swap_entities"}', 13, ("Anna",), (Piece(0, 4, "Bo"), Piece(4, 9)))
        return Frame(to_table([*parents, Document("c", "Bo left", spans=(span,), split="train", lineage=made)]))


def _operation(settings: str, known: Known) -> tuple[str, Mapping[str, Collection[str]]]:
    """What an operation says of mentions, and which may take another's place: from the settings in the lineage."""
    spec: Any = json.loads(settings)
    operation = build("augmentation", spec)
    assert isinstance(operation, Operation)
    more = operation.known_mentions()
    return operation.mentions, {label: {*known.get(label, ()), *more.get(label, ())} for label in {*known, *more}}
