"""The training loop: equal-token batches, AdamW, warm-up and linear decay, the best epoch kept, resumable anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pipeline.training import Report, _resume
from pipeline.training._batches import batches
from pipeline.training._examples import Examples, Window
from pipeline.training._forward import Batch, attend, autocast, collate, rounded
from pipeline.training._mixup import mixed_loss
from pipeline.types import Device


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast; the fields of the same names of `Full`."""

    epochs: float
    learning_rate: float
    embedding_learning_rate_factor: float
    batch_tokens: int
    warmup: float
    weight_decay: float
    gradient_clipping: float
    resume_every: int
    seed: int
    mixup: float = 0.0


@dataclass(slots=True)
class Progress:
    """Counters of a training; all of them survive a kill. `seconds` is wall time of steps and validations."""

    step: int = 0
    epoch: int = 0
    batch: int = 0
    tokens: int = 0
    seconds: float = 0.0
    step_seconds: float = 0.0
    best: float = -1.0
    best_epoch: int = 0
    losses: list[list[float]] = field(default_factory=list)  # [step, loss]
    validations: list[list[float]] = field(default_factory=list)  # [step, headline]


class Loop:
    """One training of one model. `validate(model)` gives the number that the best epoch is chosen by."""

    def __init__(
        self,
        model: Any,
        train: Examples,
        schedule: Schedule,
        device: Device,
        resume: Path,
        report: Report,
        validate: Callable[[], float],
        headline: str,
        pad: int,
    ) -> None:
        self.model, self.train, self.schedule, self.device, self.resume = model, train, schedule, device, resume
        self.report, self.validate, self.headline, self.pad = report, validate, headline, pad
        fused = device.kind != "mps"
        self.optimizer = torch.optim.AdamW(_groups(model, schedule), lr=schedule.learning_rate, fused=fused)
        self.scales = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.best: dict[str, torch.Tensor] = {}
        self.progress = Progress()
        self._told = 0.0

    def run(self) -> Progress:
        """Train, from the last resume point if there is one; the model ends with the weights of its best epoch."""
        per_epoch = len(self._order(0))
        self._steps = max(1, round(self.schedule.epochs * per_epoch))
        self._restore()
        while self.progress.step < self._steps:
            self._epoch()
        attend(self.model, "sdpa")
        self.model.load_state_dict(self.best)
        return self.progress

    def _order(self, epoch: int) -> list[list[int]]:
        return batches(rounded(self.train.lengths), self.schedule.batch_tokens, self.schedule.seed * 1000 + epoch)

    def _epoch(self) -> None:
        p = self.progress
        self.model.train()
        attend(self.model, "eager" if self.device.kind == "cpu" else "sdpa")
        order = self._order(p.epoch)
        started = time.monotonic()
        for indices in order[p.batch :]:
            if p.step >= self._steps:
                break
            began = time.monotonic()
            loss, tokens = self._step([self.train.windows[i] for i in indices])
            p.step, p.batch, p.tokens = p.step + 1, p.batch + 1, p.tokens + tokens
            p.step_seconds += time.monotonic() - began
            self._tell(loss)
            if self.schedule.resume_every and p.step % self.schedule.resume_every == 0 and p.step < self._steps:
                p.seconds, started = p.seconds + time.monotonic() - started, time.monotonic()
                self._save()
        p.epoch, p.batch = p.epoch + 1, 0
        value = self.validate()
        p.validations.append([p.step, value])
        if value > p.best:
            p.best, p.best_epoch = value, p.epoch
            self.best = {k: v.detach().cpu().clone() for k, v in self.model.state_dict().items()}
        p.seconds += time.monotonic() - started
        self.report({"kind": "epoch", "epoch": p.epoch, f"validation_{self.headline}": value, "step": p.step})
        self._save()

    def _step(self, windows: Sequence[Window]) -> tuple[float, int]:
        p, rate = self.progress, _rate(self.progress.step, self._steps, self.schedule.warmup)
        for group, scale in zip(self.optimizer.param_groups, self.scales, strict=True):
            group["lr"] = scale * rate
        batch = collate(windows, self.train.head, self.pad, self.device.kind)
        with autocast(self.device):
            loss = self._loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.schedule.gradient_clipping)
        self.optimizer.step()
        value = float(loss.detach())
        p.losses.append([p.step + 1, value])
        return value, batch.tokens

    def _loss(self, batch: Batch) -> torch.Tensor:
        if self.schedule.mixup:
            return mixed_loss(self.model, batch, self.schedule.mixup)
        return batch.loss(self.model(**batch.inputs).logits.float())

    def _tell(self, loss: float) -> None:
        p, now = self.progress, time.monotonic()
        if now - self._told < 1.0 and p.step < self._steps:
            return
        self._told = now
        speed = p.tokens / max(p.step_seconds, 1e-9)
        self.report(
            {
                "kind": "step",
                "step": p.step,
                "steps": self._steps,
                "epoch": p.epoch + 1,
                "loss": loss,
                "tokens_per_second": speed,
            }
        )

    def _save(self) -> None:
        tensors = {
            "model": self.model.state_dict(),
            "optimizer": _resume.optimizer_tensors(self.optimizer),
            "rng": _resume.rng_tensors(self.device.kind),
            "best": self.best,
        }
        _resume.save(self.resume, {k: v for k, v in tensors.items() if v}, asdict(self.progress))

    def _restore(self) -> None:
        state = _resume.load(self.resume)
        if state is None:
            return
        tensors, counters = state
        self.model.load_state_dict(tensors["model"])
        _resume.restore_optimizer(self.optimizer, tensors["optimizer"])
        _resume.restore_rng(tensors["rng"])
        self.best = tensors.get("best", {})
        self.progress = Progress(**counters)
        self.report({"kind": "phase", "phase": "resume", "step": self.progress.step})


def _rate(step: int, steps: int, warmup: float) -> float:
    """Linear from 0 to 1 over the first share `warmup` of the steps, then linear to 0."""
    rising = warmup * steps
    if step < rising:
        return (step + 1) / (rising + 1)
    return (steps - step) / max(steps - rising, 1)


def _groups(model: Any, schedule: Schedule) -> list[dict[str, Any]]:
    """Matrices decay, vectors do not; word embeddings have a rate of their own and do not decay."""
    word = {id(p) for p in model.get_input_embeddings().parameters()}
    trainable = [p for p in model.parameters() if p.requires_grad]
    rate, decay = schedule.learning_rate, schedule.weight_decay
    groups = [
        {"params": [p for p in trainable if id(p) not in word and p.ndim > 1], "lr": rate, "weight_decay": decay},
        {"params": [p for p in trainable if id(p) not in word and p.ndim < 2], "lr": rate, "weight_decay": 0.0},
        {
            "params": [p for p in trainable if id(p) in word],
            "lr": rate * schedule.embedding_learning_rate_factor,
            "weight_decay": 0.0,
        },
    ]
    return [g for g in groups if g["params"]]
