"""Training throughput by how batches are made: real tokens a second of one model on one corpus in one run.

    python benchmarks/throughput.py                                # People's Daily; CoNLL-2003 too where it is
    python benchmarks/throughput.py --precision bf16 --rounds 7

Every way of batching does the same step (forward, backward, clipping, AdamW) on the same windows of at most 128 tokens;
only the batches differ. The ways take turns, so that what else the machine does falls on all of them; a figure is the
median of its rounds. Padding is work but not counted: a token is real or it is not. Two to four minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

WINDOW = 128  # what the article pads to
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Measure, print and write benchmarks/results/throughput.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=3000, help="real tokens of each way in each round")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--batch-tokens", type=int, default=1024)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    data = Path(os.environ.get("GRISTMILL_TEST_DATA", ROOT.parent / "shared" / "data")) / "conll2003"
    parser.add_argument("--conll", type=Path, default=data, help="folder of CoNLL-2003; left out where it is not")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "throughput.json")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    result = {
        "what": "training throughput by batching, real tokens a second (padding not counted)",
        "settings": {k: getattr(options, k) for k in SETTINGS} | {"window": WINDOW, "attention": "eager"},
        "machine": machine(load),
        "corpora": {name: summary(measured(options, name)) for name in corpora(options)},
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    for corpus, rows in result["corpora"].items():
        print(f"{corpus}: {MODELS[corpus]}")
        for name, row in rows.items():
            times = f"{row['times_padded_to_128']:5.2f}x  {row['padding']:.0%} padding"
            print(f"  {name:36} {row['tokens_per_second']:8.0f} tokens/s  {times}")


SETTINGS = ("rounds", "tokens", "documents", "batch_tokens", "precision", "threads")
MODELS = {
    "peoples_daily_1998": "packaged MiniLM, first 3 layers, one word embedding a character",
    "conll2003": "packaged MiniLM, all 6 layers, casing as token types",
}


def corpora(options: argparse.Namespace) -> list[str]:
    """Those that this machine has."""
    return [name for name in MODELS if name != "conll2003" or (options.conll / "train.txt").is_file()]


def measured(options: argparse.Namespace, corpus: str) -> dict[str, list[dict[str, float]]]:
    """Rounds of each way: real tokens, seconds, and tokens with padding."""
    import torch

    from pipeline.types import Device

    torch.set_num_threads(options.threads)
    step, examples = stepper(Device(precision=options.precision, threads=options.threads), options, corpus)
    batches = {name: cycle(made) for name, made in ways(examples.lengths.tolist(), options.batch_tokens).items()}
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in batches}
    for number in range(-1, options.rounds):  # round -1 warms up
        names = list(batches)
        random.Random(number).shuffle(names)
        for name in names:
            row = one_round(step, batches[name], options.tokens, WINDOW if name == FIXED else 0)
            if number >= 0:
                rounds[name].append(row)
    return rounds


FIXED = "padded to 128, batches of 16"


def ways(lengths: list[int], budget: int) -> dict[str, list[list[int]]]:
    """The same windows in batches of four kinds."""
    from pipeline.training._batches import batches

    order = list(range(len(lengths)))
    random.Random(13).shuffle(order)
    by_16 = [order[i : i + 16] for i in range(0, len(order) - 15, 16)]
    by_32 = [order[i : i + 32] for i in range(0, len(order) - 31, 32)]
    return {
        FIXED: by_16,
        "padded to the longest, batches of 16": by_16,
        "padded to the longest, batches of 32": by_32,
        f"length buckets, {budget} tokens (ours)": batches(lengths, budget, 13),
    }


def one_round(step: Any, batches: Iterator[list[int]], tokens: int, width: int) -> dict[str, float]:
    """Steps until `tokens` real tokens have been trained on."""
    real = padded = 0
    began = time.perf_counter()
    while real < tokens:
        more, cells = step(next(batches), width)
        real, padded = real + more, padded + cells
    return {"real": real, "padded": padded, "seconds": time.perf_counter() - began}


def read(options: argparse.Namespace, corpus: str) -> Iterator[Any]:
    """The first documents of a corpus."""
    from pipeline.source import Source
    from pipeline.source.conll import Conll
    from pipeline.source.peoples_daily import PeoplesDaily
    from pipeline.types import Document

    conll = corpus == "conll2003"
    source: Source = Conll(path=str(options.conll), pattern="train.txt") if conll else PeoplesDaily()
    found = (d for b in source.batches() for d in source.read(b) if isinstance(d, Document))
    return islice(found, options.documents)


def stepper(device: Any, options: argparse.Namespace, corpus: str) -> tuple[Any, Any]:
    """(one training step on the windows of these indices, the encoded documents)."""
    import torch

    from pipeline.frames import to_table
    from pipeline.task.ner import Ner
    from pipeline.training import _network
    from pipeline.training._base_model import locate
    from pipeline.training._examples import Encoder
    from pipeline.training._forward import attend, autocast, collate

    english = corpus == "conll2003"
    task = Ner(labels=("PER", "LOC", "ORG", "MISC") if english else ("PER", "LOC"))
    table = to_table(read(options, corpus))
    shape = _network.Shape(None if english else 3, not english, english, dropout=0.1, seed=13)
    model, tokenizer = _network.build(locate("packaged_minilm"), task, shape, table.column("text").to_pylist())
    examples = Encoder(tokenizer, task, WINDOW, casing=english).encode(table)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    attend(model.train(), "eager")

    def step(indices: list[int], width: int) -> tuple[int, int]:
        batch = collate([examples.windows[i] for i in indices], "token", 0, "cpu", width)
        with autocast(device):
            logits = model(**batch.inputs).logits
        optimizer.zero_grad(set_to_none=True)
        batch.loss(logits.float()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return batch.tokens, batch.targets.numel()

    return step, examples


def summary(rounds: dict[str, list[dict[str, float]]]) -> dict[str, dict[str, Any]]:
    """Medians of the rounds, and how many times the first way each is."""
    speeds = {name: [r["real"] / r["seconds"] for r in rows] for name, rows in rounds.items()}
    base = speeds[FIXED]
    return {
        name: {
            "tokens_per_second": round(statistics.median(found), 1),
            "rounds": [round(v, 1) for v in found],
            "times_padded_to_128": round(statistics.median(a / b for a, b in zip(found, base, strict=True)), 3),
            "padding": round(1 - sum(r["real"] for r in rounds[name]) / sum(r["padded"] for r in rounds[name]), 4),
        }
        for name, found in speeds.items()
    }


def machine(load: float) -> dict[str, Any]:
    """What the figures depend on; nothing that names this machine."""
    import torch
    import transformers

    git = ["git", "-C", str(ROOT)]
    commit = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    changed = subprocess.run([*git, "status", "--porcelain", "pipeline"], capture_output=True, text=True, check=False)
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "commit": commit,
        "uncommitted_changes": bool(changed.stdout.strip()),
        "date": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    main()
