"""Bottleneck adapters: small layers put between those of a BERT, trained while the rest of it is frozen.

Houlsby et al. 2019, "Parameter-Efficient Transfer Learning for NLP": one after each of a layer's two sublayers, before
the residual sum. Pfeiffer et al. 2021, "AdapterFusion": one a layer, after the normalized sum of the second sublayer,
with that sum as its residual, normalized again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from pipeline.errors import WrongUse
from pipeline.training._opening import ADAPTER, METHOD

Kind = Literal["houlsby", "pfeiffer"]
WEIGHTS = "adapter.safetensors"
README = """\
# A base model with a head, and the bottleneck adapters that it was trained with

This folder alone gives other logits than the checkpoint was scored with: adapters cannot be merged into its weights.
Open it with `pipeline.training._opening.open_checkpoint(FOLDER)`, which gives those of the checkpoint.
"""


class Bottleneck(nn.Module):
    """Down to a few dimensions, GELU, and up again. It begins as zero, so that training begins at the base model."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(width, inner), nn.Linear(inner, width)
        nn.init.normal_(self.down.weight, std=0.01)
        for zero in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(zero)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """(…, width) to (…, width)."""
        changed: torch.Tensor = self.up(nn.functional.gelu(self.down(hidden)))
        return changed


class Adapted(nn.Module):
    """The output of a sublayer (dense, dropout, residual sum, normalization) with a bottleneck in it."""

    def __init__(self, output: Any, kind: Kind, inner: int) -> None:
        super().__init__()
        self.output, self.kind = output, kind
        self.adapter = Bottleneck(output.dense.out_features, inner)

    def forward(self, hidden_states: torch.Tensor, input_tensor: torch.Tensor) -> torch.Tensor:
        """As the output that it stands for."""
        norm = self.output.LayerNorm
        made = self.output.dropout(self.output.dense(hidden_states))
        if self.kind == "houlsby":
            summed = made + self.adapter(made) + input_tensor
        else:
            summed = made + input_tensor
            summed = summed + self.adapter(norm(summed))
        normalized: torch.Tensor = norm(summed)
        return normalized


def attach(model: Any, kind: Kind, reduction: int) -> Any:
    """Put adapters of width / `reduction` dimensions, rounded down, into every layer of a BERT; the same network.

    Raises:
        WrongUse: the network is not built as a BERT is, or is narrower than `reduction`.
    """
    width = int(model.config.hidden_size)
    if width < reduction:
        raise WrongUse(f"reduction: {reduction} is more than the width {width} of the base model")
    encoder = getattr(model.base_model, "encoder", None)
    for layer in _layers(model, encoder):
        layer.output = Adapted(layer.output, kind, width // reduction)
        if kind == "houlsby":
            layer.attention.output = Adapted(layer.attention.output, kind, width // reduction)
    return model


def _layers(model: Any, encoder: Any) -> list[Any]:
    layers = list(getattr(encoder, "layer", ()))
    parts = ("dense", "dropout", "LayerNorm")
    for layer in layers:
        outputs = (getattr(layer, "output", None), getattr(getattr(layer, "attention", None), "output", None))
        if not all(hasattr(output, part) for output in outputs for part in parts):
            layers = []
            break
    if not layers:
        raise WrongUse(
            f"base_model: {model.config.model_type} is not built as a BERT is (encoder.layer, with attention.output "
            "and output of dense, dropout, LayerNorm), where adapters go; take a BERT, or another method"
        )
    return layers


def save(model: Any, folder: Path, kind: Kind, reduction: int) -> None:
    """Write the network without its adapters as plain transformers has it and, inside of its folder, the adapters."""
    adapters = {name: m for name, m in model.named_modules() if isinstance(m, Adapted)}
    tensors = {f"{name}.{k}": v for name, m in adapters.items() for k, v in m.adapter.state_dict().items()}
    (folder / ADAPTER).mkdir(parents=True)
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / ADAPTER / WEIGHTS)
    said = {"kind": "adapter", "settings": {"kind": kind, "reduction": reduction}}
    (folder / ADAPTER / METHOD).write_text(json.dumps(said), encoding="utf-8")
    for name, module in adapters.items():
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, module.output)
    model.save_pretrained(folder)
    (folder / "README.md").write_text(README, encoding="utf-8")


def reopened(model: Any, folder: Path, settings: dict[str, Any]) -> Any:
    """The network with the adapters that `save` wrote into `folder`.

    Raises:
        WrongUse: the file of weights is not of these settings and this network.
    """
    model = attach(model, **settings["settings"])
    weights = load_file(folder / WEIGHTS)
    for name, module in [(n, m) for n, m in model.named_modules() if isinstance(m, Adapted)]:
        own = {k.removeprefix(f"{name}."): v for k, v in weights.items() if k.startswith(f"{name}.")}
        try:
            module.adapter.load_state_dict(own)
        except RuntimeError as error:
            raise WrongUse(f"{folder / WEIGHTS}: does not fit the model beside it ({error})") from error
    return model
