"""Every kind of fault: the same for the same generator, at the strength that was asked for, doing what it says."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from random import Random
from typing import Any

import pytest

from pipeline.faults import KINDS, Fault, Row, World, table_of
from pipeline.frames import DOCUMENTS, to_table
from pipeline.types import Document, Lineage, Span, Split

WORLD = World(
    ("PER", "LOC"), "en", ("你好，世界。今天天气很好。", "他来了又走了，没有说话。"), ("Return the number of items.",)
)
SPLITS: tuple[Split, ...] = ("train", "train", "validation", "test")
NAMED = {f.kind: f for f in KINDS}
OF_ROWS = [f for f in KINDS if f.enters in ("raw", "splits", "augmented", "store")]


def rows() -> list[Row]:
    docs = []
    for n in range(80):
        text = f"Anna Berg number {n} flew to Oslo and wrote home on day {n * 7 % 80}."
        at = text.index("Oslo")
        spans = (Span(0, 9, "PER", {"form": "two" if n % 4 else "one"}), Span(at, at + 4, "LOC"))
        made = Lineage("swap", "{}", 13, (f"d{n - 1}",)) if n % 4 == 1 else None
        label = ("PER", "LOC")[n % 3 > 0]
        docs.append(
            Document(
                f"d{n}", text, "en", f"f:{n}", f"g{n // 2}", spans, label, {}, SPLITS[n % 4], ((0, 4), (5, 9)), made
            )
        )
    return to_table(docs).to_pylist()


def planted(kind: str, strength: float, given: list[Row] | None = None, seed: int = 1) -> Any:
    return NAMED[kind].plant(rows() if given is None else given, strength, Random(seed), WORLD)


def test_there_are_as_many_kinds_as_are_promised_and_no_two_of_one_name() -> None:
    assert len(KINDS) == 66
    assert len(NAMED) == 66
    assert all(1 <= len(f.strengths) <= 4 for f in KINDS)
    assert all(0 < s <= 1 for f in KINDS for s in f.strengths)


@pytest.mark.parametrize("fault", OF_ROWS, ids=lambda f: f.kind)
def test_a_fault_is_the_same_for_the_same_generator_and_leaves_what_it_was_given_alone(fault: Fault) -> None:
    given = rows()
    first = table_of(fault.plant(given, fault.strengths[0], Random(5), WORLD))
    again = table_of(fault.plant(given, fault.strengths[0], Random(5), WORLD))
    assert first.equals(again)
    assert given == rows()
    assert first.schema.names == DOCUMENTS.names
    assert fault.about.endswith(".")
    if fault.kind not in ("changed_byte", "mojibake"):  # these texts are ASCII, which no reading changes
        assert not first.equals(table_of(given))


@pytest.mark.parametrize("fault", [f for f in KINDS if f.enters == "file"], ids=lambda f: f.kind)
def test_a_fault_of_a_file_is_bytes_that_are_the_same_again(fault: Fault) -> None:
    name, data = fault.plant(rows(), fault.strengths[0], Random(5), WORLD)
    assert (name, data) == fault.plant(rows(), fault.strengths[0], Random(5), WORLD)
    assert name in ("part.jsonl", "part.jsonl.gz", "part.csv")
    assert isinstance(data, bytes)


def test_a_truncated_file_ends_inside_a_record() -> None:
    _, data = planted("truncated_file", 0.5)
    lines = data.split(b"\n")
    assert len(lines) == 41
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        json.loads(lines[-1])


def test_a_share_of_a_column_is_in_the_other_one() -> None:
    _, data = planted("swapped_columns", 0.05)
    lines = data.decode().splitlines()
    assert lines[0] == "id,text,label,group_id,split,spans"
    assert sum(line.split(",")[1] in ("PER", "LOC") for line in lines) == 4


def changed_rows(kind: str, strength: float) -> int:
    return sum(a != b for a, b in zip(rows(), planted(kind, strength), strict=True))


@pytest.mark.parametrize(
    ("kind", "strength", "count"),
    [("mojibake", 0.05, 4), ("other_language", 0.1, 8), ("empty_texts", 0.5, 40), ("boilerplate", 1.0, 80)],
)
def test_strength_is_the_share_of_documents(kind: str, strength: float, count: int) -> None:
    if kind == "mojibake":
        accented = [{**row, "text": row["text"] + "é"} for row in rows()]
        found = planted(kind, strength, accented)
        assert sum(row["text"].endswith("Ã©") for row in found) == count
    else:
        assert changed_rows(kind, strength) == count


def test_spans_travel_with_what_is_put_before_them() -> None:
    for row in planted("markup_left", 1.0):
        assert [row["text"][s["start"] : s["end"]] for s in row["spans"]] == ["Anna Berg", "Oslo"]


def test_texts_that_are_cut_keep_the_spans_that_are_whole() -> None:
    found = planted("cut_texts", 1.0)
    assert {len(row["text"]) for row in found} == {20}
    assert {tuple(s["label"] for s in row["spans"]) for row in found} == {("PER",)}


def test_a_card_number_of_the_personal_data_has_its_check_digit() -> None:
    cards = [r["text"].split()[-1] for r in planted("personal_data", 1.0) if r["text"].split()[-1].startswith("4")]
    assert cards
    for card in cards:
        digits = [int(c) for c in card]
        assert sum(sum(divmod(2 * d, 10)) if n % 2 else d for n, d in enumerate(reversed(digits))) % 10 == 0


def test_shifted_annotation_gives_each_label_to_another_document_in_no_order() -> None:
    bare = [{**row, "spans": None, "label": row["id"]} for row in rows()]
    found = planted("shifted_annotation", 1.0, bare)
    assert sorted(row["label"] for row in found) == sorted(row["id"] for row in bare)
    assert not [row["id"] for row in found if row["label"] == row["id"]]
    assert [row["label"] for row in found] != [row["id"] for row in [*bare[1:], bare[0]]]
    half = planted("shifted_annotation", 0.5, bare)
    assert sum(row["label"] != row["id"] for row in half) == 40


def test_documents_whose_groups_are_lost_are_near_copies_with_the_annotation_of_what_they_copy() -> None:
    found = planted("groups_lost", 0.1)
    assert [row["group_id"] for row in found] == [row["id"] for row in rows()]
    copies = [new for new, old in zip(found, rows(), strict=True) if new["text"] != old["text"]]
    assert 6 <= len(copies) <= 8
    assert all(row["spans"] and row["label"] for row in copies)


@pytest.mark.parametrize(("kind", "strength"), [("personal_data", 1.0), ("markup_left", 1.0)])
def test_texts_with_a_fault_that_leaves_a_trace_match_it(kind: str, strength: float) -> None:
    trace = re.compile(NAMED[kind].trace)
    assert not any(trace.search(row["text"]) for row in rows())
    assert all(trace.search(row["text"]) for row in planted(kind, strength))


def test_label_noise_changes_a_share_of_the_spans_to_another_known_label() -> None:
    labels = [
        (a["label"], b["label"])
        for x, y in zip(rows(), planted("label_noise", 0.1), strict=True)
        for a, b in zip(x["spans"], y["spans"], strict=True)
    ]
    assert Counter(a != b for a, b in labels) == {False: 144, True: 16}
    assert {b for _, b in labels} == {"PER", "LOC"}


def test_the_rarer_group_of_spans_is_lost() -> None:
    forms = Counter(dict(s["groups"]).get("form") for row in planted("group_lost", 1.0) for s in row["spans"])
    assert forms == {"two": 60, None: 80}


def test_leaked_documents_stand_in_train_with_a_group_of_their_own() -> None:
    found = planted("leaked_exact", 0.5)
    added = found[80:]
    assert len(added) == 10
    assert {row["split"] for row in added} == {"train"}
    tested = {row["text"] for row in rows() if row["split"] == "test"}
    assert all(row["text"] in tested for row in added)
    assert not {row["group_id"] for row in added} & {row["group_id"] for row in rows()}


def test_a_near_leak_differs_in_some_characters_and_not_in_length() -> None:
    texts = {row["id"]: row["text"] for row in rows()}
    for row in planted("leaked_near", 0.5)[80:]:
        before = texts[row["id"].removesuffix("~again")]
        assert len(before) == len(row["text"])
        assert sum(a != b for a, b in zip(before, row["text"], strict=True)) <= 1


def test_a_moved_span_of_a_child_covers_other_characters() -> None:
    found = {row["id"]: row for row in planted("child_moved_span", 1.0)}
    for row in rows():
        moved = found[row["id"]]["spans"] != row["spans"]
        assert moved == (row["lineage"] is not None)


def test_predictions_are_shuffled_and_keep_their_ids() -> None:
    predictions = [{"id": str(n), "label": "PER" if n % 2 else "LOC"} for n in range(20)]
    found = NAMED["shuffled_predictions"].plant(predictions, 1.0, Random(1), WORLD)
    assert [row["id"] for row in found] == [row["id"] for row in predictions]
    assert Counter(row["label"] for row in found) == {"PER": 10, "LOC": 10}
    assert found != predictions


def test_a_constant_prediction_is_the_commonest_label() -> None:
    predictions = [{"id": str(n), "label": "PER" if n % 3 else "LOC"} for n in range(20)]
    found = NAMED["constant_predictions"].plant(predictions, 1.0, Random(1), WORLD)
    assert {row["label"] for row in found} == {"PER"}


def test_every_number_is_gone_or_is_none() -> None:
    metrics = {"accuracy": 0.8, "baseline_accuracy": 0.5}
    assert NAMED["metric_missing"].plant(metrics, 1.0, Random(1), WORLD) == {"baseline_accuracy": 0.5}
    found = NAMED["metric_not_a_number"].plant(metrics, 1.0, Random(1), WORLD)
    assert list(found) == ["accuracy", "baseline_accuracy"]
    assert all(math.isnan(value) for value in found.values())
