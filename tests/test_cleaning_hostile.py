"""A long line of a shape that careless patterns choke on goes through every step that edits.

A quadratic step would need ten thousand million character visits for each unit here, and the run would not end.
"""

from __future__ import annotations

import pytest

from pipeline.cleaning import CleaningStep, apply
from pipeline.frames import documents_of, to_batch
from pipeline.part import build
from pipeline.types import Document

LENGTH = 100_000
UNITS = (
    *("a", "@", "a@", "a@a.", "1", "1-", "1 ", "1.", "4111 ", "+1", "f:", "AB12", "DE89 "),
    *("<", "<b ", "<b>", '<a "', "<a '<a \"", "<!--", "<script>", "&", "&amp;", "amp;", "&a", " ", "\n"),
    *("http://", "http://!", "www.", "www.a", "Ã©", "Ã ", "\u200d", "\u0301", "Ａ", "後"),
)
STEPS = (
    *("remove_invisible", "normalize_unicode", "fix_mojibake", "fold_width", "simplify_chinese", "strip_html"),
    *("extract_main_text", "mask_urls", "mask_pii", "collapse_whitespace"),
)


@pytest.mark.parametrize("name", STEPS)
def test_a_long_line_of_one_repeated_unit_is_cleaned(name: str) -> None:
    step = build("cleaning", name)
    assert isinstance(step, CleaningStep)
    for unit in UNITS:
        both_ways(step, unit * (LENGTH // len(unit)))
    both_ways(step, "<" * (LENGTH // 3) + "b>" * (LENGTH // 3))
    both_ways(step, "<html>" + "<div>" * (LENGTH // 5))
    both_ways(step, "http://" + "!" * LENGTH)


def both_ways(step: CleaningStep, text: str) -> None:
    doc = Document("a", text, "en")
    kept, _ = apply(step, to_batch([doc]))
    assert list(documents_of(kept)) == [step(doc)]
