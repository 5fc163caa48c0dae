"""A training's state on disk: tensors as safetensors, counters as JSON; written aside, then renamed.

A state folder is whole or absent. `current` is replaced by renaming: the old one is moved away first and used where a
process died in between.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

CURRENT, NEXT, OLD = "current", "next", "old"


def save(folder: Path, tensors: Mapping[str, Mapping[str, torch.Tensor]], counters: Mapping[str, Any]) -> None:
    """Write a state: each name of `tensors` is one safetensors file, `counters` the file that makes it whole."""
    aside = folder / NEXT
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for name, values in tensors.items():
        save_file({k: v.detach().cpu().contiguous() for k, v in values.items()}, aside / f"{name}.safetensors")
    (aside / "counters.json").write_text(json.dumps(counters), encoding="utf-8")
    shutil.rmtree(folder / OLD, ignore_errors=True)
    if (folder / CURRENT).exists():
        (folder / CURRENT).rename(folder / OLD)
    aside.rename(folder / CURRENT)
    shutil.rmtree(folder / OLD, ignore_errors=True)


def load(folder: Path) -> tuple[dict[str, dict[str, torch.Tensor]], dict[str, Any]] | None:
    """The last whole state, or None where there is none."""
    for name in (CURRENT, OLD):
        state = folder / name
        if (state / "counters.json").is_file():
            tensors = {file.stem: load_file(file) for file in sorted(state.glob("*.safetensors"))}
            return tensors, json.loads((state / "counters.json").read_text(encoding="utf-8"))
    return None


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """AdamW's moments and step counts, by parameter number."""
    states: Mapping[int, Mapping[str, torch.Tensor]] = optimizer.state_dict()["state"]
    return {f"{i}.{name}": value for i, state in states.items() for name, value in state.items()}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put back what `optimizer_tensors` took; the settings stay the optimizer's own."""
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def rng_tensors(device: str) -> dict[str, torch.Tensor]:
    """The state of torch's generators."""
    found = {"cpu": torch.get_rng_state()}
    if device == "cuda":
        found["cuda"] = torch.cuda.get_rng_state()
    return found


def restore_rng(tensors: Mapping[str, torch.Tensor]) -> None:
    """Put back what `rng_tensors` took."""
    torch.set_rng_state(tensors["cpu"])
    if "cuda" in tensors:
        torch.cuda.set_rng_state(tensors["cuda"])
