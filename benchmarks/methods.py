"""Every method that trains by gradients, once, on the same 1,000 sentences of CoNLL-2003: what it costs and brings.

    python benchmarks/methods.py FOLDER    # with train.txt, valid.txt, test.txt; about half an hour of one core

Three epochs of the packaged MiniLM with casing, each method with its own learning rate and settings, each in a process
of its own, for the peak of memory is a process's. The test is its first 1,000 sentences, and so is the validation's
first 200. CPU seconds are of the whole fit, import of torch included, and do not count what others do on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any

from throughput import ROOT, machine

METHODS: dict[str, dict[str, Any]] = {
    "full": {"use": "full", "learning_rate": 3e-4},
    "crf": {"use": "crf", "learning_rate": 3e-4},
    "lora": {"use": "lora"},
    "lora, all layers": {"use": "lora", "targets": ["query", "key", "value", "dense"]},
    "adalora": {"use": "adalora"},
    "adapter, houlsby": {"use": "adapter", "kind": "houlsby"},
    "adapter, pfeiffer": {"use": "adapter", "kind": "pfeiffer"},
    "bitfit": {"use": "bitfit"},
    "ia3": {"use": "ia3"},
    "prefix_tuning": {"use": "prefix_tuning"},
    "prompt_tuning": {"use": "prompt_tuning"},
    "frozen": {"use": "frozen"},
}
SAME = {"base_model": "packaged_minilm", "casing": True, "epochs": 3, "batch_tokens": 256}
SIZES = {"train": 1000, "valid": 200, "test": 1000}
RESULT = ROOT / "benchmarks" / "results" / "methods.json"


def measured(folder: Path, name: str, changed: dict[str, Any], sizes: dict[str, int]) -> dict[str, Any]:
    """One method's row, in this process."""
    from pipeline.frames import to_table
    from pipeline.part import build
    from pipeline.source.conll import Conll
    from pipeline.task.ner import Ner
    from pipeline.training import Splits, Training
    from pipeline.types import Device, Document

    def sentences(file: str) -> Any:
        read = Conll(path=str(folder), pattern=f"{file}.txt").read(f"{file}.txt")
        return to_table(list(islice((d for d in read if isinstance(d, Document)), sizes[file])))

    method = build("training", {**SAME, **METHODS[name], **changed})
    assert isinstance(method, Training)
    splits = Splits(sentences("train"), sentences("valid"), sentences("test"), digest="benchmark")
    task = Ner(labels=("PER", "LOC", "ORG", "MISC"))
    with tempfile.TemporaryDirectory() as out:
        began = time.process_time()
        checkpoint = method.fit(task, splits, Device(threads=1), Path(out), lambda _: None)
        spent = time.process_time() - began
    metrics = checkpoint.metrics
    kept = ("entity_f1", "entity_f1_low", "entity_f1_high", "seconds", "peak_memory_mib", "trainable_parameters")
    kept += ("validation_entity_f1",)
    share = metrics["trainable_parameters"] / metrics["parameters"]
    return {**{k: metrics[k] for k in kept}, "trainable_share": share, "cpu_seconds": spent}


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The rows as docs/methods.md shows them."""
    lines = [
        "| method | entity F1 (95 % interval) | trained | CPU seconds | peak memory, MiB |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{name}` | {r['entity_f1']:.3f} ({r['entity_f1_low']:.3f} to {r['entity_f1_high']:.3f}) "
        f"| {r['trainable_share']:.2%} | {r['cpu_seconds']:.0f} | {r['peak_memory_mib']:.0f} |"
        for name, r in rows.items()
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure the methods named, all of them without a name; unless settings or sizes are changed, write what was found
    over what was there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--method", action="append", choices=METHODS)
    parser.add_argument("--settings", type=json.loads, default={}, help="fields that are changed, as JSON")
    parser.add_argument("--sizes", type=json.loads, default={}, help='sentences of a file, as JSON: {"train": 4000}')
    parser.add_argument("--one", choices=METHODS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = {**SIZES, **given.sizes}
    if given.one:
        print(json.dumps(measured(given.folder, given.one, given.settings, sizes)))
        return
    as_said = not given.settings and not given.sizes
    found = json.loads(RESULT.read_text()) if RESULT.exists() and as_said else {}
    rows = found.get("rows", {})
    for name in given.method or METHODS:
        command = [sys.executable, __file__, str(given.folder), "--one", name, "--settings", json.dumps(given.settings)]
        command += ["--sizes", json.dumps(given.sizes)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        rows[name] = json.loads(done.stdout.splitlines()[-1])
        print(name, rows[name], flush=True)
        if as_said:
            said = {
                "machine": machine(os.getloadavg()[0]),
                "sizes": SIZES,
                "same": SAME,
                "rows": {n: rows[n] for n in METHODS if n in rows},
            }
            RESULT.write_text(json.dumps(said, indent=1) + "\n")
    print(table({name: rows[name] for name in METHODS if name in rows}))


if __name__ == "__main__":
    main()
