"""What the gates on rows find, each in a frame whose faults are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline import part
from pipeline.errors import WrongUse
from pipeline.frames import DOCUMENTS, Frame, to_row, to_table
from pipeline.gate import Gate, judge
from pipeline.quality.bio_valid import BioValid
from pipeline.quality.duplicate_share import DuplicateShare
from pipeline.quality.language_share import LanguageShare
from pipeline.quality.not_null import NotNull
from pipeline.quality.pii_left import PiiLeft
from pipeline.quality.schema import Schema
from pipeline.quality.text_length import TextLength
from pipeline.types import Document, Span, Verdict

READS = {
    "bio_valid": "id spans tokens",
    "class_share": "label spans split",
    "duplicate_share": "id text",
    "label_conflicts": "id text label spans",
    "label_shift": "label spans split",
    "language_share": "id text language",
    "mention_conflicts": "id text spans",
    "not_null": "id text label",
    "pii_left": "id text",
    "schema": " ".join(DOCUMENTS.names),
    "spans_true": "id text spans",
    "text_length": "id text",
    "unannotated_mentions": "id text spans",
}


def checked(gate: Gate, *documents: Document) -> Verdict:
    return gate.check(Frame(to_table(documents)))


def example(name: str) -> Gate:
    gate = part.build("quality", {"use": name, **part.find("quality", name).example})
    assert isinstance(gate, Gate)
    return gate


def changed(table: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table


@pytest.mark.parametrize(("name", "missing"), [(name, c) for name, columns in READS.items() for c in columns.split()])
def test_a_frame_without_a_column_that_the_gate_reads_never_passes(name: str, missing: str) -> None:
    gate = example(name)
    whole = gate.good()
    verdict = judge(gate, Frame(whole.documents.drop_columns([missing]), labels=whole.labels))
    assert verdict.outcome in ("failed", "not_judged"), verdict


@pytest.mark.parametrize("name", ["duplicate_share", "pii_left", "language_share", "text_length", "not_null"])
def test_a_frame_whose_texts_are_null_never_passes(name: str) -> None:
    gate = example(name)
    whole = gate.good().documents
    verdict = judge(gate, Frame(changed(whole, text=pa.nulls(whole.num_rows, pa.string()))))
    assert verdict.outcome in ("failed", "not_judged"), verdict


# schema


def test_the_schema_of_a_written_file_is_the_schema(tmp_path: Any) -> None:
    pq.write_table(Schema.good().documents, tmp_path / "documents.parquet")
    assert Schema().check(Frame(pq.read_table(tmp_path / "documents.parquet"))).outcome == "passed"


@pytest.mark.parametrize(
    ("names", "differences"),
    [
        ([n for n in DOCUMENTS.names if n != "label"], ["'label' is missing"]),
        ([*DOCUMENTS.names, "id"], ["'id' stands twice"]),
        (
            ["text", "id", *DOCUMENTS.names[2:]],
            ["column 1 is 'text', not 'id'", "column 2 is 'id', not 'text'"],
        ),
    ],
)
def test_columns_that_are_missing_doubled_or_swapped_are_named(names: list[str], differences: list[str]) -> None:
    table = Schema.good().documents
    found = pa.Table.from_arrays([table[name] for name in names], names=names)
    assert Schema().check(Frame(found)).evidence["differences"] == differences


def test_a_column_of_another_type_or_one_too_many_is_named() -> None:
    table = changed(Schema.good().documents, text=pa.array([1]))
    assert Schema().check(Frame(table)).evidence["differences"] == ["'text' is int64, not string"]
    table = Schema.good().documents.append_column("extra", pa.array([1]))
    assert Schema().check(Frame(table)).evidence["differences"] == ["'extra' is one too many"]


# not_null


def test_nulls_are_counted_by_column_and_named_by_id() -> None:
    rows = [to_row(Document(str(n), "x", label="a")) for n in range(4)]
    rows[1]["text"] = rows[2]["text"] = rows[2]["groups"] = None
    verdict = NotNull().check(Frame(pa.Table.from_pylist(rows, schema=DOCUMENTS)))
    assert (verdict.outcome, verdict.observed) == ("failed", 3)
    assert verdict.evidence == {"nulls": {"text": 2, "groups": 1}, "ids": ["1", "2"]}


def test_a_list_that_is_empty_is_no_null_and_an_unknown_column_is_refused_with_a_hint() -> None:
    assert checked(NotNull(columns=("spans",)), Document("a", "x", spans=())).outcome == "passed"
    assert checked(NotNull(columns=("spans",)), Document("a", "x")).outcome == "failed"
    with pytest.raises(ValueError, match="there is no column 'txt'; did you mean 'text'"):
        NotNull(columns=("txt",))


# text_length


def test_both_bounds_of_a_length_are_allowed_and_code_points_are_counted() -> None:
    docs = [Document("short", "😀"), Document("a", "😀😀"), Document("b", "四个汉字"), Document("long", "五个汉字了")]
    verdict = checked(TextLength(shortest=2, longest=4, at_most=0.4), *docs)
    assert (verdict.outcome, verdict.observed) == ("failed", 0.5)
    assert verdict.evidence == {
        "short": 1,
        "long": 1,
        "quantiles": {"0": 1.0, "0.01": 1.0, "0.5": 4.0, "0.99": 5.0, "1": 5.0},
        "ids": ["short", "long"],
    }
    assert checked(TextLength(shortest=2, longest=4, at_most=0.5), *docs).outcome == "passed"


# bio_valid

TOKENS = ((0, 4), (5, 9), (10, 13))


@pytest.mark.parametrize(
    ("spans", "faults"),
    [
        ([], {}),
        ([(0, 4), (5, 9)], {}),
        ([(0, 9)], {}),
        ([(1, 4)], {"begins inside of a token": 1}),
        ([(0, 8)], {"ends inside of a token": 1}),
        ([(5, 5)], {"empty": 1}),
        ([(0, 9), (5, 13)], {"over the span before": 1}),
    ],
)
def test_spans_that_stand_on_tokens_have_tags(spans: list[tuple[int, int]], faults: Mapping[str, int]) -> None:
    row = to_row(Document("a", "Anna Berg met", tokens=TOKENS))
    row["spans"] = [{"start": a, "end": b, "label": "X", "groups": []} for a, b in spans]
    other = to_row(Document("b", "Anna Berg met", spans=(Span(0, 4, "X"),), tokens=TOKENS))
    verdict = BioValid().check(Frame(pa.Table.from_pylist([other, row, other], DOCUMENTS)))
    assert (verdict.outcome, verdict.observed) == (("failed", 1) if faults else ("passed", 0))
    assert verdict.evidence == {"faults": faults, "ids": ["a"] if faults else []}


def test_the_offsets_of_one_document_are_not_those_of_another() -> None:
    docs = [
        Document("a", "ab cd", spans=(Span(0, 2, "X"),), tokens=((0, 2), (3, 5))),
        Document("b", "abc d", spans=(Span(0, 2, "X"),), tokens=((0, 3), (4, 5))),
    ]
    assert checked(BioValid(), *docs).evidence["ids"] == ["b"]


# language_share


def english(n: int) -> Document:
    return Document(f"en{n}", f"The minister said on Monday that {n} more people would travel by train.", "en")


def chinese(n: int) -> Document:
    return Document(f"zh{n}", f"他说今年有{n}万人会坐火车去北京参观故宫和长城，明年会更多。", "zh")


def test_documents_are_held_to_their_own_language_or_to_the_wanted_ones() -> None:
    docs = [*(english(n) for n in range(30)), *(chinese(n) for n in range(30))]
    assert checked(LanguageShare(), *docs).observed == 1.0
    verdict = checked(LanguageShare(languages=("zh",)), *docs)
    assert (verdict.outcome, verdict.observed) == ("failed", 0.5)
    assert verdict.evidence["detected"] == {"en": 30, "zh": 30}
    assert verdict.evidence["ids"] == [f"en{n}" for n in range(20)]
    assert checked(LanguageShare(languages=("zh", "en")), *docs).outcome == "passed"


def test_texts_too_short_to_tell_are_not_counted_and_too_few_are_not_judged() -> None:
    short = [Document(f"s{n}", "Ja, ja. 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "en") for n in range(100)]
    verdict = checked(LanguageShare(), *short, *(english(n) for n in range(49)))
    assert (verdict.outcome, verdict.evidence) == ("not_judged", {"counted": 49, "sampled": 149})
    assert checked(LanguageShare(), *short, *(english(n) for n in range(50))).observed == 1.0


def test_the_sample_is_of_fixed_size_and_the_same_every_time() -> None:
    docs = [english(n) if n % 4 else chinese(n) for n in range(400)]
    docs = [Document(d.id, d.text, "en") for d in docs]
    first, again = (checked(LanguageShare(sample=100), *docs) for _ in range(2))
    assert (first.outcome, first.evidence["sampled"], first) == ("failed", 100, again)
    assert checked(LanguageShare(sample=100, seed=14), *docs).evidence["ids"] != first.evidence["ids"]


def test_a_language_that_is_not_said_is_not_judged() -> None:
    assert checked(LanguageShare(), *(Document(str(n), english(n).text) for n in range(60))).outcome == "not_judged"


def test_a_missing_detector_is_not_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(module: str, extra: str) -> None:
        raise WrongUse(f"pip install 'gristmill[{extra}]'")

    monkeypatch.setattr("pipeline.quality.language_share.require", none)
    verdict = judge(LanguageShare(), Frame(to_table(english(n) for n in range(60))))
    assert (verdict.outcome, verdict.observed) == ("not_judged", None)
    assert verdict.message == "the gate itself failed: WrongUse: pip install 'gristmill[language]'"


# duplicate_share


def test_copies_are_counted_without_the_first_and_the_largest_clusters_come_first() -> None:
    docs = [
        Document(f"{text}{n}", f"Text  {text}") for text, times in (("a", 2), ("b", 4), ("c", 1)) for n in range(times)
    ]
    verdict = checked(DuplicateShare(at_most=0.5), *docs)
    assert (verdict.outcome, verdict.observed) == ("failed", 4 / 7)
    assert verdict.evidence == {"texts": 2, "most": [{"first": "b0", "copies": 3}, {"first": "a0", "copies": 1}]}
    assert checked(DuplicateShare(at_most=0.58), *docs).outcome == "passed"


# pii_left


def test_personal_data_is_counted_by_kind_and_its_value_stays_where_it_is() -> None:
    docs = [
        Document("a", "Mail bo@mail.example and an@mail.example, card 4111 1111 1111 1111."),
        Document("b", "Nobody."),
    ]
    verdict = judge(PiiLeft(), Frame(to_table(docs)))
    assert (verdict.outcome, verdict.observed) == ("failed", 0.5)
    assert verdict.evidence == {
        "sampled": 2,
        "kinds": {"card": 1, "email": 2},
        "ids": [{"id": "a", "kinds": {"email": 2, "card": 1}}],
    }
    assert not any(value in repr(verdict) for value in ("mail.example", "4111"))
    assert checked(PiiLeft(kinds=("ipv4",)), *docs).outcome == "passed"


def test_a_kind_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(part.BadSettings, match=r"kinds\.0: input should be 'email'.*, got 'e-mail'"):
        part.build("quality", {"use": "pii_left", "kinds": ["e-mail"]})


@pytest.mark.parametrize(
    ("use", "wrong"),
    [
        ("foreign_script", "他来了又走了，没有说一句话。"),
        ("odd_characters", "Anna met\ufffd Bo."),
        ("pii_left", "bo@mail.example"),
    ],
)
def test_of_many_documents_a_sample_is_read_whatever_their_order(use: str, wrong: str) -> None:
    documents = [Document(str(n), wrong if n % 10 == 0 else "Anna met Bo at noon.", "en") for n in range(3000)]
    gate: Any = part.build("quality", {"use": use, "sample": 1000})
    verdicts = [gate.check(Frame(to_table(rows))) for rows in (documents, documents[::-1])]
    assert [v.evidence["sampled"] for v in verdicts] == [1000, 1000]
    assert verdicts[0].observed == verdicts[1].observed == pytest.approx(0.1, abs=0.03)
    assert verdicts[0].outcome == "failed"
    whole: Any = part.build("quality", use)
    assert whole.check(Frame(to_table(documents))).observed == 0.1
