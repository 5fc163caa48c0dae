"""The name lists of Faker's providers (MIT), by origin and gender. Read at the first use, then kept.

Only the lists are read: nothing is drawn, no `Faker` object is made. Which list stands for which origin, and how two
lists that contradict each other are read, is said here (docs/decisions/0011-name-lexicons.md has the reasons).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal

Gender = Literal["female", "male"]
GENDERS: tuple[Gender, Gender] = ("female", "male")

LOCALES: Mapping[str, str] = {  # origin → Faker's locales; the most usual one first: its names are the ones to draw
    "african": "yo_NG ha_NG ig_NG tw_GH zu_ZA sw",
    "arabic": "fr_DZ ar_AA ar_DZ ar_PS ar_SA",
    "baltic": "lv_LV lt_LT et_EE",
    "chinese": "zh_TW zh_CN",
    "dutch": "nl_NL",
    "english": "en_US en_GB en_NZ en_IE",
    "french": "fr_FR fr_CA fr_CH",
    "german": "de_AT de_LI",
    "greek": "el_GR",
    "hebrew": "he_IL",
    "hungarian": "hu_HU",
    "indonesian": "id_ID",
    "italian": "it_IT",
    "japanese": "ja_JP",
    "korean": "ko_KR",
    "nordic": "da_DK no_NO fi_FI is_IS",
    "persian": "fa_IR",
    "portuguese": "pt_PT pt_BR",
    "romanian": "ro_RO",
    "slavic": "pl_PL cs_CZ sk_SK hr_HR sl_SI bg_BG mk_MK ru_RU uk_UA",
    "south_asian": "en_IN en_PK hi_IN bn_BD gu_IN mr_IN ne_NP or_IN ta_IN si_LK",
    "spanish": "es_ES es_AR es_MX es_CA",
    "thai": "en_TH th_TH",
    "turkic": "tr_TR az_AZ uz_UZ",
    "vietnamese": "vi_VN",
}
REGISTERS: Mapping[str, str] = {
    "african": "en_KE en_NG",
    "dutch": "nl_BE",
    "english": "en",
    "french": "fr_BE",
    "german": "de_DE de_CH",
    "spanish": "es_CL es_CO",
}
"""Lists of a country's people, with names of every origin among them: they say a name's gender, and which given name
says nothing of an origin where it is all that is known. Sweden's is left out: Ali, Mohamed, Ahmed, Mohammed, Hassan and
Ibrahim are among its women's names."""

CERTAIN = 0.95
"""Share of the locales holding a given name that must agree on its gender. At 1 a slip of one list hides Maria (38
lists of women, one of men); at 0.9 the Italian Andrea would be a woman (24 lists of women, 2 of men)."""

_GIVEN: Mapping[Gender, tuple[str, ...]] = {
    "female": ("first_names_female", "first_romanized_names_female"),
    "male": ("first_names_male", "first_romanized_names_male"),
}
_FAMILY = ("last_names", "last_names_female", "last_names_male", "last_romanized_names", "male_last_names",
           "unisex_last_names")  # fmt: skip
_MIXED = "en"  # American given names, hundreds of them in both lists: it counts where no other list has the name
_LETTERS = str.maketrans("øłđıæœ", "oldiao")  # letters that no accent is taken off by decomposition
PARTICLES = frozenset(
    re.findall(r"\S+", "al bin da de del della den der di do dos du el ibn la le mc o st ten ter van von")
)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Folded names: origins of given names (`alone`: with the registers) and of family names; the certain genders."""

    given: Mapping[str, frozenset[str]]
    alone: Mapping[str, frozenset[str]]
    family: Mapping[str, frozenset[str]]
    gender: Mapping[str, Gender]


def fold(name: str) -> str:
    """A name without case and without accents on letters; the marks of other scripts stay.

    >>> fold("JOSÉ"), fold("Søren"), fold("हिमानी") == "हिमानी"
    ('jose', 'soren', True)
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not 0x300 <= ord(c) < 0x370)
    return unicodedata.normalize("NFC", plain).casefold().translate(_LETTERS)


@cache
def lexicon() -> Lexicon:
    """The lists of all locales together. Raises WrongUse where Faker is not installed."""
    given = _origins(LOCALES, (*_GIVEN["female"], *_GIVEN["male"], "first_names", "first_romanized_names"))
    registers = _origins(REGISTERS, (*_GIVEN["female"], *_GIVEN["male"]))
    alone = {name: origins | registers.get(name, frozenset()) for name, origins in given.items()}
    return Lexicon(given, alone, _origins(LOCALES, _FAMILY), _certain())


def _origins(of: Mapping[str, str], lists: tuple[str, ...]) -> dict[str, frozenset[str]]:
    """Folded names of some lists → the origins whose locales have them."""
    found = defaultdict[str, set[str]](set)
    for origin, locales in of.items():
        for locale in locales.split():
            for name in listed(locale, lists):
                found[fold(name)].add(origin)
    return {name: frozenset(origins) for name, origins in found.items()}


def _certain() -> dict[str, Gender]:
    """Folded given names → the gender that at least the share CERTAIN of the locales with the name gives it."""
    votes: dict[Gender, Counter[str]] = {gender: Counter() for gender in GENDERS}
    locales = " ".join([*LOCALES.values(), *REGISTERS.values()]).split()
    for gender in GENDERS:
        for locale in locales:
            if locale != _MIXED:
                votes[gender].update({fold(name) for name in listed(locale, _GIVEN[gender])})
    known = {*votes["female"], *votes["male"]}
    for gender in GENDERS:
        votes[gender].update({fold(name) for name in listed(_MIXED, _GIVEN[gender])} - known)
    return {
        name: gender
        for gender, other in zip(GENDERS, GENDERS[::-1], strict=True)
        for name, n in votes[gender].items()
        if n >= CERTAIN * (n + votes[other][name]) and name not in PARTICLES
    }


@cache
def given_names(origin: str, gender: Gender) -> tuple[str, ...]:
    """Given names of the origin's first locale whose gender is certain, as Faker writes and orders them.

    The commonest come first where Faker knows how common they are (en_US, zh_TW, ja_JP), else its own order holds.
    """
    names = _romanized(listed(_first(origin), _GIVEN[gender]))
    return tuple(name for name in names if lexicon().gender.get(fold(name)) == gender)


@cache
def family_names(origin: str, gender: Gender) -> tuple[str, ...]:
    """Family names of the origin's first locale for one gender, in the order of `given_names`."""
    own = ("last_names_female", "unisex_last_names") if gender == "female" else ("last_names_male", "male_last_names")
    return _romanized(listed(_first(origin), own) or listed(_first(origin), _FAMILY))


def listed(locale: str, lists: Iterable[str]) -> tuple[str, ...]:
    """The names of some lists that a locale has itself: each once, the heaviest first where they have weights.

    A locale without its own lists gives none: what it inherits is another locale's, counted there.
    """
    provider = import_module(f"faker.providers.person.{locale}").Provider
    found: dict[str, None] = {}
    for attribute in lists:
        names: Any = vars(provider).get(attribute, ())
        if isinstance(names, property):  # a list that is put together of others, which are read themselves
            continue
        ordered = sorted(names, key=lambda n: -names[n]) if isinstance(names, Mapping) else names
        found.update(dict.fromkeys(str(name) for name in ordered))
    return tuple(found)


def _first(origin: str) -> str:
    return LOCALES[origin].split()[0]


def _romanized(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names in Latin letters where a locale writes both (Japanese), else all of them."""
    latin = tuple(name for name in names if fold(name).isascii())
    return latin or names
