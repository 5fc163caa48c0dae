"""min_length drops what is too short and says how short it is."""

from __future__ import annotations

from pipeline.cleaning import apply
from pipeline.cleaning.min_length import MinLength
from pipeline.frames import to_batch
from pipeline.types import Document, Rejected


def test_a_short_text_is_rejected_with_both_lengths() -> None:
    result = MinLength(chars=3)(Document("a", "北京"))
    assert isinstance(result, Rejected)
    assert result.reason == "the text has 2 characters; min_length asks for 3"


def test_a_text_of_exactly_the_length_is_kept() -> None:
    doc = Document("a", "北京市")
    assert MinLength(chars=3)(doc) is doc


def test_over_a_batch_rows_in_are_rows_out_and_rejected() -> None:
    batch = to_batch([Document("a", "北京"), Document("b", "北京市"), Document("c", "")])
    kept, rejected = apply(MinLength(chars=3), batch)
    assert kept.column("id").to_pylist() == ["b"]
    assert rejected.column("id").to_pylist() == ["a", "c"]
    assert set(rejected.column("step").to_pylist()) == {"min_length"}
