"""What a personal name looks like, by lexicon: its gender and its origin; and lists of names of one gender and origin.

Everything here is inferred from a name. It says how names are used, nothing of a person who bears one, and `unknown`
wherever lexica are silent or contradict each other (docs/fairness.md has the shares and the errors that were counted).
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from itertools import product
from typing import Final, Literal

from pipeline.errors import WrongUse, did_you_mean
from pipeline.language import names_zh, zh
from pipeline.language.names_faker import (
    GENDERS,
    LOCALES,
    PARTICLES,
    Gender,
    family_names,
    fold,
    given_names,
    lexicon,
    listed,
)

UNKNOWN: Final = "unknown"
CHINESE_LOCALES = ("zh_CN", "zh_TW")
_HAN = re.compile(zh.SCRIPT)
_DOT = re.compile(f"[{re.escape(names_zh.DOTS)}]")
_SEEN = 2  # names of one gender that hold a character, before it stands for the gender
_ROUNDS = 10  # family names that each given name is put together with
_HAN_GROUPS = (names_zh.CHINESE, names_zh.COMPOUND, names_zh.MINORITY, names_zh.TRANSLITERATED)


def inferred_gender(name: str) -> Gender | Literal["unknown"]:
    """`female` or `male`, if the given name has one gender in the lexicon, else `unknown`.

    A name in letters needs two words, of which the first is the given name: what stands alone is mostly a family name.
    Of a Chinese name, what follows the family name counts: as a whole where a list has it, else all of its characters,
    of which each stands in two listed names of one gender and in none of the other; of a name with a dot, the first
    part. Traditional characters count as `names_zh.simplified` maps them.

    Raises WrongUse where Faker is not installed.

    >>> inferred_gender("Jennifer Müller"), inferred_gender("J. Müller"), inferred_gender("Clinton")
    ('female', 'unknown', 'unknown')
    >>> inferred_gender("王秀英"), inferred_gender("歐陽建國"), inferred_gender("马海"), inferred_gender("玛丽·布朗")
    ('female', 'male', 'unknown', 'female')
    """
    if _HAN.search(name):
        return _chinese_gender(names_zh.simplified(name.strip()))
    words = name.split()
    if len(words) < 2 or words[0].islower():
        return UNKNOWN
    known = lexicon().gender
    whole, _, after = fold(words[0]).partition("-")
    return known.get(f"{whole}-{after}" if after else whole, known.get(whole, UNKNOWN))


def inferred_origin(name: str) -> str:
    """The origin that a name looks like: one of `names_faker.LOCALES` or of `names_zh`, or `unknown`.

    A name in letters: the one origin that lists both its first word as a given and its last as a family name; where
    only one of the two is listed, or there is one word, the one origin that lists it. In Chinese characters:
    `names_zh.chinese_origin`.

    Raises WrongUse where Faker is not installed.

    >>> [inferred_origin(name) for name in ("Kevin Johnson", "Ballesteros", "Karin", "李鹏", "諸葛亮", "阿拉法特")]
    ['english', 'spanish', 'unknown', 'chinese', 'chinese_compound', 'transliterated']
    """
    if _HAN.search(name):
        return names_zh.chinese_origin(names_zh.simplified(name.strip()), _japanese()) or UNKNOWN
    words = [fold(word) for word in name.split()]
    if not words:
        return UNKNOWN
    known, nothing = lexicon(), frozenset[str]()
    given, family = known.given.get(words[0], nothing), known.family.get(words[-1], nothing)
    if len(words) == 1 or not family:
        found = known.alone.get(words[0], nothing) | (family if len(words) == 1 else nothing)
    else:
        found = given & family if given else family
    return next(iter(found)) if len(found) == 1 and words[0] not in PARTICLES else UNKNOWN


@cache
def groups() -> tuple[str, ...]:
    """The groups that `names` has lists of: `english_female`, `chinese_male`, `transliterated_female_traditional`, …"""
    latin = [f"{o}_{g}" for o, g in product(LOCALES, GENDERS) if o != names_zh.CHINESE and given_names(o, g)]
    han = [f"{o}_{g}" for o, g in product(_HAN_GROUPS, GENDERS)]
    return (*latin, *han, *(f"{group}_traditional" for group in han))


@cache
def names(group: str) -> tuple[str, ...]:
    """Full names of a group, without repeats; in Chinese characters for the origins of `names_zh`.

    The first round puts the commonest given name together with the commonest family name, the second with the second
    and so on; nine more rounds begin at later family names, so that both lists are used to their ends. What is common
    is known of `names_faker.given_names`' lists with weights; the others are in the order of their letters.
    `_traditional` gives traditional characters.

    Raises:
        WrongUse: there is no such group, or Faker is not installed.

    >>> names("english_female")[:2], names("chinese_male")[:2], names("chinese_compound_female_traditional")[:1]
    (('Jennifer Smith', 'Jessica Johnson'), ('王伟', '李强'), ('歐陽芳',))
    """
    if group not in groups():
        raise WrongUse(f"there are no names {group!r}; {did_you_mean(group, groups())}")
    if group.endswith("_traditional"):
        return tuple(map(names_zh.traditional, names(group.removesuffix("_traditional"))))
    origin, _, gender = group.rpartition("_")
    of: Gender = "female" if gender == "female" else "male"
    if origin == names_zh.MINORITY:
        return _minority_names(of)
    if origin == names_zh.TRANSLITERATED:
        women, men, families = names_zh.TRANSLITERATED_NAMES
        return _joined(women if of == "female" else men, families, "·")
    if origin in (names_zh.CHINESE, names_zh.COMPOUND):
        single = listed("zh_CN", ("last_names",))
        families = single if origin == names_zh.CHINESE else names_zh.COMMON_COMPOUND
        given = listed("zh_CN", (f"first_names_{of}",))
        return _joined(given, tuple(n for n in families if len(n) == len(families[0])), "", family_first=True)
    korean = origin == "korean"
    return _joined(given_names(origin, of), family_names(origin, of), "" if korean else " ", family_first=korean)


def _joined(given: tuple[str, ...], families: tuple[str, ...], by: str, family_first: bool = False) -> tuple[str, ...]:
    rounds = min(_ROUNDS, len(families))
    step = len(families) // rounds
    pairs = [(name, families[(n + at * step) % len(families)]) for at in range(rounds) for n, name in enumerate(given)]
    return tuple(dict.fromkeys(by.join(pair[::-1] if family_first else pair) for pair in pairs))


def _minority_names(gender: Gender) -> tuple[str, ...]:
    """Two Tibetan names, a Uyghur name and its father's, a Mongolian name alone."""
    at = GENDERS.index(gender)
    tibetan, uyghur, mongolian = (names_zh.MINORITY_NAMES[people] for people in ("tibetan", "uyghur", "mongolian"))
    both = [first + last for first, last in product(tibetan[1], tibetan[at]) if first != last]
    dotted = [f"{own}·{father}" for own, father in product(uyghur[at], uyghur[1]) if own != father]
    return (*both, *dotted, *mongolian[at])


def _chinese_gender(name: str) -> Gender | Literal["unknown"]:
    parts = re.split(f"[{names_zh.DOTS}]", name)
    if names_zh.chinese_origin(name, _japanese()) in (names_zh.MINORITY, names_zh.TRANSLITERATED):
        return _foreign().get(parts[0], UNKNOWN) if len(parts) > 1 else UNKNOWN
    family = names_zh.family_name(name)
    given = name[len(family) :]
    whole, characters = _chinese_given()
    if not family or not given:
        return UNKNOWN
    votes = {characters.get(c) for c in given}
    only = votes.pop() if len(votes) == 1 else None
    return whole.get(given, only or UNKNOWN)


@cache
def _chinese_given() -> tuple[dict[str, Gender], dict[str, Gender]]:
    """Given names in simplified characters with one gender, and the characters that stand for one."""
    lists = {g: {names_zh.simplified(n) for loc in CHINESE_LOCALES for n in listed(loc, (f"first_names_{g}",))}
             for g in GENDERS}  # fmt: skip
    seen = {g: Counter(c for name in lists[g] for c in set(name)) for g in GENDERS}
    whole: dict[str, Gender] = {}
    characters: dict[str, Gender] = {}
    for gender, other in zip(GENDERS, GENDERS[::-1], strict=True):
        whole |= dict.fromkeys(lists[gender] - lists[other], gender)
        characters |= {c: gender for c, n in seen[gender].items() if n >= _SEEN and c not in seen[other]}
    return whole, characters


@cache
def _foreign() -> dict[str, Gender]:
    """The listed names that stand before a dot, in simplified characters."""
    women, men, _ = names_zh.TRANSLITERATED_NAMES
    found = _all(women, "female") | _all(men, "male")
    for female, male in names_zh.MINORITY_NAMES.values():
        found |= _all(female, "female") | _all(male, "male")
    return found


def _all(names: tuple[str, ...], gender: Gender) -> dict[str, Gender]:
    return dict.fromkeys(names, gender)


@cache
def _japanese() -> frozenset[str]:
    """Japanese family names of two characters, as Chinese text in simplified characters writes them."""
    return frozenset(names_zh.simplified(n) for n in listed("ja_JP", ("last_names",)) if len(n) == 2)


def whole(name: str) -> str:
    """A name as lists are searched for it: folded, or in simplified characters."""
    return names_zh.simplified(name.strip()) if _HAN.search(name) else " ".join(fold(name).split())


def parts(name: str) -> tuple[str, ...]:
    """What of a name can be known from another one: folded words, what dots part, a Chinese given name.

    A Chinese family name is no part: there are a few hundred, and every one that is common is in any text.

    >>> parts("Zoë Hart"), parts("歐陽修"), parts("玛丽·布朗")
    (('zoe', 'hart'), ('修',), ('玛丽', '布朗'))
    """
    plain = whole(name)
    if not _HAN.search(name):
        return tuple(plain.split())
    dotted = tuple(part for part in _DOT.split(plain) if part)
    return dotted if len(dotted) > 1 else (plain[len(names_zh.family_name(plain)) :] or plain,)
