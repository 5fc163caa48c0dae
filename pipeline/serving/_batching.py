"""Texts of requests that come at one time, predicted together: one batch after another, in one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.types import Json

Predict = Callable[[list[str]], list[dict[str, Json]]]
Waiting = tuple[str, "asyncio.Future[dict[str, Json]]"]


class Full(Exception):
    """More texts wait than may."""


@dataclass(slots=True)
class Batcher:
    """Collects up to `size` texts, or what has come `wait` seconds after the first, and predicts them in a thread.

    At most `most` texts wait. `batches` and `texts` count what was done.
    """

    predict: Predict
    size: int
    wait: float
    most: int
    batches: int = 0
    texts: int = 0
    _queue: asyncio.Queue[Waiting] | None = None

    async def ask(self, texts: Sequence[str]) -> list[dict[str, Json]]:
        """The predictions of texts, in order. Raises Full, and what predicting raised."""
        queue = self._waiting()
        if queue.qsize() + len(texts) > self.most:
            raise Full
        loop = asyncio.get_running_loop()
        asked = [(text, loop.create_future()) for text in texts]
        for one in asked:
            queue.put_nowait(one)
        return list(await asyncio.gather(*(future for _, future in asked)))

    async def work(self) -> None:
        """Predict what comes, until cancelled."""
        while True:
            batch = await self._collected()
            wanted = [one for one in batch if not one[1].done()]  # who gave up waits no longer
            if not wanted:
                continue
            try:
                found = await asyncio.to_thread(self.predict, [text for text, _ in wanted])
            except Exception as error:
                for _, future in wanted:
                    if not future.done():
                        future.set_exception(error)
                continue
            self.batches, self.texts = self.batches + 1, self.texts + len(wanted)
            for (_, future), one in zip(wanted, found, strict=True):
                if not future.done():
                    future.set_result(one)

    async def _collected(self) -> list[Waiting]:
        queue = self._waiting()
        batch = [await queue.get()]
        until = asyncio.get_running_loop().time() + self.wait
        while len(batch) < self.size:
            left = until - asyncio.get_running_loop().time()
            try:
                batch.append(queue.get_nowait() if left <= 0 else await asyncio.wait_for(queue.get(), left))
            except (asyncio.QueueEmpty, TimeoutError):
                break
        return batch

    def _waiting(self) -> asyncio.Queue[Waiting]:
        if self._queue is None:
            self._queue = asyncio.Queue()
        return self._queue
