"""The part of the name lexicon that training may use, in the ways in which a text writes a name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from pipeline.language import names, zh
from pipeline.splitting.placing import position

_HAN = re.compile(zh.SCRIPT)
_TRADITIONAL = "_traditional"
SEED = 13  # of the division of the lexicon: of no setting, so that no two variants learn each other's other part


@dataclass(frozen=True, slots=True)
class Name:
    """A full name; `plain` is it without accents, `gender` and `origin` are those of its list."""

    text: str
    plain: str
    gender: str
    origin: str

    def written(self, instead: str, text: str) -> str:
        """As `text` would write it in the place of the mention `instead`.

        The family name alone in the place of one word, in capitals where that is, without accents where the text has
        none. In Chinese characters always whole.
        """
        if is_han(self.text):
            return self.text
        name = self.plain if text.isascii() else self.text
        name = name if len(instead.split()) > 1 else name.split()[-1]
        return name.upper() if instead.isupper() else name

    def groups(self, instead: str) -> Mapping[str, str]:
        """The groups of the mention that it makes; a family name alone has no gender."""
        alone = not is_han(self.text) and len(instead.split()) < 2
        return {"inferred_gender": names.UNKNOWN if alone else self.gender, "inferred_origin": self.origin}


def is_han(name: str) -> bool:
    """Whether it is in Chinese characters."""
    return _HAN.search(name) is not None


@cache
def names_of(group: str, share: float) -> tuple[Name, ...]:
    """The names of a group that training may use, in Chinese characters or Latin letters.

    The lexicon is divided by the parts of names (`names.parts`), whatever groups they stand in: about `share` of them
    are for training, and a name of which one part is not is left to those who test with names not seen in training.

    Raises:
        WrongUse: there is no such group, or Faker is not installed.
    """
    origin, _, gender = group.removesuffix(_TRADITIONAL).rpartition("_")
    found = []
    for name in names.names(group):
        plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
        if (is_han(name) or plain.isascii()) and all(position(part, SEED) < share for part in names.parts(name)):
            found.append(Name(name, plain, gender, origin))
    return tuple(found)


def every_way(found: tuple[Name, ...]) -> Iterator[str]:
    """Every form in which `written` may write a name, and every word of one: it stands for that word of a full name."""
    for name in found:
        for text in (name.text, name.plain) if not is_han(name.text) else (name.text,):
            for form in (text, *text.split()):
                yield from (form, form.upper())
