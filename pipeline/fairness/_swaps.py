"""Counterfactual copies of test documents: the same sentence with the name of another group in it.

What is held equal between the groups of one document: the sentence, the number of words of a name in letters, how far
down its group's list the name stands, and, as far as the ten names there allow, its length in characters. In a text
without accents names have none: what is compared is names, not letters that the text has nowhere else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache

import pyarrow as pa

from pipeline.composing import Refused, composed, pieces_of
from pipeline.fairness._terms import counterparts
from pipeline.fingerprint import fingerprint
from pipeline.frames import documents_of, to_table
from pipeline.language import names, names_zh, zh
from pipeline.language.names_faker import fold
from pipeline.splitting.placing import position
from pipeline.types import Document, Edit

OF, GROUP, MADE_BY = "counterfactual_of", "counterfactual_group", "counterfactual_by"  # groups of a copy
GENDER, ORIGIN = "swapped_gender", "swapped_origin"  # groups of a name that was put in
GROUPS: Mapping[str, tuple[str, ...]] = {
    "en": tuple(f"{o}_{g}" for o in ("english", "spanish", "south_asian", "turkic") for g in ("female", "male")),
    "zh": tuple(
        f"{o}_{g}"
        for o in (names_zh.CHINESE, names_zh.COMPOUND, names_zh.MINORITY, names_zh.TRANSLITERATED)
        for g in ("female", "male")
    ),
}
FEW = 10  # names that a group needs that do not stand in the training documents
_AROUND = 10  # names about the same place of a list, of which the one of the fitting length is taken
_TRADITIONAL = "_traditional"
_HAN = re.compile(zh.SCRIPT)
_PLAIN = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ı": "i", "ß": "ss", "æ": "ae", "Æ": "Ae"}
)
_DOT = re.compile(f"[{re.escape(names_zh.DOTS)}]")


@dataclass(frozen=True, slots=True)
class Swaps:
    """What copies are made: of how many documents, with names of which groups, or with which identity terms.

    No `groups` are those of the document's language (GROUPS), in its own way of writing Chinese. With `terms` (by
    language) these are exchanged, else names are.
    """

    labels: tuple[str, ...] = ("PER",)
    groups: tuple[str, ...] = ()
    documents: int = 300
    seed: int = 13
    terms: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        """Names these settings: two gates with the same ones share their copies."""
        return fingerprint(asdict(self))[:8]

    def copies(self, train: pa.Table, test: pa.Table) -> pa.Table:
        """The copies of test documents, every group of a document one after the other; `train` says what is seen.

        A document has a copy for every group or none: what is compared is the same sentences.
        """
        return to_table(self._with_terms(test) if self.terms else self._with_names(train, test))

    def _with_terms(self, test: pa.Table) -> Iterator[Document]:
        made = 0
        for doc in self._drawn(test):
            if made == self.documents:
                return
            texts = counterparts(doc.text, self.terms.get(doc.language, {}), spaced=doc.language != zh.CODE)
            if texts:
                made += 1
                yield from (self._named(replace(doc, text=text, spans=None, tokens=None), doc, group)
                            for group, text in texts.items())  # fmt: skip

    def _with_names(self, train: pa.Table, test: pa.Table) -> Iterator[Document]:
        seen, made = _seen(documents_of(train), self.labels), 0
        lists: dict[str, tuple[str, ...]] = {}
        for doc in self._drawn(test):
            if made == self.documents:
                return
            full = _full_names(doc, self.labels)
            asked = self.groups or _groups_of(doc)
            for group in asked if full else ():
                if group not in lists:
                    lists[group] = _unseen(group, seen)
            if not full or not asked or any(len(lists[group]) < FEW for group in asked):
                continue
            try:
                copies = [self._with_group(doc, full, group, lists[group]) for group in asked]
            except Refused:
                continue
            made += 1
            yield from copies

    def _drawn(self, test: pa.Table) -> list[Document]:
        """The test documents in an order that their ids and the seed say, whatever order they come in."""
        return sorted(documents_of(test), key=lambda d: (position(d.id, self.seed), d.id))

    def _with_group(self, doc: Document, full: Sequence[str], group: str, names: Sequence[str]) -> Document:
        """The document with a name of the group for each of its full names, and for what repeats a word of one."""
        put: dict[str, str] = {}
        for name in full:
            other = _drawn_name(names, name, position(f"{doc.id}|{name}", self.seed), set(put.values()))
            put[name] = _without_accents(other) if doc.text.isascii() else other
        for name, other in list(put.items()):
            if len(name.split()) == len(other.split()) == 2:  # Clinton, where Bill Clinton has become Zoe Hart
                for word, of in zip(name.split(), other.split(), strict=True):
                    put.setdefault(word, of)
        origin, _, gender = group.removesuffix(_TRADITIONAL).rpartition("_")
        origin += _TRADITIONAL if group.endswith(_TRADITIONAL) and self.groups else ""
        edits: list[Edit] = []
        known: dict[tuple[int, int], Mapping[str, str]] = {}
        for span in doc.spans or ():
            surface = doc.text[span.start : span.end]
            if span.label in self.labels and surface in put:
                edits.append(Edit(span.start, span.end, put[surface]))
                known[0, span.start] = {**span.groups, GENDER: gender, ORIGIN: origin}
        child = composed((doc,), pieces_of(len(doc.text), edits), known)
        return self._named(child, doc, group)

    def _named(self, child: Document, doc: Document, group: str) -> Document:
        said = {**doc.groups, OF: doc.id, GROUP: group, MADE_BY: self.key}
        return replace(child, id=f"{doc.id}~{self.key}-{group}", group_id=doc.group_id or doc.id, groups=said)


def _without_accents(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).translate(_PLAIN)


def _full_names(doc: Document, labels: Sequence[str]) -> list[str]:
    """The different mentions that are a full name, in their order.

    Two words that begin with a capital or are in capitals; in Chinese characters a family name with a given name of
    Chinese, or a foreign one with a dot.
    """
    found = [doc.text[s.start : s.end] for s in doc.spans or () if s.label in labels]
    return list(dict.fromkeys(name for name in found if _is_full(name)))


def _is_full(name: str) -> bool:
    if _HAN.match(name):
        plain = names_zh.simplified(name)
        if _DOT.search(plain):
            return True
        return names.inferred_origin(name) in (names_zh.CHINESE, names_zh.COMPOUND)
    words = name.split()
    return len(words) == 2 and all(len(w) > 1 and w[0].isupper() and w[1:].isalpha() for w in words)


def _groups_of(doc: Document) -> tuple[str, ...]:
    groups = GROUPS.get(doc.language, ())
    if doc.language != zh.CODE:
        return groups
    traditional = sum(c in names_zh.PAIRS for c in doc.text)
    simplified = sum(c in _simple() for c in doc.text)
    return tuple(f"{group}{_TRADITIONAL}" for group in groups) if traditional > simplified else groups


@cache
def _simple() -> frozenset[str]:
    return frozenset(names_zh.PAIRS.values())


def _seen(train: Iterable[Document], labels: Sequence[str]) -> frozenset[str]:
    """The parts of the training documents' mentions, folded and simplified."""
    parts = set[str]()
    for doc in train:
        for span in doc.spans or ():
            if span.label in labels:
                parts.update(_parts(doc.text[span.start : span.end]))
    return frozenset(parts)


def _parts(name: str) -> tuple[str, ...]:
    """The whole name and its parts, each once."""
    return tuple(dict.fromkeys((names.whole(name), *names.parts(name))))


def _unseen(group: str, seen: frozenset[str]) -> tuple[str, ...]:
    """The names of a group of which no part is seen, in the order of its list."""
    return tuple(name for name, parts in _usable(group) if not seen.intersection(parts))


@cache
def _usable(group: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The names of a group with their parts; in letters those of two Latin words, none that looks of another gender."""
    gender = group.removesuffix(_TRADITIONAL).rpartition("_")[2]
    return tuple(
        (name, _parts(name))
        for name in names.names(group)
        if (_HAN.match(name) or (fold(name).isascii() and len(name.split()) == 2))
        and names.inferred_gender(name) in (names.UNKNOWN, gender)
    )


def _drawn_name(names: Sequence[str], instead: str, at: float, taken: set[str]) -> str:
    """Of ten names about the place `at` (0 to 1) of a list the one of the nearest length, in the case of `instead`."""
    first = min(int(at * len(names)), max(0, len(names) - _AROUND))
    near = [name for name in names[first : first + _AROUND] if name not in taken and name != instead]
    if not near:
        raise Refused("no other name of the group is left")
    lengths = [abs(len(name) - len(instead)) for name in near]
    name = near[lengths.index(min(lengths))]
    return name.upper() if instead.isupper() and not _HAN.match(name) else name
