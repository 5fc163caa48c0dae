"""Documents that break careless code: marks, emoji, joiners, full-width forms, mixed scripts, odd white space."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st

from pipeline.types import Document, Edit, Range, Span

# Machines are shared: a slow example says nothing about the code.
settings.register_profile("no_deadline", deadline=None)
settings.load_profile("no_deadline")

# Letters, Han, digits; full-width; marks that join; jamo; half-width kana; ligatures; joiners; invisibles; white space.
ALPHABET = (
    "aBé1 中国，。（"
    "Ａ１％～￥…︵﹐"
    "\u0301\u0323\u0345\u3099\uff9e"
    "\u1100\u1161\u11a8\uac00ﾊｶ"
    "ﬁ①½´¨ﷺ㎡"
    "\u200c\u200d\u200b\ufeff\u00ad\u202e\x00\x07"
    "\t\n\r\x0b\x1c\x85\u00a0\u2028\u3000"
    "👩🏽\ufe0f🇨🇳𝐀𠀀\U0002f800नि\u093f"
)

texts = st.text(alphabet=ALPHABET, max_size=14)


@st.composite
def ranges(draw: st.DrawFn, text: str, most: int = 4) -> list[Range]:
    """Sorted, disjoint, filled ranges of a text; neighbours may touch."""
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=2 * most)))
    taken: list[Range] = []
    for start, end in pairwise(cuts):
        if draw(st.booleans()):
            taken.append((start, end))
    return taken


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document with spans anywhere, and tokens that hold no white space."""
    text = draw(texts)
    spans = [Span(a, b, draw(st.sampled_from(("PER", "LOC")))) for a, b in draw(ranges(text))]
    tokens = [(a, b) for a, b in draw(ranges(text)) if not any(c.isspace() for c in text[a:b])]
    return Document("a", text, spans=tuple(spans), tokens=tuple(tokens))


@st.composite
def edits(draw: st.DrawFn, text: str) -> list[Edit]:
    """Disjoint edits, insertions and deletions among them, in any order."""
    places = draw(ranges(text, 3)) + [(at, at) for at in draw(st.lists(st.integers(0, len(text)), max_size=2))]
    free = [p for p in places if not any(a < p[0] < b for a, b in places)]
    return [Edit(a, b, draw(st.text(alphabet="xy é中", max_size=3))) for a, b in draw(st.permutations(free))]
