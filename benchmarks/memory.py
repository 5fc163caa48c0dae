"""Peak memory of `raw` and `clean` by the number of documents: flat, or not.

    python benchmarks/memory.py                      # 10,000, 100,000 and 1,000,000 documents; about five minutes
    python benchmarks/memory.py --documents 10000 50000

Each stage of each size is a process of its own, so that its peak is its own (`ru_maxrss`, MiB). Documents are JSON
lines of about 600 characters, English and Chinese in turn, half of them with something to clean.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from throughput import ROOT, machine

EN = "The mill stood by the river, and what it ground that year was sold in town {n} at a price of {m}. "
ZH = "磨坊在河边，那一年第{n}批面粉卖到城里，价格是{m}元，买的人很多。"
CORPUS = """
mill:
  source: {{use: jsonl, path: {path}}}
  language: en
  licence: made up for the benchmark
  cleaning: [normalize_unicode, collapse_whitespace, {{use: min_length, chars: 5}}]
"""


def write(folder: Path, documents: int) -> None:
    """The corpus and its description."""
    (folder / "recipes").mkdir(parents=True)
    path = folder / "mill.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for n in range(documents):
            text = (EN * 6 if n % 2 else ZH * 18).format(n=n, m=n * 7919 % 10_007)
            dirt = "  １２３\u200b mail a.b@c.example" if n % 4 < 2 else ""
            file.write(json.dumps({"id": str(n), "text": text + dirt}, ensure_ascii=False) + "\n")
    (folder / "recipes" / "corpora.yaml").write_text(CORPUS.format(path=path), encoding="utf-8")


def make(folder: Path, stage: str) -> None:
    """One stage, in this process; prints its peak and its seconds."""
    from pipeline import stages
    from pipeline.loading import load_recipes
    from pipeline.store import Store

    corpus, store = load_recipes(folder / "recipes").corpus("mill"), Store(str(folder / "store"))
    batch = "mill.jsonl"
    work = stages.collect(corpus, batch) if stage == "raw" else stages.clean(corpus, batch, store)
    started = time.monotonic()
    rows = stages.make(work, store).manifest.rows
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rows": rows, "peak_mib": round(peak), "seconds": round(time.monotonic() - started, 1)}))


def main() -> None:
    """Measure, print and write benchmarks/results/memory.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "memory.json")
    parser.add_argument("--make", nargs=2, metavar=("FOLDER", "STAGE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(Path(options.make[0]), options.make[1])
        return
    found: dict[str, dict[str, Any]] = {"raw": {}, "clean": {}}
    for documents in options.documents:
        with tempfile.TemporaryDirectory() as name:
            write(Path(name), documents)
            for stage, by_size in found.items():
                command = [sys.executable, __file__, "--make", name, stage]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                by_size[str(documents)] = json.loads(done.stdout.splitlines()[-1])
                print(f"{stage:6} {documents:>10,} documents: {by_size[str(documents)]}")
    result = {"what": "peak memory by number of documents, MiB", "machine": machine(0.0), "peaks": found}
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
