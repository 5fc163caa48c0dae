"""One fit from tables to a checkpoint folder: what `Gradient.fit` does, step by step."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from pipeline.errors import DeviceUnavailable, WrongUse
from pipeline.fingerprint import fingerprint
from pipeline.splitting.placing import first_of
from pipeline.task import Evaluation
from pipeline.task._learnable import LearnableTask
from pipeline.training import Report, Splits, _facts, _network
from pipeline.training._base_model import Located, locate
from pipeline.training._examples import Encoder, Examples, gathered
from pipeline.training._forward import log_probabilities
from pipeline.training._loop import Loop, Progress
from pipeline.training._opening import open_checkpoint
from pipeline.training._reweighing import reweighed
from pipeline.training._schedule import Schedule
from pipeline.training._steps import Steps
from pipeline.types import Checkpoint, Device, Json

if TYPE_CHECKING:
    from pipeline.training._settings import Gradient


class Run:
    """One fit. `checkpoint()` does all of it; the methods follow in the order in which they run."""

    loop: type[Loop] = Loop

    def __init__(
        self, method: Gradient, task: LearnableTask, splits: Splits, device: Device, out: Path, report: Report
    ) -> None:
        self.method, self.task, self.splits, self.device = method, task, splits, device
        self.out, self.report = out, report
        self.read = splits.train  # what is trained on
        self.compared: tuple[pa.Table, Examples]  # what epochs are compared on
        self.tables: dict[str, Sequence[Mapping[str, Json]]] = {}  # of the evaluation, beside the task's own

    def checkpoint(self) -> Checkpoint:
        """Build, encode, train, predict, score, write."""
        began = time.monotonic()
        prepare(self.device, self.method.requires)
        for name in ("train", "validation", "test"):
            if getattr(self.splits, name).num_rows == 0:
                raise WrongUse(f"the {name} split holds no documents: change the recipe's split, or its sources")
        self._reweigh()
        self.read = self._training()
        model, tokenizer, sizes = self._network()
        examples = self._encoded(model, tokenizer)
        progress = self._trained(model, tokenizer, examples)
        model, tokenizer = self._reopened(model, tokenizer)
        self.report({"kind": "phase", "phase": "predict"})
        predictions = self._predicted(model, tokenizer, examples["test"])
        chosen_by = self._predicted(model, tokenizer, examples["validation"])
        pq.write_table(chosen_by, self.out / "predictions_validation.parquet")
        evaluation = self.task.evaluate(self.splits.test, predictions, self.splits.train)
        best = progress.best
        if self.compared[1] is not examples["validation"]:
            best = self.task.headline_value(self.splits.validation, chosen_by)
        scores = {**evaluation.metrics, f"validation_{self.task.headline}": best, **self._lost(examples)}
        scores |= self._on_copies(model, tokenizer)
        self._write(predictions, Evaluation(scores, {**evaluation.tables, **self.tables}, evaluation.errors), progress)
        return Checkpoint(
            path=self.out / "model",
            base_model=self.method.base_model,
            task=self.task.name,
            labels=self.task.labels,
            metrics={**scores, **sizes, **self._costs(progress)},
            data_digest=self.splits.digest,
            recipe_fingerprint=fingerprint(self.task.settings(), self.method.settings()),
            device=self.device,
            seconds=time.monotonic() - began,
        )

    def _reweigh(self) -> None:
        """Weight the training documents by the group that the method names, if it does."""
        by = getattr(self.method, "reweigh", "")
        if by:
            train, weights = reweighed(self.splits.train, by)
            self.splits = replace(self.splits, train=train)
            self.tables[f"Training weights by {by}"] = weights

    def _training(self) -> pa.Table:
        """The documents that are trained on."""
        return self.splits.train

    def _network(self) -> tuple[Any, Any, dict[str, float]]:
        """What is trained, its tokenizer, and how many parameters there are and are trained."""
        m = self.method
        shape = _network.Shape(m.layers, m.adapt_vocabulary, m.casing, m.dropout, m.seed)
        texts = self.read.column("text").to_pylist() if m.adapt_vocabulary else []
        model, tokenizer = _network.build(self._base(), self.task, shape, texts)
        whole = _count(model.parameters())
        model = m.prepared(model, self.task.head)
        trained = _count(p for p in model.parameters() if p.requires_grad)
        return (
            model.to(self.device.kind),
            tokenizer,
            {"parameters": max(whole, trained), "trainable_parameters": trained},
        )

    def _base(self) -> Located:
        """Where the base model is: the recipe's own encoder, a folder, or a name."""
        name = self.method.base_model
        return locate(str(self.splits.models.get(name, name)))

    def _encoded(self, model: Any, tokenizer: Any) -> dict[str, Examples]:
        self.report({"kind": "phase", "phase": "encode"})
        encoder = self._encoder(model, tokenizer)
        tables = {"train": self.read, "validation": self.splits.validation, "test": self.splits.test}
        examples = {name: encoder.encode(table) for name, table in tables.items()}
        fewer = first_of(self.splits.validation, getattr(self.method, "validation_documents", None))
        same = fewer is self.splits.validation
        self.compared = fewer, examples["validation"] if same else encoder.encode(fewer)
        return examples

    def _encoder(self, model: Any, tokenizer: Any) -> Encoder:
        length = _network.longest_window(model, tokenizer, self.method.max_length, self.method.virtual())
        return Encoder(tokenizer, self.task, min(length, self.method.batch_tokens), self.method.casing)

    def _trained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        self.report({"kind": "phase", "phase": "train"})
        return self._loop(model, tokenizer, examples).run()

    def _loop(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Loop:
        return self.loop(
            model,
            examples["train"],
            Schedule.of(self.method),
            self.device,
            self.out / "resume" / self._identity(),
            self.report,
            lambda: self._validated(model, tokenizer, examples),
            self.task.headline,
            int(tokenizer.pad_token_id),
            self._beside(model, tokenizer),
        )

    def _validated(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> float:
        self.report({"kind": "phase", "phase": "validate"})
        documents, windows = self.compared
        return self.task.headline_value(documents, self._predicted(model, tokenizer, windows))

    def _beside(self, model: Any, tokenizer: Any) -> Steps | None:
        """What happens beside the optimizer's steps."""
        return self.method.steps(model)

    def _reopened(self, model: Any, tokenizer: Any) -> tuple[Any, Any]:
        """Write the folder `model/` and open it again: what is scored is what anybody opens."""
        folder = self.out / "model"
        for old in (folder, self.out / "adapter"):
            shutil.rmtree(old, ignore_errors=True)
        encoder = self._encoder(model, tokenizer)
        self.method.saved(model.to("cpu"), folder)
        tokenizer.save_pretrained(folder)
        _facts.write(folder, encoder, self.method.batch_tokens)
        model, tokenizer = open_checkpoint(folder)
        return model.to(self.device.kind), tokenizer

    def _identity(self) -> str:
        """What a resume point belongs to: one of other data, settings or arithmetic is not gone on from."""
        d = self.device
        what = (self.task.settings(), self.method.fingerprint(), self.splits.digest, d.kind, d.precision)
        return fingerprint(*what)[:16]

    def _predicted(self, model: Any, tokenizer: Any, examples: Examples) -> pa.Table:
        pad = int(tokenizer.pad_token_id)
        scores = log_probabilities(model, examples, self.method.batch_tokens, self.device, pad)
        return gathered(examples, scores, self.task)

    def _on_copies(self, model: Any, tokenizer: Any) -> dict[str, float]:
        """Predict the further copies of the test documents; the headline metric of each."""
        found = {}
        for name, copy in self.splits.copies.items():
            predictions = self._predicted(model, tokenizer, self._encoder(model, tokenizer).encode(copy))
            pq.write_table(predictions, self.out / f"predictions_{name}.parquet")
            found[f"{name}_{self.task.headline}"] = self.task.headline_value(copy, predictions)
        return found

    def _costs(self, progress: Progress) -> dict[str, float]:
        return {
            "seconds": progress.seconds,
            "real_tokens_per_second": progress.tokens / max(progress.step_seconds, 1e-9),
            "peak_memory_mib": peak_memory_mib(self.device),
            "best_epoch": float(progress.best_epoch),
        }

    def _lost(self, examples: dict[str, Examples]) -> dict[str, float]:
        found = (self.task.lost(d, u) for e in examples.values() for d, u in zip(e.documents, e.units, strict=True))
        if self.task.head in ("token", "span"):
            unlearned = sum(sum(e.unlearned) for e in examples.values())
            return {"lost_spans": float(sum(found)), **({"unlearned_spans": float(unlearned)} if unlearned else {})}
        return {"unread_tokens": float(sum(sum(e.unread) for e in examples.values()))} if self.task.markers else {}

    def _write(self, predictions: pa.Table, evaluation: Evaluation, progress: Progress) -> None:
        pq.write_table(predictions, self.out / "predictions.parquet")
        _json(self.out / "evaluation.json", {"metrics": dict(evaluation.metrics), "tables": dict(evaluation.tables)})
        errors = "".join(f"{json.dumps(e, ensure_ascii=False)}\n" for e in evaluation.errors)
        (self.out / "errors.jsonl").write_text(errors, encoding="utf-8")
        headline = f"validation_{self.task.headline}"
        curve = [{"step": int(step), "loss": loss} for step, loss in progress.losses]
        curve += [{"step": int(step), headline: value} for step, value in progress.validations]
        _json(self.out / "loss.json", curve)


def prepare(device: Device, requires: str | None) -> None:
    """Set the number of threads and refuse a device that is not there.

    Raises:
        DeviceUnavailable: it is not.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    if requires == "gpu" and device.kind == "cpu":
        raise DeviceUnavailable("training: requires a gpu, and this machine has none; run it where there is one")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[device.kind]:
        raise DeviceUnavailable(f"training: the device {device.kind} is not available; use cpu")
    if device.threads:
        torch.set_num_threads(device.threads)


def peak_memory_mib(device: Device) -> float:
    """The most memory so far: of the GPU where there is one, else of this process."""
    if device.kind == "cuda":
        return float(torch.cuda.max_memory_allocated() / 2**20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _count(parameters: Iterable[torch.nn.Parameter]) -> float:
    return float(sum(p.numel() for p in parameters))


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
