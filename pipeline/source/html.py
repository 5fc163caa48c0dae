"""HTML pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pipeline.source._html import MOST_BYTES, PageError, PageSource
from pipeline.source._text_file import TextFile, damage
from pipeline.types import Document, Rejected


class Html(PageSource):
    """Files of one HTML page each, as text. The id is the file's name; the licence is what the page says of itself.

    A page that cannot be decoded, has no text or is above 64 MiB is rejected. Needs the extra `web`.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     document = next(Html.example_in(Path(folder)).read("mill.html"))
    >>> document.text, document.licence, document.source
    ('Once there was a mill.', 'https://creativecommons.org/licenses/by/4.0/', 'mill.html:1')
    """

    pattern: str = "*.htm*"

    def read_file(self, file: TextFile) -> Iterator[Document | Rejected]:
        """The page."""
        place = file.place(1)
        with file.binary() as stream:
            data = stream.read(MOST_BYTES + 1)
            fault = damage(stream)
        if len(data) > MOST_BYTES:
            fault = f"the page has more than {MOST_BYTES} bytes; cut it"
        try:
            if fault:
                raise PageError(fault)
            page = self.page(data)
        except PageError as error:
            yield file.reject(place, data[:MOST_BYTES].decode("utf-8", "backslashreplace"), str(error))
        else:
            yield file.document(place, text=page.text, id=file.name, licence=page.licence)

    @classmethod
    def example_in(cls, folder: Path) -> Self:
        """A page with a menu, and a licence in its head."""
        (folder / "mill.html").write_text(
            "<!doctype html><title>The mill</title>"
            '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'
            "<nav><a href=/>Home</a></nav><main><p>Once there was a mill.</p></main>",
            encoding="utf-8",
        )
        return cls(path=str(folder))
