"""The only place that knows Great Expectations (1.24): tables and numbers in, small typed results out.

Great Expectations skips nulls and lets an empty frame pass everything, so every run begins with "at least one row" and
"not null" on each column that is judged. Its result formats repeat the values of failing rows; here only their ids
leave this file. The library is imported by the first call, which takes 3 to 4 seconds.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipeline.types import Outcome

EVIDENCE_IDS = 20
CHUNK_ROWS = 50_000  # 20,000 rows of text and three expectations take 0.1 s and under 10 MB


@dataclass(frozen=True, slots=True)
class Expectation:
    """One expectation on one column; `type` is the class name in `great_expectations.expectations`."""

    type: str
    column: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Number:
    """One measured number with its limits, both inclusive. `None` and anything not finite is "not measured"."""

    name: str
    value: float | None
    at_least: float | None = None
    at_most: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one expectation: counts are rows, `observed` the table's own number where it has one.

    `error` is set where the expectation itself broke: then `success` says nothing about the data.
    """

    expectation: str
    column: str
    success: bool
    element_count: int
    unexpected_count: int
    observed: float | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """All results of one run, the ids of the first 20 rows that offend, and why nothing was judged, if so."""

    results: tuple[Result, ...]
    ids: tuple[str, ...]
    problem: str

    @property
    def outcome(self) -> Outcome:
        """`not_judged` where there was nothing to judge or an expectation broke, else what the data deserve."""
        if self.problem:
            return "not_judged"
        return "passed" if all(r.success for r in self.results) else "failed"

    @property
    def unexpected(self) -> int:
        """Rows that offend; a null counts as one."""
        return sum(r.unexpected_count for r in self.results)


def expect(table: pa.Table, expectations: Sequence[Expectation], chunk_rows: int = CHUNK_ROWS) -> Report:
    """Judge the rows of a table, `chunk_rows` rows in memory at a time; the table has a column `id` besides.

    An expectation that must see all rows at once (uniqueness) needs `chunk_rows=table.num_rows`. No row may offend:
    a share is a number, for `measure`.
    """
    columns = list(dict.fromkeys(e.column for e in expectations))
    suite = [
        Expectation("ExpectTableRowCountToBeBetween", "", {"min_value": 1}),
        *(Expectation("ExpectColumnValuesToNotBeNull", column) for column in columns),
        *expectations,
    ]
    needed = table.select([c for c in dict.fromkeys(["id", *columns]) if c in table.column_names])
    results, ids = _run(suite, _chunks(needed, chunk_rows))
    return Report(results, ids, _broken(results) or ("" if table.num_rows else "there are no rows to judge"))


def measure(documents: int, numbers: Sequence[Number]) -> Report:
    """Judge numbers measured on `documents` documents, as one row of a table with a column a number."""
    values = {n.name: n.value if n.value is not None and math.isfinite(n.value) else None for n in numbers}
    row = pa.table(
        {"documents": pa.array([documents], pa.int64()), **{k: pa.array([v], pa.float64()) for k, v in values.items()}}
    )
    suite = [
        Expectation("ExpectTableRowCountToBeBetween", "", {"min_value": 1}),
        Expectation("ExpectColumnValuesToBeBetween", "documents", {"min_value": 1}),
        *(Expectation("ExpectColumnValuesToNotBeNull", name) for name in values),
        *(
            Expectation("ExpectColumnValuesToBeBetween", n.name, {"min_value": n.at_least, "max_value": n.at_most})
            for n in numbers
        ),
    ]
    results, _ = _run(suite, iter([row]))
    unmeasured = [r.column for r in results if r.expectation == "ExpectColumnValuesToNotBeNull" and not r.success]
    problem = _broken(results)
    if not problem and not results[1].success:
        problem = "there are no documents to judge"
    if not problem and unmeasured:
        problem = f"not measured: {', '.join(unmeasured)}"
    return Report(results, (), problem)


def _run(suite: Sequence[Expectation], tables: Iterator[pa.Table]) -> tuple[tuple[Result, ...], tuple[str, ...]]:
    """Validate table after table; counts are summed, ids are those of the first rows that offend."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")  # read at import: nothing may leave this machine
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)  # None has no effect
    made = [_made(gxe, at, e) for at, e in enumerate(suite)]
    whole = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    definition = whole.add_batch_definition_whole_dataframe("all")
    totals = [Result(e.type, e.column, True, 0, 0, None, None) for e in suite]
    ids: dict[str, None] = {}
    for table in tables:
        batch = definition.get_batch({"dataframe": table.to_pandas()})
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
    return tuple(totals), tuple(ids)[:EVIDENCE_IDS]


def _made(gxe: Any, at: int, expectation: Expectation) -> Any:
    column = {"column": expectation.column} if expectation.column else {}
    return getattr(gxe, expectation.type)(**column, **expectation.settings, meta={"at": at})


def _chunks(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """At least one chunk, so that an empty table is judged as what it is."""
    for at in range(0, max(table.num_rows, 1), max(rows, 1)):
        yield table.slice(at, rows)


def _added(total: Result, result: Any) -> Result:
    error = total.error or _error(result)
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


def _error(result: Any) -> str | None:
    """What an expectation raised, in one line; both shapes of `exception_info` are known here.

    One is flat, the other has one such dict for each metric that could not be computed.
    """
    info = result.exception_info or {}
    for shape in (info, *(v for v in info.values() if isinstance(v, Mapping))):
        if shape.get("raised_exception"):
            return " ".join(str(shape.get("exception_message")).split())[:300]
    return None if result.success or result.result else "it gave no result"


def _broken(results: Sequence[Result]) -> str:
    errors = [f"{r.expectation} on {r.column!r}: {r.error}" for r in results if r.error]
    return f"the gate itself broke: {errors[0]}" if errors else ""
