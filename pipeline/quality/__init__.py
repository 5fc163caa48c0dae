"""Quality gates: one file, one class, one verb: `check(frame) -> Verdict`.

Contract, held by tests/test_contracts.py: built with `example`, a gate passes `good()`, fails `bad()`, and does not
judge an empty frame. Its name is a measurement, never a virtue; its verdict holds the number, the limit and evidence.
Great Expectations is used through `_expectations.py` only.

Template (pipeline/quality/mean_length.py):

    class MeanLength(Gate):
        at_least: float = 20

        def check(self, frame: Frame) -> Verdict:
            ...
"""

from pipeline.gate import Gate

BASE = Gate
