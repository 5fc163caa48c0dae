"""One fit from tables to a checkpoint folder: what `Full.fit` does, step by step."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from pipeline.errors import DeviceUnavailable, WrongUse
from pipeline.fingerprint import fingerprint
from pipeline.task import Evaluation
from pipeline.task._learnable import LearnableTask
from pipeline.training import Report, Splits, _network
from pipeline.training._base_model import locate
from pipeline.training._examples import Encoder, Examples, gathered
from pipeline.training._forward import log_probabilities
from pipeline.training._loop import Loop, Progress, Schedule
from pipeline.types import Checkpoint, Device

if TYPE_CHECKING:
    from pipeline.training.full import Full


class Run:
    """One fit. `checkpoint()` does all of it; the methods follow in the order in which they run."""

    def __init__(
        self, method: Full, task: LearnableTask, splits: Splits, device: Device, out: Path, report: Report
    ) -> None:
        self.method, self.task, self.splits, self.device = method, task, splits, device
        self.out, self.report = out, report

    def checkpoint(self) -> Checkpoint:
        """Build, encode, train, predict, score, write."""
        began = time.monotonic()
        prepare(self.device, self.method.requires)
        for name in ("train", "validation", "test"):
            if getattr(self.splits, name).num_rows == 0:
                raise WrongUse(f"the {name} split holds no documents: change the recipe's split, or its sources")
        model, tokenizer = self._network()
        examples = self._encoded(model, tokenizer)
        progress = self._trained(model, tokenizer, examples)
        self.report({"kind": "phase", "phase": "predict"})
        predictions = self._predicted(model, tokenizer, examples["test"])
        evaluation = self.task.evaluate(self.splits.test, predictions, self.splits.train)
        scores = {**evaluation.metrics, f"validation_{self.task.headline}": progress.best, **self._lost(examples)}
        scores |= self._on_noise(model, tokenizer)
        self._write(model, tokenizer, predictions, Evaluation(scores, evaluation.tables), progress)
        return Checkpoint(
            path=self.out / "model",
            base_model=self.method.base_model,
            task=self.task.name,
            labels=self.task.labels,
            metrics={**scores, **self._costs(model, progress)},
            data_digest=self.splits.digest,
            recipe_fingerprint=fingerprint(self.task.settings(), self.method.settings()),
            device=self.device,
            seconds=time.monotonic() - began,
        )

    def _network(self) -> tuple[Any, Any]:
        m = self.method
        shape = _network.Shape(m.layers, m.adapt_vocabulary, m.casing, m.dropout, m.seed)
        texts = self.splits.train.column("text").to_pylist() if m.adapt_vocabulary else []
        model, tokenizer = _network.build(locate(m.base_model), self.task, shape, texts)
        return model.to(self.device.kind), tokenizer

    def _encoded(self, model: Any, tokenizer: Any) -> dict[str, Examples]:
        self.report({"kind": "phase", "phase": "encode"})
        encoder = self._encoder(model, tokenizer)
        return {name: encoder.encode(getattr(self.splits, name)) for name in ("train", "validation", "test")}

    def _encoder(self, model: Any, tokenizer: Any) -> Encoder:
        length = _network.longest_window(model, tokenizer, self.method.max_length)
        return Encoder(tokenizer, self.task, min(length, self.method.batch_tokens), self.method.casing)

    def _trained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        m = self.method

        def validate() -> float:
            self.report({"kind": "phase", "phase": "validate"})
            predictions = self._predicted(model, tokenizer, examples["validation"])
            return self.task.headline_value(self.splits.validation, predictions)

        schedule = Schedule(
            epochs=m.epochs,
            learning_rate=m.learning_rate,
            embedding_learning_rate_factor=m.embedding_learning_rate_factor,
            batch_tokens=m.batch_tokens,
            warmup=m.warmup,
            weight_decay=m.weight_decay,
            gradient_clipping=m.gradient_clipping,
            resume_every=m.resume_every,
            seed=m.seed,
            mixup=m.mixup,
        )
        self.report({"kind": "phase", "phase": "train"})
        resume, pad = self.out / "resume" / self._identity(), int(tokenizer.pad_token_id)
        headline = self.task.headline
        return Loop(model, examples["train"], schedule, self.device, resume, self.report, validate, headline, pad).run()

    def _identity(self) -> str:
        """What a resume point belongs to: one of other data, settings or arithmetic is not gone on from."""
        d = self.device
        what = (self.task.settings(), self.method.fingerprint(), self.splits.digest, d.kind, d.precision)
        return fingerprint(*what)[:16]

    def _predicted(self, model: Any, tokenizer: Any, examples: Examples) -> pa.Table:
        pad = int(tokenizer.pad_token_id)
        scores = log_probabilities(model, examples, self.method.batch_tokens, self.device, pad)
        return gathered(examples, scores, self.task)

    def _on_noise(self, model: Any, tokenizer: Any) -> dict[str, float]:
        """Predict the noised test documents, where there are any; the headline metric of that."""
        noised = self.splits.noised
        if noised is None:
            return {}
        predictions = self._predicted(model, tokenizer, self._encoder(model, tokenizer).encode(noised))
        pq.write_table(predictions, self.out / "predictions_noised.parquet")
        return {f"noised_{self.task.headline}": self.task.headline_value(noised, predictions)}

    def _costs(self, model: Any, progress: Progress) -> dict[str, float]:
        parameters = list(model.parameters())
        return {
            "seconds": progress.seconds,
            "real_tokens_per_second": progress.tokens / max(progress.step_seconds, 1e-9),
            "peak_memory_mib": peak_memory_mib(self.device),
            "parameters": float(sum(p.numel() for p in parameters)),
            "trainable_parameters": float(sum(p.numel() for p in parameters if p.requires_grad)),
            "best_epoch": float(progress.best_epoch),
        }

    def _lost(self, examples: dict[str, Examples]) -> dict[str, float]:
        found = (self.task.lost(d, u) for e in examples.values() for d, u in zip(e.documents, e.units, strict=True))
        return {"lost_spans": float(sum(found))} if self.task.head == "token" else {}

    def _write(
        self, model: Any, tokenizer: Any, predictions: pa.Table, evaluation: Evaluation, progress: Progress
    ) -> None:
        folder = self.out / "model"
        shutil.rmtree(folder, ignore_errors=True)
        model.to("cpu").save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        pq.write_table(predictions, self.out / "predictions.parquet")
        _json(self.out / "evaluation.json", {"metrics": dict(evaluation.metrics), "tables": dict(evaluation.tables)})
        headline = f"validation_{self.task.headline}"
        curve = [{"step": int(step), "loss": loss} for step, loss in progress.losses]
        curve += [{"step": int(step), headline: value} for step, value in progress.validations]
        _json(self.out / "loss.json", curve)
        shutil.rmtree(self.out / "resume", ignore_errors=True)


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


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")
