"""What mitigation takes off a gap between groups of names, and what it costs in F1, on CoNLL-2003.

    python benchmarks/mitigation.py FOLDER                                  # train.txt, valid.txt, test.txt
    python benchmarks/mitigation.py FOLDER --sentences 0 --seeds 13 14 15   # all of train: some hours of a core

Each variant fine-tunes the packaged MiniLM on the first `--sentences` of train, in a process of its own; validation are
the first 1,000 sentences of valid. All are asked the same
counterfactual copies of the test sentences, whose names no variant can have seen: every part of the lexicon that
`swap_names` may draw counts as seen. The gates are those of a recipe at their defaults. The cost is the difference in
micro F1 on the test, with the interval of a bootstrap over root documents that both variants share.

    python benchmarks/mitigation.py FOLDER --heads                          # two minutes of a core

asks another question of the same sentences, one that has two answers: does a sentence that names women, or men, name a
place too? Heads on three frozen layers are fitted plainly and by `reductions`, on all of train.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from throughput import ROOT, machine

ORIGINS = ("english", "spanish", "south_asian", "turkic")
GROUPS = [f"{origin}_{gender}" for origin in ORIGINS for gender in ("female", "male")]
FULL = {"use": "full", "layers": 3, "casing": True, "epochs": 2, "learning_rate": 3e-4, "batch_tokens": 512}
NAMES = {"use": "swap_names", "groups": GROUPS}
CONTROL = "base, as many steps"
VARIANTS: dict[str, dict[str, Any]] = {
    "base": {},
    CONTROL: {"training": {"epochs": 2.66}},  # as `swap_names` with its 1,311 children of 4,000 sentences
    "swap_names": {"augmentation": [{**NAMES, "copies": 1}]},
    "swap_names, 3 copies": {"augmentation": [{**NAMES, "copies": 3}]},
    "swap_entities, balanced": {
        "augmentation": [{"use": "swap_entities", "balance": "inferred_origin"}],
    },
    "reweigh": {"training": {"reweigh": "inferred_origin"}},
}
GATES = {by: {"use": "counterfactual_gap", "by": by} for by in ("origin", "gender")}
RESULT = ROOT / "benchmarks" / "results" / "mitigation.json"
BY = "inferred_gender"
HEADS: dict[str, dict[str, Any]] = {
    "plain": {"at_most": 0.99},  # a limit that no head goes beyond
    **{
        f"{method}, {constraint}": {"method": method, "constraint": constraint}
        for method in ("exponentiated_gradient", "threshold_optimizer")
        for constraint in ("demographic_parity", "equalized_odds")
    },
}


def measured(folder: Path, name: str, seed: int, count: int, kept: Path) -> dict[str, Any]:
    """One variant's row, in this process; its F1 in every draw is kept for the differences."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pipeline.fairness.counterfactual_gap import CounterfactualGap
    from pipeline.frames import Frame, documents_of, to_table
    from pipeline.part import build
    from pipeline.task.ner import Ner
    from pipeline.training import Splits, Training
    from pipeline.training._device import choose_device

    variant = VARIANTS[name]
    sizes = {"train": count or None, "valid": 1000, "test": None}
    tables = {split: to_table(sentences(folder, split)[:size]) for split, size in sizes.items()}
    gates = {by: build("fairness", spec) for by, spec in GATES.items()}
    swaps = gates["origin"].swaps()  # type: ignore[attr-defined]
    copies = swaps.copies(pa.concat_tables([tables["train"], lexicon()]), tables["test"])
    train = tables["train"]
    documents = list(documents_of(train))
    for spec in variant.get("augmentation", ()):
        operation: Any = build("augmentation", spec).fitted(documents)  # type: ignore[attr-defined]
        made = [child for child in operation.many(documents) if not hasattr(child, "reason")]
        train = pa.concat_tables([train, to_table(made)])
    method = build("training", {**FULL, "seed": seed, **variant.get("training", {})})
    assert isinstance(method, Training)
    task = Ner(labels=("PER", "LOC", "ORG", "MISC"))
    splits = Splits(train, tables["valid"], tables["test"], "benchmark", {"counterfactual": copies})
    began = time.process_time()
    with tempfile.TemporaryDirectory() as out:
        done = method.fit(task, splits, choose_device("cpu", "auto", 1, None), Path(out), lambda _: None)
        predictions = {
            n: pq.read_table(Path(out) / f"{n}.parquet") for n in ("predictions", "predictions_counterfactual")
        }
    asked = Frame(copies, predictions=predictions["predictions_counterfactual"], labels=task.labels)
    frame = Frame(tables["test"], predictions=predictions["predictions"], labels=task.labels, counterfactual=asked)
    verdicts = {}
    for by, gate in gates.items():
        assert isinstance(gate, CounterfactualGap)
        verdict = gate.check(frame)
        evidence = {k: verdict.evidence.get(k) for k in ("compared", "documents", "flip_rate", "cells", "gaps")}
        verdicts[by] = {
            "outcome": verdict.outcome,
            "observed": verdict.observed,
            "message": verdict.message,
            **evidence,
        }
    np.save(kept / f"{name}-{seed}.npy", task.headline_draws(tables["test"], predictions["predictions"]))
    return {
        "variant": name,
        "seed": seed,
        "train": train.num_rows,
        "entity_f1": done.metrics["entity_f1"],
        "verdicts": verdicts,
        "cpu_seconds": round(time.process_time() - began, 1),
        "date": time.strftime("%Y-%m-%d"),
    }


def sentences(folder: Path, split: str) -> list[Any]:
    """The sentences of a file, with the inferred groups of their persons."""
    from pipeline.annotation.name_gender import NameGender
    from pipeline.annotation.name_origin import NameOrigin
    from pipeline.source.conll import Conll
    from pipeline.types import Document

    read = Conll(path=str(folder), pattern=f"{split}.txt").read(f"{split}.txt")
    gender, origin = NameGender(), NameOrigin()
    found = []
    for doc in read:
        if isinstance(doc, Document):
            grouped: Any = origin(gender(doc))  # type: ignore[arg-type]
            found.append(replace(grouped, language="en", split="train" if split == "train" else "test"))
    return found


def heads(folder: Path) -> list[dict[str, Any]]:
    """A row for every head."""
    import pyarrow.parquet as pq

    from pipeline.frames import Frame, to_table
    from pipeline.part import build
    from pipeline.task.text_classification import TextClassification
    from pipeline.training import Splits, Training
    from pipeline.training._device import choose_device
    from pipeline.training._reweighing import UNKNOWN, group_of

    def asked(split: str) -> Any:
        found = []
        for doc in sentences(folder, split):
            group = group_of(doc, BY)
            if group != UNKNOWN:
                place = "place" if any(s.label == "LOC" for s in doc.spans) else "none"
                found.append(replace(doc, label=place, groups={BY: group}, spans=None))
        return to_table(found)

    splits = Splits(asked("train"), asked("valid").slice(0, 200), asked("test"), "benchmark")
    task = TextClassification(labels=("none", "place"))
    gates = [{"use": "selection_rate", "by": BY, "favourable": "place"}, {"use": "equalized_odds", "by": BY}]
    rows = []
    for name, settings in HEADS.items():
        method = build("training", {"use": "reductions", "by": BY, "layers": 3, **settings})
        assert isinstance(method, Training)
        with tempfile.TemporaryDirectory() as out:
            done = method.fit(task, splits, choose_device("cpu", "auto", 1, None), Path(out), lambda _: None)
            frame = Frame(splits.test, predictions=pq.read_table(Path(out) / "predictions.parquet"), labels=task.labels)
            told = json.loads((Path(out) / "evaluation.json").read_text(encoding="utf-8"))["tables"]
        row: dict[str, Any] = {"head": name, "train": splits.train.num_rows, "test": splits.test.num_rows}
        row |= {k: done.metrics[k] for k in ("accuracy", "macro_f1", "macro_f1_low", "macro_f1_high")}
        for spec in gates:
            verdict = build("fairness", spec).check(frame)  # type: ignore[attr-defined]
            row[spec["use"]] = {"outcome": verdict.outcome, "message": verdict.message, **verdict.evidence}
        row["on_train"] = next(table for title, table in told.items() if title.startswith("Heads on"))
        print(name, row["macro_f1"], *(row[spec["use"]]["message"] for spec in gates), sep="\n  ", flush=True)
        rows.append(row)
    return rows


def lexicon() -> Any:
    """One document that names everybody whom `swap_names` may."""
    from pipeline.augmentation._lexicon import names_of
    from pipeline.frames import to_table
    from pipeline.types import Document, Span

    text, spans = "", []
    for name in (n for group in GROUPS for n in names_of(group, 0.5)):
        spans.append(Span(len(text), len(text) + len(name.text), "PER"))
        text += f"{name.text} ; "
    return to_table([Document("lexicon", text, language="en", group_id="lexicon", spans=tuple(spans), split="train")])


def costs(rows: list[dict[str, Any]], kept: Path, against: str) -> dict[str, Any]:
    """F1 of each variant minus that of another, the mean over their common seeds, with a 95 % interval."""
    import numpy as np

    f1 = {(r["variant"], r["seed"]): r["entity_f1"] for r in rows}
    found = {}
    for name in dict.fromkeys(r["variant"] for r in rows):
        seeds = [s for (v, s) in f1 if v == name and (against, s) in f1]
        if name == against or not seeds:
            continue
        draws = [np.load(kept / f"{name}-{s}.npy") - np.load(kept / f"{against}-{s}.npy") for s in seeds]
        low, high = np.percentile(np.mean(draws, 0), [2.5, 97.5])
        gained = float(np.mean([f1[name, s] - f1[against, s] for s in seeds]))
        found[name] = {"seeds": seeds, "f1": gained, "low": float(low), "high": float(high)}
    return found


def largest(row: dict[str, Any], by: str) -> str:
    """The largest gap of a verdict with its interval, in points."""
    gaps = row["verdicts"][by]["gaps"] or [{"gap": 0.0, "low": 0.0, "high": 0.0, "groups": ["none"]}]
    most = max(gaps, key=lambda g: abs(g["gap"]))
    pair = " minus ".join(most["groups"])
    return f"{100 * most['gap']:+.1f} [{100 * most['low']:+.1f}, {100 * most['high']:+.1f}] {pair}"


def main() -> None:
    """Measure, print and write benchmarks/results/mitigation.json, row by row."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[13])
    parser.add_argument("--sentences", type=int, default=4000, help="of train; 0: all")
    parser.add_argument("--heads", action="store_true", help="fit heads on frozen layers, and nothing else")
    parser.add_argument("--one", action="store_true", help="measure the one variant and seed in this process")
    parser.add_argument("--kept", type=Path, help="folder for what is between the processes")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    if options.one:
        one = (options.variants[0], options.seeds[0], options.sentences, options.kept)
        print(json.dumps(measured(options.folder, *one)))
        return
    if options.heads:
        what = {"what": "binary heads on frozen features, CoNLL-2003: does a sentence name a place", "heads": HEADS}
        found = {**what, "machine": machine(os.getloadavg()[0]), "rows": heads(options.folder)}
        out = options.out.with_name("mitigation_heads.json")
        out.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        return
    load, kept = os.getloadavg()[0], options.kept or Path(tempfile.mkdtemp())
    kept.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for seed in options.seeds:
        for name in options.variants:
            saved = kept / f"{name}-{seed}.json"
            if not saved.exists():
                command = [sys.executable, __file__, str(options.folder), "--one", "--variants", name]
                command += ["--seeds", str(seed), "--kept", str(kept), "--sentences", str(options.sentences)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
                saved.write_text(done.stdout.splitlines()[-1], encoding="utf-8")
            rows.append(json.loads(saved.read_text(encoding="utf-8")))
            r = rows[-1]
            print(f"{name} {seed}: F1 {r['entity_f1']:.4f}, {r['cpu_seconds']} s", flush=True)
            for by in GATES:
                print(f"  {by}: {r['verdicts'][by]['outcome']} {largest(r, by)}", flush=True)
            result = {
                "what": "paired recall gaps on counterfactual copies, and micro F1 against the base, CoNLL-2003 test",
                "settings": {
                    "training": FULL,
                    "sentences": options.sentences,
                    "gates": GATES,
                    "variants": {n: VARIANTS[n] for n in options.variants},
                },
                "machine": machine(load),
                "rows": rows,
                "f1_minus_base": costs(rows, kept, "base"),
                "f1_minus_base_as_many_steps": costs(rows, kept, CONTROL),
            }
            options.out.parent.mkdir(parents=True, exist_ok=True)
            options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
