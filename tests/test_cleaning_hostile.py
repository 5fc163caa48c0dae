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


@pytest.mark.parametrize(
    "tags",
    [
        "".join(f"<font a={n}><p>" for n in range(20_000)),
        "".join(f"<b a{n}=1>" for n in range(40_000)),
        "<p " + " ".join(f"a{n}" for n in range(100_000)) + ">",
        "<div>" * 200_000,
    ],
    ids=["formatting reopened", "attributes by tag", "attributes of one tag", "nesting"],
)
def test_a_page_built_to_be_slow_has_no_main_text(tags: str) -> None:
    step = build("cleaning", "extract_main_text")
    assert isinstance(step, CleaningStep)
    page = Document("a", f"<html><body><main><p>Bo met Al in Oslo today.</p>{tags}", "en")
    kept = step(page)
    assert isinstance(kept, Document)
    assert kept.text == ""


def test_a_long_page_of_ordinary_links_and_emphasis_keeps_its_main_text() -> None:
    step = build("cleaning", "extract_main_text")
    assert isinstance(step, CleaningStep)
    lines = "".join(f'<p>Bo met <b class="name">Al {n}</b> in <a href="/towns/{n}">Oslo</a>.</p>' for n in range(8_000))
    kept = step(Document("a", f"<html><body><main>{lines}</main>", "en"))
    assert isinstance(kept, Document)
    assert kept.text.count("Bo met Al") == 8_000


def both_ways(step: CleaningStep, text: str) -> None:
    doc = Document("a", text, "en")
    kept, _ = apply(step, to_batch([doc]))
    assert list(documents_of(kept)) == [step(doc)]
