"""Write, audit, publish, read: on a local folder, and where there are only objects in a bucket."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.draft import Draft
from pipeline.errors import GateNotPassed, StoreError, WrongUse
from pipeline.frames import digest, documents_of, rejected_batch, to_batches, to_table
from pipeline.store import Store
from pipeline.types import Document, Lineage, Outcome, Span, Verdict
from pipeline.version import Input, Place, Version

SPLITS = Place("reviews/splits")
GATES = {"share": "fingerprint-1", "leakage": "fingerprint-2"}
DOCUMENTS = [Document("a", "Anna met Bo", spans=(Span(0, 4, "PER"),)), Document("b", "中国", label="x")]


@pytest.fixture(params=["folder", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store whose clock ticks one second a look."""
    ticks = count()
    url = str(tmp_path / "store") if request.param == "folder" else f"memory://{uuid.uuid4().hex}"
    return Store(url, clock=lambda: f"2026-01-01T00:00:{next(ticks):02d}")


def write(store: Store, name: str, documents: list[Document] = DOCUMENTS, place: Place = SPLITS) -> Version:
    with store.draft(name) as draft:
        draft.write(to_batches(documents))
        draft.write_rejected([rejected_batch([DOCUMENTS[0].rejected("too short", "min_length")])])
        (draft.folder / "model").mkdir()
        (draft.folder / "model" / "weights").write_bytes(b"\x00\x01")
        return store.commit(draft, place, name, fingerprint="code", inputs=[], seconds=1.23456, facts={"kept": 2})


def judge(
    store: Store, version: Version, outcome: Outcome = "passed", gate: str = "share", limit: str = "≥ 0.1"
) -> None:
    verdict = Verdict(gate, outcome, None if outcome == "not_judged" else 0.25, limit, f"{gate} says so", {"n": 3})
    store.record(version, verdict, GATES[gate])


def publish(store: Store, name: str, documents: list[Document] = DOCUMENTS) -> Version:
    version = write(store, name, documents)
    for gate in GATES:
        judge(store, version, gate=gate)
    assert store.settle(version, GATES)
    return version


def test_what_is_written_is_found_whole_with_its_manifest(store: Store) -> None:
    version = write(store, "v1")
    assert store.find(SPLITS, "v1") == version
    manifest = version.manifest
    assert (manifest.rows, manifest.rejected, manifest.seconds, manifest.facts) == (2, 1, 1.235, {"kept": 2})
    assert sorted(manifest.files) == ["documents.parquet", "model/weights", "rejected.parquet"]
    assert manifest.files["model/weights"] == "b413f47d13ee2fe6c845b2ee141af81de858df4ec549a58b7970bb96645bc8d2"
    assert list(documents_of(store.audit_documents(version))) == DOCUMENTS
    rejected = store.audit_documents(version, "rejected.parquet").select(["id", "step", "reason"]).to_pylist()
    assert rejected == [{"id": "a", "step": "min_length", "reason": "too short"}]
    assert (store.audit_folder(version) / "model" / "weights").read_bytes() == b"\x00\x01"
    assert store.where(version).endswith("reviews/splits/all/v1")


def test_a_written_version_is_not_readable_before_its_gates_have_passed(store: Store) -> None:
    version = write(store, "v1")
    with pytest.raises(GateNotPassed):
        store.read(SPLITS)
    judge(store, version, gate="share")
    assert not store.settle(version, GATES)
    with pytest.raises(GateNotPassed, match="leakage: not judged on this version"):
        store.read(SPLITS, GATES)
    judge(store, version, gate="leakage")
    assert store.settle(version, GATES)
    table, record = store.read_documents(SPLITS, GATES)
    assert list(documents_of(table)) == DOCUMENTS
    assert record == Input("reviews/splits", "all", "v1", version.digest)


def test_a_stage_without_gates_is_published_as_it_is(store: Store) -> None:
    assert store.settle(write(store, "v1"), {})
    assert store.read(SPLITS, {})[0].name == "v1"


def test_nothing_written_says_so_and_what_to_do(store: Store) -> None:
    with pytest.raises(GateNotPassed, match=r"^reviews/splits: nothing was written yet; materialize it first$"):
        store.read(SPLITS, GATES)
    assert (store.versions(SPLITS), store.partitions("reviews/splits"), store.newest(SPLITS)) == ([], [], None)
    assert (store.find(SPLITS, "v1"), store.pointer(SPLITS), store.published(SPLITS)) == (None, None, None)


def test_a_refusal_names_every_gate_with_its_numbers(store: Store) -> None:
    version = write(store, "v1")
    judge(store, version, "failed", "share", "at least 0.5")
    judge(store, version, "not_judged", "leakage", "at most 0")
    assert not store.settle(version, GATES)
    with pytest.raises(GateNotPassed) as error:
        store.read(SPLITS, GATES)
    assert str(error.value) == (
        "reviews/splits: no version is published; the newest, v1, is held back by\n"
        "  share: failed (observed 0.25, limit at least 0.5): share says so\n"
        "  leakage: not_judged: leakage says so"
    )


def test_a_failing_newer_version_leaves_the_older_one_readable_and_the_reader_says_so(store: Store) -> None:
    first = publish(store, "v1")
    second = write(store, "v2", [Document("c", "other")])
    judge(store, second, "failed")
    assert not store.settle(second, GATES)
    version, record = store.read(SPLITS, GATES)
    assert (version, record.version, record.refused_newer) == (first, "v1", "v2")
    assert [v.name for v in store.versions(SPLITS)] == ["v1", "v2"]
    assert list(documents_of(store.audit_documents(second))) == [Document("c", "other")]


def test_a_newer_version_that_passes_takes_the_pointer_over(store: Store) -> None:
    publish(store, "v1")
    publish(store, "v2", [Document("c", "other")])
    version, record = store.read(SPLITS, GATES)
    assert (version.name, record.refused_newer) == ("v2", None)


def test_going_back_to_an_older_version_is_not_a_refusal_of_the_newer_one(store: Store) -> None:
    first = publish(store, "v1")
    publish(store, "v2", [Document("c", "other")])
    assert store.settle(first, GATES)
    version, record = store.read(SPLITS, GATES)
    assert (version.name, record.refused_newer) == ("v1", None)


def test_of_the_refused_newer_versions_the_newest_is_named(store: Store) -> None:
    publish(store, "v1")
    for name in ("v2", "v3"):
        judge(store, write(store, name, [Document(name, "other")]), "failed")
    assert store.read(SPLITS, GATES)[1].refused_newer == "v3"


def test_a_verdict_on_another_digest_does_not_count(store: Store) -> None:
    version = write(store, "v1")
    judge(store, version, gate="leakage")
    name = "reviews/splits/all/v1/verdicts/share.json"
    judge(store, version, gate="share")
    store.files.write_json(name, {**store.files.json(name), "digest": "0" * 64})
    assert not store.settle(version, GATES)
    with pytest.raises(GateNotPassed, match="share: not judged on this version by this gate; `gristmill judge` does"):
        store.read(SPLITS, GATES)


def test_tightening_a_gate_withdraws_what_it_let_through(store: Store) -> None:
    version = publish(store, "v1")
    tighter = {**GATES, "share": "fingerprint-of-a-tighter-limit"}
    assert store.published(SPLITS, tighter) is None
    with pytest.raises(GateNotPassed, match="share: not judged on this version by this gate"):
        store.read(SPLITS, tighter)
    assert store.published(SPLITS, GATES) == version
    store.record(version, Verdict("share", "failed", 0.25, "at least 0.9", "too small"), tighter["share"])
    assert not store.settle(version, tighter)
    assert store.pointer(SPLITS) is None
    with pytest.raises(GateNotPassed):
        store.read(SPLITS, GATES)


def test_a_gate_taken_away_or_added_asks_the_question_again(store: Store) -> None:
    publish(store, "v1")
    assert store.published(SPLITS, {"share": GATES["share"]}) is None
    assert store.published(SPLITS, {**GATES, "third": "x"}) is None


def test_a_waiver_publishes_and_every_reader_is_told(store: Store) -> None:
    version = write(store, "v1")
    judge(store, version, gate="leakage")
    judge(store, version, "failed", "share")
    waiver = store.waive(version, "share", who="Ada", why="known and harmless")
    assert (waiver.gate, waiver.who, waiver.why, waiver.digest) == (
        "share",
        "Ada",
        "known and harmless",
        version.digest,
    )
    assert store.settle(version, GATES)
    pointer = store.pointer(SPLITS)
    assert pointer is not None and pointer.waived == ("share",)
    assert store.read(SPLITS, GATES)[1].waived == ("share",)
    assert store.waivers(version) == {"share": waiver}


def test_a_waiver_holds_for_one_digest_only(store: Store) -> None:
    version = write(store, "v1")
    store.waive(version, "share", who="Ada", why="harmless")
    name = "reviews/splits/all/v1/waivers/share.json"
    store.files.write_json(name, {**store.files.json(name), "digest": "0" * 64})
    judge(store, version, gate="leakage")
    judge(store, version, "failed", "share")
    assert store.waivers(version) == {}
    assert not store.settle(version, GATES)


def test_a_waiver_of_a_gate_that_passed_is_not_counted_as_waived(store: Store) -> None:
    version = write(store, "v1")
    store.waive(version, "share", who="Ada", why="harmless")
    for gate in GATES:
        judge(store, version, gate=gate)
    assert store.settle(version, GATES)
    assert store.read(SPLITS, GATES)[1].waived == ()


def test_settling_twice_writes_the_pointer_once(store: Store) -> None:
    version = publish(store, "v1")
    pointer = store.pointer(SPLITS)
    assert store.settle(version, GATES)
    assert store.pointer(SPLITS) == pointer


def test_places_and_partitions_do_not_mix(store: Store) -> None:
    one, two = Place("corpora/x/raw", "one"), Place("corpora/x/raw", "two")
    write(store, "v1", place=one)
    write(store, "v1", [Document("z", "z")], place=two)
    assert store.partitions("corpora/x/raw") == ["one", "two"]
    assert store.find(two, "v1") != store.find(one, "v1")
    assert [v.name for v in store.versions(one)] == ["v1"]


def test_writing_what_is_there_already_keeps_what_is_there(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    first = write(store, "v1")
    again = write(store, "v1", [Document("c", "other")])
    assert again.digest == first.digest
    assert list(documents_of(store.audit_documents(again))) == DOCUMENTS


def test_a_writer_that_raises_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    def fails() -> Iterator[pa.RecordBatch]:
        yield from to_batches(DOCUMENTS)
        raise ValueError("a record is broken")

    with pytest.raises(ValueError, match="a record is broken"), store.draft("v1") as draft:
        draft.write(fails())
    assert store.find(SPLITS, "v1") is None
    assert store.versions(SPLITS) == []
    left = [p for p in (tmp_path / "store").rglob("*") if p.is_file()]
    assert left == []


@pytest.mark.parametrize("file", ["documents.parquet", "rejected.parquet"])
def test_a_changed_byte_is_noticed(store: Store, file: str) -> None:
    version = publish(store, "v1")
    name = f"reviews/splits/all/v1/{file}"
    data = bytearray(store.files.read(name))
    data[len(data) // 2] ^= 1
    store.files.fs.pipe_file(store.files.path(name), bytes(data))
    with pytest.raises(StoreError, match=rf"{file}: not the bytes that were written"):
        store.audit_documents(version, file)


def test_a_changed_byte_of_a_model_is_noticed(store: Store) -> None:
    version = publish(store, "v1")
    name = store.files.path("reviews/splits/all/v1/model/weights")
    store.files.fs.pipe_file(name, b"\x00\x02")
    with pytest.raises(StoreError, match="model/weights: not the bytes that were written"):
        store.audit_folder(version)


def test_two_remote_stores_with_one_version_name_are_not_mixed_up() -> None:
    one, two = (Store(f"memory://{uuid.uuid4().hex}") for _ in range(2))
    first, second = write(one, "v1"), write(two, "v1", [Document("c", "other")])
    for store, version in ((one, first), (two, second)):
        folder = store.audit_folder(version)
        assert pq.read_table(folder / "documents.parquet")["id"].to_pylist()[0] == ("a" if store is one else "c")


def test_a_file_system_that_is_not_there_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match="nosuch"):
        Store("nosuch://bucket/store")


def test_a_manifest_that_is_no_json_is_a_store_error(store: Store) -> None:
    write(store, "v1")
    store.files.fs.pipe_file(store.files.path("reviews/splits/all/v1/manifest.json"), b"{")
    with pytest.raises(StoreError, match=r"manifest\.json"):
        store.find(SPLITS, "v1")


def test_files_kept_apart_stay_out_of_the_digest(tmp_path: Path) -> None:
    digests = []
    for seconds in ("1", "2"):
        store = Store(str(tmp_path / seconds))
        with store.draft("v1") as draft:
            draft.write(to_batches(DOCUMENTS))
            (draft.folder / "run.json").write_text(seconds)
            apart = store.commit(draft, SPLITS, "v1", fingerprint="", inputs=[], seconds=0, apart=["run.json"])
        digests.append((apart.digest, apart.manifest.files["run.json"]))
    assert digests[0][0] == digests[1][0]
    assert digests[0][1] != digests[1][1]


HELD = """
import sys
from pipeline.errors import StoreError
from pipeline.store import Store
try:
    with Store(sys.argv[1]).draft("v1", keep=True) as draft:
        print(sorted(p.name for p in draft.folder.iterdir()))
except StoreError as error:
    print(error)
"""


def _other_process(folder: Path) -> str:
    done = subprocess.run([sys.executable, "-c", HELD, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_kept_draft_is_held_by_one_process_and_found_again_by_the_next(tmp_path: Path) -> None:
    def interrupted() -> None:
        with Store(str(tmp_path)).draft("v1", keep=True) as draft:
            (draft.folder / "resume").write_text("half")
            assert _other_process(tmp_path) == "another process is writing v1; wait for it to end"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert _other_process(tmp_path) == "['resume']"


def test_two_writers_of_one_version_do_not_disturb_each_other(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with store.draft("v1") as one, store.draft("v1") as two:
        for draft in (one, two):
            draft.write(to_batches(DOCUMENTS))
        first = store.commit(one, SPLITS, "v1", fingerprint="", inputs=[], seconds=0)
        second = store.commit(two, SPLITS, "v1", fingerprint="", inputs=[], seconds=0)
    assert first == second
    assert [p.name for p in (tmp_path / ".gristmill-writing").iterdir()] == []


small = st.text(alphabet="aé中😀 ", max_size=6)
maybe = st.none() | small


@st.composite
def documents(draw: st.DrawFn) -> Document:
    text = draw(small)
    spans = None
    if draw(st.booleans()):
        spans = tuple(
            Span(i, i + 1, draw(small), draw(st.dictionaries(small, small, max_size=2))) for i in range(len(text))
        )
    tokens = draw(st.none() | st.just(tuple((i, i + 1) for i in range(len(text)))))
    lineage = draw(st.none() | st.builds(Lineage, small, small, st.integers(-5, 5), st.tuples(small)))
    return Document(
        draw(small),
        text,
        draw(small),
        draw(small),
        draw(small),
        spans,
        draw(maybe),
        draw(st.dictionaries(small, small, max_size=2)),
        draw(st.sampled_from([None, "train", "test"])),
        tokens,
        lineage,
        draw(st.sampled_from([0.0, 0.5, 1.0])),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(documents(), max_size=7), st.integers(1, 4))
def test_the_digest_does_not_depend_on_chunks_or_on_the_round_trip_through_parquet(
    rows: list[Document], size: int
) -> None:
    whole = to_table(rows)
    chunked = pa.Table.from_batches(list(to_batches(rows, size)), schema=whole.schema)
    sink = pa.BufferOutputStream()
    pq.write_table(chunked, sink, compression="zstd", row_group_size=size)
    back = pq.read_table(pa.BufferReader(sink.getvalue()))
    assert digest(whole) == digest(chunked) == digest(back)
    assert list(documents_of(back)) == rows


@settings(max_examples=60, deadline=None)
@given(st.lists(documents(), min_size=1, max_size=4), st.lists(documents(), min_size=1, max_size=4))
def test_two_tables_have_one_digest_exactly_when_their_documents_are_equal(
    one: list[Document], two: list[Document]
) -> None:
    # groups are compared in order: the digest is of what is stored
    ordered = [
        [(d, list(d.groups.items()), [list(s.groups.items()) for s in d.spans or ()]) for d in x] for x in (one, two)
    ]
    assert (digest(to_table(one)) == digest(to_table(two))) == (ordered[0] == ordered[1])


def test_not_annotated_and_annotated_with_nothing_have_two_digests() -> None:
    none, empty = (digest(to_table([Document("a", "x", spans=s)])) for s in (None, ()))
    assert none != empty
    no_tokens, zero_tokens = (digest(to_table([Document("a", "x", tokens=t)])) for t in (None, ()))
    assert no_tokens != zero_tokens


def test_characters_do_not_slide_from_one_value_to_the_next_unnoticed() -> None:
    assert digest(to_table([Document("ab", "c")])) != digest(to_table([Document("a", "bc")]))
    one, two = [Document("x", "ab"), Document("y", "c")], [Document("x", "a"), Document("y", "bc")]
    assert digest(to_table(one)) != digest(to_table(two))


def test_a_draft_counts_its_rows_and_its_digest_is_that_of_its_content_not_of_its_batches(tmp_path: Path) -> None:
    rows = [Document(str(n), "x" * (n % 7)) for n in range(5000)]
    digests = set()
    for size in (1, 999, 5000):
        folder = tmp_path / str(size)
        folder.mkdir()
        draft = Draft(folder)
        draft.write(to_batches(rows, size))
        draft.write_rejected([])
        assert (draft.rows, draft.rejected_rows) == (5000, 0)
        digests.add(draft.finish(set())[0])
    assert len(digests) == 1


def test_a_verdict_comes_back_as_it_was_given(store: Store) -> None:
    version = write(store, "v1")
    verdict = Verdict("share", "failed", 0.25, "≥ 0.1", "中国 | <b>", {"ids": ["a"], "n": None})
    store.record(version, verdict, "f")
    found = store.verdicts(version)["share"]
    assert (found.verdict, found.digest, found.fingerprint) == (verdict, version.digest, "f")
    raw = json.loads(store.files.read("reviews/splits/all/v1/verdicts/share.json"))
    assert raw["verdict"]["message"] == "中国 | <b>"
