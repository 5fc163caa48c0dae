"""Identity terms exchanged in a text. A list of terms says how a model treats these words, not how it treats people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

Terms = Mapping[str, Sequence[str]]  # group → its terms; what stands at one place of the lists is exchanged

TERMS: Mapping[str, Terms] = {  # by language
    "en": {
        "female": re.findall(
            r"\S+", "she her her herself woman women girl girls mother daughter sister wife lady ladies"
        ),
        "male": re.findall(
            r"\S+", "he him his himself man men boy boys father son brother husband gentleman gentlemen"
        ),
    },
    "zh": {
        "female": re.findall(r"\S+", "她 女士 女人 女子 女性 女孩 女生 妈妈 母亲 妻子 老婆 女儿 姐姐 妹妹 女友 女朋友"),
        "male": re.findall(r"\S+", "他 先生 男人 男子 男性 男孩 男生 爸爸 父亲 丈夫 老公 儿子 哥哥 弟弟 男友 男朋友"),
    },
}
_OTHERWISE = re.findall(r"\S+", "其他 吉他 他人 他乡 他国 他妈 维他 排他 利他 马耳他 犹他")  # 他 that is no "he"


def counterparts(text: str, terms: Terms, *, spaced: bool = True) -> dict[str, str]:
    """The text said of every group: its identity terms exchanged for the group's, in their case.

    Nothing where the text has none of them, or one with several counterparts (`her` is `him` and `his`): which one is
    right a list does not know. `spaced` says that white space parts the words of the language.

    >>> counterparts("He said so. Him?", {"female": ("she", "her"), "male": ("he", "him")})
    {'female': 'She said so. Her?', 'male': 'He said so. Him?'}
    >>> counterparts("Her book", {"female": ("her", "her"), "male": ("him", "his")})
    {}
    """
    places: dict[str, list[tuple[str, int]]] = {}
    for group, words in terms.items():
        for at, word in enumerate(words):
            places.setdefault(word.lower(), []).append((group, at))
    if not places:
        return {}
    found = [m for m in _pattern(tuple(places), spaced).finditer(text) if m.group().lower() in places]
    if not found or any(len(places[m.group().lower()]) > 1 for m in found):
        return {}
    made = {}
    for group, words in terms.items():
        parts, at = [], 0
        for match in found:
            ((own, place),) = places[match.group().lower()]
            word = match.group() if own == group else _in_case(words[place], match.group())
            parts += [text[at : match.start()], word]
            at = match.end()
        made[group] = "".join([*parts, text[at:]])
    return made


def _pattern(words: Sequence[str], spaced: bool) -> re.Pattern[str]:
    ordered = [*([] if spaced else _OTHERWISE), *sorted(words, key=lambda w: (-len(w), w))]
    either = "|".join(map(re.escape, ordered))
    return re.compile(rf"(?<!\w)(?:{either})(?!\w)" if spaced else either, re.IGNORECASE)


def _in_case(word: str, like: str) -> str:
    if len(like) > 1 and like.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word
