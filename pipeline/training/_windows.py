"""Where windows of a long text begin and end, and what is known of a piece by its place."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.types import Range

CASINGS = 6  # kinds that `casing_of` tells apart


def windows(pieces: int, room: int) -> list[Range]:
    """Ranges of at most `room` pieces that overlap by half and together hold every piece; one, empty, for no piece.

    >>> windows(10, 4)
    [(0, 4), (2, 6), (4, 8), (6, 10)]
    >>> windows(3, 4)
    [(0, 3)]
    """
    if pieces <= room:
        return [(0, pieces)]
    count = -(-(pieces - room) // max(room // 2, 1)) + 1
    starts = [round(i * (pieces - room) / (count - 1)) for i in range(count)]
    return [(s, s + room) for s in starts]


def window_around(pieces: int, room: int, inside: Range) -> Range:
    """The range of at most `room` pieces with `inside`, which is no longer, as near to its middle as the ends allow.

    >>> window_around(10, 4, (6, 8)), window_around(10, 4, (0, 2)), window_around(3, 4, (0, 2))
    ((5, 9), (0, 4), (0, 3))
    """
    if pieces <= room:
        return 0, pieces
    start = min(max(inside[0] - (room - inside[1] + inside[0]) // 2, 0), pieces - room)
    return start, start + room


def chosen_window(piece: int, ranges: Sequence[Range]) -> int:
    """The range in which a piece stands farthest from an edge; the first of equals."""
    inside = [(min(piece - a, b - 1 - piece), -i) for i, (a, b) in enumerate(ranges) if a <= piece < b]
    return -max(inside)[1]


def casing(text: str, offsets: Sequence[Range]) -> list[int]:
    """How the word between white space is written that each piece stands in: one of CASINGS kinds."""
    kinds = [0] * (len(text) + 1)
    at = 0
    for word in text.split():
        at = text.index(word, at)
        kinds[at : at + len(word)] = [casing_of(word)] * len(word)
        at += len(word)
    return [kinds[start] for start, _ in offsets]


def casing_of(word: str) -> int:
    """The token type of a word: 0 lower, 1 Capitalised, 2 ALL CAPS, 3 digits without letters, 4 one capital beside
    other signs, 5 capitals inside.

    >>> [casing_of(w) for w in ("the", "Bonn", "I", "U.S.", "EU", "1996", "J.", "McDonald", "iPod", "--")]
    [0, 1, 1, 2, 2, 3, 4, 5, 5, 0]
    """
    letters = [c for c in word if c.isalpha()]
    if not letters:
        return 3 if any(c.isdigit() for c in word) else 0
    if len(letters) > 1 and word.isupper():
        return 2
    if any(c.isupper() for c in letters[1:]):
        return 5
    if not letters[0].isupper():
        return 0
    return 4 if len(letters) == 1 and len(word) > 1 else 1
