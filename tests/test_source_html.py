"""HTML pages: what becomes text, which encoding is assumed and said, whose licence holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.source.html import Html
from pipeline.types import Document, Rejected

PAGE = (
    "<!doctype html><html><head><title>The mill</title></head><body><nav><a href=/>Home</a></nav>"
    "<article><h1>Mills</h1><p>Once there was a mill.</p><p>It stood &amp; stood.</p></article>"
    "<footer>Imprint</footer><script>alert('x')</script></body></html>"
)


def read(folder: Path, raw: bytes | str, **settings: Any) -> Document | Rejected:
    (folder / "a.html").write_bytes(raw.encode() if isinstance(raw, str) else raw)
    (record,) = Html(path=str(folder), **settings).read("a.html")
    return record


def text(record: Document | Rejected) -> str:
    assert isinstance(record, Document), record
    return record.text


def reason(record: Document | Rejected) -> str:
    assert isinstance(record, Rejected), record
    return record.reason


def test_the_main_content_or_all_that_is_visible_becomes_the_text(tmp_path: Path) -> None:
    assert text(read(tmp_path, PAGE)) == "Mills\n\nOnce there was a mill.\n\nIt stood & stood."
    visible = text(read(tmp_path, PAGE, content="visible"))
    assert "Home" in visible
    assert "Imprint" in visible
    assert "alert" not in visible


def test_the_title_goes_first_when_asked_for(tmp_path: Path) -> None:
    assert text(read(tmp_path, PAGE, title=True)).startswith("The mill\n\nMills\n\n")
    assert text(read(tmp_path, "<p>No title.</p>", title=True)) == "No title."


@pytest.mark.parametrize(
    "content",
    [
        "<p>北京欢迎你</p>".encode(),
        b"\xef\xbb\xbf" + "<p>北京欢迎你</p>".encode(),
        "\ufeff<p>北京欢迎你</p>".encode("utf-16-le"),
        "\ufeff<p>北京欢迎你</p>".encode("utf-16-be"),
        '<meta charset="gb2312"><p>北京欢迎你</p>'.encode("gb18030"),
        '<META http-equiv="Content-Type" content="text/html; charset=Big5"><p>北京歡迎你</p>'.encode("big5"),
        ("<p>北京欢迎你</p>" + "<p>中国人民生活在大城市里面，每天都很忙</p>" * 9).encode("gb18030"),
        '<meta charset="utf-16"><p>北京欢迎你</p>'.encode(),
    ],
)
def test_the_encoding_is_what_the_page_says_or_looks_like(tmp_path: Path, content: bytes) -> None:
    assert text(read(tmp_path, content, content="visible")).replace("歡", "欢").startswith("北京欢迎你")


def test_what_cannot_be_decoded_is_rejected_with_the_encoding_that_was_assumed_and_why(tmp_path: Path) -> None:
    wrong = b'<meta charset="utf-8"><p>caf\xe9'
    assert reason(read(tmp_path, wrong)) == (
        "a.html:1: is taken for utf-8 (its meta tag), but byte 0xE9 at position 28 is not; save it as UTF-8"
    )
    assert reason(read(tmp_path, b"\xef\xbb\xbf<p>caf\xe9")) == (
        "a.html:1: is taken for utf-8 (its byte order mark), but byte 0xE9 at position 9 is not; save it as UTF-8"
    )
    assert reason(read(tmp_path, b"<p>a\0b")) == (
        "a.html:1: is taken for utf-8 (what its bytes look like), but character 4 is 0x00, which is no text"
    )


@pytest.mark.parametrize(
    ("element", "licence"),
    [
        ('<link rel="license" href="https://a.example/terms">', "https://a.example/terms"),
        ('<a rel="nofollow license" href=" /terms ">terms</a>', "/terms"),
        ('<meta name="DCTERMS.rights" content="CC BY-SA 4.0">', "CC BY-SA 4.0"),
        ('<a rel="nofollow" href="/x">x</a><meta name="author" content="A">', ""),
        ('<link rel="license" href="' + "x" * 501 + '">', ""),
    ],
)  # fmt: skip
def test_a_page_has_the_licence_that_it_names(tmp_path: Path, element: str, licence: str) -> None:
    record = read(tmp_path, f"<head></head><body>{element}<p>text</p></body>")
    assert isinstance(record, Document)
    assert record.licence == licence


def test_a_page_without_text_is_rejected(tmp_path: Path) -> None:
    wanted = "a.html:1: holds no text; with `content: visible` menus and footers are text too"
    for empty in ("", "<html></html>", "<script>x</script>"):
        assert reason(read(tmp_path, empty)) == wanted


def test_pages_whose_parse_would_take_minutes_are_rejected(tmp_path: Path) -> None:
    assert reason(read(tmp_path, "<div>" * 200_000)) == (
        "a.html:1: elements are nested 1000 deep or more; repair the page"
    )
    attributes = " ".join(f"a{number}" for number in range(100_000))
    assert reason(read(tmp_path, f"<p {attributes}>x</p>")) == (
        "a.html:1: one tag has more than 20000 attributes; repair the page"
    )
    image = "<p>seen</p><img src='data:image/png;base64," + "ab/c" * 100_000 + "'>"
    assert text(read(tmp_path, image)) == "seen"


def test_many_pages_make_a_batch_and_the_id_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("a.html", "b/c.htm"):
        (tmp_path / name).write_text(f"<p>{name}</p>", encoding="utf-8")
    source = Html(path=str(tmp_path), pattern="**/*.htm*", files_per_batch=1_000_000)
    assert source.batches() == ["start"]
    assert [(d.id, d.source) for d in source.read("start") if isinstance(d, Document)] == [
        ("a.html", "a.html:1"),
        ("b/c.htm", "b/c.htm:1"),
    ]


def test_a_page_built_to_be_slow_is_refused_at_once(tmp_path: Path) -> None:
    page = "<html><body>" + "".join(f"<font a={n}><p>x" for n in range(20_000))
    (tmp_path / "slow.html").write_text(page)
    (rejected,) = Html(path=str(tmp_path)).read("slow.html")
    assert isinstance(rejected, Rejected)
    assert "too many different attributes or formatting tags for a page" in rejected.reason
