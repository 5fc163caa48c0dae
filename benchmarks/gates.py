"""What gates cost beside the stage that they judge: CPU seconds, and shares of the stage's.

    python benchmarks/gates.py --documents 100000            # about two minutes

The stage and every quality gate that can judge it, at its defaults, on the same documents, in this process, one after
another. Each gate has judged its own good example before: what a first call imports (Great Expectations, scikit-learn)
is not counted, as it is not with the stages. Documents are those of corpus.py.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from throughput import ROOT, machine

STEPS: list[Any] = [
    "normalize_unicode",
    "mask_urls",
    "mask_pii",
    "collapse_whitespace",
    {"use": "min_length", "chars": 5},
]


def main() -> None:
    """Measure, print and write benchmarks/results/gates.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "gates.json")
    options = parser.parse_args()
    import pyarrow.parquet as pq
    from corpus import documents

    from pipeline.cleaning import CLEANED, parted, run
    from pipeline.draft import Draft
    from pipeline.engine import mapped
    from pipeline.frames import Frame
    from pipeline.gate import judge
    from pipeline.part import build, find, names
    from pipeline.splitting import SplitSettings, divide

    load = os.getloadavg()[0]
    table = documents(options.documents * 0.00205, 5)[0].slice(0, options.documents)
    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        raw, folder = Path(name) / "raw.parquet", Path(name) / "clean"
        folder.mkdir()
        pq.write_table(table, raw, row_group_size=2048, compression="zstd")
        steps = tuple(build("cleaning", spec) for spec in STEPS)
        started = time.process_time()
        Draft(folder).write_pairs(parted(rows) for rows in mapped(raw, partial(run, steps), CLEANED))
        seconds["clean"] = time.process_time() - started
        cleaned = pq.read_table(folder / "documents.parquet")
    started = time.process_time()
    division = divide(cleaned, SplitSettings())
    seconds["splits"] = time.process_time() - started
    frames = {"clean": Frame(cleaned), "splits": Frame(division.kept, division.rejected)}
    found: dict[str, dict[str, Any]] = {}
    for stage, frame in frames.items():
        for use in names("quality"):
            cls = find("quality", use)
            required = {f for f, field in cls.model_fields.items() if field.is_required()}
            if stage not in cls.stages:  # type: ignore[attr-defined]
                continue
            settings = {f: v for f, v in cls.example.items() if f in required}
            gate = build("quality", {"use": use, **settings})
            judge(build("quality", {"use": use, **cls.example}), cls.good())  # type: ignore[arg-type, attr-defined]
            started = time.process_time()
            verdict = judge(gate, frame)  # type: ignore[arg-type]
            spent = time.process_time() - started
            found.setdefault(use, {})[stage] = {
                "cpu_seconds": round(spent, 3),
                "share_of_stage": round(spent / seconds[stage], 4),
                "outcome": verdict.outcome,
            }
            print(f"{stage:7} {use:24} {spent:7.2f} s {spent / seconds[stage]:7.1%}  {verdict.outcome}")
    print({stage: round(spent, 1) for stage, spent in seconds.items()})
    result = {"what": "CPU seconds of gates beside their stage", "documents": table.num_rows, "machine": machine(load)}
    result |= {"stages": {stage: round(spent, 2) for stage, spent in seconds.items()}, "gates": found}
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
