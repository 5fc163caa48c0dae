"""Opens a checkpoint's model folder, whatever method wrote it: the one way to the logits that it was scored with."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

from pipeline.errors import WrongUse
from pipeline.training._base_model import Located, opened

ADAPTER = "adapter"  # the folder inside of a model folder that holds what cannot be merged into its weights
METHOD = "method.json"  # in there: which private module opens it, and with which settings
THRESHOLDS = "thresholds.json"  # of a checkpoint that must know a document's group to answer (`reductions`)


def open_checkpoint(folder: Path | str, by_group: bool = False) -> tuple[Any, Any]:
    """(model in evaluation mode on the CPU, fast tokenizer) of a folder `model/` that a training wrote.

    `model(input_ids=, token_type_ids=, attention_mask=).logits` are to the bit those of the checkpoint's predictions,
    at the same batch. Nothing is read from a network and no code that comes with the folder is run. `by_group`: whoever
    opens it applies a threshold for each group himself (`_reductions_fit.open_by_group`).

    Raises:
        BaseModelError: the folder cannot be opened.
        WrongUse: it is no folder of a checkpoint, it decides by a group that a text does not say, or it needs an extra
            that is not installed.
    """
    import transformers
    from transformers import AutoTokenizer

    folder = Path(folder)
    if not (folder / "config.json").is_file():
        raise WrongUse(f"{folder} holds no config.json; give the folder model/ of a checkpoint")
    if (folder / THRESHOLDS).is_file() and not by_group:
        raise WrongUse(
            f"{folder} decides by a group of the document, by its {THRESHOLDS}, which a text alone does not say; open "
            "it with pipeline.training._reductions_fit.open_by_group, or train `method: exponentiated_gradient`"
        )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    located = Located(str(folder), local=True)
    model = opened(getattr(transformers, _head(config, folder)), located, use_safetensors=True)
    if (folder / ADAPTER).is_dir():
        model = _with_adapter(model, folder / ADAPTER)
    return model.eval(), opened(AutoTokenizer, located)


def _head(config: dict[str, Any], folder: Path) -> str:
    """The auto class of a checkpoint, from the architecture that its config names."""
    architecture = next(iter(config.get("architectures") or ["nothing"]))
    head = architecture.partition("For")[2]
    heads = ("TokenClassification", "SequenceClassification", "QuestionAnswering", "MaskedLM")
    if head not in heads:
        raise WrongUse(
            f"{folder}/config.json: architectures names {architecture!r}; expected a model for one of {heads}"
        )
    return f"AutoModelFor{head}"


# which private module of this package opens what: by name, so that the code of one method is not that of all others
_MODULES = {
    "adapter": "_adapters",
    "chain": "_chain",
    "prompt": "_peft",
    "cloze": "_few_shot_cloze",
    "entailment": "_few_shot_entailment",
}


def _with_adapter(model: Any, folder: Path) -> Any:
    if not (folder / METHOD).is_file():
        raise WrongUse(f"{folder} holds no {METHOD}: the checkpoint was not written whole")
    settings = json.loads((folder / METHOD).read_text(encoding="utf-8"))
    if settings.get("kind") not in _MODULES:
        raise WrongUse(f"{folder / METHOD}: kind is {settings.get('kind')!r}; expected one of {sorted(_MODULES)}")
    module = importlib.import_module(f"pipeline.training.{_MODULES[settings['kind']]}")
    return module.reopened(model, folder, settings)
