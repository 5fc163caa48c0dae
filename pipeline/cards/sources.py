"""What a number of the data sheet is looked up in: JSON of the store, Parquet counted again, the recipe's YAML."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipeline.cards.counting import counted
from pipeline.draft import sha256_of_file
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.version import Version


class Sources:
    """The files that statements name, by their path below the store, read once each."""

    def __init__(self, store: Store, recipe: Recipe) -> None:
        self.store = store
        self._told = told(recipe)
        self._read: dict[str, tuple[Any, str]] = {}

    def content(self, file: str) -> Any:
        """A file as plain data. Raises FileNotFoundError."""
        return self._opened(file)[0]

    def digest(self, file: str) -> str:
        """SHA-256 of a file's bytes; of a verdict without the time it was given; of the recipe's YAML nothing."""
        return self._opened(file)[1]

    def value(self, file: str, key: str) -> Any:
        """What stands at a JSON pointer (RFC 6901). Raises FileNotFoundError, or LookupError where nothing does."""
        at = self.content(file)
        for step in key.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            at = at[int(step)] if isinstance(at, list) else at[step]
        return at

    def _opened(self, file: str) -> tuple[Any, str]:
        if file not in self._read:
            self._read[file] = self._open(file)
        return self._read[file]

    def _open(self, file: str) -> tuple[Any, str]:
        if file in self._told:
            return self._told[file], ""
        if file.endswith(".parquet"):
            with local(self.store, file) as path:
                return counted(path), sha256_of_file(path)
        data = self.store.files.read(file)
        content = json.loads(data)
        if "/verdicts/" in file:
            lasting = {k: v for k, v in content.items() if k != "judged"}
            data = json.dumps(lasting, sort_keys=True, ensure_ascii=False).encode()
        return content, hashlib.sha256(data).hexdigest()


@contextmanager
def local(store: Store, file: str) -> Iterator[Path]:
    """A path of a file of the store as it is now: its own, or that of a copy that is gone afterwards.

    Arrow is given paths, not Python's file objects: threads of its own that let go of one while the interpreter ends
    abort the process (seen in 2 of 12 runs).
    """
    if store.files.local:
        yield Path(store.files.path(file))
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        store.files.fs.get_file(store.files.path(file), str(path))
        yield path


def told(recipe: Recipe) -> dict[str, Any]:
    """What the recipe's YAML says, with the defaults filled in and without the places where data lies."""
    corpora = {
        c.name: {
            "description": c.description,
            "language": c.language,
            "licence": c.licence,
            "groups": dict(c.groups),
            "datasheet": dict(c.datasheet),
            "source": c.source.settings(),
            "cleaning": [step.settings() for step in c.cleaning],
        }
        for c in recipe.corpora
    }
    own = {
        "description": recipe.description,
        "task": recipe.task.settings(),
        "annotation": [a.settings() for a in recipe.annotation],
        "split": recipe.split.model_dump(mode="json"),
    }
    plain: Mapping[str, Any] = json.loads(json.dumps({"corpora.yaml": corpora, f"{recipe.name}.yaml": own}))
    return dict(plain)


def pointer(steps: Sequence[str | int]) -> str:
    """Keys as a JSON pointer.

    >>> pointer(("facts", "by_label", "a/b"))
    '/facts/by_label/a~1b'
    """
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def folder_of(version: Version) -> str:
    """A version's folder below the store."""
    return "/".join([version.place.asset, version.place.partition, version.name])
