"""Fairness gates: one file, one class, one verb: `check(frame) -> Verdict`.

Contract, held by tests/test_contracts.py: built with `example`, a gate passes `good()`, fails `bad()`, and does not
judge an empty frame, one group alone, or too few examples. `unknown` is never a group in a difference. Its name is a
measurement (`recall_gap`), never a virtue. Fairlearn is used through `_metric_frame.py` only,
and by the training method `reductions`.
"""

from pipeline.gate import Gate

BASE = Gate
