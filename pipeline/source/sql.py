"""Rows of a database."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from pipeline.errors import SourceError, WrongUse, did_you_mean
from pipeline.extras import require
from pipeline.source import unique
from pipeline.source._files import batch_name, expanded, hidden
from pipeline.source._records import RecordSource
from pipeline.types import Document, Rejected

_PASSWORD = re.compile(r"://[^/@]*?:([^@/]+)@")
_PLAIN = (str, int, float, bytes, list, dict, type(None))  # other types (dates, UUIDs) are read as text


class Sql(RecordSource):
    """The rows of a `table` or of a `query`, by SQLAlchemy; the fields name the columns. Needs the extra `sql`.

    `url` is SQLAlchemy's (`postgresql+psycopg://reader:${PASSWORD}@host/db`, `sqlite:///file.db`); a password in it is
    a `${NAME}` from the environment and is never shown. `key` is a column that orders the rows and is no two rows' own:
    an index on it makes reading fast. Batches are the values of the column `batch_by`, or else blocks of
    `rows_per_batch` rows in the order of the key, which stay what they are as rows with greater keys are added. A row's
    `source` is `table:key`. Nothing is written: transactions are read-only where the database knows such.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [(d.text, d.label, d.source) for d in Sql.example_in(Path(folder)).read("rows-000001")]
    [('fine', 'good', 'reviews:1'), ('broken', 'bad', 'reviews:2')]
    """

    places: ClassVar[frozenset[str]] = frozenset({"url"})
    page_rows: ClassVar[int] = 2048
    piece_rows: ClassVar[int] = 65_536

    url: str
    key: str
    table: str | None = None
    query: str | None = None
    batch_by: str | None = None
    rows_per_batch: int = Field(1_000_000, ge=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.table is None) == (self.query is None):
            raise ValueError("name a `table` or a `query`, one of the two")
        return self

    def batches(self) -> list[str]:
        """`rows-000001`, …, or the values of `batch_by`, in order. Raises SourceError where there are no rows."""
        with self._connected() as database:
            if self.batch_by is not None:
                return list(self._named(database))
            count = self._count(database)
        return [f"rows-{number:06}" for number in range(1, -(-count // self.rows_per_batch) + 1)]

    def digest(self, batch: str) -> str:
        """SHA-256 of the batch's rows as JSON, in the order of the key."""
        sha = hashlib.sha256()
        for piece in self.pieces(batch):
            for row in self._rows(batch, piece):
                sha.update(json.dumps(row, sort_keys=True, ensure_ascii=True, default=str).encode() + b"\n")
        return sha.hexdigest()

    def read(self, batch: str) -> Iterator[Document | Rejected]:
        """One document a row. Raises SourceError where the database does not answer, or the key is not unique."""
        seen: set[str] = set()
        for piece in self.pieces(batch):
            yield from unique(self.read_piece(batch, piece), self.name, seen)

    def pieces(self, batch: str) -> list[str]:
        """Ranges of 65,536 rows in the order of the key: `first-last`, counted from 1 within the batch."""
        with self._connected() as database:
            rows, _ = self._selected(database, batch)
            count = self._count(database, rows)
        if self.batch_by is None:
            before = (self._number(batch) - 1) * self.rows_per_batch
            count = min(count - before, self.rows_per_batch)
        if count < 1:
            raise self._no_batch(batch)
        starts = range(1, count + 1, self.piece_rows)
        return [f"{start}-{min(start + self.piece_rows - 1, count)}" for start in starts]

    def read_piece(self, batch: str, piece: str) -> Iterator[Document | Rejected]:
        """One document a row of the piece."""
        for row in self._rows(batch, piece):
            plain = {name: value if isinstance(value, _PLAIN) else str(value) for name, value in row.items()}
            yield self.record(f"{self.table or 'query'}:{row[self.key]}", plain)

    def _rows(self, batch: str, piece: str) -> Iterator[dict[str, Any]]:
        """Rows in the order of the key, a page at a time: each begins after the last key of the one before."""
        first, last = map(int, piece.split("-"))
        with self._connected() as database:
            where, columns = self._selected(database, batch)
            sql = require("sqlalchemy", "sql")
            key = sql.column(self.key)
            before = first - 1 + (0 if self.batch_by else (self._number(batch) - 1) * self.rows_per_batch)
            asked = sql.select(*columns).select_from(self._from()).order_by(key)
            asked = asked if where is None else asked.where(where)
            left, page = last - first + 1, asked.offset(before)
            while left:
                rows = [dict(row) for row in database.execute(page.limit(min(left, self.page_rows) + 1)).mappings()]
                taken = rows[: min(left, self.page_rows)]
                self._check_keys(rows)
                yield from taken
                left -= len(taken)
                if left and len(taken) < len(rows):
                    page = asked.where(key > taken[-1][self.key])
                elif left:
                    raise SourceError(f"{self._what}: {left} rows fewer than were counted; was the table changed?")

    def _check_keys(self, rows: list[dict[str, Any]]) -> None:
        keys = [row[self.key] for row in rows]
        if None in keys:
            raise SourceError(f"{self._what}: the key {self.key!r} is null in a row; name one that never is")
        for one, other in pairwise(keys):
            if one == other:
                raise SourceError(f"{self._what}: the key {self.key!r} is {one!r} in two rows; name one that is unique")

    def _selected(self, database: Any, batch: str) -> tuple[Any, list[Any]]:
        """(the condition that makes the batch, or None; the columns that are read)."""
        sql = require("sqlalchemy", "sql")
        names = list(database.execute(sql.select(sql.text("*")).select_from(self._from()).limit(0)).keys())
        for field, name in (("key", self.key), ("batch_by", self.batch_by)):
            if name is not None and name not in names:
                raise SourceError(
                    f"{self._what}: there is no column {name!r} for `{field}`; {did_you_mean(name, names)}"
                )
        if missing := self.missing(names):
            raise SourceError(f"{self._what}: {missing}")
        columns = [sql.column(name) for name in names if name in {*self.columns(), self.key}]
        if self.batch_by is None:
            return None, columns
        found = self._named(database)
        if batch not in found:
            raise SourceError(f"{self._what}: there is no batch {batch!r}; {did_you_mean(batch, found)}")
        return sql.column(self.batch_by) == found[batch], columns

    def _named(self, database: Any) -> dict[str, Any]:
        """Batch → the value of `batch_by` that makes it."""
        sql = require("sqlalchemy", "sql")
        asked = sql.select(sql.column(self.batch_by)).select_from(self._from()).distinct()
        values = [row[0] for row in database.execute(asked)]
        if not values:
            raise SourceError(f"{self._what}: has no rows")
        if {None, ""} & {value if isinstance(value, str) else value and "value" for value in values}:
            raise SourceError(f"{self._what}: {self.batch_by!r} is empty in a row, which is then in no batch; fill it")
        named = {batch_name(str(value)): value for value in values}
        if len(named) < len(values):
            raise SourceError(f"{self._what}: two values of {self.batch_by!r} look alike; name a column of one type")
        return dict(sorted(named.items()))

    def _count(self, database: Any, where: Any = None) -> int:
        sql = require("sqlalchemy", "sql")
        asked = sql.select(sql.func.count()).select_from(self._from())
        count = int(database.execute(asked if where is None else asked.where(where)).scalar_one())
        if not count:
            raise SourceError(f"{self._what}: has no rows")
        return count

    def _number(self, batch: str) -> int:
        number = batch.removeprefix("rows-")
        if batch == number or not number.isdecimal() or f"rows-{int(number):06}" != batch or not int(number):
            raise self._no_batch(batch)
        return int(number)

    def _no_batch(self, batch: str) -> SourceError:
        return SourceError(f"{self._what}: there is no batch {batch!r}; {did_you_mean(batch, self.batches())}")

    def _from(self) -> Any:
        sql = require("sqlalchemy", "sql")
        if self.table is not None:
            schema, _, name = self.table.rpartition(".")
            return sql.table(name, schema=schema or None)
        query = (self.query or "").strip().rstrip(";").replace(":", r"\:")  # a colon would begin a parameter
        return sql.text(f"({query}) AS asked")

    @property
    def _what(self) -> str:
        return f"table {self.table}" if self.table else "query"

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A read-only connection. Whatever is raised on it becomes a SourceError that shows no secret."""
        sql = require("sqlalchemy", "sql")
        try:
            engine = sql.create_engine(self._location(sql), poolclass=sql.pool.NullPool)
            with engine.connect() as database:
                if engine.dialect.name == "postgresql":
                    database = database.execution_options(postgresql_readonly=True)
                elif engine.dialect.name == "sqlite":
                    database.execute(sql.text("PRAGMA query_only = ON"))
                yield database
        except ImportError as error:
            raise WrongUse(f"`url`: {error}; pip install 'gristmill[sql]', or the driver that `url` names") from None
        except (sql.exc.SQLAlchemyError, ValueError) as error:
            said = hidden(str(getattr(error, "orig", None) or error).splitlines()[0], self.url)
            raise SourceError(f"{self._what}: the database refuses: {said}; check `url`, `table` and `query`") from None

    def _location(self, sql: Any) -> Any:
        if (secret := _PASSWORD.search(self.url)) and "${" not in secret.group(1):
            raise SourceError("`url` holds a password; write it as ${NAME} and set that in the environment")
        url = sql.make_url(expanded(self.url, "url"))
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
            raise SourceError(f"{self._what}: there is no file {hidden(str(url.database), self.url)}; check `url`")
        return url

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two rows of an SQLite file."""
        import sqlite3

        database = sqlite3.connect(folder / "reviews.db")
        database.execute("CREATE TABLE reviews (nr INTEGER PRIMARY KEY, text TEXT, label TEXT)")
        database.executemany("INSERT INTO reviews (text, label) VALUES (?, ?)", [("fine", "good"), ("broken", "bad")])
        database.commit()
        database.close()
        return cls(url=f"sqlite:///{folder / 'reviews.db'}", table="reviews", key="nr")
