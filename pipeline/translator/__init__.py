"""Translators: one file, one class, one verb: `translate(texts, source, target) -> list[str]`.

Languages are named as documents name them (en, es, zh). A part writes `lines` only: it is given different lines of text
that hold letters, without line breaks or white space at their edges, and gives one for each, in their order.

Contract, held by tests/test_translators.py for every file in this folder:

- As many texts come back as went in, in their order; line breaks and white space at the edges stay where they were.
- A text comes out the same whatever other texts it is translated with (a part that cannot promise it says how often).
- A direction that it cannot do raises NoSuchDirection; what is not installed or not there raises WrongUse with what to
  do about it; a translator that died or gave another number of lines raises TranslatorError.
- Nothing is opened before `translate` is called; no code that comes with a model is run; the network is asked only
  where a setting names something there.
- `fingerprint()` changes with the content of the files that it reads.

Template (pipeline/translator/shout.py):

    class Shout(Translator):
        def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
            return [line.upper() for line in lines]
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pipeline.errors import DataSaysNo, WrongUse
from pipeline.part import Part

__all__ = ["NoSuchDirection", "Translator", "TranslatorError"]

_BREAK = re.compile("([\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+)")


class NoSuchDirection(WrongUse):
    """The translator does not translate from this language into that one."""


class TranslatorError(DataSaysNo):
    """The translator died, took too long, or gave another number of texts than it was given."""


class Translator(Part):
    """Translates texts from one language into another.

    `in_context` says that the texts beside it may show in a translation: then none is kept from one call to the next,
    so that what is made does not depend on which process met a text first.
    """

    in_context: ClassVar[bool] = False

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """The texts in the other language, line by line; a line without a letter stays as it is.

        Raises:
            NoSuchDirection: it cannot do this direction.
            TranslatorError: it died, or gave another number of lines.
        """
        parted = [_BREAK.split(text) for text in texts]
        found = (line.strip() for parts in parted for line in parts[::2] if _speaks(line))
        lines = list(dict.fromkeys(found))
        made = self.lines(lines, source, target) if lines else []
        if len(made) != len(lines):
            raise TranslatorError(f"{self.name}: {len(lines)} lines went in and {len(made)} came out")
        known = dict(zip(lines, (" ".join(line.split()) for line in made), strict=True))
        return ["".join(_at_its_place(line, known) for line in parts) for parts in parted]

    @abstractmethod
    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """One translated line for each, in their order. Raises as `translate` does."""


def _speaks(line: str) -> bool:
    return any(char.isalpha() for char in line)


def _at_its_place(line: str, known: Mapping[str, str]) -> str:
    core = line.strip()
    if core not in known:
        return line
    start = line.index(core)
    return line[:start] + known[core] + line[start + len(core) :]


BASE = Translator
