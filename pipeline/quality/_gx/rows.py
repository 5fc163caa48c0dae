"""Expectations of our own on sentence rows: several columns of one row, judged for all rows at once.

Great Expectations calls a condition once a table with the columns as a pandas frame; Polars answers for every row of
it: no Python function a row.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
import pyarrow as pa

from pipeline.quality._spans import off_tokens, span_faults

Faults = Callable[[pl.DataFrame], pl.Series]  # rows with a column `row` → the `row` of each fault
RULES: dict[str, tuple[str, Faults]] = {
    "ExpectSpansToStandInText": ("multicolumn_values.spans_in_text", lambda rows: span_faults(rows)["row"]),
    "ExpectSpansToStandOnTokens": ("multicolumn_values.spans_on_tokens", lambda rows: off_tokens(rows)["row"]),
}


@cache
def expectation(name: str) -> Any:
    """The class of that name. Making it registers its metric with Great Expectations."""
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import MulticolumnMapExpectation
    from great_expectations.expectations.metrics.map_metric_provider import (
        MulticolumnMapMetricProvider,
        multicolumn_condition_partial,
    )

    metric, faults = RULES[name]

    class Condition(MulticolumnMapMetricProvider):  # type: ignore[misc]
        condition_metric_name = metric

        @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
        def _pandas(cls, column_list: Any, **_: Any) -> Any:  # noqa: N805 - the decorator makes it a class method
            return holds(column_list, faults)

    return type(name, (MulticolumnMapExpectation,), {"map_metric": metric, "__module__": __name__})


def holds(columns: Any, faults: Faults) -> Any:
    """Whether each row of a pandas frame is without a fault, as a pandas series of its index."""
    table = pa.table({name: pa.array(columns[name]) for name in columns.columns})
    rows = pl.DataFrame(table).with_row_index("row")
    good = ~rows["row"].is_in(faults(rows).unique().implode())
    return columns.index.to_series().isin(columns.index[good.to_numpy()])
