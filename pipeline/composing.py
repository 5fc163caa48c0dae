"""A child put together of pieces of its parents: its labels are where the pieces come from, or it is refused.

Nothing here guesses. A span travels whole: as it stands, with its tokens in another order, or replaced by a text that
takes its place. What would cut, double or scatter a mention, or run it into the word beside it, is refused.
`rederiving.py` derives the same labels by another way, character by character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from operator import attrgetter

from pipeline.errors import GristmillError
from pipeline.types import Document, Edit, Piece, Range, Span

Groups = Mapping[tuple[int, int], Mapping[str, str]]
"""(parent, start of a span there) → the groups of what replaces it."""


_WORD = re.compile(r"\S+")
_place = attrgetter("start", "end")
_start = attrgetter("start")


class Refused(GristmillError):
    """No true child can be made this way; the message says why."""


def pieces_of(length: int, edits: Iterable[Edit], parent: int = 0) -> tuple[Piece, ...]:
    """All of a text of `length` characters with edits in it, as pieces. The edits are disjoint.

    >>> pieces_of(5, [Edit(1, 2, "x")])
    (Piece(start=0, end=1, text=None, parent=0), Piece(start=1, end=2, text='x', parent=0), \
Piece(start=2, end=5, text=None, parent=0))
    """
    pieces, at = [], 0
    for edit in sorted(edits, key=_place):
        start, end = edit.start, edit.end
        if at < start:
            pieces.append(Piece(at, start, None, parent))
        pieces.append(Piece(start, end, edit.text, parent))
        at = end
    if at < length:
        pieces.append(Piece(at, length, None, parent))
    return tuple(pieces)


def composed(parents: Sequence[Document], pieces: Sequence[Piece], groups: Groups | None = None) -> Document:
    """The document that the pieces are, with the first parent's id; labels and groups are those of all parents.

    Raises:
        Refused: the pieces do not carry every mention whole, or the parents do not agree in what a child inherits.
    """
    texts = [parents[p.parent].text[p.start : p.end] if p.text is None else p.text for p in pieces]
    text = "".join(texts)
    if not text or text.isspace():
        raise Refused("nothing would be left of the text")
    shown = all(map(_shown, parents)) if len(parents) > 1 else _shown(parents[0])
    spans: list[Span] = []
    for number, parent in enumerate(parents):
        if parent.spans:
            spans += _carried(parent, number, zip(pieces, texts, strict=True), text, shown, groups)
    if len(spans) > 1:
        spans.sort(key=_start)
    return _inheriting(parents, text, tuple(spans), shown)


Placed = tuple[Piece, int, int]  # a piece of the child, where it begins there, and its length there


def _carried(
    parent: Document, number: int, pieces: Iterable[tuple[Piece, str]], text: str, shown: bool, groups: Groups | None
) -> Iterator[Span]:
    """The spans of one parent where its pieces, with what they say, take them. Raises Refused."""
    own: list[Placed] = []
    in_order, last, begin, at = True, 0, 0, 0
    for piece, said in pieces:
        length = len(said)
        if piece.parent == number:
            own.append((piece, begin, length))
            if piece.start < last:
                in_order = False
            last = piece.end
        begin += length
    for span in parent.spans or ():
        known = groups.get((number, span.start), span.groups) if groups else span.groups
        while at < len(own) and own[at][0].end <= span.start:
            at += 1
        if in_order and at < len(own):
            piece, begin, _ = own[at]
            if piece.text is None and span.end < piece.end and (piece.start < span.start or begin == piece.start == 0):
                # within a piece that stays, no other has any of it, and what stands beside it stood there before
                start, end = begin + span.start - piece.start, begin + span.end - piece.start
                if text[start].isspace() or text[end - 1].isspace():
                    _check_edges(parent.text, span, text, (start, end), shown)
                same = start == span.start and known is span.groups
                yield span if same else Span(start, end, span.label, known)
                continue
        image = _image(span, own)
        if image is not None:
            _check_edges(parent.text, span, text, image, shown)
            yield Span(*image, span.label, known)


def _image(span: Span, own: Sequence[Placed]) -> Range | None:
    """Where a span comes to stand; None where no piece has any of it."""
    covered, start, at = 0, -1, -1
    for piece, where, length in own:
        inside = span.start < piece.start < span.end if piece.start == piece.end else (
            piece.start < span.end and piece.end > span.start
        )  # fmt: skip
        if not inside:
            continue
        if piece.text is None:
            first, last = max(piece.start, span.start), min(piece.end, span.end)
            begin, end = where + first - piece.start, where + last - piece.start
        elif piece.start < span.start or piece.end > span.end:
            raise Refused(f"a change of [{piece.start}, {piece.end}) reaches over the edge of the span {span}")
        else:
            first, last, begin, end = piece.start, piece.end, where, where + length
        if start < 0:
            start = begin
        elif begin != at:
            raise Refused(f"the span {span} would stand in two parts")
        at, covered = end, covered + last - first
    if start < 0:
        return None
    if covered != span.end - span.start or start == at:
        raise Refused(f"the span {span} would be there in part, or twice")
    return start, at


def _check_edges(before: str, span: Span, after: str, image: Range, shown: bool) -> None:
    """Raises Refused. `shown`: the tokens are what stands between white space, and a mention is whole ones still."""
    start, end = image
    if after[start].isspace() or after[end - 1].isspace():
        raise Refused(f"the span {span} would begin or end with white space")
    if joined(after, start) and not joined(before, span.start):
        raise Refused(f"the span {span} would run into the word before it")
    if joined(after, end) and not joined(before, span.end):
        raise Refused(f"the span {span} would run into the word after it")
    if shown and after[start - 1 : start].strip() and not before[span.start - 1 : span.start].strip():
        raise Refused(f"the span {span} would begin inside of a token")
    if shown and after[end : end + 1].strip() and not before[span.end : span.end + 1].strip():
        raise Refused(f"the span {span} would end inside of a token")


def joined(text: str, at: int) -> bool:
    """Whether the characters before and after an offset make one word, or one character.

    Letters of scripts with letter case, digits and marks make words; Han, kana, Hangul and the like do not.

    >>> joined("Anna1", 4), joined("北京2008", 2), joined("a b", 1)
    (True, False, False)
    """
    if not 0 < at < len(text):
        return False
    if text[at] < "\x80" and not text[at].isalnum():
        return False
    return unicodedata.category(text[at])[0] == "M" or text[at] in "\u200c\u200d" or (
        in_word(text[at - 1]) and in_word(text[at])
    )  # fmt: skip


@lru_cache(maxsize=65_536)
def in_word(char: str) -> bool:
    """Whether a character makes a word with its like beside it."""
    if char < "\x80":
        return char.isalnum()
    category = unicodedata.category(char)
    return category in ("Lu", "Ll", "Lt", "Lm") or category[0] in "NM" or char in "\u200c\u200d"


def _inheriting(parents: Sequence[Document], text: str, spans: tuple[Span, ...], shown: bool) -> Document:
    first = parents[0]
    groups, weight, licence = first.groups, first.weight, first.licence
    if len(parents) > 1:
        _check_alike(parents)
        groups = {k: v for k, v in groups.items() if all(p.groups.get(k) == v for p in parents)}
        weight = sum(p.weight for p in parents) / len(parents)
        licence = "; ".join(dict.fromkeys(p.licence for p in parents if p.licence))
    return Document(
        id=first.id,
        text=text,
        language=first.language,
        source=first.source,
        group_id=first.group_id,
        spans=None if first.spans is None else spans,
        label=first.label,
        groups=groups,
        split=first.split,
        tokens=between_spaces(text) if shown else None,
        weight=weight,
        licence=licence,
    )


def _check_alike(parents: Sequence[Document]) -> None:
    first = parents[0]
    if any(p.label != first.label for p in parents):
        raise Refused("the parents have different labels")
    if any(p.language != first.language for p in parents):
        raise Refused("the parents are in different languages")
    if any((p.spans is None) != (first.spans is None) for p in parents):
        raise Refused("one parent is annotated and another is not")


def _shown(doc: Document) -> bool:
    """Whether the tokens are what stands between white space."""
    text = doc.text
    return doc.tokens is not None and [text[a:b] for a, b in doc.tokens] == text.split()


def between_spaces(text: str) -> tuple[Range, ...]:
    """Where the words between white space stand.

    >>> between_spaces("Bo met Al"), between_spaces(" a  b")
    (((0, 2), (3, 6), (7, 9)), ((1, 2), (4, 5)))
    """
    starts = list(accumulate([len(word) + 1 for word in text.split()], initial=0))
    if starts[-1] == len(text) + 1:  # one white space between two words, and none around them
        return tuple([(start, end - 1) for start, end in pairwise(starts)])
    return tuple([m.span() for m in _WORD.finditer(text)])
