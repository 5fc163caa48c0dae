"""One run of a suite over tables. The library is imported by the first run, which takes about 3 seconds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from threading import Lock
from typing import Any

import pyarrow as pa

from pipeline.quality._gx.asked import EVIDENCE_IDS, Expectation, Result
from pipeline.quality._gx.rows import RULES, expectation

_ONE_AT_A_TIME = Lock()  # the data source below holds one frame


def validate(suite: Sequence[Expectation], tables: Iterator[pa.Table]) -> tuple[tuple[Result, ...], tuple[str, ...]]:
    """Judge table after table; counts are summed, ids are those of the first rows that offend."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read at import: nothing may leave this machine
    import great_expectations as gx
    import great_expectations.expectations as gxe

    totals = [Result(e.type, ", ".join(e.reads), True, 0, 0, None, None) for e in suite]
    ids: dict[str, None] = {}
    with _ONE_AT_A_TIME:
        definition = _frames()
        made = [_made(gxe, at, e) for at, e in enumerate(suite)]
        for table in tables:
            batch = definition.get_batch({"dataframe": _pandas(table)})
            form: dict[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": 0}
            if len(ids) < EVIDENCE_IDS and "id" in table.column_names:  # looking ids up takes longer than judging
                form = {
                    "result_format": "SUMMARY",
                    "partial_unexpected_count": EVIDENCE_IDS,
                    "unexpected_index_column_names": ["id"],
                }
            for result in batch.validate(gx.ExpectationSuite("gate", expectations=made), result_format=form).results:
                at = int(result.expectation_config.meta["at"])  # broken ones come first, so the order says nothing
                totals[at] = _added(totals[at], result)
                ids.update({str(row["id"]): None for row in result.result.get("partial_unexpected_index_list") or ()})
        nothing = definition.get_batch({"dataframe": _pandas(pa.table({}))})
        nothing.validate(gx.ExpectationSuite("none"))  # else the last frame stays in memory
    return tuple(totals), tuple(ids)[:EVIDENCE_IDS]


@cache
def _frames() -> Any:
    """The one asset of the data source of this process: making them for each run would take 10 ms more, of 25."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.execution_engine import pandas_execution_engine

    # else every frame under 1 GB is hashed twice, for a fingerprint that nobody reads: most of a run over spans
    pandas_execution_engine.HASH_THRESHOLD = 0
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)  # None has no effect
    source = context.data_sources.add_pandas("frames")
    return source.add_dataframe_asset("frame").add_batch_definition_whole_dataframe("all")


def _pandas(table: pa.Table) -> Any:
    """Nested columns stay Arrow's, so that a rule over them needs no Python objects."""
    import pandas as pd

    return table.to_pandas(types_mapper=lambda kind: pd.ArrowDtype(kind) if pa.types.is_nested(kind) else None)


def _made(gxe: Any, at: int, asked: Expectation) -> Any:
    where: dict[str, Any] = {"column": asked.column} if asked.column else {}
    if asked.columns:
        where = {"column_list": list(asked.columns)}
    made = expectation(asked.type) if asked.type in RULES else getattr(gxe, asked.type)
    return made(**where, **asked.settings, meta={"at": at})


def _added(total: Result, result: Any) -> Result:
    error = total.error or error_of(result)
    found = result.result
    observed = found.get("observed_value")
    return Result(
        total.expectation,
        total.column,
        total.success and bool(result.success) and error is None,
        total.element_count + int(found.get("element_count") or 0),
        total.unexpected_count + int(found.get("unexpected_count") or 0),
        total.observed if observed is None else (total.observed or 0) + float(observed),
        error,
    )


def error_of(result: Any) -> str | None:
    """What an expectation raised, in one line; both shapes of `exception_info` are known here.

    One is flat, the other has one such dict for each metric that could not be computed.
    """
    info = result.exception_info or {}
    for shape in (info, *(v for v in info.values() if isinstance(v, Mapping))):
        if shape.get("raised_exception"):
            return " ".join(str(shape.get("exception_message")).split())[:300]
    return None if result.success or result.result else "it gave no result"
