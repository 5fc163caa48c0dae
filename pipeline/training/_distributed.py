"""One training in several processes, started by torchrun: each computes its share of every batch.

Every process goes through the same batches in the same order with the same weights. A batch is dealt out window by
window; gradients are summed, each process's weighted by its share of what the loss is a mean of, so a step is the step
that one process alone would make, up to rounding and to dropout, which differs by process. Only the first writes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist

T = TypeVar("T")
WAIT = timedelta(hours=6)  # the longest that processes wait for each other: a validation of one of them lies in between


def begin(kind: str) -> None:
    """Join the other processes, where torchrun says that there are any; `kind` is the device's."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or dist.is_initialized():
        return
    if kind == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo", timeout=WAIT)


class Done(Exception):
    """This process has done its share of a training; the first goes on alone."""


def part() -> None:
    """The end of what is done together. Raises Done in every process but the first."""
    if world() == 1:
        return
    leads = rank() == 0
    dist.destroy_process_group()
    if not leads:
        raise Done


def end() -> None:
    """Leave the others."""
    if dist.is_initialized():
        dist.destroy_process_group()


def world() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def dealt(items: Sequence[T]) -> tuple[list[T], bool]:
    """This process's share of a batch; one that gets none computes the first item, which does not count (False)."""
    mine = list(items[rank() :: world()])
    return (mine, True) if mine else (list(items[:1]), False)


def scale(mass: torch.Tensor, counts: bool) -> torch.Tensor:
    """By what this process's mean loss is multiplied so that the sum over processes is the mean over all of them."""
    own = mass if counts else torch.zeros_like(mass)
    total = own.clone()
    dist.all_reduce(total)
    return own / total.clamp(min=1e-9)


def summed(value: float) -> float:
    """The sum over processes of a number."""
    if world() == 1:
        return value
    total = torch.tensor(value, dtype=torch.float64)
    dist.all_reduce(total)
    return float(total)


def sum_gradients(model: Any) -> None:
    """Replace every gradient by its sum over processes, in one message; what has none here counts as zero."""
    trained = [p for p in model.parameters() if p.requires_grad]
    flat = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in trained])
    dist.all_reduce(flat)
    at = 0
    for p in trained:
        p.grad = flat[at : at + p.numel()].view_as(p).clone()
        at += p.numel()


def diverge(seed: int) -> None:
    """Give every process but the first random numbers of its own: dropout must not be the same in all shares."""
    if rank():
        torch.manual_seed(seed * 1_000_003 + rank())


def gathered(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of every process, by `name.rank`; all of them must have the same shapes and lie on the CPU."""
    if world() == 1:
        return {f"{name}.0": value for name, value in tensors.items()}
    found: dict[str, torch.Tensor] = {}
    for name, value in tensors.items():
        each = [torch.empty_like(value) for _ in range(world())]
        dist.all_gather(each, value)
        found |= {f"{name}.{i}": v for i, v in enumerate(each)}
    return found


def own(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Of what `gathered` gave, this process's. Empty where that was of fewer processes."""
    mine = f".{rank()}"
    return {name.removesuffix(mine): value for name, value in tensors.items() if name.endswith(mine)}


def wait() -> None:
    """Go on when every process is here."""
    if world() > 1:
        dist.barrier()
