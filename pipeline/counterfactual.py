"""Which counterfactual copies of the test documents a recipe's gates ask for, and making them."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from pipeline.fairness._swaps import Swaps
from pipeline.fairness.counterfactual_gap import CounterfactualGap
from pipeline.fingerprint import code_of
from pipeline.gate import Gate


def swaps_of(gates: Iterable[Gate]) -> list[Swaps]:
    """What the gates ask for, each once: two with the same settings share their copies."""
    return list({s.key: s for gate in gates if isinstance(gate, CounterfactualGap) for s in [gate.swaps()]}.values())


def copies(gates: Iterable[Gate], train: pa.Table, test: pa.Table) -> pa.Table | None:
    """The copies of test documents that the gates ask for; None where there are none. `train` is what is trained on."""
    made = [swaps.copies(train, test) for swaps in swaps_of(gates)]
    together = pa.concat_tables(made) if made else None
    return together if together is not None and together.num_rows else None


def section(gates: Iterable[Gate]) -> list[object]:
    """What a checkpoint depends on because of them; nothing where no gate asks for copies."""
    keys = [swaps.key for swaps in swaps_of(gates)]
    return [keys, code_of("pipeline.fairness._swaps")] if keys else []
