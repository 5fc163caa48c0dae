"""Cutting long texts, and which adjacent words of the People's Daily are one person."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import ranges

from pipeline.language import en, zh

_TEXTS = st.text(alphabet="中国人。！？”，；;. ab,\n1", max_size=40)


@pytest.mark.parametrize("language", [en, zh])
@given(data=st.data())
def test_pieces_cover_the_text_keep_to_the_limit_and_cut_through_nothing_whole(
    language: object, data: st.DataObject
) -> None:
    assert language in (en, zh)
    cut = language.cut
    text = data.draw(_TEXTS)
    limit = data.draw(st.integers(1, 12))
    whole = data.draw(ranges(text))
    pieces = cut(text, limit, whole)
    assert "".join(text[a:b] for a, b in pieces) == text
    assert all(a < b for a, b in pieces)
    for a, b in pieces:
        assert not any(s < b < e for s, e in whole)
        longest = max((e - s for s, e in whole if s < b and e > a), default=0)
        assert b - a <= max(limit, limit + longest - 1)
        if not whole:
            assert b - a <= limit


def test_a_chinese_text_is_cut_after_a_full_stop_else_a_comma_else_hard() -> None:
    text = "他说：“来了。”我们谈了，又谈了很久很久很久"
    pieces = [text[a:b] for a, b in zh.cut(text, 10)]
    assert pieces == ["他说：“来了。”", "我们谈了，", "又谈了很久很久很久"]
    assert [text[a:b] for a, b in zh.cut(text, 10, [(13, 22)])][-1] == "又谈了很久很久很久"
    assert zh.cut("北京上海天津", 4, [(2, 5)]) == [(0, 2), (2, 6)]
    assert zh.cut("北京上海天津", 2, [(0, 5)]) == [(0, 5), (5, 6)]


def test_an_english_text_is_not_cut_at_a_title_an_initial_or_a_decimal_point() -> None:
    text = "Mr. J. Smith paid 3.50 dollars. He left."
    assert [text[a:b] for a, b in en.cut(text, 35)] == ["Mr. J. Smith paid 3.50 dollars. ", "He left."]


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="limit is 0; a piece has at least 1 character"):
        zh.cut("北京", 0)


def test_the_script_of_a_language_matches_its_letters_only() -> None:
    assert re.findall(zh.SCRIPT, "北京 abc，１") == ["北", "京"]
    assert re.findall(en.SCRIPT, "Aé，北1") == ["A", "é"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("江 泽民", "江泽民"),
        ("邓 小平 江 泽民", "邓小平 江泽民"),
        ("江 泽民 李 鹏 乔 石 朱 镕基", "江泽民 李鹏 乔石 朱镕基"),
        ("克林顿", "克林顿"),
        ("江", "江"),
        ("马克思 恩格斯", "马克思 恩格斯"),
        ("欧阳 山尊", "欧阳山尊"),
        ("陈 方 安生", "陈方安生"),
        ("梁 刘 柔芬", "梁刘柔芬"),
        ("李 宁 王 磊", "李宁 王磊"),
        ("剑武 安 远远", "剑武 安远远"),
        ("祝 有容 让·梅泰·亚彭德", "祝有容 让·梅泰·亚彭德"),
        ("家贵 军敏", "家贵 军敏"),
        ("秦 惠（君音）", "秦惠（君音）"),
        ("净 慧", "净慧"),
        ("张 书政 宇新 桑余", "张书政 宇新 桑余"),
        ("", ""),
    ],
)
def test_adjacent_name_words_become_the_people_they_name(words: str, expected: str) -> None:
    parts = words.split()
    assert " ".join("".join(parts[a:b]) for a, b in zh.people(parts)) == expected
