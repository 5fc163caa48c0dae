"""conll reads column files exactly, in three schemes, and rejects a broken sentence by its line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SourceError
from pipeline.source.conll import Conll
from pipeline.types import Document, Rejected, Span

DATA = Path(os.environ.get("GRISTMILL_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "conll2003"


def read(folder: Path, content: str | bytes, name: str = "a.txt", **fields: Any) -> list[Document | Rejected]:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(Conll(path=str(folder), **fields).read(name))


def column(tags: str) -> str:
    """One sentence of the tokens a, b, c … with these tags."""
    return "".join(f"{chr(97 + n)} {tag}\n" for n, tag in enumerate(tags.split()))


@pytest.mark.skipif(not DATA.is_dir(), reason="GRISTMILL_TEST_DATA names no folder with conll2003/")
@pytest.mark.parametrize(
    ("batch", "split", "sentences", "tokens", "articles", "mentions"),
    [
        ("train.txt", "train", 14041, 203621, 946, {"LOC": 7140, "MISC": 3438, "ORG": 6321, "PER": 6600}),
        ("valid.txt", "validation", 3250, 51362, 216, {"LOC": 1837, "MISC": 922, "ORG": 1341, "PER": 1842}),
        ("test.txt", "test", 3453, 46435, 231, {"LOC": 1668, "MISC": 702, "ORG": 1661, "PER": 1617}),
    ],
)
def test_conll_2003_has_the_published_counts(
    batch: str, split: str, sentences: int, tokens: int, articles: int, mentions: dict[str, int]
) -> None:
    source = Conll(path=str(DATA))
    assert source.batches() == ["test.txt", "train.txt", "valid.txt"]
    records = list(source.read(batch))
    docs = [r for r in records if isinstance(r, Document)]
    assert len(docs) == len(records) == sentences
    assert sum(len(d.tokens or ()) for d in docs) == tokens
    assert len({d.group_id for d in docs}) == articles
    assert {d.split for d in docs} == {split}
    found = [s.label for d in docs for s in d.spans or ()]
    assert {label: found.count(label) for label in sorted(set(found))} == mentions


def test_a_sentence_is_its_tokens_with_one_space_between_and_its_article_is_its_group(tmp_path: Path) -> None:
    content = "-DOCSTART- -X- O\n\nBo NNP B-PER\nmet VBD O\n\n-DOCSTART- -X- O\nAl NNP B-PER\n"
    assert read(tmp_path, content, "eng.testa", pattern="*") == [
        Document(
            "eng.testa:3",
            "Bo met",
            source="eng.testa:3",
            group_id="eng.testa:1",
            spans=(Span(0, 2, "PER"),),
            split="validation",
            tokens=((0, 2), (3, 6)),
        ),
        Document(
            "eng.testa:7",
            "Al",
            source="eng.testa:7",
            group_id="eng.testa:6",
            spans=(Span(0, 2, "PER"),),
            split="validation",
            tokens=((0, 2),),
        ),
    ]


def test_without_articles_each_sentence_is_a_group(tmp_path: Path) -> None:
    records = read(tmp_path, "a O\n\nb O\n")
    assert [r.group_id for r in records if isinstance(r, Document)] == ["a.txt:1", "a.txt:3"]


def test_splits_may_be_named_otherwise(tmp_path: Path) -> None:
    for name, fields, expected in (
        ("a.txt", {}, None),
        ("a.txt", {"splits": {"a": "test"}}, "test"),
        ("dev.txt", {"splits": {"dev": "test"}}, "test"),
        ("train.txt", {}, "train"),
        ("testb.txt", {}, "test"),
    ):
        (record,) = read(tmp_path, "a O\n", name, **fields)
        assert isinstance(record, Document)
        assert record.split == expected


@pytest.mark.parametrize(
    ("scheme", "tags", "expected"),
    [
        ("iob2", "B-A I-A B-A O B-B", "[0, 3) A, [4, 5) A, [8, 9) B"),
        ("iob1", "I-A I-A B-A O I-B I-A", "[0, 3) A, [4, 5) A, [8, 9) B, [10, 11) A"),
        ("bioes", "B-A I-A E-A S-A O B-B E-B", "[0, 5) A, [6, 7) A, [10, 13) B"),
    ],
)
def test_each_scheme_gives_the_mentions_that_it_writes(tmp_path: Path, scheme: str, tags: str, expected: str) -> None:
    (record,) = read(tmp_path, column(tags), scheme=scheme)
    assert isinstance(record, Document)
    assert ", ".join(map(str, record.spans or ())) == expected


IOB2 = "'O', 'B-LABEL', 'I-LABEL'"
END = "(the sentence begins at line 1)"


@pytest.mark.parametrize(
    ("scheme", "tags", "line", "expected"),
    [
        ("iob2", "O B_PER", 2, f"the tag 'B_PER' is none of {IOB2}; did you mean 'B-PER'? {END}"),
        ("iob2", "X-PER", 1, f"the tag 'X-PER' is none of {IOB2}; write a tag of the scheme iob2 {END}"),
        ("iob2", "O B-", 2, f"the tag 'B-' is none of {IOB2}; write a tag of the scheme iob2 {END}"),
        ("iob2", "PER", 1, f"the tag 'PER' is none of {IOB2}; write a tag of the scheme iob2 {END}"),
        (
            "iob2",
            "S-PER",
            1,
            f"the tag 'S-PER' is none of {IOB2} (the file may use the scheme bioes); "
            f"write a tag of the scheme iob2 {END}",
        ),
        (
            "iob2",
            "O I-PER",
            2,
            "the tag 'I-PER' follows 'O'; under iob2 a mention begins with 'B-PER', "
            f"or set `scheme: iob1` if the file begins mentions with I- {END}",
        ),
        (
            "iob2",
            "B-LOC I-PER",
            2,
            "the tag 'I-PER' follows 'B-LOC'; under iob2 a mention begins with 'B-PER', "
            f"or set `scheme: iob1` if the file begins mentions with I- {END}",
        ),
        (
            "bioes",
            "E-A",
            1,
            f"the tag 'E-A' is the first of its sentence; under bioes a mention begins with 'B-A' {END}",
        ),
        ("bioes", "B-A O", 2, f"the tag 'O' cuts off the mention that 'B-A' begins; end it with 'E-A' {END}"),
        ("bioes", "O B-A", 2, f"the sentence ends inside of the mention that 'B-A' begins; end it with 'E-A' {END}"),
    ],
)
def test_a_tag_that_the_scheme_does_not_allow_rejects_its_sentence_only(
    tmp_path: Path, scheme: str, tags: str, line: int, expected: str
) -> None:
    rejected, kept = read(tmp_path, column(tags) + "\nz O\n", scheme=scheme)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == f"a.txt:{line}: {expected}"
    assert rejected.document.text == column(tags).strip()
    assert isinstance(kept, Document)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ("Al NNP\n", "the line has 2 columns and the first sentence's 3; was it cut short?"),
        ("Al\n", "the line has 1 column; a line has a token and a tag"),
        ("Al\u00a0B NNP O\n", "a column is empty or holds white space; replace the white space in it"),
        ("Al\t\tO\n", "a column is empty or holds white space; replace the white space in it"),
    ],
)
def test_a_truncated_line_rejects_its_sentence_only(tmp_path: Path, bad: str, expected: str) -> None:
    first, rejected, last = read(tmp_path, f"Bo NNP B-PER\n\nmet VBD O\n{bad}\nit PRP O\n")
    assert isinstance(first, Document)
    assert isinstance(rejected, Rejected)
    assert rejected.reason == f"a.txt:4: {expected} (the sentence begins at line 3)"
    assert isinstance(last, Document)


def test_a_truncated_first_line_does_not_reject_the_rest(tmp_path: Path) -> None:
    records = read(tmp_path, "Bo\nmet VBD O\n\nit PRP O\n")
    assert [type(r).__name__ for r in records] == ["Rejected", "Document"]


def test_a_line_that_is_not_utf8_rejects_its_sentence(tmp_path: Path) -> None:
    rejected, kept = read(tmp_path, b"Bo O\ncaf\xe9 O\n\nAl O\n")
    assert isinstance(rejected, Rejected)
    assert rejected.reason == (
        "a.txt:2: byte 0xE9 at position 3 of the line is not UTF-8; save the file as UTF-8 "
        "(the sentence begins at line 1)"
    )
    assert isinstance(kept, Document)


def test_a_column_that_is_not_there_makes_the_file_unreadable(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as error:
        read(tmp_path, "a NN O\n", tag_column=3)
    assert str(error.value) == "a.txt:1: there are 3 columns; `tag_column` is 3, and counts from 0"
