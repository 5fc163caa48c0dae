"""Web archives: which records become documents, why others do not, and that none is lost."""

from __future__ import annotations

import base64
import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import SourceError
from pipeline.source._files import FileSource
from pipeline.source.warc import Warc
from pipeline.types import Document, Rejected

HTML = "Content-Type: text/html; charset=utf-8"


def record(
    number: int, block: bytes, kind: str = "response", url: str = "https://a.example/p", **headers: str
) -> bytes:
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number}>\r\nWARC-Target-URI: {url}\r\n"
        f"WARC-Date: 2026-01-01T00:00:00Z\r\n{more}Content-Length: {len(block)}\r\n"
    )
    if kind == "response":
        head += "Content-Type: application/http; msgtype=response\r\n"
    return head.encode() + b"\r\n" + block + b"\r\n\r\n"


def answer(body: bytes | str, status: str = "200 OK", headers: str = HTML) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status}\r\n{headers}\r\n\r\n".encode() + data


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def read(folder: Path, content: bytes, name: str = "a.warc", **settings: Any) -> list[Document | Rejected]:
    (folder / name).write_bytes(content)
    return list(Warc(path=str(folder), **settings).read(name))


def said(records: list[Document | Rejected]) -> list[str]:
    return [r.text if isinstance(r, Document) else r.reason for r in records]


def test_pages_become_documents_with_their_place_address_and_licence(tmp_path: Path) -> None:
    page = "<link rel=license href=/terms><p>one</p>"
    first, second = read(
        tmp_path,
        record(0, b"software: x\r\n", "warcinfo")
        + record(1, answer(page), url="https://a.example/p?q=1#part")
        + record(2, b"GET /p HTTP/1.1\r\n\r\n", "request")
        + record(3, answer("plain  text\n", headers="Content-Type: text/plain")),
    )
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.id, first.text, first.group_id) == ("urn:uuid:1", "one", "https://a.example/p?q=1")
    assert first.licence == "https://a.example/terms"
    assert first.source == f"a.warc:{len(record(0, b'software: x', 'warcinfo')) + 2}"
    assert second.text == "plain  text"


def test_documents_are_grouped_by_page_or_by_host(tmp_path: Path) -> None:
    content = b"".join(
        record(number, answer(f"<p>{number}</p>"), url=url)
        for number, url in enumerate(("https://a.example/1", "https://A.example:8/2", "http://[broken"))
    )
    pages = [r.group_id for r in read(tmp_path, content) if isinstance(r, Document)]
    assert pages == ["https://a.example/1", "https://A.example:8/2", "http://[broken"]
    hosts = [r.group_id for r in read(tmp_path, content, group_by="host") if isinstance(r, Document)]
    assert hosts == ["a.example", "a.example", "urn:uuid:2"]


OTHER = sha1(b"other")


@pytest.mark.parametrize(
    ("block", "headers", "reason"),
    [
        (answer("<p>x</p>", "404 Not Found"), {}, "status 404"),
        (answer("<p>x</p>", "301 Moved"), {}, "status 301"),
        (answer("x", headers="Content-Type: image/png"), {}, "content type image/png: neither HTML nor plain text"),
        (answer("<p>x</p>", headers="X: y"), {}, "content type missing: neither HTML nor plain text"),
        (b"nothing that HTTP knows", {}, "is no HTTP answer"),
        (answer("<p>x</p>"), {"WARC-Truncated": "length"}, "was cut by the crawler (length)"),
        (answer("<p>x</p>"), {"WARC-Block-Digest": OTHER}, f"the record does not fit its block digest {OTHER}"),
        (answer("<p>x</p>"), {"WARC-Payload-Digest": OTHER}, f"the page does not fit its payload digest {OTHER}"),
        (answer("<nav>x</nav>"), {}, "holds no text; with `content: visible` menus and footers are text too"),
        (
            answer(b"<p>caf\xe9"),
            {},
            "is taken for utf-8 (its HTTP header), but byte 0xE9 at position 6 is not; save it as UTF-8",
        ),
    ],
)
def test_what_is_no_page_is_rejected_with_its_place_and_why(
    tmp_path: Path, block: bytes, headers: dict[str, str], reason: str
) -> None:
    first, second = read(tmp_path, record(1, block, **headers) + record(2, answer("<p>next</p>")))
    assert isinstance(first, Rejected)
    assert first.reason == f"a.warc:0: {reason}"
    assert isinstance(second, Document)
    assert second.text == "next"


def test_other_records_and_broken_headers_are_rejected(tmp_path: Path) -> None:
    revisit = record(1, answer("<p>x</p>"), "revisit")
    wrong = record(2, answer("<p>x</p>")).replace(b"Content-Length", b"Content-Lenght")
    assert said(read(tmp_path, revisit + wrong + b"rubbish" + record(3, answer("<p>next</p>")))) == [
        "a.warc:0: is a record of the type revisit; pages are response, resource and conversion",
        f"a.warc:{len(revisit)}: the header of the record has no Content-Length; {len(wrong) + 7} bytes are left out",
        "next",
    ]


def test_digests_are_of_the_block_and_of_the_payload_as_sent_or_unpacked(tmp_path: Path) -> None:
    chunked = b"8\r\n<p>x</p>\r\n0\r\n\r\n"
    sent = answer(chunked, headers=f"{HTML}\r\nTransfer-Encoding: chunked")
    for payload in (chunked, b"<p>x</p>"):
        good = record(1, sent, **{"WARC-Block-Digest": sha1(sent), "WARC-Payload-Digest": sha1(payload)})
        assert said(read(tmp_path, good)) == ["x"]
    unknown = record(1, answer("<p>x</p>"), **{"WARC-Block-Digest": "blake3:abc"})
    assert said(read(tmp_path, unknown)) == ["x"]


def test_compressed_answers_are_unpacked(tmp_path: Path) -> None:
    packed = answer(gzip.compress(b"<p>packed</p>"), headers=f"{HTML}\r\nContent-Encoding: gzip")
    assert said(read(tmp_path, record(1, packed))) == ["packed"]


def test_extracted_text_is_read_too(tmp_path: Path) -> None:
    text = record(1, b"the text of a page", "conversion", **{"Content-Type": "text/plain"})
    assert said(read(tmp_path, text)) == ["the text of a page"]


def test_a_record_that_two_files_hold_is_one_document(tmp_path: Path) -> None:
    twice = record(1, answer("<p>x</p>")) * 2
    assert said(read(tmp_path, twice))[1].endswith(
        "the id 'urn:uuid:1' is already that of an earlier record; make ids unique"
    )


PAGES = [record(number, answer(f"<p>page {number}</p>")) for number in range(6)]
TEXTS = [f"page {number}" for number in range(6)]


def test_gzipped_by_record_or_whole_it_reads_the_same(tmp_path: Path) -> None:
    by_record = read(tmp_path, b"".join(map(gzip.compress, PAGES)), "a.warc.gz")
    whole = read(tmp_path, gzip.compress(b"".join(PAGES)), "b.warc.gz")
    assert said(by_record) == said(whole) == TEXTS
    assert [r.source for r in by_record if isinstance(r, Document)][:2] == [
        "a.warc.gz:0",
        f"a.warc.gz:{len(gzip.compress(PAGES[0]))}",
    ]
    assert [r.source for r in whole if isinstance(r, Document)][:2] == ["b.warc.gz:0", f"b.warc.gz:0+{len(PAGES[0])}"]


def test_a_damaged_gzip_member_costs_one_record(tmp_path: Path) -> None:
    members = [gzip.compress(page) for page in PAGES]
    damaged = bytearray(members[2])
    damaged[len(damaged) // 2] ^= 0xFF
    for broken in (bytes(damaged), members[2][:-9], members[2][:40], b"\x1f\x8b\x08 rubbish"):
        read_back = said(read(tmp_path, b"".join([*members[:2], broken, *members[3:]]), "a.warc.gz"))
        assert [line for line in read_back if line.startswith("page")] == [*TEXTS[:2], *TEXTS[3:]]
        (reason,) = [line for line in read_back if not line.startswith("page")]
        assert reason.startswith(
            f"a.warc.gz:{len(members[0]) + len(members[1])}: the gzip member is damaged before byte"
        )


@pytest.mark.parametrize("length", [b"0", b"5", b"999", b"99999999999"])
def test_a_wrong_length_costs_one_record(tmp_path: Path, length: bytes) -> None:
    start = PAGES[2].index(b"Content-Length: ") + 16
    end = PAGES[2].index(b"\r", start)
    wrong = PAGES[2][:start] + length + PAGES[2][end:]
    read_back = said(read(tmp_path, b"".join([*PAGES[:2], wrong, *PAGES[3:]])))
    assert [line for line in read_back if line.startswith("page")] == [*TEXTS[:2], *TEXTS[3:]]
    assert any(line.startswith(f"a.warc:{len(PAGES[0] + PAGES[1])}: the record") for line in read_back)


def test_a_file_that_ends_in_a_record_keeps_those_before(tmp_path: Path) -> None:
    read_back = said(read(tmp_path, b"".join(PAGES)[:-20]))
    assert read_back[:5] == TEXTS[:5]
    assert read_back[5:] == [
        f"a.warc:{len(PAGES[0]) * 5}: the record is cut short or its Content-Length of 72 is wrong"
    ]


@pytest.mark.parametrize("packed", [True, False])
def test_pieces_are_whole_records(tmp_path: Path, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "a.warc.gz" if packed else "a.warc"
    pages = [*map(gzip.compress, PAGES)] if packed else PAGES
    monkeypatch.setattr(FileSource, "piece_bytes", len(pages[0]) + 10)
    assert said(read(tmp_path, b"".join(pages), name)) == TEXTS
    source = Warc(path=str(tmp_path))
    pieces = source.pieces(name)
    assert [len(list(source.read_piece(name, piece))) for piece in pieces] == [2, 2, 2]


def test_other_compressions_are_refused_with_what_would_be_right(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="WARC files are read plain or gzipped by record; compress it so"):
        read(tmp_path, b"x", "a.warc.bz2")
