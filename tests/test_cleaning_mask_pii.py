"""What mask_pii masks in whole columns and in documents with spans, and that no value stays."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from mangled_texts import cleaned, made_of

from pipeline.cleaning import marked
from pipeline.cleaning.mask_pii import MaskPii
from pipeline.types import Document, Rejected, Span

STEP = MaskPii()


def test_each_kind_gets_its_mark() -> None:
    before = "bo@mail.example, +49 30 901820, 11010519491231002X, 4111 1111 1111 1111, 10.1.2.3, 078-05-1120"
    assert cleaned(STEP, before) == "[EMAIL], [PHONE], [CN_ID], [CARD], [IPV4], [US_SSN]"


def test_only_the_kinds_that_are_named_are_masked() -> None:
    assert cleaned(MaskPii(kinds=("email",)), "a@b.example 13800138000") == "[EMAIL] 13800138000"


def test_a_span_in_or_over_a_value_covers_the_mark_and_two_in_one_reject_the_document() -> None:
    text = "Bo Li bo.li@mail.example ok"
    result = STEP(Document("a", text, spans=(Span(0, 5, "PER"), Span(6, 11, "PER"))))
    assert isinstance(result, Document)
    assert (result.text, [(s.start, s.end) for s in result.spans or ()]) == ("Bo Li [EMAIL] ok", [(0, 5), (6, 13)])
    both = STEP(Document("a", text, spans=(Span(6, 8, "PER"), Span(9, 11, "PER"))))
    assert isinstance(both, Rejected)
    assert "li" not in both.reason


def test_marks_are_counted_by_kind() -> None:
    counts = marked([STEP], pa.array(["[EMAIL] [PHONE] [EMAIL]"]))
    assert {kind: n for kind, n in counts.items() if n} == {"email": 2, "phone": 1}


PIECES = (
    *(
        "@",
        "a",
        "bo",
        "mail.com",
        ".",
        "+",
        "1",
        "86",
        "13800138000",
        "0013",
        "8000",
        "4111111111111111",
        " ",
        "-",
        "(",
    ),
    *(
        ")",
        "010",
        "62345678",
        "11010519491231002X",
        "11010519491231002",
        "1.2.3.4",
        "10",
        ":",
        "2001:db8::1",
        "/",
        "00",
    ),
    *("DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "AB123456C", "12345678Z", "2341 2341 2346", "A", "Z"),
    *("078-05-1120", "[EMAIL]", "中", "255 78 006 084 91", "1 85 05", "202", "555", "0143", "ffff"),
)


@given(made_of(*PIECES, most=12))
@settings(max_examples=300)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(STEP, text)


@pytest.mark.parametrize("text", ["In 1998 12,345.67 of 1,000,000", "12:30:45 2024-01-31", "std::vector a::b", "R&D"])
def test_plain_numbers_times_and_code_stay(text: str) -> None:
    assert cleaned(STEP, text) == text
