"""Which device a training runs on, and in which precision."""

from __future__ import annotations

import os

import torch

from pipeline.errors import DeviceUnavailable
from pipeline.types import Device


def choose_device(kind: str, precision: str, threads: int, requires: str | None) -> Device:
    """The best device there is (cuda, mps, cpu), or the one asked for.

    bf16 is chosen where the hardware multiplies matrices of it: cuda with compute capability 8 or more, a CPU with AMX
    (measured on one: 1.3 to 1.6 times the tokens a second of fp32). On a CPU without, it is slower than fp32.
    `threads` is for the CPU; 0 leaves it to torch or to OMP_NUM_THREADS.

    Raises:
        DeviceUnavailable: the recipe requires a GPU, or the device asked for is not there.
    """
    there = [k for k, ok in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())) if ok]
    if requires == "gpu" and not there:
        raise DeviceUnavailable("the recipe requires a GPU and this machine has none; set training.requires to null")
    chosen = (there[0] if there else "cpu") if kind == "auto" else kind
    if chosen not in (*there, "cpu"):
        raise DeviceUnavailable(f"the device {chosen!r} is not there; this machine has {', '.join([*there, 'cpu'])}")
    if requires == "gpu" and chosen == "cpu":
        raise DeviceUnavailable("the recipe requires a GPU and the device asked for is the CPU")
    use = ("bf16" if _multiplies_bf16(chosen) else "fp32") if precision == "auto" else precision
    if threads:
        torch.set_num_threads(threads)
    name = torch.cuda.get_device_name() if chosen == "cuda" else f"{os.cpu_count()} cores"
    return Device(kind=chosen, precision=use, threads=torch.get_num_threads(), name=name)  # type: ignore[arg-type]


def _multiplies_bf16(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.get_device_capability()[0] >= 8
    return kind == "cpu" and bool(torch.cpu.get_capabilities().get("amx_bf16"))
