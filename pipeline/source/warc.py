"""WARC files: what web crawlers keep."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pipeline.errors import SourceError
from pipeline.extras import require
from pipeline.source._compressed import kind_of
from pipeline.source._html import PageError, PageSource, decoded
from pipeline.source._text_file import TextFile
from pipeline.source._warc_records import MOST_BYTES, Raw, records
from pipeline.types import Document, Rejected

_HTML = ("text/html", "application/xhtml+xml")
_ABOUT = ("warcinfo", "request", "metadata")  # records about others, which hold no page
_DIGESTS = ("sha1", "sha256", "sha512", "md5")


class Warc(PageSource):
    """Files of the web archive format, plain or gzipped by record: one document a page, HTML or plain text.

    The id is the record's own, and `source` is `file:byte` (`file:byte+byte` inside of a gzip member of several).
    Documents are grouped by `page`, their address, or by `host`. Answers other than 200, other content types, revisits,
    records that the crawler cut, that do not fit their digest or that are broken are rejected, and reading goes on with
    the next. Records about others (warcinfo, request, metadata) are no pages and are passed over. Needs the extra
    `web`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     document = next(Warc.example_in(Path(folder)).read("crawl.warc"))
    >>> document.text, document.group_id, document.id
    ('Once there was a mill.', 'https://example.org/mill', 'urn:uuid:00000000-0000-0000-0000-000000000001')
    """

    pattern: str = "*.warc*"
    group_by: Literal["page", "host"] = "page"

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """The pages among the records that begin in the file or its piece."""
        if kind_of(file.path) not in ("", "gzip"):
            raise SourceError(f"{file.path}: WARC files are read plain or gzipped by record; compress it so")
        found = False
        with file.binary(packed=True) as stream:
            for raw in records(stream, file.start, file.stop):
                found = True
                place = f"{file.name}:{raw.place}"
                try:
                    made = self._document(file, place, raw)
                except PageError as error:
                    yield file.reject(place, raw.data[:2000].decode("utf-8", "backslashreplace"), str(error))
                else:
                    yield from made
        if not found:
            raise SourceError(f"{file.path}: is empty; a file holds at least one record")

    def cuts(self, name: str) -> list[str]:
        """Whole records: `file@start-stop:1`. A file that is cut is walked through once for it."""
        file = self.open(name)
        if file.size() <= self.piece_bytes:
            return [name]
        starts = [0]
        with file.binary(packed=True) as stream:
            for raw in records(stream):
                if raw.at >= starts[-1] + self.piece_bytes:
                    starts.append(raw.at)
        stops = [*map(str, starts[1:]), ""]
        return [f"{name}@{start}-{stop}:1" for start, stop in zip(starts, stops, strict=True)]

    def _document(self, file: TextFile, place: str, raw: Raw) -> list[Document | Rejected]:
        """The document, nothing for a record about another; PageError says why a record is rejected."""
        if raw.fault:
            raise PageError(raw.fault)
        record = _record(raw.data)
        kind = (record.headers.get("WARC-Type") or "missing").lower()
        url = record.headers.get("WARC-Target-URI") or ""
        if kind in _ABOUT:
            return []
        _check(record, kind, raw.data)
        try:
            body = record.reader.read(MOST_BYTES + 1)
        except Exception as error:
            raise PageError(f"the answer cannot be unpacked: {error}") from error
        if len(body) > MOST_BYTES:
            raise PageError(f"the answer unpacks to more than {MOST_BYTES} bytes")
        _check_payload(record.headers.get("WARC-Payload-Digest") or "", raw.data, body)
        mime = _mime(record, kind)
        if mime in _HTML:
            page = self.page(body, record.http_charset or "", url)
            text, licence = page.text, page.licence
        elif mime == "text/plain":
            text, licence = decoded(body, record.http_charset or "").strip(), ""
            if not text:
                raise PageError("holds no text")
        else:
            raise PageError(f"content type {mime or 'missing'}: neither HTML nor plain text")
        name = (record.headers.get("WARC-Record-ID") or "").strip().strip("<>")
        return [file.document(place, text=text, id=name, group_id=self._group(url), licence=licence)]

    def _group(self, url: str) -> str:
        if self.group_by == "page":
            return url.partition("#")[0]
        try:
            return urlsplit(url).hostname or ""
        except ValueError:  # not an address: the record is its own group
            return ""

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """A page, and an answer of 404, which is rejected."""
        pages = (("200 OK", "mill", "<p>Once there was a mill.</p>"), ("404 Not Found", "gone", "<p>No.</p>"))
        lines = ""
        for number, (status, path, html) in enumerate(pages, 1):
            http = f"HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}"
            lines += (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://example.org/{path}\r\n"
                f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>\r\n"
                "WARC-Date: 2026-01-01T00:00:00Z\r\n"
                f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n{http}\r\n\r\n"
            )
        (folder / "crawl.warc").write_bytes(lines.encode())
        return cls(path=str(folder))


def _record(data: bytes) -> Any:
    warc = require("fastwarc.warc", "web")
    try:
        record = next(iter(warc.ArchiveIterator(io.BytesIO(data), parse_http=True, auto_decode="all")), None)
    except Exception as error:
        raise PageError(f"cannot be parsed: {error}") from error
    if record is None:
        raise PageError("is no WARC record")
    return record


def _check(record: Any, kind: str, data: bytes) -> None:
    """Raises PageError where a record holds no whole page."""
    if kind not in ("response", "resource", "conversion"):
        raise PageError(f"is a record of the type {kind}; pages are response, resource and conversion")
    if cut := record.headers.get("WARC-Truncated"):
        raise PageError(f"was cut by the crawler ({cut})")
    digest = record.headers.get("WARC-Block-Digest") or ""
    if not _fits(digest, data.partition(b"\r\n\r\n")[2]):
        raise PageError(f"the record does not fit its block digest {digest}")
    if kind == "response":
        status = record.http_headers.status_code if record.is_http_parsed and record.http_headers else None
        if status != 200:
            raise PageError(f"status {status}" if status is not None else "is no HTTP answer")


def _check_payload(digest: str, data: bytes, body: bytes) -> None:
    """Crawlers differ in whether a payload is digested as it came or unpacked: either will do."""
    sent = data.partition(b"\r\n\r\n")[2].partition(b"\r\n\r\n")[2]
    if not (_fits(digest, sent) or _fits(digest, body)):
        raise PageError(f"the page does not fit its payload digest {digest}")


def _fits(digest: str, data: bytes) -> bool:
    """Whether bytes have a digest `sha1:…` in base 32 or hex; one of an unknown kind says nothing."""
    kind, _, value = digest.strip().partition(":")
    if kind.lower() not in _DIGESTS:
        return True
    found = hashlib.new(kind.lower(), data, usedforsecurity=False).digest()
    return value.lower() in (found.hex(), base64.b32encode(found).decode().lower())


def _mime(record: Any, kind: str) -> str:
    said = record.http_content_type if kind == "response" else record.headers.get("Content-Type")
    return (said or "").partition(";")[0].strip().lower()
