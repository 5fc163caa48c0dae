"""The stage `augmented`: what is made, dropped and counted; the same whatever the number of processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from random import Random
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from conftest import TinyProject

from pipeline import frames, stages
from pipeline.augmentation import Augmenter, Made, pieces_of
from pipeline.augmentation.swap_entities import SwapEntities
from pipeline.errors import DataSaysNo
from pipeline.frames import Frame
from pipeline.gate import judge
from pipeline.quality.child_labels import ChildLabels
from pipeline.quality.children_apart import ChildrenApart
from pipeline.stages._children import children, noised, sifted
from pipeline.types import Document, Edit, Lineage, Rejected, Span


def sentence(id: str, text: str, split: Any = "train", **more: Any) -> Document:
    return Document(id, text, "en", group_id=id, split=split, **more)


def child(id: str, text: str, parent: str = "p") -> Document:
    return sentence(id, text, lineage=Lineage("x", "{}", 1, (parent,)))


TRAIN = [
    Document(
        f"d{n}",
        f"{name} went to {place} on a cold morning number {n}",
        "en",
        group_id=f"d{n}",
        split="train",
        spans=(Span(0, len(name), "PER"), Span(len(name) + 9, len(name) + 9 + len(place), "LOC")),
    )
    for n in range(2500)  # three batches of 1,024
    for name, place in [(("Anna", "Bo", "Cy Young")[n % 3], ("Oslo", "Lima")[n % 2])]
]


def made(processes: int, augmenter: Augmenter | None = None) -> tuple[list[Document], dict[str, int]]:
    found: list[Document] = []
    refused: dict[str, int] = {}
    for batch, why in children(augmenter or SwapEntities(copies=2), frames.to_table(TRAIN), processes):
        found += frames.documents_of(batch)
        for reason, n in why.items():
            refused[reason] = refused.get(reason, 0) + n
    return found, refused


def test_one_process_and_three_make_the_same_children_and_refusals() -> None:
    alone, together = made(1), made(3)
    assert alone == together
    assert len(alone[0]) > 3500


class Dies(Augmenter):
    """Kills the process that it runs in."""

    apart: ClassVar[bool] = True

    def draw(self, doc: Document, rng: Random) -> Made:
        os.kill(os.getpid(), signal.SIGKILL)
        return Made(())


def test_a_process_that_dies_is_said_and_nothing_is_written() -> None:
    with pytest.raises(DataSaysNo, match="Dies: a process died, perhaps for want of memory"):
        made(1, Dies())


class NamesItsProcess(Augmenter):
    """Puts the number of its process before a text."""

    apart: ClassVar[bool] = True

    def draw(self, doc: Document, rng: Random) -> Made:
        return Made(pieces_of(len(doc.text), [Edit(0, 0, f"{os.getpid()} ")]))


def test_an_augmenter_that_asks_a_model_never_runs_in_this_process() -> None:
    found, _ = made(1, NamesItsProcess())
    numbers = {doc.text.split()[0] for doc in found}
    assert len(numbers) == 1
    assert numbers != {str(os.getpid())}


def test_the_noised_copy_keeps_names_and_order_and_its_model_never_runs_in_this_process() -> None:
    test = [Document("a", "one text", "en", split="test"), Document("b", "", "en", split="test")]
    copy = list(frames.documents_of(noised(NamesItsProcess(), frames.to_table(test))))
    assert [d.id for d in copy] == ["a", "b"]
    number, _, rest = copy[0].text.partition(" ")
    assert (rest, copy[0].lineage) == ("one text", None)
    assert number not in ("", str(os.getpid()))


def test_children_that_say_what_is_there_or_held_out_are_dropped_with_the_reason() -> None:
    held = "The quick brown fox jumps over the lazy dog near the river bank"
    splits = frames.to_table([sentence("p", "One parent text."), sentence("t", held, split="test")])
    found = [
        child("c1", "ONE  parent text."),
        child("c2", "A new text of its own."),
        child("c3", "a new text of its own."),
        child("c4", held.replace("quick", "swift")),
        child("c5", held.upper()),
    ]
    kept, dropped = sifted([frames.to_batch(found)], splits, 3, 0.5)
    assert kept["id"].to_pylist() == ["c2"]
    assert dict(zip(dropped["id"].to_pylist(), dropped["reason"].to_pylist(), strict=True)) == {
        "c1": "the text of p",
        "c3": "the text of c2",
        "c4": "nearly the text of t, which is held out",
        "c5": "the text of t",
    }


def test_a_parent_keeps_as_many_children_as_asked_drawn_by_their_ids() -> None:
    found = [child(f"c{n}", f"Text number {n * n * 7919} about nothing.") for n in range(8)]
    splits = frames.to_table([sentence("p", "One parent text.")])
    kept, dropped = sifted([frames.to_batch(found)], splits, 3, 0.5)
    assert (kept.num_rows, dropped.num_rows) == (3, 5)
    assert set(dropped["reason"].to_pylist()) == {"a parent has at most 3 children"}
    again, _ = sifted([frames.to_batch(found[4:]), frames.to_batch(found[:4])], splits, 3, 0.5)
    assert set(again["id"].to_pylist()) == set(kept["id"].to_pylist())


def test_nothing_made_is_nothing_to_sift() -> None:
    kept, dropped = sifted([], frames.to_table([sentence("p", "One.")]), 3, 0.5)
    assert (kept.num_rows, dropped.num_rows) == (0, 0)


def test_the_manifest_counts_what_was_refused_and_the_rejects_keep_what_was_dropped(made: TinyProject) -> None:
    version = made.store.published(made.recipe().place("augmented", "base"))
    assert version is not None
    facts = version.manifest.facts
    assert facts["originals"] + facts["by_operation"]["swap_entities"] == version.manifest.rows
    rejected = made.store.audit_documents(version, "rejected.parquet")
    assert rejected.num_rows == version.manifest.rejected > 0
    assert {r.split(" ")[0] for r in rejected["reason"].to_pylist()} <= {"nearly", "the"}
    assert set(rejected["step"].to_pylist()) == {"augmented"}


def test_only_so_many_training_documents_are_used_and_a_smaller_number_is_a_part_of_a_larger(made: TinyProject) -> None:
    made.edit_recipe(variants={f"n{n}": {"train_documents": n, "augmentation": []} for n in (10, 20)})
    recipe, store = made.recipe(), made.store
    ids = {}
    for name in ("n10", "n20"):
        version = stages.make(stages.augment(recipe, name, store), store)
        ids[name] = set(store.audit_documents(version)["id"].to_pylist())
    assert (len(ids["n10"]), len(ids["n20"])) == (10, 20)
    assert ids["n10"] < ids["n20"]


def of_the_stage(made: TinyProject) -> Iterator[Document]:
    version = made.store.published(made.recipe().place("augmented", "base"))
    assert version is not None
    return frames.documents_of(made.store.audit_documents(version))


def test_every_recipe_has_the_gates_on_children_and_they_find_a_moved_span(made: TinyProject) -> None:
    assert [g.name for g in made.recipe().gates["augmented"]] == ["child_labels", "children_apart"]
    documents = list(of_the_stage(made))
    number = next(n for n, d in enumerate(documents) if d.lineage is not None)
    victim = documents[number]
    spans = victim.spans or ()
    moved = (Span(spans[0].start, spans[0].end - 1, spans[0].label), *spans[1:])
    documents[number] = Document(**{f: getattr(victim, f) for f in victim.__dataclass_fields__} | {"spans": moved})
    verdict = judge(ChildLabels(), Frame(frames.to_table(documents)))
    assert (verdict.outcome, verdict.observed) == ("failed", 1)
    assert verdict.evidence["ids"] == [{"id": victim.id, "fault": "its spans are not those of its pieces"}]


def test_children_are_not_judged_to_be_apart_from_nothing() -> None:
    frame = Frame(frames.to_table([sentence("p", "One."), child("c", "Two.")]))
    assert judge(ChildrenApart(), frame).outcome == "not_judged"


def test_a_document_for_another_language_is_refused_with_the_reason() -> None:
    class OnlyChinese(SwapEntities):
        languages: ClassVar[tuple[str, ...]] = ("zh",)

    (refused,) = OnlyChinese()(TRAIN[0], Random(1))
    assert isinstance(refused, Rejected)
    assert refused.reason == "is for zh only"


def test_rows_of_pieces_come_back_from_arrow() -> None:
    batch, _ = next(iter(children(SwapEntities(), frames.to_table(TRAIN[:3]), 1)))
    assert isinstance(batch, pa.RecordBatch)
    for doc in frames.documents_of(batch):
        assert doc.lineage is not None
        assert doc.lineage.pieces
        assert next(frames.documents_of(frames.to_batch([doc]))) == doc
