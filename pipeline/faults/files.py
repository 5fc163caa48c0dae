"""Faults in the bytes of a file. The resample is written as JSON Lines or CSV: what any corpus can be put into."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from pipeline.faults._fault import Fault, Row, World, some

File = tuple[str, bytes]
_KEPT = ("id", "text", "label", "group_id", "split")


def truncated_file(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """The file ends in the middle of a record; a share of its bytes is there."""
    lines = _lines(rows)
    whole = min(len(lines) - 1, int(len(lines) * strength))
    return "part.jsonl", b"".join([*lines[:whole], lines[whole][: rng.randrange(1, len(lines[whole]) - 2)]])


def truncated_archive(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """The compressed file ends early; a share of its bytes is there."""
    import gzip

    data = gzip.compress(b"".join(_lines(rows)), compresslevel=1, mtime=0)
    return "part.jsonl.gz", data[: int(len(data) * strength)]


def wrong_encoding(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """A share of the records is not UTF-8: GB18030 in a Chinese file, Latin-1 with an accent in another."""
    name, accent = ("gb18030", "") if world.language == "zh" else ("latin-1", "é")
    lines = _lines(rows)
    for at in some(lines, strength, rng):
        row = _record(rows[at])
        row["text"] += accent
        lines[at] = json.dumps(row, ensure_ascii=False).encode(name, "replace") + b"\n"
    return "part.jsonl", b"".join(lines)


def swapped_columns(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """In a share of the records text and label stand in each other's column; text and id where there are no labels."""
    other = "label" if any(row["label"] for row in rows) else "id"
    drawn = set(some(rows, strength, rng))

    def swapped(record: dict[str, Any]) -> dict[str, Any]:
        return {**record, "text": record[other], other: record["text"]}

    return "part.csv", _csv(rows, lambda at, record: swapped(record) if at in drawn else record)


def missing_column(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """The file has no column with the text."""
    return "part.csv", _csv(rows, lambda _, record: {k: v for k, v in record.items() if k != "text"})


def null_text(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """In a share of the records the text is null."""
    lines = _lines(rows)
    for at in some(lines, strength, rng):
        lines[at] = json.dumps({**_record(rows[at]), "text": None}, ensure_ascii=False).encode() + b"\n"
    return "part.jsonl", b"".join(lines)


def empty_file(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """The file holds nothing."""
    return "part.jsonl", b""


def broken_records(rows: list[Row], strength: float, rng: Random, world: World) -> File:
    """A share of the records has lost its first quotation mark."""
    lines = _lines(rows)
    for at in some(lines, strength, rng):
        lines[at] = lines[at].replace(b'"', b"", 1)
    return "part.jsonl", b"".join(lines)


def _record(row: Row) -> dict[str, Any]:
    spans = row["spans"] and [{k: s[k] for k in ("start", "end", "label")} for s in row["spans"]]
    return {**{k: row[k] for k in _KEPT if row[k] is not None}, **({} if spans is None else {"spans": spans})}


def _lines(rows: Sequence[Row]) -> list[bytes]:
    return [json.dumps(_record(row), ensure_ascii=False).encode() + b"\n" for row in rows]


def _csv(rows: Sequence[Row], change: Callable[[int, dict[str, Any]], dict[str, Any]]) -> bytes:
    records = [change(at, _record(row)) for at, row in enumerate(rows)]
    names = list(dict.fromkeys(name for record in records for name in record))
    file = io.StringIO()
    writer = csv.DictWriter(file, names)
    writer.writeheader()
    for record in records:
        writer.writerow({k: json.dumps(v) if k == "spans" else v for k, v in record.items()})
    return file.getvalue().encode()


KINDS = (
    Fault(truncated_file, "file", (0.1, 0.5, 0.99), seen_by=("rejected_share",)),
    Fault(truncated_archive, "file", (0.5, 0.99), seen_by=("rejected_share",)),
    Fault(wrong_encoding, "file", (0.01, 0.1, 0.5), seen_by=("rejected_share",)),
    Fault(swapped_columns, "file", (0.05, 0.5), seen_by=("rejected_share", "unusable_share", "text_length")),
    Fault(missing_column, "file", (1.0,)),
    Fault(null_text, "file", (0.01, 0.1, 0.5), seen_by=("rejected_share",)),
    Fault(empty_file, "file", (1.0,)),
    Fault(broken_records, "file", (0.01, 0.1, 0.5), seen_by=("rejected_share",)),
)
