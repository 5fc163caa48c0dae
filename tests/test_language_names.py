"""Names by lexicon: what is certain has a gender or an origin, all else is unknown; lists are of their group."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import texts

from pipeline.errors import WrongUse
from pipeline.language import names, names_faker, names_zh
from pipeline.language.zh import COMPOUND_FAMILY_NAMES, FAMILY_NAMES


@pytest.mark.parametrize(
    ("name", "gender"),
    [
        ("Anna Berg", "female"),
        ("MARIA SHARAPOVA", "female"),
        ("Jean-Pierre Cyprien", "male"),
        ("José-Maria Olazábal", "unknown"),
        ("Ahmed Ali", "male"),
        ("Andrea Gaudenzi", "unknown"),
        ("Robin Smith", "unknown"),
        ("Anna", "unknown"),
        ("A. Berg", "unknown"),
        ("van Basten", "unknown"),
        ("Xyzzy Berg", "unknown"),
        ("नेहा शर्मा", "female"),
        ("淑芬", "unknown"),
        ("王淑芬", "female"),
        ("歐陽淑芬", "female"),
        ("李丽娟", "female"),
        ("李志伟", "male"),
        ("李志娟", "unknown"),
        ("江泽民", "unknown"),
        ("约翰·史密斯", "male"),
        ("瑪麗·布朗", "female"),
        ("桥本龙太郎", "unknown"),
        ("", "unknown"),
        ("·", "unknown"),
    ],
)
def test_a_gender_is_inferred_where_the_given_name_has_one(name: str, gender: str) -> None:
    assert names.inferred_gender(name) == gender


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("Kevin Johnson", "english"),
        ("FERNANDO CARDOSO", "portuguese"),
        ("Marcin Kowalski", "slavic"),
        ("David Peter", "unknown"),
        ("Xyzzy Qwerty", "unknown"),
        ("Li Lin", "chinese"),
        ("李鹏", "chinese"),
        ("陈方安生", "chinese"),
        ("歐陽修", "chinese_compound"),
        ("司马相如", "chinese_compound"),
        ("扎西多吉", "chinese_minority"),
        ("买买提明·扎克尔", "chinese_minority"),
        ("卡洛斯·梅迪纳", "transliterated"),
        ("阿拉法特", "transliterated"),
        ("希拉克", "transliterated"),
        ("桥本龙太郎", "japanese"),
        ("高桥明", "chinese"),
        ("小林", "unknown"),
        ("小平", "unknown"),
        ("江", "unknown"),
        ("欧阳", "unknown"),
        ("", "unknown"),
        ("··", "unknown"),
    ],
)
def test_an_origin_is_inferred_where_only_one_fits(name: str, origin: str) -> None:
    assert names.inferred_origin(name) == origin


@given(st.one_of(texts, st.text("李欧阳·阿拉法特約翰Ana -.'", max_size=8)))
def test_whatever_is_called_a_name_has_a_known_value(name: str) -> None:
    assert names.inferred_gender(name) in ("female", "male", "unknown")
    assert names.inferred_origin(name) in {*names_faker.LOCALES, *HAN_ORIGINS, "unknown"}


HAN_ORIGINS = (
    names_zh.CHINESE, names_zh.COMPOUND, names_zh.MINORITY, names_zh.TRANSLITERATED, names_zh.JAPANESE,
)  # fmt: skip


def test_no_given_name_has_a_gender_that_a_twentieth_of_the_lists_deny() -> None:
    lexicon = names_faker.lexicon()
    assert lexicon.gender["maria"] == "female"
    assert not {"andrea", "robin", "leslie", "kelly", "alex", "van", "della"} & set(lexicon.gender)


@pytest.mark.parametrize("group", ["english_female", "english_male", "spanish_male", "turkic_female", "slavic_female"])
def test_names_of_a_group_are_many_different_and_have_the_gender_of_it(group: str) -> None:
    found = names.names(group)
    assert len(found) == len(set(found)) >= 400
    gender = group.rpartition("_")[2]
    assert {names.inferred_gender(name) for name in found} <= {gender, "unknown"}
    assert sum(names.inferred_gender(name) == gender for name in found) >= 0.95 * len(found)


def test_common_names_come_first_and_both_lists_are_used_to_their_ends() -> None:
    assert names.names("english_female")[:3] == ("Jennifer Smith", "Jessica Johnson", "Lisa Williams")
    assert names.names("korean_male")[0] == "김건우"
    families = {name.partition(" ")[2][0] for name in names.names("spanish_female")}
    assert {"A", "G", "M", "V"} <= families


@pytest.mark.parametrize("origin", ["chinese", "chinese_compound", "chinese_minority", "transliterated"])
@pytest.mark.parametrize("gender", ["female", "male"])
def test_chinese_names_look_like_their_origin_in_both_ways_of_writing(origin: str, gender: str) -> None:
    simple, traditional = (names.names(f"{origin}_{gender}{way}") for way in ("", "_traditional"))
    assert len(set(simple)) == len(simple) == len(traditional) >= 200
    looks = [names.inferred_origin(name) for name in simple]
    assert looks.count(origin) >= 0.95 * len(looks), [n for n, o in zip(simple, looks, strict=True) if o != origin]
    assert [names.inferred_origin(name) for name in traditional] == looks
    assert {names.inferred_gender(name) for name in simple} <= {gender, "unknown"}


def test_the_table_of_traditional_characters_says_what_opencc_says() -> None:
    simplify = pytest.importorskip("opencc").OpenCC("t2s").convert
    japanese = {"辺", "斉", "斎"}
    for old, new in names_zh.PAIRS.items():
        assert old in japanese or simplify(old) == new, (old, new)
    known = FAMILY_NAMES | COMPOUND_FAMILY_NAMES
    assert all(names_zh.simplified(names_zh.traditional(name)) == name for name in known)


def test_a_group_that_is_not_there_is_named_with_what_was_meant() -> None:
    with pytest.raises(WrongUse, match="there are no names 'englsh_female'; did you mean 'english_female'"):
        names.names("englsh_female")
    assert "chinese_compound_male_traditional" in names.groups()
