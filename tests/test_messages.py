"""What a training process reports arrives whole and in order, however it is written."""

import json
import time
from pathlib import Path
from typing import Any

from dagster_pipes import PipesDefaultMessageWriter

from resources.messages import SECONDS, WholeLines


class Handler:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.messages.append(message)


def test_half_a_line_is_waited_for_and_what_comes_last_is_read() -> None:
    handler = Handler()
    sent = [{"step": n, "text": "名字\n" * 3} for n in range(5)]
    with WholeLines().read_messages(handler) as params:
        path = Path(params[PipesDefaultMessageWriter.FILE_PATH_KEY])
        for message in sent[:4]:
            line = json.dumps(message).encode() + b"\n"
            for piece in (line[:1], line[1:9], line[9:]):
                with path.open("ab") as stream:
                    stream.write(piece)
                time.sleep(2 * SECONDS)
        with path.open("ab") as stream:
            stream.write(json.dumps(sent[4]).encode() + b"\n")
    assert handler.messages == sent
    assert not path.exists()
