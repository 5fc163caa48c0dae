"""Texts of the pieces that one step looks for, and what both ways of running a step make of them."""

from __future__ import annotations

import polars as pl
from hypothesis import strategies as st

from pipeline.cleaning import CleaningStep, apply
from pipeline.frames import documents_of, to_batch
from pipeline.types import Document


def made_of(*pieces: str, most: int = 8) -> st.SearchStrategy[str]:
    """Texts of these pieces, in any order."""
    return st.lists(st.sampled_from(pieces), max_size=most).map("".join)


def cleaned(step: CleaningStep, text: str, language: str = "en") -> str:
    """What the step makes of a text; checks that a second run changes nothing and that whole columns get the same."""
    doc = Document("a", text, language)
    result = step(doc)
    assert isinstance(result, Document)
    assert step(result) == result
    kept, _ = apply(step, to_batch([doc]))
    assert list(documents_of(kept)) == [result]
    touched = pl.DataFrame({"text": [text]}).select(step.touches(pl.col("text"))).item()
    assert touched or result == doc
    return result.text
