"""A toy corpus for each task that a model of a few thousand weights learns in seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from pipeline.frames import to_table
from pipeline.part import build
from pipeline.task._learnable import LearnableTask
from pipeline.training import Splits
from pipeline.types import Document, Span
from tests.tiny_training import sentences

NAMES, PLACES = ("Anna", "Bo", "Zoë", "Nat"), ("Bern", "Oslo", "北京")


def task(use: str) -> LearnableTask:
    """The task of the toy corpus of the same name."""
    labels: dict[str, dict[str, object]] = {
        "ner": {"labels": ["PER", "LOC"]},
        "text_classification": {"labels": ["good", "bad"]},
        "multi_label_classification": {"labels": ["glad", "sad"]},
        "sentence_pair_classification": {"labels": ["same", "other"]},
        "relation_extraction": {"labels": ["from", "to", "none"], "no_relation": "none"},
        "question_answering": {},
    }
    made = build("task", {"use": use, **labels[use]})
    assert isinstance(made, LearnableTask)
    return made


def several_labels(n: int) -> Document:
    """One word says which of two labels hold: one, the other, both or none."""
    word, label = (("glad", "glad"), ("sad", "sad"), ("then", "glad|sad"), ("to", ""))[n // 2 % 4]
    return Document(str(n), f"{word} {NAMES[n % 4]}" + " went" * (n % 3), label=label)


def pair(n: int) -> Document:
    """Whether the second text is about going gladly."""
    first, second = f"{NAMES[n % 4]} went", ("went gladly", "went sadly")[n % 2] + " then" * (n % 3)
    spans = (Span(0, len(first), "first"), Span(len(first) + 1, len(first) + 1 + len(second), "second"))
    return Document(str(n), f"{first} {second}", spans=spans, label=("same", "other")[n % 2])


def relation(n: int) -> Document:
    """`from` or `to` the place that is marked; a place that is not is no relation."""
    name, place = NAMES[n % 4], PLACES[n % 3]
    word = ("to", "then", "glad")[n // 2 % 3]
    text = f"{name} {word} {place}"
    label = {"to": "to", "then": "from", "glad": "none"}[word]
    spans = (Span(0, len(name), "head"), Span(len(text) - len(place), len(text), "tail"))
    return Document(str(n), text, spans=spans, label=label)


def question(n: int) -> Document:
    """Who it was, a name among words; in a fifth of the texts nobody."""
    name, asked = NAMES[n % 4], "then to"
    before = "went " * (1 + n % 4)
    text = f"{asked} {before}" + ("glad" if n % 5 == 4 else name) + " sad" * (n % 3)
    at = len(asked) + 1 + len(before)
    answer = () if n % 5 == 4 else (Span(at, at + len(name), "answer"),)
    return Document(str(n), text, spans=(Span(0, len(asked), "question"), *answer))


def sentence(n: int) -> Document:
    """Somebody went somewhere, gladly (good) or sadly (bad)."""
    return sentences("", n + 1)[n]


FITTED: dict[str, Callable[[int], Document]] = {
    "multi_label_classification": several_labels,
    "sentence_pair_classification": pair,
    "relation_extraction": relation,
    "question_answering": question,
}
TOYS = {**FITTED, "ner": sentence, "text_classification": sentence}


def splits(use: str, train: int = 120) -> Splits:
    """Train, validation and test of the toy corpus of a task."""
    made = [[replace(TOYS[use](n), id=f"{part}{n}") for n in range(size)] for part, size in (("a", train), ("b", 24))]
    test = [replace(d, id=f"c{n}") for n, d in enumerate(made[1])]
    return Splits(to_table(made[0]), to_table(made[1]), to_table(test), digest="d")


def perfect(use: str, docs: list[Document]) -> pa.Table:
    """The predictions of a model that is always right."""
    ids = [d.id for d in docs]
    if use == "ner":
        spans = [
            [{"start": s.start, "end": s.end, "label": s.label, "score": 1.0} for s in d.spans or ()] for d in docs
        ]
        return pa.table({"id": ids, "spans": spans, "repairs": [0] * len(docs)})
    if use == "question_answering":
        answers = [[d.text[s.start : s.end] for s in d.spans or () if s.label == "answer"] for d in docs]
        return pa.table({"id": ids, "answer": [(a or [""])[0] for a in answers]})
    return pa.table({"id": ids, "label": [d.label for d in docs]})
