"""Reads what a training process reports, whole lines only."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster import PipesMessageReader
from dagster_pipes import PipesDefaultMessageWriter

SECONDS = 0.05


class WholeLines(PipesMessageReader):
    """Messages by a temporary file, as Dagster's own reader, but never half of one.

    `PipesTempFileMessageReader` of Dagster 1.13.27 parses what it finds of a line, also when the other process has only
    written the beginning: its thread then ends with a JSONDecodeError and every later message is lost.
    """

    @contextmanager
    def read_messages(self, handler: Any) -> Iterator[dict[str, Any]]:
        """Read until the session closes; gives the other process the path to write to."""
        with tempfile.TemporaryDirectory() as folder:
            path, closed = Path(folder) / "messages", threading.Event()
            path.touch()
            thread = threading.Thread(target=_follow, args=(path, handler, closed), daemon=True)
            thread.start()
            try:
                yield {PipesDefaultMessageWriter.FILE_PATH_KEY: str(path)}
            finally:
                closed.set()
                thread.join()

    def no_messages_debug_text(self) -> str:
        """Where messages were looked for, for Dagster's warning that none came."""
        return "Attempted to read messages from a local temporary file."


def _follow(path: Path, handler: Any, closed: threading.Event) -> None:
    held = b""
    with path.open("rb") as stream:
        while True:
            last = closed.is_set()  # asked before reading: what was written before the end is read
            *lines, held = (held + stream.read()).split(b"\n")
            for line in lines:
                handler.handle_message(json.loads(line))
            if last:
                return
            time.sleep(SECONDS)
