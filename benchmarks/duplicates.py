"""Deduplication and splitting: how much is found, at what speed, and that the work grows with the documents.

    python benchmarks/duplicates.py                                 # 400 MB for the last part; about ten minutes
    python benchmarks/duplicates.py --megabytes 20 --documents 25000
    python benchmarks/duplicates.py --datatrove VENV/bin/python     # a Python that has datatrove 0.10.1

One thread. A figure is megabytes of UTF-8 a second of processor time, the median of rounds in which all take turns.
Truth is the exact Jaccard similarity, counted by plain Python sets, of every two documents of one planted family.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"  # before Polars is imported: one thread for all that is compared
os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import json
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.corpus import documents  # noqa: E402
from benchmarks.throughput import machine  # noqa: E402
from pipeline.duplicates import sketch, thinned  # noqa: E402
from pipeline.duplicates.shingles import PATTERN, shingles  # noqa: E402
from pipeline.duplicates.signatures import signatures  # noqa: E402
from pipeline.splitting import SplitSettings, divide  # noqa: E402

BINS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.01)


def main() -> None:
    """Measure, print and write benchmarks/results/duplicates.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=40, help="for what is found and for our own stages")
    parser.add_argument("--others", type=float, default=4, help="megabytes for datasketch and datatrove")
    parser.add_argument("--documents", type=int, default=200_000, help="the largest number in the last part")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--datatrove", type=Path, help="a Python with datatrove; left out without")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "duplicates.json")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    table, planted = documents(options.megabytes, seed=1)
    result: dict[str, Any] = {
        "what": "near-duplicates: recall and precision by exact Jaccard; megabytes a second of processor time",
        "settings": {k: getattr(options, k) for k in ("megabytes", "others", "documents", "rounds")},
        "machine": machine(load),
        "documents": table.num_rows,
        "planted": planted.num_rows,
        "found": {language: found(table, planted, language) for language in ("en", "zh")},
        "megabytes_per_cpu_second": speeds(table, options),
    }
    result["grows"] = grows(options.documents)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({k: result[k] for k in ("found", "megabytes_per_cpu_second", "grows")}, indent=1))


def found(table: pa.Table, planted: pa.Table, language: str) -> dict[str, Any]:
    """Recall by similarity of the pairs of planted families, and precision of what was dropped."""
    rows = pl.DataFrame(table.select(["id", "text", "language"])).filter(language=language)
    made = sketch(rows["text"])
    # exact copies are another step's work: one of each text takes part
    first = np.sort(rows.with_row_index("at").unique("text", keep="first")["at"].to_numpy()).astype(np.int64)
    pairs = thinned(made, first, 0.8)
    at = dict(zip(rows["id"], range(rows.height), strict=True))
    root: dict[str, str] = {}
    for one, of in (
        planted.filter(pa.compute.equal(planted["language"], language)).select(["id", "of"]).to_pandas().values
    ):
        root[one] = root.get(of, of)
    families: dict[str, set[str]] = defaultdict(set)
    for one, top in root.items():
        families[top] |= {one, top}
    texts, alive, gone = rows["text"].to_list(), set(first.tolist()), set(pairs.right.tolist())
    bins: dict[str, list[bool]] = {f"{a:g}-{min(b, 1):g}": [] for a, b in pairwise(BINS)}
    for family in families.values():
        members = sorted(at[m] for m in family if at[m] in alive)
        sets = {m: plain(texts[m]) for m in members}
        for a, b in combinations(members, 2):
            alike = len(sets[a] & sets[b]) / len(sets[a] | sets[b])
            name = next(
                (n for n, (lo, hi) in zip(bins, pairwise(BINS), strict=True) if lo <= alike < hi),
                None,
            )
            if name:
                bins[name].append(a in gone or b in gone)
    checked = random.Random(3).sample(range(len(pairs)), min(2000, len(pairs)))
    right = 0
    for i in checked:
        a, b = plain(texts[pairs.left[i]]), plain(texts[pairs.right[i]])
        right += len(a & b) / len(a | b) >= 0.8 and int(pairs.left[i]) not in gone
    over = [hit for name, hits in bins.items() if float(name.split("-")[0]) >= 0.8 for hit in hits]
    return {
        "dropped": len(pairs),
        "recall": sum(over) / len(over),
        "pairs": len(over),
        "precision": right / len(checked),
        "checked": len(checked),
        "dropped_of_pairs_by_similarity": {n: [sum(h), len(h)] for n, h in bins.items()},
    }


def plain(text: str) -> set[tuple[str, ...]]:
    """The shingles of a text one by one: three words or five characters."""
    tokens = re.findall(PATTERN, text.lower())
    weights = [3 if "\u3400" <= t <= "\u9fff" else 5 for t in tokens]
    made = set()
    for i in range(len(tokens)):
        end, weight = i, 0
        while weight < 15 and end < len(tokens):
            weight, end = weight + weights[end], end + 1
        if weight >= 15 or i == 0:
            made.add(tuple(tokens[i:end]))
    return made


def speeds(table: pa.Table, options: argparse.Namespace) -> dict[str, Any]:
    """Every job in turns: our stages on the whole table, the others on a part of it."""
    texts = pl.Series(table["text"], dtype=pl.String)
    part = table.slice(0, max(1, int(table.num_rows * options.others / options.megabytes)))
    some = pl.Series(part["text"], dtype=pl.String)
    sets, few = shingles(texts), shingles(some)
    made = sketch(texts)
    order = np.arange(len(texts))
    folder = Path(tempfile.mkdtemp())
    pq.write_table(table, folder / "raw.parquet", compression="zstd")
    jobs: dict[str, tuple[float, Callable[[], object]]] = {
        "tokens and shingles": (size(texts), lambda: shingles(texts)),
        "signatures": (size(texts), lambda: signatures(sets, 0)),
        "buckets, verifying, dropping": (size(texts), lambda: thinned(made, order, 0.8)),
        "all of it: parquet to parquet, near_duplicates 0.8 alone": (
            size(texts),
            lambda: whole(folder, SplitSettings(apart=None)),
        ),
        "all of it: parquet to parquet, and apart 0.5": (size(texts), lambda: whole(folder, SplitSettings())),
        "signatures, datasketch on the same shingles": (size(some), lambda: datasketch_signatures(few)),
        "shingles to pairs, ours": (size(some), lambda: thinned(sketch(some), np.arange(len(some)), 0.8)),
        "shingles to pairs, datasketch": (size(some), lambda: datasketch_pairs(few)),
    }
    if options.datatrove:
        part_file = folder / "part.jsonl"
        part.select(["id", "text"]).to_pandas().to_json(part_file, orient="records", lines=True, force_ascii=False)
        jobs["text to kept text, datatrove"] = (size(some), lambda: datatrove(options.datatrove, part_file))
        jobs["text to kept text, ours"] = (size(some), lambda: divide(part, SplitSettings(apart=None)))
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(options.rounds):
        names = list(jobs)
        random.Random(number).shuffle(names)
        for name in names:
            began = cpu()
            jobs[name][1]()
            times[name].append(jobs[name][0] / (cpu() - began))
    return {name: {"median": statistics.median(t), "rounds": t} for name, t in times.items()}


def whole(folder: Path, settings: SplitSettings) -> None:
    """Raw text from a file to kept and rejected rows in files."""
    division = divide(pq.read_table(folder / "raw.parquet"), settings)
    pq.write_table(division.kept, folder / "kept.parquet", compression="zstd")
    pq.write_table(division.rejected, folder / "rejected.parquet", compression="zstd")


def datasketch_signatures(sets: Any) -> list[Any]:
    """128 permutations; the hashes are ours already, so only its own work counts."""
    from datasketch import MinHash

    made = []
    for start, end in zip(sets.offsets, sets.offsets[1:], strict=False):
        one = MinHash(num_perm=128, hashfunc=int)
        one.update_batch(sets.hashes[start:end].tolist())
        made.append(one)
    return made


def datasketch_pairs(sets: Any) -> int:
    """Signatures, its LSH at 0.8, and every pair that it gives."""
    from datasketch import MinHashLSH

    index = MinHashLSH(threshold=0.8, num_perm=128)
    signed = datasketch_signatures(sets)
    count = 0
    for number, one in enumerate(signed):
        count += len(index.query(one))
        index.insert(number, one)
    return count


DATATROVE = """
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import *
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.word_tokenizers import WhitespaceTokenizer
import datatrove.pipeline.dedup.minhash as module
file, out = sys.argv[1:3]
module.load_word_tokenizer = lambda language: WhitespaceTokenizer()
config = MinhashConfig(n_grams=5, num_buckets=16, hashes_per_bucket=8, hash_config=HashConfig(precision=64))
reader = lambda: JsonlReader(file)
def run(*steps):
    LocalPipelineExecutor(list(steps), tasks=1, logging_dir=None).run()
run(reader(), MinhashDedupSignature(out + "/s", config))
LocalPipelineExecutor([MinhashDedupBuckets(out + "/s", out + "/b", config=config)], tasks=16).run()
run(MinhashDedupCluster(out + "/b", out + "/r", config=config))
run(reader(), MinhashDedupFilter(out + "/r"), JsonlWriter(out + "/k", compression=None))
"""


def datatrove(python: Path, file: Path) -> None:
    """datatrove's four steps in a process of its own, its tokenizer white space alone (its others are slower)."""
    with tempfile.TemporaryDirectory() as out:
        done = subprocess.run([python, "-c", DATATROVE, file, out], cwd=out, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])


def grows(most: int) -> list[dict[str, float]]:
    """Processor seconds and peak memory of the whole division for more and more documents."""
    table, _ = documents(most * 0.00205, seed=2)
    made = []
    for count in (most // 8, most // 4, most // 2, most):
        part = table.slice(0, count)
        texts = pl.Series(part["text"], dtype=pl.String)
        began = cpu()
        division = divide(part, SplitSettings())
        seconds = cpu() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        row = {"documents": part.num_rows, "megabytes": size(texts), "cpu_seconds": seconds, "peak_mib": peak}
        made.append({**row, "microseconds_per_document": 1e6 * seconds / part.num_rows, "kept": division.kept.num_rows})
    return made


def size(texts: pl.Series) -> float:
    """Megabytes of UTF-8."""
    return int(texts.str.len_bytes().sum()) / 1e6


def cpu() -> float:
    """Processor seconds of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
