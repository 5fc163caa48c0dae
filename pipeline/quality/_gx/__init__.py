"""Great Expectations (1.24), here and nowhere else: what it is asked and what it answers, as small typed values."""

from pipeline.quality._gx.asked import EVIDENCE_IDS, Expectation, Result
from pipeline.quality._gx.runs import validate

__all__ = ["EVIDENCE_IDS", "Expectation", "Result", "validate"]
