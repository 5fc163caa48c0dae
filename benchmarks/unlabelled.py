"""What text without annotation brings: 1,000 annotated sentences of CoNLL-2003, the rest of train without annotation.

    python benchmarks/unlabelled.py FOLDER    # with train.txt, valid.txt, test.txt; an hour of one core
    python benchmarks/unlabelled.py FOLDER --row full --row pretrained

- `full`: the annotated sentences alone (the settings of methods.py); the teacher of the others.
- `self_training AT_LEAST`: the same on these sentences and on what of the rest the teacher is that sure of.
- `pretrained`: `full` from an encoder that was pre-trained on all of that text for two epochs.
- `longer`: `full` with as many steps as the largest self-training: what is gained must not be the steps alone.

Tested on all of test.txt. Rows that are made again replace those of the same name in the results.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
from throughput import ROOT, machine

from pipeline.encoder import Texts
from pipeline.frames import to_table
from pipeline.part import build
from pipeline.source.conll import Conll
from pipeline.splitting import beside
from pipeline.task.ner import Ner
from pipeline.training import Splits
from pipeline.types import Device, Document

SAME: dict[str, Any] = {"base_model": "packaged_minilm", "casing": True, "batch_tokens": 256, "learning_rate": 3e-4}
ANNOTATED, VALIDATION, EPOCHS = 1000, 200, 3
ENCODER = {"use": "masked_language_model", "epochs": 2, "batch_tokens": 1024}
ROWS = ("full", "self_training 0.0", "self_training 0.9", "pretrained", "longer")
KEPT = ("entity_f1", "entity_f1_low", "entity_f1_high", "entity_f1_unseen", "validation_entity_f1", "self_labelled")
RESULT = ROOT / "benchmarks" / "results" / "unlabelled.json"
CPU = Device(threads=1)


class Trial:
    """The data, and one folder for everything that is made of it."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.folder = folder
        train, valid, test = (self._sentences(data, name) for name in ("train", "valid", "test"))
        self.tables = [to_table(t) for t in (train[:ANNOTATED], valid[:VALIDATION], test)]
        bare = to_table(replace(d, spans=None) for d in train[ANNOTATED:])
        self.unlabelled, self.left_out = beside(bare, pa.concat_tables(self.tables), 0.5)

    def row(self, name: str) -> dict[str, float]:
        """One row of the table."""
        kind, _, limit = name.partition(" ")
        if kind == "self_training":
            spec = {"use": kind, "teacher": "full", "at_least": float(limit), "epochs": EPOCHS}
            return self._fitted(name, spec, {"teacher": self.teacher})
        if kind == "pretrained":
            began = time.process_time()
            encoder = {"encoder": self._encoder()}
            spent = time.process_time() - began
            row = self._fitted(name, {"use": "full", "epochs": EPOCHS, "base_model": "encoder"}, encoder)
            return {**row, "cpu_seconds": row["cpu_seconds"] + spent}
        epochs = EPOCHS * (1 + self.unlabelled.num_rows / ANNOTATED) if kind == "longer" else EPOCHS
        return self._fitted(name, {"use": "full", "epochs": round(epochs)}, {})

    @cached_property
    def teacher(self) -> Path:
        if not (self.folder / "full" / "model").exists():
            self.row("full")
        return self.folder / "full" / "model"

    def _fitted(self, name: str, spec: dict[str, Any], models: dict[str, Path]) -> dict[str, float]:
        out = self.folder / name.replace(" ", "_")
        out.mkdir(exist_ok=True)
        splits = Splits(*self.tables, digest="benchmark", models=models, unlabelled=self.unlabelled)
        began = time.process_time()
        method: Any = build("training", {**SAME, **spec})
        metrics = method.fit(Ner(labels=("PER", "LOC", "ORG", "MISC")), splits, CPU, out, lambda _: None).metrics
        spent = time.process_time() - began
        return {**{k: metrics[k] for k in KEPT if k in metrics}, "cpu_seconds": spent}

    def _encoder(self) -> Path:
        out = self.folder / "encoder"
        out.mkdir(exist_ok=True)
        method: Any = build("encoder", ENCODER)
        texts = Texts(pa.concat_tables([self.tables[0], self.unlabelled]), self.tables[1], "benchmark")
        print(method.fit(texts, CPU, out, lambda _: None), flush=True)
        return out / "model"

    @staticmethod
    def _sentences(data: Path, file: str) -> list[Document]:
        read = Conll(path=str(data), pattern=f"{file}.txt").read(f"{file}.txt")
        return [d for d in read if isinstance(d, Document)]


def main() -> None:
    """Measure, print and write benchmarks/results/unlabelled.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--row", action="append", help=f"such as {', '.join(ROWS)}  [default: these]")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    said = json.loads(RESULT.read_text()) if RESULT.exists() else {"rows": {}}
    with tempfile.TemporaryDirectory() as name:
        trial = Trial(options.folder, Path(name))
        print(f"{trial.unlabelled.num_rows} without annotation; left out: {trial.left_out}", flush=True)
        for row in options.row or ROWS:
            said["rows"][row] = trial.row(row)
            print(row, said["rows"][row], flush=True)
    said |= {"what": (__doc__ or "").splitlines()[0], "machine": machine(load), "same": SAME, "epochs": EPOCHS}
    said |= {"annotated": ANNOTATED, "unlabelled": trial.unlabelled.num_rows, "left_out": trial.left_out}
    RESULT.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
