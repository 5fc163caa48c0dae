from __future__ import annotations

import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from pipeline.frames import to_table
from pipeline.quality._expectations import Expectation, Number, expect, measure
from pipeline.quality._gx.runs import error_of
from pipeline.types import Document, Span

BLANK = Expectation("ExpectColumnValuesToMatchRegex", "text", {"regex": r"\S"})


def texts(*values: str | None) -> pa.Table:
    return pa.table({"id": [f"d{n}" for n in range(len(values))], "text": pa.array(values, pa.string())})


def test_rows_that_offend_are_counted_and_named_by_id() -> None:
    report = expect(texts("a", " ", "b", "\u3000"), [BLANK])
    assert (report.outcome, report.unexpected, report.ids) == ("failed", 2, ("d1", "d3"))
    assert [(r.expectation, r.success, r.element_count, r.unexpected_count) for r in report.results] == [
        ("ExpectTableRowCountToBeBetween", True, 0, 0),
        ("ExpectColumnValuesToNotBeNull", True, 4, 0),
        ("ExpectColumnValuesToMatchRegex", False, 4, 2),
    ]
    assert report.results[0].observed == 4


def test_counts_add_up_over_chunks_and_twenty_ids_are_kept() -> None:
    report = expect(texts(*["a", " "] * 30), [BLANK], chunk_rows=7)
    assert (report.results[0].observed, report.results[2].element_count, report.unexpected) == (60, 60, 30)
    assert report.ids == tuple(f"d{n}" for n in range(1, 40, 2))


def test_nulls_which_great_expectations_skips_offend() -> None:
    report = expect(texts(None, None), [BLANK])
    assert report.results[2].success, "the expectation alone lets nulls pass"
    assert (report.outcome, report.unexpected, report.ids) == ("failed", 2, ("d0", "d1"))


def test_an_empty_table_which_passes_everything_is_not_judged() -> None:
    report = expect(texts(), [BLANK])
    assert report.results[2].success, "the expectation alone lets an empty frame pass"
    assert (report.outcome, report.problem) == ("not_judged", "there are no rows to judge")


def test_a_missing_column_is_a_broken_gate_not_a_failed_one() -> None:
    report = expect(texts("a"), [Expectation("ExpectColumnValuesToBeUnique", "nope")])
    assert report.outcome == "not_judged"
    assert report.problem.startswith("the gate itself broke: ExpectColumnValuesToNotBeNull on 'nope': ")
    assert report.results[2].error is not None


def test_an_expectation_that_raises_is_a_broken_gate_not_a_failed_one() -> None:
    numbers = pa.table({"id": ["a", "b"], "n": pa.array([1, 2], pa.int64())})
    report = expect(numbers, [Expectation("ExpectColumnValuesToMatchRegex", "n", {"regex": "("})])
    assert report.outcome == "not_judged"
    assert "the gate itself broke" in report.problem


@pytest.mark.parametrize(
    ("info", "error"),
    [
        ({"raised_exception": True, "exception_message": "it\n broke"}, "it broke"),
        ({"MetricConfigurationID(...)": {"raised_exception": True, "exception_message": "no column"}}, "no column"),
        ({"raised_exception": False, "exception_message": None}, "it gave no result"),
    ],
)
def test_both_shapes_of_a_raised_exception_and_an_empty_result_are_errors(info: object, error: str) -> None:
    assert error_of(SimpleNamespace(exception_info=info, success=False, result={})) == error


def test_a_result_that_says_no_is_not_an_error() -> None:
    info = {"raised_exception": False}
    assert error_of(SimpleNamespace(exception_info=info, success=False, result={"unexpected_count": 1})) is None


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_a_number_that_was_not_measured_is_not_judged(value: float | None) -> None:
    report = measure(3, [Number("f1", value, at_least=0.5)])
    assert (report.outcome, report.problem) == ("not_judged", "not measured: f1")


def test_a_number_measured_on_no_documents_is_not_judged() -> None:
    assert measure(0, [Number("f1", 0.9, at_least=0.5)]).outcome == "not_judged"


def test_both_limits_of_a_number_are_inclusive() -> None:
    assert measure(1, [Number("a", 0.5, at_least=0.5), Number("b", 0.1, at_most=0.1)]).outcome == "passed"
    assert measure(1, [Number("a", 0.5, at_least=0.5), Number("b", 0.11, at_most=0.1)]).outcome == "failed"


def test_a_run_is_silent_and_holds_no_value_of_a_row(capfd: pytest.CaptureFixture[str]) -> None:
    report = expect(
        texts("fine", "secret 42"), [Expectation("ExpectColumnValuesToBeInSet", "text", {"value_set": ["fine"]})]
    )
    assert capfd.readouterr() == ("", "")
    assert "secret" not in repr(report)
    assert report.ids == ("d1",)


def test_a_row_expectation_of_our_own_looks_at_several_columns_of_every_row() -> None:
    docs = [Document(f"d{n}", "Anna met", spans=(Span(0, 4 - n % 2, "X"),), tokens=((0, 4), (5, 8))) for n in range(6)]
    asked = Expectation("ExpectSpansToStandOnTokens", columns=("spans", "tokens"))
    report = expect(to_table(docs), [asked], chunk_rows=4)
    assert (report.outcome, report.unexpected, report.ids) == ("failed", 3, ("d1", "d3", "d5"))
    own = report.results[-1]
    assert (own.expectation, own.column, own.element_count) == ("ExpectSpansToStandOnTokens", "spans, tokens", 6)


def test_a_row_expectation_of_our_own_that_meets_a_null_offends_and_one_that_breaks_is_not_judged() -> None:
    docs = to_table([Document("a", "x", spans=(Span(0, 1, "X"),), tokens=((0, 1),)), Document("b", "x", spans=())])
    asked = Expectation("ExpectSpansToStandOnTokens", columns=("spans", "tokens"))
    assert (expect(docs, [asked]).outcome, expect(docs, [asked]).ids) == ("failed", ("b",))
    strange = docs.set_column(docs.column_names.index("spans"), "spans", pa.array([["no"], ["offsets"]]))
    broken = expect(strange, [asked])
    assert broken.outcome == "not_judged"
    assert broken.problem.startswith("the gate itself broke: ExpectSpansToStandOnTokens on 'spans, tokens': ")


def test_runs_leave_no_folder_behind_and_hold_no_frame(tmp_path: Path) -> None:
    code = (
        "import gc, sys, pandas, pyarrow as pa\n"
        "from pipeline.quality._expectations import Expectation, Number, expect, measure\n"
        "seen = pa.table({'id': ['a'] * 4321, 'text': ['x'] * 4321})\n"
        "for _ in range(3):\n"
        "    measure(1, [Number('n', 1.0, at_least=0.5)])\n"
        "    expect(seen, [Expectation('ExpectColumnValuesToBeUnique', 'text')])\n"
        "gc.collect()\n"
        "frames = [o for o in gc.get_objects() if isinstance(o, pandas.DataFrame) and len(o) == 4321]\n"
        "sys.exit(f'{len(frames)} frames' if frames else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_runs_in_two_threads_do_not_see_each_others_rows() -> None:
    tables = [texts(*["a"] * n, *[" "] * (40 - n)) for n in range(40)]
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda table: expect(table, [BLANK]), tables))
    assert [r.unexpected for r in reports] == list(range(40, 0, -1))


def test_importing_gates_imports_neither_great_expectations_nor_fairlearn_nor_pandas() -> None:
    code = (
        "import sys; from pipeline import part\n"
        "for folder in ('quality', 'fairness'):\n"
        "    for name in part.names(folder): part.find(folder, name)\n"
        "heavy = {'great_expectations', 'fairlearn', 'pandas', 'sklearn', 'numpy', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy - {\"numpy\"}}' if heavy - {'numpy'} else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
