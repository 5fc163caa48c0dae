"""max_length drops what is too long and says how long it is."""

from __future__ import annotations

from pipeline.cleaning import apply
from pipeline.cleaning.max_length import MaxLength
from pipeline.frames import to_batch
from pipeline.types import Document


def test_characters_are_counted_not_bytes_and_the_reason_has_both_lengths() -> None:
    batch = to_batch([Document("a", "北京市"), Document("b", "北京"), Document("c", "long"), Document("d", "é\n!")])
    kept, rejected = apply(MaxLength(chars=3), batch)
    assert kept.column("id").to_pylist() == ["a", "b", "d"]
    assert rejected.column("id").to_pylist() == ["c"]
    assert rejected.column("reason").to_pylist() == ["the text has 4 characters; max_length allows 3"]
