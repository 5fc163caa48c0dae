"""The training loop: equal-token batches, AdamW, warm-up and linear decay, the best epoch kept, resumable anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pipeline.errors import WrongUse
from pipeline.training import Report, _distributed, _resume, _schedule
from pipeline.training._batches import batches
from pipeline.training._examples import Examples, Window
from pipeline.training._forward import Batch, attend, autocast, collate, logits_of, rounded
from pipeline.training._mixup import mixed_loss
from pipeline.training._schedule import Schedule
from pipeline.training._steps import Steps
from pipeline.training._used_rows import only_used_rows
from pipeline.types import Device

TELL_SECONDS = 1.0  # between two reports of steps


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
    """One training of one model. `validate()` gives the number that the best epoch is chosen by."""

    divisible: bool = True  # whether the loss of a batch is a mean over its windows, which several processes can share
    every_row: bool = False  # whether a batch may hold tokens that no window of `train` holds

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
        beside: Steps | None = None,
    ) -> None:
        self.model, self.train, self.schedule, self.device, self.resume = model, train, schedule, device, resume
        self.report, self.validate, self.headline, self.pad = report, validate, headline, pad
        self.beside = beside or Steps()
        self.best: dict[str, torch.Tensor] = {}
        self.progress = Progress()
        self._told = 0.0

    def run(self) -> Progress:
        """Train, from the last resume point if there is one; the model ends with the weights of its best epoch."""
        if _distributed.world() > 1 and (self.schedule.mixup or not self.divisible):
            what = "mixup" if self.schedule.mixup else "this method"
            raise WrongUse(f"{what} compares the windows of a batch: train in one process, or without it")
        with nullcontext() if self.every_row else only_used_rows(self.model, self.train, self.pad):
            self._all_epochs()
        return self.progress

    def _all_epochs(self) -> None:
        self._steps = self._count()
        groups = _schedule.groups(self.model, self.schedule)
        self.optimizer = torch.optim.AdamW(groups, lr=self.schedule.learning_rate, fused=self.device.kind != "mps")
        self.scales = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.beside.begin(self._steps)
        self._restore()
        while self.progress.step < self._steps:
            self._epoch()
        _distributed.part()
        attend(self.model, "sdpa")
        self.model.load_state_dict(self.best, strict=False)

    def _count(self) -> int:
        """Steps of all epochs; an epoch may have a batch more than another, as its windows come in another order."""
        whole, rest = divmod(self.schedule.epochs, 1)
        steps = sum(len(self._order(epoch)) for epoch in range(int(whole)))
        return max(1, steps + (round(rest * len(self._order(int(whole)))) if rest else 0))

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
            self.best = {k: v.detach().cpu().clone() for k, v in changing(self.model).items()}
        p.seconds += time.monotonic() - started
        self.report({"kind": "epoch", "epoch": p.epoch, f"validation_{self.headline}": value, "step": p.step})
        self._save()

    def _step(self, windows: Sequence[Window]) -> tuple[float, int]:
        p, rate = self.progress, _schedule.rate(self.progress.step, self._steps, self.schedule.warmup)
        for group, scale in zip(self.optimizer.param_groups, self.scales, strict=True):
            group["lr"] = scale * rate
        mine, counts = _distributed.dealt(windows)
        batch, together = collate(mine, self.train.head, self.pad, self.device.kind), _distributed.world()
        with autocast(self.device):
            loss = self._loss(batch)
        if together > 1:
            loss = loss * _distributed.scale(batch.mass(), counts)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss + self.beside.penalty() / together)
        if together > 1:
            _distributed.sum_gradients(self.model)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.schedule.gradient_clipping)
        self.optimizer.step()
        self.beside.stepped(p.step + 1)
        value = _distributed.summed(float(loss.detach()))
        p.losses.append([p.step + 1, value])
        return value, int(_distributed.summed(batch.tokens * counts))

    def _loss(self, batch: Batch) -> torch.Tensor:
        if self.schedule.mixup:
            return mixed_loss(self.model, batch, self.schedule.mixup)
        logits = logits_of(self.model, batch.inputs)
        return self.beside.loss(batch, logits)

    def _tell(self, loss: float) -> None:
        p, now = self.progress, time.monotonic()
        if now - self._told < TELL_SECONDS and p.step < self._steps:
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
            "model": changing(self.model),
            "optimizer": _resume.optimizer_tensors(self.optimizer),
            "rng": _distributed.gathered(_resume.rng_tensors(self.device.kind)),
            "best": self.best,
            "beside": self.beside.tensors(),
        }
        if _distributed.rank() == 0:
            _resume.save(self.resume, {k: v for k, v in tensors.items() if v}, asdict(self.progress))

    def _restore(self) -> None:
        _distributed.diverge(self.schedule.seed)
        state = _resume.load(self.resume)
        _distributed.wait()  # nobody writes before all have read
        if state is None:
            return
        tensors, counters = state
        self.model.load_state_dict(tensors["model"], strict=False)
        _resume.restore_optimizer(self.optimizer, tensors["optimizer"])
        mine = _distributed.own(tensors["rng"])
        if mine:
            _resume.restore_rng(mine)
        self.best = tensors.get("best", {})
        self.beside.restore(tensors.get("beside", {}))
        self.progress = Progress(**counters)
        self.report({"kind": "phase", "phase": "resume", "step": self.progress.step})


def changing(model: Any) -> dict[str, torch.Tensor]:
    """What a training can change of a model's state: what is trained, and buffers. The rest is as it was built."""
    names = {n for n, p in model.named_parameters() if p.requires_grad} | {n for n, _ in model.named_buffers()}
    return {name: value for name, value in model.state_dict().items() if name in names}
