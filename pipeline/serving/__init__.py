"""A small HTTP endpoint for trying a model: POST /predict, GET /health, and a page at /.

Every answer but the page's files is JSON; what is wrong is said in `error`, with the limit where there is one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.errors import InvalidDocument, WrongUse
from pipeline.serving import _page
from pipeline.serving._batching import Batcher, Full
from pipeline.types import Document, Json

if TYPE_CHECKING:
    from pipeline.predicting import Predictor

LOOPBACK = ("127.0.0.1", "localhost", "::1")
QUEUED = 16  # batches that may wait; who comes then is told to come again
GRACE_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a request, texts of a request, characters of a text, texts of a batch, seconds a batch waits."""

    body: int = 1_000_000
    texts: int = 64
    characters: int = 20_000
    batch: int = 32
    wait: float = 0.005


class _No(Exception):
    """A request that is refused: the status, and what would be right."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status


def app(predictor: Predictor, name: str, limits: Limits, host: str = "127.0.0.1") -> Any:
    """The application (ASGI). On loopback it answers to names of this machine only, so that no page of a stranger can
    reach it through a name of its own.

    Raises WrongUse where the task reads more of a document than its text.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.routing import Route

    model = _Model(predictor, name, limits)
    task = predictor.facts.task
    try:
        task.reading(Document("", "a"))
    except InvalidDocument as error:
        said = f"the task {task.name} reads more than one text ({error}); use `gristmill predict`"
        raise WrongUse(said) from error
    return Starlette(
        routes=[
            Route("/predict", model.ask, methods=["POST"]),
            Route("/health", model.health),
            Route("/", _file(_page.page(name, task.name, task.labels), "text/html")),
            Route("/page.js", _file(_page.SCRIPT, "text/javascript")),
            Route("/page.css", _file(_page.STYLE, "text/css")),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=_hosts(host))],
        exception_handlers={HTTPException: _wrong, Exception: _failed},
        lifespan=model.lifespan,
    )


class _Model:
    """What is asked of one model."""

    def __init__(self, predictor: Predictor, name: str, limits: Limits) -> None:
        self.predictor, self.name, self.limits = predictor, name, limits
        self.batcher = Batcher(self._predict, limits.batch, limits.wait, max(QUEUED * limits.batch, limits.texts))

    async def ask(self, request: Any) -> Any:
        """POST /predict."""
        try:
            body = await _body(request, self.limits)
            found = await self.batcher.ask(texts_of(body, request.headers.get("content-type", ""), self.limits))
        except _No as no:
            return _json({"error": str(no)}, no.status)
        except Full:
            said = f"more than {self.batcher.most} texts wait; ask again in a moment"
            return _json({"error": said}, 503, {"Retry-After": "1"})
        return _json({"predictions": found})

    async def health(self, _: Any) -> Any:
        """GET /health."""
        task = self.predictor.facts.task
        about: dict[str, Json] = {"status": "ok", "model": self.name, "task": task.name, "labels": task.labels}
        return _json({**about, "texts": self.batcher.texts, "batches": self.batcher.batches})

    @contextlib.asynccontextmanager
    async def lifespan(self, _: Any) -> AsyncIterator[None]:
        """Predict while the server runs."""
        worker = asyncio.create_task(self.batcher.work())
        try:
            yield
        finally:
            worker.cancel()

    def _predict(self, texts: list[str]) -> list[dict[str, Json]]:
        return self.predictor.predict([Document(str(i), text) for i, text in enumerate(texts)])


def texts_of(body: bytes, content_type: str, limits: Limits) -> list[str]:
    """The texts of a request. Raises _No with the status that fits."""
    # a form of another site can post text/plain without asking first, and not this
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise _No(415, "the body must be JSON: send Content-Type: application/json")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _No(400, f'the body is not JSON: {error}; send {{"texts": ["…"]}}') from error
    one = said.get("text") if isinstance(said, dict) else None
    texts = said.get("texts", None if one is None else [one]) if isinstance(said, dict) else None
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise _No(422, 'send {"texts": ["…", "…"]}, one string or more, or {"text": "…"}')
    if len(texts) > limits.texts:
        raise _No(413, f"{len(texts)} texts are more than the limit of {limits.texts} a request; send them in parts")
    for i, text in enumerate(texts):
        if len(text) > limits.characters:
            limit = f"the limit of {limits.characters} characters"
            raise _No(413, f"text {i} has {len(text)} characters, more than {limit}; use `gristmill predict`")
        if any("\ud800" <= c <= "\udfff" for c in text):
            raise _No(422, f"text {i} holds half of a surrogate pair; write the whole character")
    return texts


@contextlib.contextmanager
def bound(host: str, port: int) -> Any:
    """A listening socket. Raises WrongUse where the address is taken or is not of this machine."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError as error:
        raise WrongUse(f"cannot listen at {host}:{port}: {error.strerror}; choose another --port or --host") from error
    with listening:
        yield listening


def run(application: Any, listening: socket.socket, say: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM; requests that have come are answered first."""
    import uvicorn

    host, port = listening.getsockname()[:2]
    say(f"http://{f'[{host}]' if ':' in host else host}:{port}  (Ctrl-C ends it)")
    options: dict[str, Any] = {"log_level": "warning", "ws": "none", "server_header": False}
    config = uvicorn.Config(application, timeout_graceful_shutdown=GRACE_SECONDS, **options)
    uvicorn.Server(config).run(sockets=[listening])


def _hosts(host: str) -> list[str]:
    return [*LOOPBACK, "[::1]"] if host in LOOPBACK else ["*"]


async def _body(request: Any, limits: Limits) -> bytes:
    """The body, read no further than the limit, whatever its header says."""
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > limits.body:
            raise _No(413, f"the body is larger than the limit of {limits.body} bytes; send fewer texts")
    return bytes(read)


def _json(value: Json, status: int = 200, headers: Any = None) -> Any:
    """Characters as they are, not as escapes."""
    from starlette.responses import Response

    return Response(json.dumps(value, ensure_ascii=False), status, headers, "application/json")


def _file(content: str, media_type: str) -> Any:
    async def answer(_: Any) -> Any:
        from starlette.responses import Response

        return Response(content, media_type=media_type, headers=_page.HEADERS)

    return answer


async def _wrong(_: Any, error: Any) -> Any:
    return _json({"error": str(error.detail)}, error.status_code, error.headers)


async def _failed(_: Any, error: Exception) -> Any:
    return _json({"error": f"the model failed: {type(error).__name__}"}, 500)
