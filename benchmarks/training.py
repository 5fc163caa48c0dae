"""The same model fine-tuned on the same sentences by transformers' Trainer and by Gristmill: tokens a second, and F1.

    python benchmarks/training.py FOLDER                     # of CoNLL-2003
    python benchmarks/training.py FOLDER --sentences 2000 --epochs 2

Three ways, one after the other: the Trainer as the token-classification example of transformers configures it (8
sentences a batch in random order, padded to the longest), the same with sentences grouped by length, and
Gristmill's method `full`. All go through the same sentences as often, with AdamW, a linear schedule and the
learning rate that is given; each is scored on the same test sentences by the same code. Tokens that are padding do
not count. The last figure is the share of this machine's matrix products of the same shape that the training
reaches.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from throughput import ROOT, machine

WAYS = ("trainer", "trainer, grouped by length", "gristmill")


def main() -> None:
    """Measure, print and write benchmarks/results/training.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conll", type=Path, help="folder of CoNLL-2003")
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--test", type=int, default=1500)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--batch", type=int, default=8, help="sentences, of the Trainer; the example's default")
    parser.add_argument(
        "--batch-tokens", type=int, default=184, help="of Gristmill: about as many steps as the Trainer"
    )
    parser.add_argument("--seeds", type=int, default=3, help="of the head, the order and dropout; figures are means")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "training.json")
    options = parser.parse_args()
    import torch

    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0]
    splits = read(options)
    each: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for seed in range(1, options.seeds + 1):  # the ways take turns
        each[WAYS[0]].append(by_trainer(options, splits, False, seed))
        each[WAYS[1]].append(by_trainer(options, splits, True, seed))
        each[WAYS[2]].append(by_gristmill(options, splits, seed))
    rows = {way: together(found) for way, found in each.items()}
    limit = matrix_products(torch)
    for row in rows.values():
        row["times_trainer"] = round(row["tokens_per_cpu_second"] / rows[WAYS[0]]["tokens_per_cpu_second"], 2)
        row["share_of_matrix_products"] = round(row["tokens_per_cpu_second"] * row["flops_per_token"] / limit, 3)
    settings = {k: v for k, v in vars(options).items() if k not in ("conll", "out")}
    result = {"what": __doc__.splitlines()[0], "settings": settings, "machine": machine(load), "ways": rows}
    result["matrix_products_gflops_per_cpu_second"] = round(limit / 1e9, 1)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    for name, row in rows.items():
        print(
            f"{name:28} {row['tokens_per_second']:7.0f} tokens/s {row['tokens_per_cpu_second']:7.0f} a CPU second "
            f"{row['times_trainer']:5.2f}x  {row['steps']:.0f} steps  F1 {row['entity_f1']:.4f} "
            f"{row['entity_f1_by_seed']}  "
            f"{row['share_of_matrix_products']:.0%} of the matrix products"
        )


def read(options: argparse.Namespace) -> Any:
    """Train, validation and test tables: the first sentences of the official files."""
    from itertools import islice

    from pipeline.frames import to_table
    from pipeline.source.conll import Conll
    from pipeline.training import Splits
    from pipeline.types import Document

    def first(name: str, count: int) -> Any:
        source = Conll(path=str(options.conll), pattern=name)
        found = (d for b in source.batches() for d in source.read(b) if isinstance(d, Document))
        return to_table(islice(found, count))

    validation = first("valid.txt", 300)
    return Splits(first("train.txt", options.sentences), validation, first("test.txt", options.test), "benchmark")


def task() -> Any:
    """CoNLL's four labels."""
    from pipeline.task.ner import Ner

    return Ner(labels=("PER", "LOC", "ORG", "MISC"))


def together(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over seeds, and every F1."""
    found = {key: round(sum(r[key] for r in runs) / len(runs), 4) for key in runs[0]}
    return {**found, "entity_f1_by_seed": [r["entity_f1"] for r in runs]}


def built(splits: Any, seed: int) -> tuple[Any, Any]:
    """(model, encoder): the packaged MiniLM with a fresh head, and what makes windows of documents."""
    from pipeline.training import _network
    from pipeline.training._base_model import locate
    from pipeline.training._examples import Encoder

    shape = _network.Shape(None, False, False, dropout=0.1, seed=seed)
    model, tokenizer = _network.build(locate("packaged_minilm"), task(), shape, [])
    return model, Encoder(tokenizer, task(), 128, casing=False)


def by_trainer(options: argparse.Namespace, splits: Any, grouped: bool, seed: int) -> dict[str, Any]:
    """transformers' Trainer on the same windows."""
    from transformers import DataCollatorForTokenClassification, Trainer, TrainingArguments

    model, encoder = built(splits, seed)
    examples = encoder.encode(splits.train)
    rows = [{"input_ids": w.ids.tolist(), "labels": w.targets.tolist()} for w in examples.windows]
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=options.batch,
            num_train_epochs=options.epochs,
            learning_rate=options.learning_rate,
            train_sampling_strategy="group_by_length" if grouped else "random",
            save_strategy="no",
            report_to="none",
            use_cpu=True,
            disable_tqdm=True,
            seed=seed,
        )
        collator = DataCollatorForTokenClassification(encoder.tokenizer)
        trainer = Trainer(model=model, args=arguments, data_collator=collator, train_dataset=rows)
        began, cpu = time.perf_counter(), time.process_time()
        steps = trainer.train().global_step
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    tokens = options.epochs * int(examples.lengths.sum())
    return measured(tokens, seconds, cpu, steps, model, score(model, encoder, splits))


def by_gristmill(options: argparse.Namespace, splits: Any, seed: int) -> dict[str, Any]:
    """The loop of the method `full`, the last epoch kept, as the Trainer keeps it."""
    from pipeline.training._loop import Loop
    from pipeline.training._schedule import Schedule
    from pipeline.types import Device

    model, encoder = built(splits, seed)
    examples = encoder.encode(splits.train)
    schedule = Schedule(options.epochs, options.learning_rate, 1.0, options.batch_tokens, 0.0, 0.0, 1.0, 0, seed)
    turns = iter(range(1, options.epochs + 1))
    with tempfile.TemporaryDirectory() as folder:
        device = Device(threads=options.threads)
        loop = Loop(
            model, examples, schedule, device, Path(folder), lambda _: None, lambda: float(next(turns)), "none", 0
        )
        began, cpu = time.perf_counter(), time.process_time()
        progress = loop.run()
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    return measured(progress.tokens, seconds, cpu, progress.step, model, score(model, encoder, splits))


def score(model: Any, encoder: Any, splits: Any) -> float:
    """Strict entity F1 on the test sentences."""
    from pipeline.training._examples import gathered
    from pipeline.training._forward import log_probabilities
    from pipeline.types import Device

    examples = encoder.encode(splits.test)
    scores = log_probabilities(model.eval(), examples, 1024, Device(), int(encoder.tokenizer.pad_token_id))
    return float(task().headline_value(splits.test, gathered(examples, scores, task())))


def measured(tokens: int, seconds: float, cpu: float, steps: int, model: Any, f1: float) -> dict[str, Any]:
    """Of one training. A weight of the encoder and the head costs six operations a token: two forward, four back
    (Kaplan et al. 2020, section 2.1); attention's own products, small at these lengths, are left out."""
    embeddings = sum(p.numel() for n, p in model.named_parameters() if "embeddings" in n)
    weights = sum(p.numel() for p in model.parameters()) - embeddings
    return {
        "tokens_per_second": round(tokens / seconds, 1),
        "tokens_per_cpu_second": round(tokens / cpu, 1),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "steps": steps,
        "tokens": tokens,
        "entity_f1": round(f1, 4),
        "flops_per_token": 6 * weights,
    }


def matrix_products(torch: Any) -> float:
    """Operations a CPU second of the largest product of the model: 256 tokens, 384 by 1,536, fp32; the best of 5."""
    one, other = torch.randn(256, 384), torch.randn(384, 1536)
    best = 0.0
    for _ in range(5):
        cpu = time.process_time()
        for _ in range(200):
            torch.mm(one, other)
        best = max(best, 200 * 2 * 256 * 384 * 1536 / (time.process_time() - cpu))
    return best


if __name__ == "__main__":
    main()
