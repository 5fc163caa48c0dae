"""WordNet as its files say it: which word can stand for another in most of its uses."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import WrongUse

FILES = ("index.sense", "noun.exc", "verb.exc", "adj.exc")
_PARTS = {"1": "noun", "2": "verb", "3": "adjective", "5": "adjective"}
MAIN, FIRST = 0.75, 0.5  # share of a word's counted uses that its part of speech and its first sense have at least


class Sense(NamedTuple):
    """One line of index.sense: a word in a sense, the number of the sense, and how often it was counted."""

    word: str
    part: str
    synset: str
    number: int
    uses: int


def folder_of(where: str) -> Path:
    """The folder of WordNet: the one named, else the first usual place of Debian's package or of nltk that has it.

    Raises:
        WrongUse: it is not there.
    """
    roots = (Path.home(), Path(sys.prefix), Path(sys.prefix) / "share", Path("/usr/share"), Path("/usr/local/share"))
    usual = [Path("/usr/share/wordnet"), *(root / "nltk_data" / "corpora" / "wordnet" for root in roots)]
    for folder in [Path(where).expanduser()] if where else usual:
        if all((folder / name).is_file() for name in FILES):
            return folder
    raise WrongUse(
        f"WordNet is not {'in ' + where if where else 'installed'}: no folder with {', '.join(FILES)}; on Debian "
        "`apt-get install wordnet-base wordnet-sense-index`, or without root unpack both with `apt-get download` and "
        "`dpkg -x`, or copy the folder corpora/wordnet of nltk's data, and name it as `wordnet`"
    )


def digest(folder: Path) -> str:
    """SHA-256 of what is read."""
    return _digest(*((str(folder / name), (folder / name).stat().st_mtime_ns) for name in FILES))


@cache
def _digest(*files: tuple[str, int]) -> str:
    return hashlib.sha256(b"\0".join(Path(name).read_bytes() for name, _ in files)).hexdigest()


@lru_cache(maxsize=2)
def synonyms(folder: Path, seen: str) -> Mapping[str, tuple[str, ...]]:
    """Word → the words that can stand for it; forms in -s stand for forms in -s. `seen` is the digest of the files.

    A word is in here where three quarters of its counted uses are as one part of speech (noun, verb or adjective) and
    half of these in its first sense; one that was never counted, where it has one sense only. Another stands for it
    where the same sense is its first as well, and it was counted in it. Irregular forms and words that have one are
    left out.
    """
    senses, members = _read(folder)
    odd = _irregular(folder)
    made: dict[str, tuple[str, ...]] = {}
    for word, own in senses.items():
        first = _first(own)
        if first is None or word in odd:
            continue
        others = tuple(sorted(m.word for m in members[first.part, first.synset] if m.word != word and _used(m, odd)))
        if others:
            made[word] = others
    plural = {
        _with_s(word): tuple(map(_with_s, others))
        for word, others in made.items()
        if (first := _first(senses[word])) and first.part != "adjective"
    }
    return {**{form: others for form, others in plural.items() if form not in senses}, **made}


def _used(member: Sense, odd: frozenset[str]) -> bool:
    return member.number == 1 and member.uses > 0 and member.word not in odd and len(member.word) > 2


def _read(folder: Path) -> tuple[dict[str, list[Sense]], dict[tuple[str, str], list[Sense]]]:
    """Senses by word and by synset, of single words in letters alone. Adverbs count too: a word may be mostly one."""
    senses: dict[str, list[Sense]] = {}
    members: dict[tuple[str, str], list[Sense]] = {}
    for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
        key, synset, number, count = line.split()
        word, _, kind = key.partition("%")
        if word.isalpha() and word.isascii():
            sense = Sense(word, _PARTS.get(kind[:1], "adverb"), synset, int(number), int(count))
            senses.setdefault(word, []).append(sense)
            members.setdefault((sense.part, synset), []).append(sense)
    return senses, members


def _first(senses: list[Sense]) -> Sense | None:
    """The sense that a word has in most of its uses; None where there is none."""
    total = sum(sense.uses for sense in senses)
    if not total:
        return senses[0] if len(senses) == 1 and senses[0].part != "adverb" else None
    counts: dict[str, int] = {}
    for sense in senses:
        counts[sense.part] = counts.get(sense.part, 0) + sense.uses
    part = max(sorted(counts), key=lambda p: counts[p])
    first = next((s for s in senses if s.part == part and s.number == 1), None)
    if part == "adverb" or first is None or counts[part] < MAIN * total or first.uses < FIRST * counts[part]:
        return None
    return first


def _irregular(folder: Path) -> frozenset[str]:
    """Irregular forms (mice), and the words that have one (mouse)."""
    lines = [line for name in FILES[1:] for line in (folder / name).read_text(encoding="utf-8").splitlines()]
    return frozenset(word for line in lines for word in line.split())


def _with_s(word: str) -> str:
    """The plural of a regular noun, the third person of a regular verb.

    >>> [_with_s(word) for word in ("car", "box", "city", "day")]
    ['cars', 'boxes', 'cities', 'days']
    """
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in ("a", "e", "i", "o", "u"):
        return word[:-1] + "ies"
    return word + "s"
