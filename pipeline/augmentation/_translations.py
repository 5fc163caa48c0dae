"""Translations kept by content: in memory for a run, or in a folder for the next one as well."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipeline.errors import WrongUse
from pipeline.translator import Translator

_MOST = 200_000  # texts kept in memory, about 100 MB of sentences; then it begins anew
_AT_ONCE = 500  # keys in one SELECT


@dataclass
class Translations:
    """A translator that is asked for every text once. A key is the SHA-256 of translator, direction and text."""

    translator: Translator
    folder: str = ""
    known: dict[str, str] = field(default_factory=dict)

    def there_and_back(self, texts: Sequence[str], source: str, through: str) -> list[str]:
        """Texts translated into another language and back. Raises as the translator does."""
        return self.translate(self.translate(texts, source, through), through, source)

    def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """One translation for each text, in order: known ones looked up, the others translated in one call."""
        keys = {text: self._key(text, source, target) for text in dict.fromkeys(texts)}
        found = {key: self.known[key] for key in keys.values() if key in self.known}
        if self.folder and len(found) < len(keys):
            found |= self._stored([key for key in keys.values() if key not in found])
        missing = [text for text, key in keys.items() if key not in found]
        if missing:
            made = dict(
                zip(map(keys.__getitem__, missing), self.translator.translate(missing, source, target), strict=True)
            )
            found |= made
            if self.folder:
                self._store(made)
        if not self.translator.in_context:  # else which process met a text first would show in what comes out
            if len(self.known) + len(found) > _MOST:
                self.known.clear()
            self.known |= found
        return [found[keys[text]] for text in texts]

    @cached_property
    def _told(self) -> str:
        return self.translator.fingerprint()

    def _key(self, text: str, source: str, target: str) -> str:
        what = json.dumps([self._told, source, target, text])
        return hashlib.sha256(what.encode()).hexdigest()

    def _stored(self, keys: Sequence[str]) -> dict[str, str]:
        def rows(database: sqlite3.Connection) -> Iterator[tuple[str, str]]:
            for at in range(0, len(keys), _AT_ONCE):
                some = keys[at : at + _AT_ONCE]
                marks = ", ".join("?" * len(some))
                yield from database.execute(f"SELECT key, text FROM translations WHERE key IN ({marks})", some)  # noqa: S608

        with closing(self._open()) as database:
            return dict(rows(database))

    def _store(self, made: Mapping[str, str]) -> None:
        with closing(self._open()) as database, database:
            database.executemany("INSERT OR IGNORE INTO translations VALUES (?, ?)", made.items())

    def _open(self) -> sqlite3.Connection:
        path = Path(self.folder).expanduser() / "translations.sqlite"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(path, timeout=60)
            database.execute("CREATE TABLE IF NOT EXISTS translations (key TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        except (OSError, sqlite3.Error) as error:
            raise WrongUse(f"cache: {path} cannot be used ({error}); remove it, or name another folder") from error
        return database
