"""Rules about lines: what a line is, which ones count, and which documents are too short to judge."""

from __future__ import annotations

import pytest

from pipeline.cleaning import CleaningStep, apply
from pipeline.cleaning.bullet_lines import BulletLines
from pipeline.cleaning.ellipsis_lines import EllipsisLines
from pipeline.cleaning.repeated_lines import RepeatedLines
from pipeline.cleaning.terminal_punctuation import TerminalPunctuation
from pipeline.frames import to_batch
from pipeline.part import build
from pipeline.types import Document, Rejected


def reason(step: CleaningStep, text: str) -> str | None:
    result = step(Document("a", text))
    return result.reason if isinstance(result, Rejected) else None


@pytest.mark.parametrize("name", ["bullet_lines", "ellipsis_lines", "terminal_punctuation"])
def test_fewer_lines_than_asked_for_are_not_judged_and_blank_ones_are_no_lines(name: str) -> None:
    step = build("cleaning", name)
    assert isinstance(step, CleaningStep)
    line = {"bullet_lines": "- item", "ellipsis_lines": "more...", "terminal_punctuation": "Home"}[name]
    assert reason(step, f"{line}\n \n\n{line}\n\u3000\n") is None
    assert str(reason(step, f"{line}\n{line}\n\n{line}")).split(" lines")[0] in ("3 of 3", "0 of 3")


@pytest.mark.parametrize("line", ["• a", "  ‣a", "- a", "* a", "–\ta", "●a", "\u3000■ 项目"])
def test_a_bullet_at_the_start_of_a_line(line: str) -> None:
    step = BulletLines(min_lines=1, at_most=0.5)
    assert reason(step, line) == "1 of 1 lines begin with a bullet; bullet_lines allows a share of 0.5"
    assert reason(step, f"{line}\ntext") is None


@pytest.mark.parametrize("line", ["-5 degrees", "a - b", "**bold**", "—他说", "-", "1. one"])
def test_what_is_no_bullet(line: str) -> None:
    assert reason(BulletLines(min_lines=1, at_most=0), line) is None


@pytest.mark.parametrize("line", ["Read on...", "更多……", "so…  ", "wait....\r"])
def test_an_ellipsis_at_the_end_of_a_line(line: str) -> None:
    step = EllipsisLines(min_lines=1, at_most=0.5)
    assert reason(step, line) == "1 of 1 lines end in an ellipsis; ellipsis_lines allows a share of 0.5"
    assert reason(step, f"{line}\nend.") is None
    assert reason(step, "... and so on. ..") is None


@pytest.mark.parametrize(
    "line", ["He left.", "走了。", "Why?!", "“好！”", "(He left.)", "he said »no«»", "so…", "x.\u3000"]
)
def test_terminal_punctuation_is_latin_or_chinese_with_closing_marks_after_it(line: str) -> None:
    assert reason(TerminalPunctuation(min_lines=1, at_least=1), line) is None
    assert reason(TerminalPunctuation(min_lines=1, at_least=1), f"{line}\nHome,") == (
        "1 of 2 lines end in terminal punctuation; terminal_punctuation asks for a share of 1.0"
    )


def test_the_first_share_of_repeated_lines_that_is_too_high_is_the_reason() -> None:
    step = RepeatedLines()
    assert reason(step, "a\nb\nc\na") == ("1 of 4 line characters stood before; repeated_lines allows a share of 0.2")
    assert reason(step, "a\n a \nb") == "1 of 3 lines stood before; repeated_lines allows a share of 0.3"
    assert reason(step, "long line\nother line\nmany more\nand more\na\na") is None
    paragraphs = RepeatedLines(lines=1, line_characters=1)
    assert reason(paragraphs, "a\nb\n\nc\n\na\nb") == (
        "1 of 3 paragraphs stood before; repeated_lines allows a share of 0.3"
    )
    assert reason(paragraphs, "aaa\n\nb\n\nc\n\naaa") == (
        "3 of 8 paragraph characters stood before; repeated_lines allows a share of 0.2"
    )


def test_lines_are_repeated_inside_of_a_document_only() -> None:
    docs = [Document(str(n), text) for n, text in enumerate(["a\nb", "a\nb", "c\nc", "", "a"])]
    kept, rejected = apply(RepeatedLines(), to_batch(docs))
    assert kept["id"].to_pylist() == ["0", "1", "3", "4"]
    assert rejected["reason"].to_pylist() == ["1 of 2 lines stood before; repeated_lines allows a share of 0.3"]


LONG = ["a " * 500_000, "\n" * 1_000_000, "中" * 300_000, "- …\n" * 250_000, "… " * 250_000, " " * 1_000_000 + "x"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bullet_lines", "250000 of 250000 lines begin with a bullet; bullet_lines allows a share of 0.9"),
        ("ellipsis_lines", "250000 of 250000 lines end in an ellipsis; ellipsis_lines allows a share of 0.3"),
        ("terminal_punctuation", None),
        ("repeated_lines", "249999 of 250000 lines stood before; repeated_lines allows a share of 0.3"),
    ],
)
def test_a_megabyte_is_judged_like_any_other(name: str, expected: str | None) -> None:
    step = build("cleaning", name)
    assert isinstance(step, CleaningStep)
    assert [reason(step, text) for text in LONG] == [None, None, None, expected, None, None]
