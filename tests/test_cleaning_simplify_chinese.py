"""What simplify_chinese converts, what it leaves alone, and that spans travel."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from mangled_texts import cleaned, made_of

from pipeline.cleaning.simplify_chinese import SimplifyChinese
from pipeline.types import Document, Span


@pytest.mark.parametrize(
    ("config", "before", "after"),
    [
        ("t2s", "皇后與後宮的頭髮發白", "皇后与后宫的头发发白"),
        ("t2s", "乾隆年間，乾燥的水", "乾隆年间，干燥的水"),
        ("t2s", "王彥昇與蔣介石", "王彦昇与蒋介石"),
        ("t2s", "我们的头发，乾隆、显著", "我们的头发，乾隆、显著"),
        ("tw2s", "著作顯著，裡面", "著作显著，里面"),
        ("hk2s", "後\0面的車\r\n", "后\0面的车\r\n"),
        ("t2s", "IBM １９９８，“好”", "IBM １９９８，“好”"),
    ],
)
def test_traditional_characters_become_simplified_ones_by_phrase(config: str, before: str, after: str) -> None:
    assert cleaned(SimplifyChinese.model_validate({"config": config}), before) == after


def test_a_span_stays_where_it_is() -> None:
    result = SimplifyChinese()(Document("a", "李後主在開封", spans=(Span(0, 3, "PER"), Span(4, 6, "LOC"))))
    assert isinstance(result, Document)
    assert (result.text, result.spans) == ("李后主在开封", (Span(0, 3, "PER"), Span(4, 6, "LOC")))


@given(made_of(*"乾隆後里裡王彥昇著作顯薴苧麼么\0a\n頭髮，只隻"))
@settings(max_examples=200)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(SimplifyChinese(), text)
    cleaned(SimplifyChinese(config="tw2s"), text)
