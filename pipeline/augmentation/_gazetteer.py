"""Mentions listed in a file: one a line, with its label and its groups."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.errors import WrongUse

Groups = dict[str, str]
_NEEDED = ("label", "mention")


def read(path: str) -> Mapping[str, Mapping[str, Groups]]:
    """Label → mention → groups. A `.jsonl` file has an object a line, any other cells between tabs below a header.

    `label` and `mention` are needed; every other column is a group, an empty cell is not known. A mention that is
    listed twice keeps the groups that its lines agree in.

    Raises:
        WrongUse: the file or a line cannot be used; the message names file and line and what would be right.
    """
    found: dict[str, dict[str, Groups]] = {}
    for place, row in (_objects if path.endswith(".jsonl") else _cells)(path):
        label, mention = (row.pop(name, "").strip() for name in _NEEDED)
        if not label or not mention:
            raise WrongUse(f"{place}: has no {'label' if not label else 'mention'}; write both into every line")
        groups = {name: value.strip() for name, value in row.items() if value.strip()}
        of_label = found.setdefault(label, {})
        known = of_label.setdefault(mention, groups)
        of_label[mention] = {name: value for name, value in known.items() if groups.get(name) == value}
    if not found:
        raise WrongUse(f"{path}: lists no mention; write one a line")
    return found


def digest(path: str) -> str:
    """SHA-256 of the file. Raises WrongUse where it cannot be read."""
    return hashlib.sha256(_bytes(path)).hexdigest()


def _objects(path: str) -> Iterator[tuple[str, Groups]]:
    for place, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise WrongUse(f"{place}: is not JSON: {error}; write one JSON object a line") from error
        if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
            raise WrongUse(f'{place}: is no object of texts; write {{"label": "PER", "mention": "Anna"}}')
        yield place, row


def _cells(path: str) -> Iterator[tuple[str, Groups]]:
    header: list[str] = []
    for place, line in _lines(path):
        cells = line.split("\t")
        if not header:
            header = [cell.strip() for cell in cells]
            if missing := [name for name in _NEEDED if name not in header]:
                raise WrongUse(
                    f"{place}: the header has no {missing[0]!r}; begin the file with label, mention and tabs"
                )
        elif len(cells) != len(header):
            raise WrongUse(f"{place}: has {len(cells)} cells and the header {len(header)}; part them by tabs")
        else:
            yield place, dict(zip(header, cells, strict=True))


def _lines(path: str) -> Iterator[tuple[str, str]]:
    """(file:line, text) of the lines that are not blank."""
    for number, raw in enumerate(_bytes(path).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            line = raw.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError as error:
            raise WrongUse(f"{path}:{number}: is not UTF-8 ({error.reason}); save the file as UTF-8") from error
        if line.strip():
            yield f"{path}:{number}", line


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WrongUse(f"{path}: cannot be read: {error.strerror}; name a TSV or JSONL file of mentions") from error
