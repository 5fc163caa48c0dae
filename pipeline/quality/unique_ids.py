"""No id stands twice."""

from __future__ import annotations

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.types import Document, Verdict


class UniqueIds(Gate):
    """Every document has an id of its own. Observed: documents that share theirs with another one."""

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        ids = frame.documents.select(["id"])
        report = expect(ids, [Expectation("ExpectColumnValuesToBeUnique", "id")], chunk_rows=ids.num_rows)
        message = f"{report.unexpected} of {ids.num_rows} documents share their id with another one"
        if report.unexpected:
            message += "; ids must name batch and place, repair the source"
        return self.verdict(
            report.outcome, report.unexpected, "at most 0", report.problem or message, {"ids": list(report.ids)}
        )

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Anna met Bo."), Document("b", "Bo met Anna.")]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "Anna met Bo."), Document("a", "Bo met Anna.")]))
