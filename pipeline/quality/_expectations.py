"""What gates ask of Great Expectations (`_gx/`, where alone it is imported): tables and numbers in, a report out.

Great Expectations skips nulls and lets an empty frame pass everything, so every run begins with "at least one row" and
"not null" on each column that is judged. Its result formats repeat the values of failing rows; here only their ids
are kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import pyarrow as pa

from pipeline.gate import note
from pipeline.quality._gx import EVIDENCE_IDS as EVIDENCE_IDS
from pipeline.quality._gx import Expectation as Expectation
from pipeline.quality._gx import Result, validate
from pipeline.types import Outcome

CHUNK_ROWS = 50_000  # 20,000 rows of text and three expectations take 0.1 s and under 10 MB


@dataclass(frozen=True, slots=True)
class Number:
    """One measured number with its limits, both inclusive. `None` and anything not finite is "not measured"."""

    name: str
    value: float | None
    at_least: float | None = None
    at_most: float | None = None


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
    columns = list(dict.fromkeys(column for e in expectations for column in e.reads))
    suite = [
        Expectation("ExpectTableRowCountToBeBetween", "", {"min_value": 1}),
        *(Expectation("ExpectColumnValuesToNotBeNull", column) for column in columns),
        *expectations,
    ]
    needed = table.select([c for c in dict.fromkeys(["id", *columns]) if c in table.column_names])
    results, ids = validate(suite, _chunks(needed, chunk_rows))
    _noted(results)
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
    found, _ = validate(suite, iter([row]))
    results = tuple(replace(r, observed=values.get(r.column, r.observed)) for r in found)
    _noted(results)
    unmeasured = [r.column for r in results if r.expectation == "ExpectColumnValuesToNotBeNull" and not r.success]
    problem = _broken(results)
    if not problem and not results[1].success:
        problem = "there are no documents to judge"
    if not problem and unmeasured:
        problem = f"not measured: {', '.join(unmeasured)}"
    return Report(results, (), problem)


def _noted(results: Sequence[Result]) -> None:
    for result in results:
        note(asdict(result))


def _chunks(table: pa.Table, rows: int) -> Iterator[pa.Table]:
    """At least one chunk, so that an empty table is judged as what it is."""
    for at in range(0, max(table.num_rows, 1), max(rows, 1)):
        yield table.slice(at, rows)


def _broken(results: Sequence[Result]) -> str:
    errors = [f"{r.expectation} on {r.column!r}: {r.error}" for r in results if r.error]
    return f"the gate itself broke: {errors[0]}" if errors else ""
