"""Cleaning throughput: MB of UTF-8 text a CPU-second, against datatrove doing the same.

    python benchmarks/cleaning.py --datatrove PYTHON    # an interpreter with datatrove 0.10; about four minutes

Both read the same Parquet file, half of its documents soiled in three places, drop invisible characters, write NFKC,
mask URLs, e-mail and IPv4 addresses, collapse white space, drop short documents and write Parquet with zstd. Each run
is a process of its own and the ways take turns. What a way costs before it gets to the text is the same run over a
single document; that is measured apart and taken off. datatrove masks with its
own PIIFormatter; what it has no formatter for is Python `re` and `unicodedata` behind cheap tests, as its users write
it. It carries no spans; the text with spans is ours alone. The steps one by one, and the floor that memory sets (a copy
of the text column), say where the time goes.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from throughput import ROOT, machine

STEPS: list[Any] = [
    "normalize_unicode",
    "mask_urls",
    {"use": "mask_pii", "kinds": ["email", "ipv4"]},
    "collapse_whitespace",
    {"use": "min_length", "chars": 50},
]
DATATROVE = """
import re, sys, unicodedata
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import LambdaFilter
from datatrove.pipeline.formatters import PIIFormatter
from datatrove.pipeline.formatters.base import BaseFormatter
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter

INVISIBLE = re.compile(
    "[\\x00-\\x08\\x0e-\\x1b\\x7f-\\x84\\x86-\\x9f\\u00ad\\u200b\\u200e\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff]"
)
URL = re.compile(r"(?:https?://|www\\.)[^\\s<>]+")
SPACES = re.compile(r"\\s{2,}|[^\\S ]")

class Clean(BaseFormatter):
    name = "clean"
    def format(self, text):
        text = INVISIBLE.sub("", text)
        if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
            text = unicodedata.normalize("NFKC", text)
        if "http" in text or "www." in text:
            text = URL.sub("[URL]", text)
        return SPACES.sub(" ", text).strip()

if __name__ == "__main__":
    folder, name = sys.argv[1:]
    steps = [
        ParquetReader(folder, glob_pattern=name), Clean(),
        PIIFormatter(email_replacement="[EMAIL]", ip_replacement="[IPV4]", only_remove_public_ips=False),
        LambdaFilter(lambda doc: len(doc.text) >= 50), ParquetWriter(folder + "/out", compression="zstd"),
    ]
    logs = {"logging_dir": folder + "/logs", "skip_completed": False}
    LocalPipelineExecutor(pipeline=steps, tasks=1, workers=1, **logs).run()
"""


def ours(file: Path) -> None:
    """The stage's own way: through the engine, kept and dropped written as they come."""
    from pipeline.cleaning import CLEANED, parted, run
    from pipeline.draft import Draft
    from pipeline.engine import mapped
    from pipeline.part import build

    steps = tuple(build("cleaning", spec) for spec in STEPS)
    with tempfile.TemporaryDirectory() as folder:
        draft = Draft(Path(folder))
        draft.write_pairs(parted(rows) for rows in mapped(file, partial(run, steps), CLEANED))
        print(json.dumps({"kept": draft.rows, "dropped": draft.rejected_rows}))


DIRT = (
    " １２３\u200b４ ",
    " see http://mill.example/x?y=1 ",
    " mail miller.b@mill.example ",
    "\u3000\u3000",
    " host 192.168.0.17 ",
    "\x07\ufeff",
)


def dirty(table: Any, seed: int) -> Any:
    """The same documents, half of them with three pieces of dirt somewhere outside of their spans."""
    from pipeline.frames import documents_of, to_table
    from pipeline.types import Document, Edit

    rng = random.Random(seed)

    def soiled(document: Document) -> Any:
        if rng.random() < 0.5:
            return document
        inside = {at for span in document.spans or () for at in range(span.start, span.end + 1)}
        places = {rng.randrange(len(document.text)) for _ in range(3)} - inside
        return document.edited([Edit(at, at, rng.choice(DIRT)) for at in sorted(places)])

    return to_table(soiled(document) for document in documents_of(table))


def cpu_of(command: list[str]) -> float:
    """CPU seconds of a process, all its threads."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "POLARS_MAX_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_step(table: Any, megabytes: float) -> dict[str, float]:
    """MB a CPU-second of each step by itself on what the steps before it left; and of copying the column."""
    import pyarrow as pa

    from pipeline.cleaning import apply
    from pipeline.part import build

    batches = table.to_batches(max_chunksize=4096)
    found: dict[str, float] = {}
    started = time.process_time()
    for batch in batches:
        pa.concat_arrays([batch.column("text"), batch.column("text").slice(0, 1)])
    found["copy of the text column"] = round(megabytes / max(time.process_time() - started, 1e-9), 1)
    for spec in STEPS:
        step = build("cleaning", spec)
        started = time.process_time()
        batches = [apply(step, batch)[0] for batch in batches]
        found[step.name] = round(megabytes / (time.process_time() - started), 1)
    return found


def main() -> None:
    """Measure, print and write benchmarks/results/cleaning.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datatrove", default=sys.executable, help="a Python with datatrove; without it ours alone")
    parser.add_argument("--megabytes", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "cleaning.json")
    parser.add_argument("--ours", nargs=2, metavar=("FOLDER", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ours:
        ours(Path(*options.ours))
        return
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from corpus import documents

    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "theirs.py").write_text(DATATROVE)
        for kind in ("raw", "spans"):
            table = dirty(documents(options.megabytes, 7, spans=kind == "spans", near=0.0)[0], 7)
            pq.write_table(table, folder / f"{kind}.parquet", row_group_size=2048, compression="zstd")
            pq.write_table(table.slice(0, 1), folder / f"{kind}-start.parquet", compression="zstd")
            if kind == "raw":
                size = pc.sum(pc.binary_length(table["text"])).as_py() / 1e6
                steps = by_step(table, size)
        me = [sys.executable, __file__, "--ours", name]
        theirs = [options.datatrove, str(folder / "theirs.py"), name]
        ways = {"raw text": (me, "raw"), "text with spans": (me, "spans")}
        if subprocess.run([options.datatrove, "-c", "import datatrove"], capture_output=True).returncode == 0:
            ways["datatrove, raw text"] = (theirs, "raw")
        starts = {
            way: min(cpu_of([*command, f"{kind}-start.parquet"]) for _ in range(2))
            for way, (command, kind) in ways.items()
        }
        rounds: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, (command, kind) in ways.items():
                rounds[way].append(size / (cpu_of([*command, f"{kind}.parquet"]) - starts[way]))
    result: dict[str, Any] = {"what": "cleaning, MB of UTF-8 a CPU-second", "megabytes": round(size, 1)}
    result |= {"machine": machine(load), "steps": steps, "start_cpu_seconds": starts, "ways": {}}
    for way, speeds in rounds.items():
        against = rounds.get("datatrove, raw text")
        times = [a / b for a, b in zip(speeds, against, strict=True)] if against else []
        result["ways"][way] = {
            "mb_per_cpu_second": round(statistics.median(speeds), 2),
            "rounds": [round(v, 2) for v in speeds],
            "times_datatrove": round(statistics.median(times), 2) if times else None,
        }
        print(f"{way:24} {result['ways'][way]}")
    print(steps)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
