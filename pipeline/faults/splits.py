"""Faults in how documents are divided, in what augmentation made of them, and in the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from pipeline.faults._fault import Fault, Row, World, changed, edited, some, texted
from pipeline.faults.labels import label_noise

Change = Callable[[Row], Mapping[str, Any]]
Text = Callable[[str], str]


def leaked_exact(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the test documents stands in train too, under another id."""
    return _leaked(rows, strength, rng, lambda text: text)


def leaked_cased(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the test documents stands in train too, in other case and spacing."""
    return _leaked(rows, strength, rng, lambda text: " ".join(text.swapcase()) + " ")


def leaked_near(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the test documents of 40 characters or more stands in train too, 2 % of the characters changed."""
    return _leaked(rows, strength, rng, lambda text: edited(text, 0.02, rng), at_least=40)


def group_on_both_sides(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the test documents has the group of a training document."""
    groups = [row["group_id"] for row in rows if row["split"] == "train"]
    return _in_test(rows, strength, rng, lambda _: {"group_id": rng.choice(groups)})


def class_missing_in_test(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """One label does not occur in the test split."""
    label = rng.choice(world.labels)

    def has(row: Row) -> bool:
        return row["label"] == label or any(s["label"] == label for s in row["spans"] or ())

    return [row for row in rows if not (row["split"] == "test" and has(row))]


def noisy_test_labels(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the labels of the test split is another one; all of them, where two names were swapped."""
    noisy = {row["id"]: row for row in label_noise([r for r in rows if r["split"] == "test"], strength, rng, world)}
    return [noisy.get(row["id"], row) for row in rows]


def domain_shift(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the test texts is of another domain in the same language."""
    return _in_test(rows, strength, rng, lambda row: texted(row, rng.choice(world.off_topic)))


def label_shift(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the test documents of one class is gone."""
    label = rng.choice(world.labels)
    able = [at for at, r in enumerate(rows) if r["split"] == "test" and _class(r) == label]
    gone = {able[i] for i in some(able, strength, rng)}
    return [row for at, row in enumerate(rows) if at not in gone]


def test_split_lost(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the test documents is gone; 1.0 leaves none."""
    able = [at for at, row in enumerate(rows) if row["split"] == "test"]
    gone = {able[i] for i in some(able, strength, rng)}
    return [row for at, row in enumerate(rows) if at not in gone]


def child_moved_span(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """The spans of a share of the children stand one character further on."""

    def change(row: Row) -> Row:
        by = 1 if row["spans"][-1]["end"] < len(row["text"]) else -1 if row["spans"][0]["start"] else 0
        return {"spans": [{**s, "start": s["start"] + by, "end": s["end"] + by} for s in row["spans"]]}

    return _children(rows, strength, rng, change, of="spans")


def child_other_label(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the children has another label than its parent."""

    def other(label: str) -> str:
        return rng.choice([known for known in world.labels if known != label])

    def change(row: Row) -> Row:
        if row["spans"]:
            return {"spans": [{**s, "label": other(s["label"])} for s in row["spans"]]}
        return {"label": other(row["label"])}

    return _children(rows, strength, rng, change)


def child_in_test(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the children is in the test split."""
    return _children(rows, strength, rng, lambda _: {"split": "test"})


def child_without_parent(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the children names a parent that is not there."""
    return _children(rows, strength, rng, lambda row: {"lineage": {**row["lineage"], "parents": ["nowhere/1"]}})


def child_other_group(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the children is in another group than its parent."""
    return _children(rows, strength, rng, lambda row: {"group_id": f"{row['group_id']}~"})


def too_many_children(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """A share of the children stands 20 times, under ids of its own."""
    children = [row for row in rows if row["lineage"]]
    again = [children[i] for i in some(children, strength, rng)]
    return [*rows, *({**row, "id": f"{row['id']}-{n}"} for row in again for n in range(20))]


def stale_split(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """In the folder of the new version lies the file of an older one, in which a share of the texts was another."""
    return changed(rows, strength, rng, lambda row: texted(row, edited(row["text"] or "?", 0.2, rng) + "."))


def changed_byte(rows: list[Row], strength: float, rng: Random, world: World) -> list[Row]:
    """One byte of the stored file is another."""
    return rows


def _leaked(rows: list[Row], share: float, rng: Random, change: Text, at_least: int = 0) -> list[Row]:
    test = [row for row in rows if row["split"] == "test" and len(row["text"]) >= at_least]
    leaked = [test[i] for i in some(test, share, rng)]
    copies = [
        {**row, "id": f"{row['id']}~again", "group_id": f"{row['id']}~again", "split": "train"}
        | {"text": change(row["text"]), "tokens": None}
        for row in leaked
    ]
    for copy in copies:
        copy["spans"] = copy["spans"] and [s for s in copy["spans"] if s["end"] <= len(copy["text"])]
    return [*rows, *copies]


def _in_test(rows: list[Row], share: float, rng: Random, change: Change) -> list[Row]:
    test = [at for at, row in enumerate(rows) if row["split"] == "test"]
    drawn = {test[i] for i in some(test, share, rng)}
    return [{**row, **change(row)} if at in drawn else row for at, row in enumerate(rows)]


def _children(rows: list[Row], share: float, rng: Random, change: Change, of: str = "lineage") -> list[Row]:
    children = [at for at, row in enumerate(rows) if row["lineage"] and row[of]]
    drawn = {children[i] for i in some(children, share, rng)}
    return [{**row, **change(row)} if at in drawn else row for at, row in enumerate(rows)]


def _class(row: Row) -> str | None:
    spans = [s["label"] for s in row["spans"] or ()]
    label: str | None = max(sorted(set(spans)), key=spans.count) if spans else row["label"]
    return label


_SAMENESS = ("no_leakage",)
_CHILD = ("children_true",)

KINDS = (
    Fault(leaked_exact, "splits", (0.01, 0.1, 0.5), (), _SAMENESS),
    Fault(leaked_cased, "splits", (0.01, 0.1, 0.5), (), _SAMENESS),
    Fault(leaked_near, "splits", (0.01, 0.1, 0.5), (), _SAMENESS),
    Fault(group_on_both_sides, "splits", (0.01, 0.2), (), _SAMENESS),
    Fault(class_missing_in_test, "splits", (1.0,), (), ("labels_covered",)),
    Fault(
        noisy_test_labels, "splits", (0.2, 0.5, 1.0), (), ("reference_kappa", "known_mentions", "held_out_conflicts")
    ),
    Fault(domain_shift, "splits", (0.25, 0.5, 1.0), (), ("unlikely_texts", "length_shift")),
    Fault(label_shift, "splits", (0.5, 0.9), (), ("label_shift", "labels_covered")),
    Fault(test_split_lost, "splits", (0.9, 1.0), (), ("labels_covered",)),
    Fault(
        child_moved_span,
        "augmented",
        (0.01, 0.1, 0.5),
        ("spans",),
        ("children_true", "spans_true", "unannotated_mentions"),
    ),
    Fault(child_other_label, "augmented", (0.01, 0.5), (), _CHILD),
    Fault(child_in_test, "augmented", (0.01, 0.5), (), _CHILD),
    Fault(child_without_parent, "augmented", (0.01, 0.5), (), _CHILD),
    Fault(child_other_group, "augmented", (0.01, 0.5), (), _CHILD),
    Fault(too_many_children, "augmented", (0.01, 0.5), (), _CHILD),
    Fault(stale_split, "store", (0.001, 0.5)),
    Fault(changed_byte, "store", (1.0,)),
)
