"""Documents as windows of token ids, and scores of windows as scores of documents.

A text longer than the model's window goes through overlapping windows; each token is predicted by the window in which
it stands farthest from an edge. Nothing is cut off. Of two texts the first stands whole in every window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.errors import InvalidDocument, WrongUse
from pipeline.frames import documents_of
from pipeline.task._learnable import LearnableTask, Reading, visible_tokens
from pipeline.training._answers import best_answer, window_targets
from pipeline.training._template import Frame, paired, single
from pipeline.training._windows import casing, chosen_window, window_around, windows
from pipeline.types import Document, Range

IGNORED = -100
_IMPOSSIBLE = -30.0
_LEAST_ROOM = 8  # the first of two texts leaves at least this part of a window for the second


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the model. `ids` and `types` have its length, special tokens included.

    `targets` has that length for a token head (IGNORED where a token has no class of its own), one class for a sequence
    head, a 0 or 1 a class for several labels, the first and the last token for a span. `document` is the row of the
    table; its pieces [first, end) stand after `lead` other tokens.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    targets: NDArray[np.int64]
    weight: float
    document: int
    first: int
    end: int
    lead: int


@dataclass(frozen=True, slots=True)
class Examples:
    """A table of documents, encoded. `leads[d]` are the pieces of document `d` whose scores its units take.

    `unread[d]` counts pieces that stand in no window, where one window must hold two places; `unlearned[d]` is 1 where
    an answer is longer than every window.
    """

    documents: list[Document]
    head: str
    units: list[list[Range]] = field(default_factory=list)
    leads: list[NDArray[np.int64]] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    unlearned: list[int] = field(default_factory=list)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each window, special ones included."""
        return np.array([len(w.ids) for w in self.windows], np.int64)


@dataclass(frozen=True, slots=True)
class Encoder:
    """A tokenizer, a task and a window length."""

    tokenizer: Any
    task: LearnableTask
    max_length: int
    casing: bool

    def encode(self, table: pa.Table) -> Examples:
        """Every document of a table of the schema DOCUMENTS.

        Raises:
            InvalidDocument: the first of two texts, or two places that one window must hold, are too long for a window;
                the message names the document.
            WrongUse: casing is asked for and the task has two texts, which token types tell apart.
        """
        documents = list(documents_of(table))
        alone = single(self.tokenizer)
        examples = Examples(documents, self.task.head)
        for at in range(0, len(documents), 1024):
            chunk = documents[at : at + 1024]
            readings = [self.task.reading(d) for d in chunk]
            encoded = self._pieces([r.text for r in readings])
            firsts = iter(self._pieces([r.first for r in readings if r.first is not None]))
            for n, (doc, reading, encoding) in enumerate(zip(chunk, readings, encoded, strict=True)):
                frame = alone if reading.first is None else paired(self.tokenizer, next(firsts).ids)
                self._add(examples, at + n, doc, reading, encoding, frame)
        return examples

    def _pieces(self, texts: list[str]) -> list[Any]:
        if not texts:
            return []
        return list(self.tokenizer(texts, add_special_tokens=False, verbose=False).encodings)

    def _add(self, examples: Examples, row: int, doc: Document, reading: Reading, encoding: Any, frame: Frame) -> None:
        offsets, ids = encoding.offsets, np.array(encoding.ids, np.int64)
        units, member = self._units(doc, reading, encoding)
        leads = _first_of_each(member, len(units))
        targets = self.task.targets(doc, units)
        types = self._types(doc, reading, offsets, frame)
        spans = self._windows(doc, reading, offsets, frame)
        span = self.task.head == "span"
        whole = not span or not targets or any(a <= targets[0] and targets[1] < b for a, b in spans)
        examples.units.append(units)
        examples.leads.append(leads)
        examples.pieces.append(len(ids))
        examples.unread.append(0 if reading.together is None else len(ids) - (spans[0][1] - spans[0][0]))
        examples.unlearned.append(int(not whole))
        classes = np.zeros(0, np.int64)
        if self.task.head == "token":
            classes = np.array([self._piece(targets, leads, i, u) for i, u in enumerate(member)], np.int64)
        for first, end in spans:
            target = np.array(targets, np.int64)
            if self.task.head == "token":
                around = (len(frame.before), len(frame.after))
                target = np.pad(classes[first:end], around, constant_values=IGNORED)
            elif span:
                lead = len(frame.before)
                target = np.array(window_targets(first, end, targets, lead, whole, IGNORED), np.int64)
            examples.windows.append(
                Window(
                    np.concatenate([frame.before, ids[first:end], frame.after]).astype(np.int64),
                    np.concatenate([frame.before_types, types[first:end], frame.after_types]).astype(np.int64),
                    target,
                    doc.weight / (1 if self.task.head == "token" else len(spans)),
                    row,
                    first,
                    end,
                    len(frame.before),
                )
            )

    def _units(self, doc: Document, reading: Reading, encoding: Any) -> tuple[list[Range], list[int]]:
        """Units and each piece's unit: a head of spans scores the pieces themselves, one of whole documents nothing."""
        if self.task.head == "token":
            return units_of(doc, encoding.offsets, encoding.word_ids)
        if self.task.head == "span":
            return [(a + reading.at, b + reading.at) for a, b in encoding.offsets], list(range(len(encoding.offsets)))
        return [], []

    def _types(self, doc: Document, reading: Reading, offsets: Sequence[Range], frame: Frame) -> list[int]:
        if not self.casing:
            return [frame.kind] * len(offsets)
        if reading.first is not None:
            raise WrongUse(
                f"casing: {self.task.name} has two texts, which token types tell apart, so they cannot tell casings "
                "apart; leave casing out"
            )
        return casing(reading.text, offsets)

    def _windows(self, doc: Document, reading: Reading, offsets: Sequence[Range], frame: Frame) -> list[Range]:
        room, name = self.max_length - frame.size, doc.source or doc.id
        if reading.first is not None and room < min(len(offsets), max(1, self.max_length // _LEAST_ROOM)):
            what = "the question" if self.task.head == "span" else "the first text"
            raise InvalidDocument(
                f"{name}: {what} and its special tokens are {frame.size} tokens, and a window has {self.max_length}: "
                "nothing of it is cut off; shorten it, leave the document out, or raise max_length"
            )
        if reading.together is None:
            return windows(len(offsets), room)
        start, stop = reading.together
        inside = [i for i, (a, b) in enumerate(offsets) if a < stop and start < b]
        if inside and inside[-1] + 1 - inside[0] > room:
            raise InvalidDocument(
                f"{name}: the two marked mentions are {inside[-1] + 1 - inside[0]} tokens apart, markers included, and "
                f"a window has room for {room}; leave the document out, or raise max_length"
            )
        return [window_around(len(offsets), room, (inside[0], inside[-1] + 1) if inside else (0, 0))]

    def _piece(self, targets: list[int], leads: NDArray[np.int64], piece: int, unit: int) -> int:
        if unit < 0:
            return IGNORED
        return targets[unit] if leads[unit] == piece else self.task.piece_class(targets[unit])


def units_of(doc: Document, offsets: Sequence[Range], words: Sequence[int | None]) -> tuple[list[Range], list[int]]:
    """The units of a text and, for each piece, the unit it belongs to (-1: none).

    Units are the source's tokens where the text shows them, else the tokenizer's words. A piece belongs to the source
    token that holds its first character. A source token without a piece (an invisible character) is a unit all the
    same, without a score.
    """
    tokens = visible_tokens(doc.text, doc.tokens)
    if tokens is not None:
        member, at = [], 0
        for start, end in offsets:
            while at < len(tokens) and tokens[at][1] <= start:
                at += 1
            inside = at < len(tokens) and tokens[at][0] < end and start < end
            member.append(at if inside else -1)
        return list(tokens), member
    units: list[Range] = []
    member = []
    for _, run in groupby(zip(words, offsets, strict=True), key=lambda pair: pair[0]):
        extent = [o for _, o in run]
        start, end = extent[0][0], max(o[1] for o in extent)
        if units and start < units[-1][1]:  # one character became several words: they are one unit
            start, end = units[-1][0], max(end, units[-1][1])
            units.pop()
        if start < end:
            units.append((start, end))
        member += [len(units) - 1 if start < end else -1] * len(extent)
    return units, member


def gathered(examples: Examples, scores: Sequence[NDArray[np.float32]], task: LearnableTask) -> pa.Table:
    """Predictions of documents from log probabilities of windows, each as `log_probabilities` gives them."""
    return task.predicted(examples.documents, examples.units, scores_of_documents(examples, scores, task))


def scores_of_documents(
    examples: Examples, scores: Sequence[NDArray[np.float32]], task: LearnableTask
) -> list[NDArray[np.float32]]:
    """Scores of documents, as `LearnableTask.predicted` takes them, from those of their windows.

    Of several windows a token takes the scores of the one where it stands farthest from an edge; a class of the
    document has the mean of the log probabilities, one of several labels the mean of the probabilities.
    """
    by_document: list[list[int]] = [[] for _ in examples.documents]
    for i, window in enumerate(examples.windows):
        by_document[window.document].append(i)
    found: list[NDArray[np.float32]] = []
    for d, mine in enumerate(by_document):
        if task.head == "sequence":
            found.append(np.mean([scores[i] for i in mine], axis=0))
        elif task.head == "multi_label":
            found.append(np.log(np.mean(np.exp([scores[i] for i in mine]), axis=0)))
        elif task.head == "span":
            found.append(best_answer([_answers_of(examples.windows[i], scores[i]) for i in mine], examples.units[d]))
        else:
            found.append(_units_scores(examples, d, mine, scores, len(task.classes)))
    return found


def _answers_of(window: Window, scores: NDArray[np.float32]) -> tuple[int, NDArray[np.float32], NDArray[np.float32]]:
    return window.first, scores[:, window.lead : window.lead + window.end - window.first], scores[:, 0]


def _units_scores(
    examples: Examples, document: int, mine: list[int], scores: Sequence[NDArray[np.float32]], classes: int
) -> NDArray[np.float32]:
    ranges = [(examples.windows[i].first, examples.windows[i].end) for i in mine]
    inner = [scores[i][examples.windows[i].lead :][: end - first] for i, (first, end) in zip(mine, ranges, strict=True)]
    pieces = inner[0]
    if len(mine) > 1:
        best = [chosen_window(p, ranges) for p in range(examples.pieces[document])]
        pieces = np.stack([inner[w][p - ranges[w][0]] for p, w in enumerate(best)])
    leads = examples.leads[document]
    result = np.full((len(leads), classes), _IMPOSSIBLE, np.float32)
    result[:, 0] = 0.0  # a unit without a piece is outside of every span
    result[leads >= 0] = pieces[leads[leads >= 0]]
    return result


def _first_of_each(member: Sequence[int], units: int) -> NDArray[np.int64]:
    leads = np.full(units, -1, np.int64)
    for piece in range(len(member) - 1, -1, -1):
        if member[piece] >= 0:
            leads[member[piece]] = piece
    return leads
