"""Random and mutated inputs for every reader and every cleaning step: nothing crashes, nothing drifts, nothing is lost.

`python tests/fuzz.py --inputs 1000000 --seed 1` is the long run; tests/test_fuzz.py runs a short one. An input is one
document through one step, or one file through one reader. The same seed gives the same inputs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

# Before anything imports datasets, which asks a hub even about files that lie here.
os.environ |= {"HF_HUB_OFFLINE": "1", "DATASETS_VERBOSITY": "critical", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1"}

import pyarrow as pa
from nasty_documents import ALPHABET

from pipeline import frames
from pipeline.cleaning import CleaningStep, apply
from pipeline.errors import SourceError
from pipeline.part import build, find, names
from pipeline.source import Source
from pipeline.types import Document, Rejected, Span

BATCH = 500
FRAGMENTS = (
    *ALPHABET, " ", "  ", "\n", "\r\n", "\t\u3000", "Anna", "met", "北京", "江泽民", "１９９８年",
    "ＩＢＭ", "３", "臺灣",
    "後", "the", "of", "and", "<p>", "</p>", "<br/>", "<script>alert(1)</script>", "<style>", "<!--", "-->",
    "&amp;", "&lt;b&gt;", "&#x4e2d;", "&nbsp", "<3", "3 < 5", "http://a.example/x?y=1&z=2",
    "https://例子.中国/路", "www.example.org", "a.b@c.example", "x@y", "+49 30 1234567", "13812345678",
    "4111 1111 1111 1111", "4111111111111112", "11010519491231002X", "123-45-6789", "192.168.0.1", "::1",
    "2001:db8::ff", "GB82WEST12345698765432", "cafÃ©", "â€œquotedâ€\x9d", "ä¸\xad文", "Ã¼", "\ufffd",
    "\u200d", "\u200c", "\u2060", "...", "…", "•", "- ", "{", "}", "lorem ipsum", "#", "e\u0301", "\u0301",
    "ﬁ", "①", "ﷺ", "\u1100\u1161", "נ", "نمی\u200cخواهم", "👩\u200d💻", "\U0010fffd", "\ue0f7", "[EMAIL]",
    "[URL]",
)  # fmt: skip
LANGUAGES = ("en", "zh", "fa", "de", "")


def text(rng: Random) -> str:
    """Fragments one after another, now and then one of them many times, then a few characters changed."""
    parts = [
        rng.choice(FRAGMENTS) * (rng.choice((1, 1, 1, 1, 9)) if rng.random() < 0.1 else 1)
        for _ in range(rng.randrange(24))
    ]
    chars = list("".join(parts))
    for _ in range(rng.randrange(3) if chars else 0):
        at = rng.randrange(len(chars))
        chars[at : at + rng.randrange(3)] = rng.choice(FRAGMENTS)
    return "".join(chars)


def document(rng: Random, name: str) -> Document:
    """A document; every other one with spans, some of these with tokens."""
    body = text(rng)
    cuts = sorted(rng.sample(range(len(body) + 1), min(len(body) + 1, 2 * rng.randrange(4))))
    ranges = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False) if a < b]
    spans = None if rng.random() < 0.5 else tuple(Span(a, b, rng.choice(("PER", "LOC"))) for a, b in ranges)
    words = [(a, b) for a, b in ranges if body[a:b].split() == [body[a:b]]]
    tokens = tuple(words) if spans is not None and rng.random() < 0.5 else None
    return Document(name, body, rng.choice(LANGUAGES), f"f:{name}", name, spans, tokens=tokens)


def steps() -> list[CleaningStep]:
    """Every step of the folder, built with its example."""
    built = [build("cleaning", {"use": name, **find("cleaning", name).example}) for name in names("cleaning")]
    return [step for step in built if isinstance(step, CleaningStep)]


def check_step(step: CleaningStep, documents: Sequence[Document], alone: int) -> None:
    """One batch through a step; the first `alone` documents one by one besides."""
    batch = frames.to_batch(documents)
    kept, rejected = apply(step, batch)
    where = f"{step.name}: "
    assert kept.num_rows + rejected.num_rows == len(documents), where + "rows were lost or made"
    left = set(rejected["id"].to_pylist())
    assert [d.id for d in documents if d.id not in left] == kept["id"].to_pylist(), where + "the order changed"
    assert all(rejected["reason"].to_pylist()), where + "a document was dropped without a reason"
    before = {d.id: d for d in documents}
    after = {d.id: d for d in frames.documents_of(kept)}  # raises where spans or tokens do not fit their text
    for name, now in after.items():
        then = before[name]
        assert (now.spans is None) == (then.spans is None), where + f"{then!r} became {now!r}"
        assert [s.label for s in now.spans or ()] == [s.label for s in then.spans or ()], where + f"{then!r}: {now!r}"
    again, dropped = apply(step, kept)
    assert (again == kept, dropped.num_rows) == (True, 0), (
        where + f"a second time changes {_first_changed(kept, again)}"
    )
    for one in documents[:alone]:
        result = step(one)
        if isinstance(result, Rejected):
            assert one.id in left, where + f"{one!r} is dropped alone and kept in a column"
        else:
            assert after.get(one.id) == result, where + f"{one!r} alone: {result!r}, in a column: {after.get(one.id)!r}"


def _first_changed(kept: pa.RecordBatch, again: pa.RecordBatch) -> str:
    pairs = zip(frames.documents_of(kept), frames.documents_of(again), strict=False)
    return next((f"{a!r} to {b!r}" for a, b in pairs if a != b), "the number of rows")


def mutated(rng: Random, data: bytes) -> bytes:
    """Bytes flipped, cut, doubled, taken from elsewhere, or the whole file cut short."""
    made = bytearray(data)
    for _ in range(rng.randrange(6)):
        at, size = rng.randrange(len(made) + 1), rng.randrange(1, 9)
        kind = rng.randrange(6)
        if kind == 0:
            made[at : at + size] = rng.randbytes(size)
        elif kind == 1:
            del made[at : at + size]
        elif kind == 2:
            made[at:at] = made[at : at + 4 * size]
        elif kind == 3:
            made[at:at] = rng.choice(FRAGMENTS).encode("utf-8", "surrogatepass")
        elif kind == 4:
            del made[at:]
        else:
            made[at:at] = rng.choice(
                (b"\xff\xfe", b"\x00", b"\xef\xbb\xbf", b"\r", b"\xd6\xd0\xce\xc4", b"{", b'"', b"\x1f\x8b")
            )
    return bytes(made)


class Reader:
    """A source over a folder whose files are mutated before it reads."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        folder.mkdir(parents=True)
        self.source: Source = find("source", name).example_in(folder)  # type: ignore[attr-defined]
        self.files = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}

    def check(self, rng: Random) -> None:
        """One input: every record is a document or a reject with a reason, or the file is refused with its name."""
        for path, data in self.files.items():
            path.write_bytes(mutated(rng, data))
        try:
            for batch in self.source.batches():
                records = list(self.source.read(batch))
                documents = [r for r in records if isinstance(r, Document)]
                assert len({d.id for d in documents}) == len(documents), f"{self.name}: an id stands twice"
                assert all(r.reason for r in records if isinstance(r, Rejected)), (
                    f"{self.name}: a reject without reason"
                )
                assert list(frames.documents_of(frames.to_table(documents))) == documents, f"{self.name}: rows differ"
                if self.name in ("jsonl", "text"):
                    lines = sum(self._filled(path) for path in self.files)
                    assert len(records) == lines, f"{self.name}: {lines} lines, {len(records)} records"
        except SourceError as error:
            if not str(error):
                raise AssertionError(f"{self.name}: an error without words") from error

    def _filled(self, path: Path) -> int:
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n")
        return sum(bool(line.removesuffix(b"\r").decode("utf-8", "backslashreplace").strip()) for line in raw)


def readers(folder: Path) -> list[Reader]:
    """Every source that reads files of its example."""
    made = [Reader(name, folder / name) for name in names("source")]
    return [reader for reader in made if reader.files]


def run(inputs: int, seed: int, say: bool = False) -> dict[str, int]:
    """Half of the inputs through readers, half through steps, in turn; inputs by part. Raises AssertionError."""
    count: dict[str, int] = {}
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        turns = _turns(inputs, readers(Path(folder)), steps())
        for number, (part, size) in enumerate(turns):
            rng = Random(f"{seed}/{number}")
            try:
                if isinstance(part, Reader):
                    for _ in range(size):
                        part.check(rng)
                else:
                    check_step(part, [document(rng, f"d{n}") for n in range(size)], alone=size // 10)
            except Exception as error:
                raise AssertionError(f"seed {seed}, turn {number}, {part.name}: {error!r}") from error
            count[part.name] = count.get(part.name, 0) + size
            if say and number % 100 == 0:
                sys.stderr.write(f"{sum(count.values()):,} inputs, {time.monotonic() - started:.0f} s\n")
    return count


def _turns(inputs: int, read: list[Reader], clean: list[CleaningStep]) -> Iterator[tuple[Reader | CleaningStep, int]]:
    parts: list[Reader | CleaningStep] = [*read, *clean]
    done, number = 0, 0
    while done < inputs:
        size = min(BATCH, inputs - done)
        yield parts[number % len(parts)], size
        done, number = done + size, number + 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    begun = time.monotonic()
    done = run(asked.inputs, asked.seed, say=True)
    print(json.dumps({"inputs": sum(done.values()), "seconds": round(time.monotonic() - begun), "by_part": done}))
