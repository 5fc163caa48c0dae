"""Documents as windows of token ids, and scores of windows as scores of documents.

A text longer than the model's window goes through overlapping windows; each token is predicted by the window in which
it stands farthest from an edge. Nothing is cut off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.frames import documents_of
from pipeline.task._learnable import LearnableTask, visible_tokens
from pipeline.training._windows import casing, chosen_window, windows
from pipeline.types import Document, Range

IGNORED = -100
_IMPOSSIBLE = -30.0


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the model. All arrays have its length, special tokens included.

    `targets` is IGNORED where a token has no class of its own; for a sequence head it has length one. `document` is the
    row of the table, `first` the index in the document of the window's first piece.
    """

    ids: NDArray[np.int64]
    types: NDArray[np.int64]
    targets: NDArray[np.int64]
    weight: float
    document: int
    first: int


@dataclass(frozen=True, slots=True)
class Examples:
    """A table of documents, encoded. `leads[d]` are the pieces of document `d` whose scores its units take."""

    documents: list[Document]
    units: list[list[Range]]
    leads: list[NDArray[np.int64]]
    pieces: list[int]
    windows: list[Window]
    prefix: int  # special tokens before the text
    suffix: int  # and after it
    head: str

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
        """Every document of a table of the schema DOCUMENTS."""
        documents = list(documents_of(table))
        before, after = specials(self.tokenizer)
        examples = Examples(documents, [], [], [], [], len(before), len(after), self.task.head)
        for at in range(0, len(documents), 1024):
            chunk = documents[at : at + 1024]
            encoded = self.tokenizer([d.text for d in chunk], add_special_tokens=False, verbose=False)
            for n, (doc, encoding) in enumerate(zip(chunk, encoded.encodings, strict=True)):
                self._add(examples, at + n, doc, encoding, before, after)
        return examples

    def _add(
        self, examples: Examples, row: int, doc: Document, encoding: Any, before: list[int], after: list[int]
    ) -> None:
        offsets = encoding.offsets
        units, member = units_of(doc, offsets, encoding.word_ids)
        leads = _first_of_each(member, len(units))
        targets = self.task.targets(doc, units)
        types = casing(doc.text, offsets) if self.casing else [0] * len(offsets)
        ids = np.array(encoding.ids, np.int64)
        classes = np.zeros(0, np.int64)
        if self.task.head == "token":
            classes = np.array([self._piece(targets, leads, i, u) for i, u in enumerate(member)], np.int64)
        examples.units.append(units)
        examples.leads.append(leads)
        examples.pieces.append(len(ids))
        room = self.max_length - len(before) - len(after)
        spans = windows(len(ids), room)
        for first, end in spans:
            target = np.array(targets, np.int64)
            if self.task.head == "token":
                target = np.pad(classes[first:end], (len(before), len(after)), constant_values=IGNORED)
            examples.windows.append(
                Window(
                    np.concatenate([before, ids[first:end], after]).astype(np.int64),
                    np.concatenate([[0] * len(before), types[first:end], [0] * len(after)]).astype(np.int64),
                    target,
                    doc.weight / (len(spans) if self.task.head == "sequence" else 1),
                    row,
                    first,
                )
            )

    def _piece(self, targets: list[int], leads: NDArray[np.int64], piece: int, unit: int) -> int:
        if unit < 0:
            return IGNORED
        return targets[unit] if leads[unit] == piece else self.task.piece_class(targets[unit])


def specials(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The ids that the tokenizer puts before and after a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a")["input_ids"]
    at = next(i for i in range(len(whole)) if whole[i : i + len(bare)] == bare)
    return whole[:at], whole[at + len(bare) :]


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
    """Predictions of documents from log probabilities of windows, each of shape (length, classes) or (1, classes)."""
    by_document: list[list[int]] = [[] for _ in examples.documents]
    for i, window in enumerate(examples.windows):
        by_document[window.document].append(i)
    found = []
    for d, mine in enumerate(by_document):
        if task.head == "sequence":
            found.append(np.mean([scores[i] for i in mine], axis=0))
        else:
            found.append(_units_scores(examples, d, mine, scores, len(task.classes)))
    return task.predicted(examples.documents, examples.units, found)


def _units_scores(
    examples: Examples, document: int, mine: list[int], scores: Sequence[NDArray[np.float32]], classes: int
) -> NDArray[np.float32]:
    inner = [scores[i][examples.prefix : len(scores[i]) - examples.suffix] for i in mine]
    firsts = [examples.windows[i].first for i in mine]
    pieces = inner[0]
    if len(mine) > 1:
        ranges = [(first, first + len(found)) for first, found in zip(firsts, inner, strict=True)]
        best = [chosen_window(p, ranges) for p in range(examples.pieces[document])]
        pieces = np.stack([inner[w][p - firsts[w]] for p, w in enumerate(best)])
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
