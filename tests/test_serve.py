"""`gristmill serve` for real: what many ask at once is what `predict` says; what is too much is refused."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chromium
import pytest

from pipeline.errors import WrongUse
from pipeline.predicting import Predictor
from pipeline.serving import Limits, bound, texts_of
from pipeline.serving._batching import Batcher, Full
from pipeline.serving._page import page
from pipeline.types import Document, Json
from tests.tiny_checkpoint import NER, Trained, trained

PEOPLE = ("Anna", "Bo", "李鹏", "Zoë")
TEXTS = [f"{'then ' * (n % 5)}{PEOPLE[n % 4]} went to Bern gladly" for n in range(24)]


@dataclass(frozen=True)
class Served:
    url: str
    process: subprocess.Popen[str]
    checkpoint: Trained

    def ask(self, path: str, body: bytes | None = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        """(status, JSON or text, headers)."""
        named = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        asked = urllib.request.Request(self.url + path, body, named)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                status, read, given = answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            status, read, given = error.code, error.read().decode(), dict(error.headers)
        return status, json.loads(read) if "json" in given.get("content-type", "") else read, given

    def predict(self, *texts: str) -> list[dict[str, Any]]:
        status, found, _ = self.ask("/predict", json.dumps({"texts": texts}).encode())
        assert status == 200, found
        return list(found["predictions"])


def started(checkpoint: Trained, *options: str) -> Served:
    command = [str(Path(sys.executable).parent / "gristmill"), "serve", str(checkpoint.folder), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    found = re.fullmatch(r"(http://127\.0\.0\.1:\d+)  \(Ctrl-C ends it\)\n", said)
    assert found, said
    return Served(found[1], process, checkpoint)


def killed(served: Served) -> None:
    if served.process.poll() is None:
        os.killpg(served.process.pid, signal.SIGKILL)
    served.process.wait()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    checkpoint = trained(tmp_path_factory.mktemp("checkpoint"), NER)
    server = started(checkpoint, "--max-body", "5000", "--max-texts", "4", "--max-characters", "900", "--wait-ms", "50")
    yield server
    killed(server)


def test_many_at_once_are_told_what_predict_says_and_share_batches(served: Served) -> None:
    documents = [Document(str(i), text) for i, text in enumerate(TEXTS)]
    right: list[Any] = Predictor.open(served.checkpoint.model, "cpu", 1).predict(documents)
    before = served.ask("/health")[1]
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda text: served.predict(text)[0], TEXTS))
    after = served.ask("/health")[1]
    for mine, one in zip(found, right, strict=True):
        scores = [[span.pop("score") for span in found["spans"]] for found in (mine, one)]
        assert mine == one and len(mine["spans"]) > 0
        assert scores[0] == pytest.approx(scores[1], abs=1e-5)
    assert after["texts"] - before["texts"] == 24
    assert 2 <= after["batches"] - before["batches"] <= 12


def test_texts_and_text_are_answered_in_order_with_offsets_in_characters(served: Served) -> None:
    two = served.predict("Anna went to Bern gladly", "")
    assert [s["label"] for s in two[0]["spans"]] == ["PER", "LOC"] and two[1]["spans"] == []
    status, one, headers = served.ask("/predict", b'{"text": "Anna went to Bern gladly"}')
    assert (status, one, headers["content-type"]) == (200, {"predictions": two[:1]}, "application/json")
    (moved,) = served.predict("𝒳 Anna went to Bern gladly")
    assert any(span["start"] == 15 and span["end"] == 19 for span in moved["spans"])  # of Bern


def test_health_says_what_is_served(served: Served) -> None:
    status, about, _ = served.ask("/health")
    assert status == 200
    known = {"status": "ok", "model": str(served.checkpoint.folder), "task": "ner", "labels": ["PER", "LOC"]}
    assert known.items() <= about.items()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "the body is not JSON: "),
        (b"\xff\xfe", 400, "the body is not JSON: "),
        (b"[" * 4000, 400, "the body is not JSON: "),
        (b'["Anna"]', 422, 'send {"texts": ['),
        (b"{}", 422, 'send {"texts": ['),
        (b'{"texts": []}', 422, 'send {"texts": ['),
        (b'{"texts": "Anna"}', 422, 'send {"texts": ['),
        (b'{"texts": ["Anna", 1]}', 422, 'send {"texts": ['),
        (b'{"text": "\\ud800"}', 422, "text 0 holds half of a surrogate pair"),
        (json.dumps({"texts": ["a"] * 5}).encode(), 413, "5 texts are more than the limit of 4 a request"),
        (json.dumps({"texts": ["a", "b" * 901]}).encode(), 413, "text 1 has 901 characters, more than the limit of"),
        (json.dumps({"text": "a" * 6000}).encode(), 413, "the body is larger than the limit of 5000 bytes"),
    ],
)
def test_what_is_wrong_or_too_much_is_refused_with_the_limit(
    served: Served, body: bytes, status: int, said: str
) -> None:
    code, found, _ = served.ask("/predict", body)
    assert code == status
    assert set(found) == {"error"} and found["error"].startswith(said)


def test_a_body_that_says_nothing_of_its_length_is_read_to_the_limit_only(served: Served) -> None:
    host, port = served.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as wire:
        lines = ("POST /predict HTTP/1.1", f"Host: {host}", "Content-Type: application/json")
        wire.sendall("\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode())
        wire.sendall(b"1000\r\n" + b" " * 4096 + b"\r\n" + b"1000\r\n" + b" " * 4096 + b"\r\n")
        assert wire.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_other_methods_paths_kinds_of_body_and_names_of_the_host_are_refused(served: Served) -> None:
    assert served.ask("/predict")[:2] == (405, {"error": "Method Not Allowed"})
    assert served.ask("/nothing")[:2] == (404, {"error": "Not Found"})
    status, found, _ = served.ask("/predict", b'{"text": "a"}', Content_Type="text/plain")
    assert (status, found["error"]) == (415, "the body must be JSON: send Content-Type: application/json")
    assert served.ask("/health", Host="evil.example")[0] == 400


def test_the_page_carries_nothing_of_strangers_and_allows_no_script_inside(served: Served) -> None:
    status, shown, headers = served.ask("/")
    assert status == 200
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert not re.search(r"<script(?! src=\"/page\.js\" defer>)|\son\w+=|style=", shown)
    for path in ("/page.js", "/page.css"):
        assert served.ask(path)[0] == 200
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval", served.ask("/page.js")[1])
    hostile = page("<img src=x onerror=alert(1)>", "ner", ("</p><script>",))
    assert "<img" not in hostile and hostile.count("<script") == 1


@pytest.mark.slow
@chromium.needed
def test_a_text_that_is_html_is_text_in_a_browser(served: Served, tmp_path: Path) -> None:
    text = "<img src=/x onerror=document.title='run'> Anna went to Bern gladly"
    (prediction,) = served.predict(text)
    assert prediction["spans"], "there must be something to mark"
    # the page's own script, driven by one more: the policy forbids that on the page itself, so it is a copy in a file
    drive = f"text.value = {json.dumps(text)}; form.requestSubmit();"
    answer = json.dumps({"predictions": [prediction]})
    fake = f"window.fetch = async () => ({{ ok: true, json: async () => ({answer}) }});"
    _, shown, _ = served.ask("/")
    script = served.ask("/page.js")[1]
    whole = shown.replace('<script src="/page.js" defer></script>', "").replace(
        "</body>", f"<script>{fake}\n{script}\n{drive}</script></body>".replace("<img", "\\u003cimg")
    )
    (tmp_path / "page.html").write_text(whole, encoding="utf-8")
    dom = chromium.dom((tmp_path / "page.html").as_uri(), tmp_path / "profile", 3000)
    assert "<mark>" in dom and "&lt;img src=/x" in dom
    assert "<img" not in dom and "<title>run</title>" not in dom


def test_a_signal_ends_it_after_the_answers_that_are_due(served: Served) -> None:
    server = started(served.checkpoint, "--wait-ms", "3000")
    try:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(server.predict, "Anna went to Bern gladly")
            host, port = server.url.removeprefix("http://").split(":")
            time.sleep(0.5)  # it is in the batcher now, which waits for company
            server.process.send_signal(signal.SIGTERM)
            assert len(answer.result(30)[0]["spans"]) == 2
        assert server.process.wait(30) in (0, -signal.SIGTERM)
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((host, int(port)), timeout=5)
    finally:
        killed(server)


def test_a_port_that_is_taken_is_said() -> None:
    said = r"cannot listen at 127\.0\.0\.1:\d+: Address already in use; choose another --port"
    with bound("127.0.0.1", 0) as taken, pytest.raises(WrongUse, match=said):
        bound("127.0.0.1", taken.getsockname()[1]).__enter__()


def test_a_batch_that_fails_fails_its_own_texts_and_the_next_is_predicted() -> None:
    def predict(texts: list[str]) -> list[dict[str, Json]]:
        if "bad" in texts:
            raise ValueError("bad")
        return [{"text": text} for text in texts]

    async def story() -> None:
        batcher = Batcher(predict, size=2, wait=0.0, most=3)
        worker = asyncio.create_task(batcher.work())
        with pytest.raises(ValueError, match="bad"):
            await batcher.ask(["bad"])
        assert await batcher.ask(["a", "b", "c"]) == [{"text": "a"}, {"text": "b"}, {"text": "c"}]
        assert (batcher.batches, batcher.texts) == (2, 3)
        with pytest.raises(Full):
            await batcher.ask(["a", "b", "c", "d"])
        worker.cancel()

    asyncio.run(story())


def test_a_text_may_be_as_long_as_the_limit() -> None:
    limits = Limits(characters=3, texts=1)
    assert texts_of(b'{"texts": ["abc"]}', "application/json; charset=utf-8", limits) == ["abc"]
