"""Faults in labels and spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

from pipeline.faults._fault import Fault, Row, World, changed, respanned, some


def span_off_by_one(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the spans is one character longer or shorter at one edge."""

    def change(row: Row, span: Row) -> Row:
        wider = [{"start": span["start"] - 1}, {"end": span["end"] + 1}]
        narrower = [{"start": span["start"] + 1}, {"end": span["end"] - 1}] if span["end"] - span["start"] > 1 else []
        fits = [w for w in (*wider, *narrower) if w.get("start", 0) >= 0 and w.get("end", 0) <= len(row["text"])]
        return {**span, **rng.choice(fits)} if fits else span

    return respanned(rows, strength, rng, change)


def span_over_space(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents ends in a space, and its last span in that space."""

    def change(row: Row) -> Row:
        text = row["text"] + " "
        return {**row, "text": text, "spans": [*row["spans"][:-1], {**row["spans"][-1], "end": len(text)}]}

    return changed(rows, strength, rng, change, of="spans")


def span_overlapping(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """In a share of the documents a span stands twice."""
    return changed(rows, strength, rng, lambda row: {"spans": [*row["spans"], row["spans"][-1]]}, of="spans")


def span_empty(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the spans covers nothing."""
    return respanned(rows, strength, rng, lambda _, span: {**span, "end": span["start"]})


def span_outside(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the spans ends after its text."""
    return respanned(rows, strength, rng, lambda row, span: {**span, "end": len(row["text"]) + 3})


def span_inside_token(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the spans begins inside of a token."""
    return respanned(
        rows, strength, rng, lambda _, s: {**s, "start": s["start"] + 1} if s["end"] - s["start"] > 1 else s
    )


def shifted_annotation(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents, in any order, has the label or the spans of the next among them."""
    drawn = rng.sample(range(len(rows)), min(len(rows), max(2, round(strength * len(rows)))))
    following = dict(zip(drawn, [*drawn[1:], *drawn[:1]], strict=True))

    def given(row: Row, after: Row) -> Row:
        if row["spans"] is None or after["spans"] is None:
            return {**row, "label": after["label"]}
        return {**row, "spans": [s for s in after["spans"] if s["end"] <= len(row["text"])]}

    return [given(row, rows[following[at]]) if at in following else row for at, row in enumerate(rows)]


def moved_spans(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the spans stands one character further on."""

    def change(row: Row, span: Row) -> Row:
        by = 1 if span["end"] < len(row["text"]) else 0
        return {**span, "start": span["start"] + by, "end": span["end"] + by}

    return respanned(rows, strength, rng, change)


def label_noise(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the labels, of documents or of spans, is another one."""

    def other(label: str) -> str:
        return rng.choice([known for known in world.labels if known != label] or [label])

    if any(row["spans"] for row in rows):
        return respanned(rows, strength, rng, lambda _, span: {**span, "label": other(span["label"])})
    return changed(rows, strength, rng, lambda row: {"label": other(row["label"])}, of="label")


def unknown_label(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the labels, of documents or of spans, is one that the task does not have."""
    if any(row["spans"] for row in rows):
        return respanned(rows, strength, rng, lambda _, span: {**span, "label": "PRODUCT"})
    return changed(rows, strength, rng, lambda _: {"label": "mixed"}, of="label")


def class_collapse(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of one class, the rarest, has the label of the commonest."""
    common, rare = _by_size(rows, world)
    if any(row["spans"] for row in rows):
        return _of_label(rows, rare, strength, rng, lambda span: {**span, "label": common})
    drawn = [at for at, row in enumerate(rows) if row["label"] == rare]
    gone = {drawn[i] for i in some(drawn, strength, rng)}
    return [{**row, "label": common} if at in gone else row for at, row in enumerate(rows)]


def group_lost(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the spans of one group, the smallest, is not annotated."""
    name, value = _smallest_group(rows)

    def is_it(span: Row) -> bool:
        return dict(span["groups"] or ()).get(name) == value

    places = [(at, n) for at, row in enumerate(rows) for n, s in enumerate(row["spans"] or ()) if is_it(s)]
    gone = {places[i] for i in some(places, strength, rng)}
    return [
        {**row, "spans": row["spans"] and [s for n, s in enumerate(row["spans"]) if (at, n) not in gone]}
        for at, row in enumerate(rows)
    ]


def null_labels(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents has no label."""
    return changed(rows, strength, rng, lambda _: {"label": None}, of="label")


def unannotated(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents was never annotated."""
    return changed(rows, strength, rng, lambda _: {"spans": None})


def nothing_found(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the documents is annotated as if nothing were named in it."""
    return changed(rows, strength, rng, lambda _: {"spans": []}, of="spans")


def missed_mentions(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the spans is not there."""
    return respanned(rows, strength, rng, lambda _, __: None)


def _of_label(rows: list[Row], label: str, share: float, rng: Random, change: Callable[[Row], Row]) -> list[Row]:
    places = [(at, n) for at, row in enumerate(rows) for n, s in enumerate(row["spans"] or ()) if s["label"] == label]
    drawn = {places[i] for i in some(places, share, rng)}
    return [
        {**row, "spans": row["spans"] and [change(s) if (at, n) in drawn else s for n, s in enumerate(row["spans"])]}
        for at, row in enumerate(rows)
    ]


def _by_size(rows: list[Row], world: World) -> tuple[str, str]:
    """The commonest and the rarest label."""
    spans = [s["label"] for row in rows for s in row["spans"] or ()]
    counts = Counter(spans or [row["label"] for row in rows])
    order = sorted(world.labels, key=lambda label: (-counts[label], label))
    return order[0], order[-1]


def _smallest_group(rows: list[Row]) -> tuple[str, str]:
    counts = Counter(pair for row in rows for s in row["spans"] or () for pair in s["groups"] or ())
    return min(counts, key=lambda pair: (counts[pair], pair), default=("", ""))


_EXACT = ("spans_true", "bio_valid")
_MENTIONS = ("known_mentions", "mention_conflicts", "unannotated_mentions")
_LABELS = ("label_conflicts", "reference_kappa")

KINDS = (
    Fault(span_off_by_one, "raw", (0.05, 0.2, 0.5), ("spans",), (*_EXACT, *_MENTIONS)),
    Fault(span_over_space, "raw", (0.01, 0.1), ("spans",), _EXACT),
    Fault(span_overlapping, "raw", (0.01, 0.1), ("spans",), _EXACT),
    Fault(span_empty, "raw", (0.01, 0.1), ("spans",), _EXACT),
    Fault(span_outside, "raw", (0.01, 0.1), ("spans",), _EXACT),
    Fault(span_inside_token, "raw", (0.01, 0.1), ("spans", "tokens"), _EXACT),
    Fault(shifted_annotation, "raw", (0.2, 0.5, 1.0), (), (*_LABELS, *_MENTIONS)),
    Fault(moved_spans, "raw", (0.1, 0.5, 1.0), ("spans",), (*_EXACT, *_MENTIONS)),
    Fault(label_noise, "raw", (0.01, 0.05, 0.1, 0.2), (), (*_LABELS, "known_mentions", "mention_conflicts")),
    Fault(unknown_label, "raw", (0.01, 0.1, 0.5), (), ("unusable_share", "labels_known")),
    Fault(
        class_collapse,
        "raw",
        (0.5, 0.9, 1.0),
        (),
        ("label_shift", "class_share", "labels_covered", "known_mentions"),
    ),
    Fault(group_lost, "raw", (0.5, 0.9, 1.0), ("spans", "groups"), ("unannotated_mentions", "group_share")),
    Fault(null_labels, "raw", (0.02, 0.1, 0.5), ("label",), ("unusable_share", "not_null")),
    Fault(unannotated, "raw", (0.02, 0.1, 0.5), ("spans",), ("unusable_share", "not_null")),
    Fault(nothing_found, "raw", (0.1, 0.3, 1.0), ("spans",), ("unannotated_mentions", "labels_covered")),
    Fault(missed_mentions, "raw", (0.1, 0.3, 0.6), ("spans",), ("unannotated_mentions",)),
)
