"""The methods that come from PEFT: wrapped into a network for training, then merged into it or kept beside it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from pipeline.errors import WrongUse
from pipeline.extras import require
from pipeline.training._opening import ADAPTER, METHOD
from pipeline.training._steps import Steps

_TASKS = {"token": "TOKEN_CLS", "sequence": "SEQ_CLS", "multi_label": "SEQ_CLS", "span": "QUESTION_ANS"}
README = """\
# A base model with a head, and the adapter that it was trained with

This folder alone gives other logits than the checkpoint was scored with: the adapter cannot be merged into its weights.
Open it with `pipeline.training._opening.open_checkpoint(FOLDER)`, which gives those of the checkpoint.
"""


def wrapped(model: Any, method: str, always: Sequence[str], settings: dict[str, Any]) -> Any:
    """A network with LoRA, AdaLoRA or IA3 beside its matrices (`method` is the name of PEFT's configuration).

    Everything is frozen but what the method adds and the layers of the names `always`. PEFT merges copies of layers
    only (its #3213), so these names must be of layers, not of what holds them.

    Raises:
        WrongUse: PEFT is not installed, or cannot apply the method to this network.
    """
    peft = require("peft", "methods")
    try:
        # a module that is trained as a whole gets no adapter of its own
        config = getattr(peft, method)(modules_to_save=list(always), exclude_modules=list(always), **settings)
        return peft.get_peft_model(model, config)
    except ValueError as error:
        raise WrongUse(
            f"targets: the method does not fit this base model ({error}); name layers that it has"
        ) from error


def save_merged(model: Any, folder: Path) -> None:
    """Write the network with what was trained merged into its matrices, and `adapter/` beside it as PEFT reads it."""
    _save_adapter(model, folder.parent / ADAPTER)
    model.merge_and_unload().save_pretrained(folder)


def prompted(model: Any, method: str, always: Sequence[str], head: str, settings: dict[str, Any]) -> Any:
    """A network with virtual tokens before its text: PEFT's prompt tuning, or prefix tuning.

    Raises:
        WrongUse: PEFT is not installed, or cannot apply the method to this network or this head.
    """
    peft = require("peft", "methods")
    if head not in _TASKS:
        raise WrongUse(f"virtual_tokens: PEFT knows no head {head!r} for them; use another method")
    if (
        method == "PrefixTuningConfig"
        and "past_key_values" not in inspect.signature(model.base_model.forward).parameters
    ):
        raise WrongUse(f"base_model: {model.config.model_type} takes no prefix of keys and values; use prompt_tuning")
    config = getattr(peft, method)(task_type=_TASKS[head], **settings)
    found = peft.get_peft_model(model, config)
    copied = tuple(f"{name}." for name in _wrappers(model))  # PEFT trains a copy of the classifier
    for name in always:
        if not f"{name}.".startswith(copied):
            model.get_submodule(name).requires_grad_(True)
    return _cut(found)


def save_prompted(model: Any, folder: Path) -> None:
    """Write the network as plain transformers has it and, inside of its folder, the virtual tokens as PEFT has them."""
    _save_adapter(model, folder / ADAPTER)
    (folder / ADAPTER / METHOD).write_text(json.dumps({"kind": "prompt"}), encoding="utf-8")
    plain = model.get_base_model()
    for name, wrapper in _wrappers(plain).items():
        parent, _, child = name.rpartition(".")
        setattr(plain.get_submodule(parent), child, wrapper.modules_to_save[model.active_adapter])
    plain.save_pretrained(folder)
    (folder / "README.md").write_text(README, encoding="utf-8")


def reopened(model: Any, folder: Path, settings: dict[str, Any]) -> Any:
    """The network with the virtual tokens that `save_prompted` wrote into `folder`."""
    peft = require("peft", "methods")
    return _cut(peft.PeftModel.from_pretrained(model, str(folder), torch_device="cpu"))


def _cut(model: Any) -> Any:
    """The network without the logits of virtual tokens: one row a token of the text, as every other network gives."""
    config = model.active_peft_config
    if str(config.peft_type.value) == "PROMPT_TUNING":
        count = int(config.num_virtual_tokens)

        def cut(module: Any, arguments: Any, output: Any) -> Any:
            for name, scores in list(output.items()):
                if name in ("start_logits", "end_logits") or (name == "logits" and scores.ndim == 3):
                    output[name] = scores[:, count:]
            return output

        model.register_forward_hook(cut)
    return model


def _wrappers(model: Any) -> dict[str, Any]:
    from peft.utils import ModulesToSaveWrapper

    return {name: module for name, module in model.named_modules() if isinstance(module, ModulesToSaveWrapper)}


def _save_adapter(model: Any, folder: Path) -> None:
    """What PEFT's own save_pretrained writes, without a look at the network and the same for the same weights."""
    from peft import get_peft_model_state_dict

    config = model.peft_config[model.active_adapter]
    if config.peft_type.value == "ADALORA":
        config.rank_pattern = None  # is that of the last epoch: PEFT would cut the matrices of the best one to it
    tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
    settings = {**config.to_dict(), "base_model_name_or_path": None, "inference_mode": True}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}, folder / "adapter_model.safetensors"
    )
    text = json.dumps(settings, indent=1, sort_keys=True, default=sorted)
    (folder / "adapter_config.json").write_text(text, encoding="utf-8")


class Allocation(Steps):
    """AdaLoRA beside the optimizer: keeps A and B near orthogonal, and shares out the ranks among matrices.

    Zhang et al. 2023, "Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning". After WARM of the steps ranks
    are taken away, along a cubic curve, up to the last FIXED of them.
    """

    WARM, FIXED = 0.15, 0.3

    def __init__(self, model: Any) -> None:
        self.tuner = model.base_model
        self.config = model.peft_config[model.active_adapter]
        self.allocator = self.tuner.rankallocator

    def begin(self, steps: int) -> None:
        """Lay the curve over the steps.

        Raises:
            WrongUse: there are too few.
        """
        if steps < 4:
            raise WrongUse(
                f"epochs: a training of {steps} steps is too short for adalora to share out ranks; at least 4"
            )
        self.config.total_step = steps
        self.config.tinit, self.config.tfinal = round(self.WARM * steps), round(self.FIXED * steps)
        self.config.deltaT = max(1, steps // 100)

    def penalty(self) -> torch.Tensor:
        """Mean Frobenius norm of A A' - 1 and B' B - 1 over all matrices, times PEFT's weight of it."""
        norms = []
        for name, p in self.tuner.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                square = p @ p.T if "lora_A" in name else p.T @ p
                norms.append(torch.linalg.matrix_norm(square - torch.eye(len(square), device=p.device)))
        return float(self.config.orth_reg_weight) * torch.stack(norms).mean()

    def stepped(self, step: int) -> None:
        """Measure how much each singular value matters, and put to zero those beyond the budget of this step."""
        self.tuner.update_and_allocate(step)

    def tensors(self) -> dict[str, torch.Tensor]:
        """The averages of sensitivities and, once ranks are fixed, which are kept."""
        state = {f"{kind}/{n}": v for kind in self._KINDS for n, v in getattr(self.allocator, kind).items()}
        kept = {f"kept/{n}": torch.tensor(v) for n, v in (self.config.rank_pattern or {}).items()}
        return {**state, **kept}

    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Go on with these."""
        device = next(self.tuner.parameters()).device
        kept: dict[str, list[bool]] = {}
        for key, value in tensors.items():
            kind, _, name = key.partition("/")
            if kind == "kept":
                kept[name] = value.tolist()
            else:
                getattr(self.allocator, kind)[name] = value.to(device)
        self.config.rank_pattern = kept or None

    _KINDS = ("ipt", "exp_avg_ipt", "exp_avg_unc")
