"""Personal names replaced by names of the lexicon, each group as often as any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from random import Random
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from pipeline.augmentation import Augmenter, Made, Refused, pieces_of
from pipeline.augmentation._joining import runs_together
from pipeline.augmentation._lexicon import Name, every_way, is_han, names_of
from pipeline.errors import WrongUse
from pipeline.fingerprint import fingerprint
from pipeline.language import names
from pipeline.types import Document, Edit, Span

_DRAWS = 32  # a mention for which so many draws find no fitting other stays as it is
FEW = 10  # names that a group must have


class SwapNames(Augmenter):
    """`copies` children of a `share` of the documents, every personal name replaced by one of the name lexicon.

    `groups` are lists of `pipeline/language/names.py`, such as `english_female`: each mention labelled as a person
    draws one of those in its script, each as likely as any other, then one of its names; so every group stands in as
    many children. A mention of one word gets a family name, one in capitals a name in capitals, a text without accents
    a name without; what stands twice in a text is replaced by the same twice, and a word of a full name by the word in
    its place. Other mentions stay. A mention takes the groups `inferred_gender` and `inferred_origin` of its new name.

    Only names of which every part is in a fixed `lexicon_share` of the lexicon's parts are drawn: the others are not
    seen in training, and are what the gate `counterfactual_gap` tests with. Needs Faker (extra `names`).
    (Counterfactual data augmentation: Zhao et al., 2018, "Gender Bias in Coreference Resolution: Evaluation and
    Debiasing Methods".)

    >>> doc = Document("a", "ANNA met Bo Berg", spans=(Span(0, 4, "PER"), Span(9, 16, "PER")))
    >>> swap = SwapNames(groups=("english_female", "spanish_male"))
    >>> [child.text for child in swap(doc, swap.rng(doc))]
    ['CID met Gregorio Arcos']
    """

    example: ClassVar[Mapping[str, Any]] = {
        "groups": ("english_female", "english_male", "chinese_female", "chinese_male"),
        "copies": 2,
    }
    mentions = "replaced"

    groups: tuple[str, ...] = Field(min_length=2)
    labels: tuple[str, ...] = Field(("PER",), min_length=1)
    lexicon_share: float = Field(0.5, ge=0.1, le=0.9)

    @field_validator("groups")
    @classmethod
    def _each_once(cls, groups: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(groups)) < len(groups):
            raise ValueError(f"every group once, got {list(groups)}")
        return groups

    @model_validator(mode="after")
    def _enough_names(self) -> SwapNames:
        for group in self.groups:
            try:
                found = len(names_of(group, self.lexicon_share))
            except WrongUse as error:
                raise ValueError(f"groups: {error}") from error
            if found < FEW:
                raise ValueError(f"groups: {group} has {found} names in Latin letters or Chinese characters, of {FEW}")
        return self

    def fingerprint(self) -> str:
        """Changes with the version of Faker too."""
        try:
            return fingerprint(super().fingerprint(), version("faker"))
        except PackageNotFoundError:
            return super().fingerprint()

    def known_mentions(self) -> Mapping[str, Collection[str]]:
        """The names that are drawn, in every way in which they may be written."""
        return dict.fromkeys(self.labels, _written(self.groups, self.lexicon_share))

    def draw(self, doc: Document, rng: Random) -> Made:
        """Every personal name replaced for which another one fits."""
        put: dict[str, tuple[str, Mapping[str, str]]] = {}
        edits: list[Edit] = []
        groups: dict[tuple[int, int], Mapping[str, str]] = {}
        persons = [span for span in doc.spans or () if span.label in self.labels]
        if not persons:
            raise Refused("there is no personal name to replace")
        for span in sorted(persons, key=lambda s: (-len(doc.text[s.start : s.end].split()), s.start)):
            surface = doc.text[span.start : span.end]
            if surface != surface.strip() or runs_together(doc.text, span.start, span.end, surface):
                continue
            found = put.get(surface)
            if found is None or runs_together(doc.text, span.start, span.end, found[0]):
                found = self._drawn(doc, span, rng)
            if found is None:
                continue
            put.setdefault(surface, found)
            words, others = surface.split(), found[0].split()
            if len(words) == len(others):
                for word, other in zip(words, others, strict=True):
                    put.setdefault(word, (other, {**found[1], "inferred_gender": names.UNKNOWN}))
            edits.append(Edit(span.start, span.end, found[0]))
            groups[0, span.start] = found[1]
        if not edits:
            raise Refused("no name of the groups fits")
        return Made(pieces_of(len(doc.text), sorted(edits, key=lambda e: e.start)), groups=groups)

    def _drawn(self, doc: Document, span: Span, rng: Random) -> tuple[str, Mapping[str, str]] | None:
        """A name that fits in the place of a span, of a group that each is as likely as any other."""
        surface = doc.text[span.start : span.end]
        lists = _lists(self.groups, self.lexicon_share, is_han(surface))
        if not lists:
            return None
        found = rng.choice(lists)
        for _ in range(_DRAWS):
            name = found[rng.randrange(len(found))]
            text = name.written(surface, doc.text)
            if text != surface and not runs_together(doc.text, span.start, span.end, text):
                return text, name.groups(surface)
        return None


@cache
def _lists(groups: tuple[str, ...], share: float, han: bool) -> tuple[tuple[Name, ...], ...]:
    """The names of the groups that are in Chinese characters, or of those that are not."""
    found = [names_of(group, share) for group in groups]
    return tuple(of_group for of_group in found if is_han(of_group[0].text) == han)


@cache
def _written(groups: tuple[str, ...], share: float) -> frozenset[str]:
    return frozenset(form for group in groups for form in every_way(names_of(group, share)))
