"""Word for word, from a list of words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from pipeline.composing import joined
from pipeline.errors import WrongUse
from pipeline.fingerprint import fingerprint
from pipeline.translator import NoSuchDirection, Translator


class Glossary(Translator):
    """Replaces the words and phrases of a list and leaves the others: for terminology, and to try a recipe out.

    `words` are those of the first language of `pair` with those of the second; `file` is UTF-8 text with one such pair
    a line, a tab between the two. The way back gives the alphabetically first of several words with one translation,
    so a round trip puts synonyms in each other's place. The longest phrase wins; a capital stays a capital.

    >>> Glossary(words={"big": "grande", "large": "grande"}).translate(["Large, larger"], "en", "es")
    ['Grande, larger']
    """

    example: ClassVar[Mapping[str, Any]] = {
        "words": {"found": "encontró", "met": "encontró", "any": "ningún", "no": "ningún", "more": "más"}
    }

    pair: str = Field("en-es", pattern="^[a-z]{2,3}-[a-z]{2,3}$")
    words: dict[str, str] = Field({})
    file: str = ""

    @model_validator(mode="after")
    def _has_words(self) -> Self:
        if not self.words and not self.file:
            raise ValueError("give words, or the file that holds them")
        if not all(a.strip() and b.strip() for a, b in self.words.items()):
            raise ValueError("words holds an empty word")
        return self

    def fingerprint(self) -> str:
        """Changes with the content of the file as well."""
        path = Path(self.file).expanduser()
        content = path.read_text(encoding="utf-8", errors="replace") if self.file and path.is_file() else ""
        return fingerprint(super().fingerprint(), content)

    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """The lines with the words that the list has replaced."""
        table = self._tables.get((source, target))
        if table is None:
            raise NoSuchDirection(f"{self.name}: translates {self.pair} and back, not from {source!r} to {target!r}")
        pattern = re.compile("|".join(map(re.escape, sorted(table, key=lambda w: (-len(w), w)))), re.IGNORECASE)
        return [pattern.sub(lambda found: _replaced(found, table), line) for line in lines]

    @cached_property
    def _tables(self) -> dict[tuple[str, str], dict[str, str]]:
        there: dict[str, str] = {}
        back: dict[str, str] = {}
        for a, b in sorted([*self._read(), *self.words.items()]):
            there.setdefault(a.lower(), b)
            back.setdefault(b.lower(), a)
        first, second = self.pair.split("-")
        return {(first, second): there, (second, first): back}

    def _read(self) -> list[tuple[str, str]]:
        if not self.file:
            return []
        try:
            text = Path(self.file).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise WrongUse(f"{self.name}: file: {self.file} cannot be read as UTF-8 text ({error})") from error
        pairs = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip():
                continue
            a, _, b = (part.strip() for part in line.partition("\t"))
            if not (a and b):
                raise WrongUse(f"{self.name}: {self.file}:{number}: write a word, a tab and its translation")
            pairs.append((a, b))
        return pairs


def _replaced(found: re.Match[str], table: Mapping[str, str]) -> str:
    word = found[0]
    if joined(found.string, found.start()) or joined(found.string, found.end()):
        return word
    other = table.get(word.lower(), word)
    return other[:1].upper() + other[1:] if word[:1].isupper() else other
