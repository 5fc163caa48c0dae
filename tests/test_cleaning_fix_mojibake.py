"""What fix_mojibake repairs, what it leaves to other steps, and that spans travel."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from mangled_texts import cleaned, made_of

from pipeline.cleaning.fix_mojibake import FixMojibake
from pipeline.types import Document, Rejected, Span

STEP = FixMojibake()


def misread(text: str, times: int = 1) -> str:
    for _ in range(times):
        text = text.encode().decode("latin-1")
    return text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("MÃ¼nchen grÃ¼ÃŸt schÃ¶n", "München grüßt schön"),
        ("DÃ©jÃ\u00a0 vu, Ã\u00aatre, lâ€™Ã©tÃ©", "Déjà vu, être, l’été"),
        (misread("我爱北京天安门"), "我爱北京天安门"),
        (misread("München", 2), "München"),
        ("他说：ä¸\u00adæ–‡（１）", "他说：中文（１）"),
        ("good line\nschÃ¶n\n", "good line\nschön\n"),
    ],
)
def test_text_read_in_the_wrong_encoding_is_repaired(before: str, after: str) -> None:
    assert cleaned(STEP, before) == after


@pytest.mark.parametrize(
    "text",
    [
        "全角：ＩＢＭ１９９８年，（“好”）——……！",
        "ﬁle ① ｶﾞ ‘quoted’ “text” e\u0301 &amp; <b>",
        "Zürich, Ærø, naïve café, Łódź, 10 °C, 5 €",
        "Привет, как дела? Γειά σου Κόσμε",
        "\u3000\u3000本报北京１月１日讯",
    ],
)
def test_widths_quotes_ligatures_and_sound_text_stay(text: str) -> None:
    assert cleaned(STEP, text) == text


def test_a_span_moves_with_its_word() -> None:
    text = "JosÃ© traf Anna in MÃ¼nchen, ä¸\u00adæ–‡"
    spans = (Span(0, 5, "PER"), Span(11, 15, "PER"), Span(19, 27, "LOC"))
    result = STEP(Document("a", text, spans=spans))
    assert isinstance(result, Document)
    assert result.text == "José traf Anna in München, 中文"
    assert [result.text[s.start : s.end] for s in result.spans or ()] == ["José", "Anna", "München"]


def test_two_spans_in_one_repair_reject_the_document() -> None:
    text = misread("中国人民")
    result = STEP(Document("a", text, spans=(Span(0, 6, "LOC"), Span(6, 12, "PER"))))
    assert isinstance(result, Rejected)
    assert "reaches into both spans" in result.reason


PIECES = (
    *map(misread, ("é", "中", "文", "“", "ü")),
    *("à", "Ã ", "Ã", "Â", "â€", "™", "\x85", "Œ", "a", " ", "\n", "中", "，", "ВЂ", "Р", "°", "É", "²", "×", "\u00a0"),
    *("\ufffd", "?", "\x1a", "[", "&&", "#", "ā€", "ΒΞ", "\x1d", "ß"),
)


@given(made_of(*PIECES))
@settings(max_examples=300)
def test_whole_columns_get_the_same_and_a_second_run_changes_nothing(text: str) -> None:
    cleaned(STEP, text)
