"""No text is empty or blank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pipeline.frames import Frame, to_table
from pipeline.gate import Gate
from pipeline.quality._expectations import Expectation, expect
from pipeline.types import Document, Verdict

# White space in Unicode's sense, and what takes no room: controls, soft hyphen, zero-width characters, byte order mark.
VISIBLE = "[^\\s\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2060-\u2064\ufeff]"


class NoEmptyText(Gate):
    """Every text has at least one visible character. Observed: documents without one, over those with a null text."""

    example: ClassVar[Mapping[str, Any]] = {}
    stages: ClassVar[tuple[str, ...]] = ("raw", "clean", "splits", "augmented")

    def check(self, frame: Frame) -> Verdict:
        """Judge one version."""
        report = expect(frame.documents, [Expectation("ExpectColumnValuesToMatchRegex", "text", {"regex": VISIBLE})])
        rows = frame.documents.num_rows
        message = f"{report.unexpected} of {rows} texts are empty or blank"
        if report.unexpected:
            message += "; drop them with the cleaning step min_length, or repair the source"
        return self.verdict(
            report.outcome, report.unexpected, "at most 0", report.problem or message, {"ids": list(report.ids)}
        )

    @classmethod
    def good(cls) -> Frame:
        """A frame that `example` passes."""
        return Frame(to_table([Document("a", "Anna met Bo."), Document("b", "你好")]))

    @classmethod
    def bad(cls) -> Frame:
        """A frame that `example` fails."""
        return Frame(to_table([Document("a", "Anna met Bo."), Document("b", "\u3000\n")]))
