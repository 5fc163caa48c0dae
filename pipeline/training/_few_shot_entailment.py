"""Zero-shot classification by entailment: does the text entail the hypothesis that it is of a class?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pipeline.errors import WrongUse
from pipeline.training._opening import ADAPTER, METHOD
from pipeline.training._template import single

README = """\
# A model of entailment, and hypotheses that stand for classes

This folder alone opens as the model of entailment. Open it with
`pipeline.training._opening.open_checkpoint(FOLDER)`, which gives one logit a class for one text.
"""


@dataclass(frozen=True, slots=True)
class Hypotheses:
    """What stands after a text, by class: token ids and types that replace the last `end` tokens of the text's own.

    `entailment` is the class of the entailment model that says yes.
    """

    tails: list[list[int]]
    types: list[list[int]]
    end: int
    entailment: int

    @property
    def room(self) -> int:
        """Tokens that the longest of them takes beyond those it replaces."""
        return max(map(len, self.tails)) - self.end


class Entailed(nn.Module):
    """The logit of a class is the entailment model's logit of "entailment" for the text and the class's hypothesis."""

    def __init__(self, model: Any, hypotheses: Hypotheses) -> None:
        super().__init__()
        self.model, self.hypotheses, self.config = model, hypotheses, model.config

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> Any:
        """`logits` of shape (texts, classes); padding stands at the right."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        h = self.hypotheses
        types = torch.zeros_like(input_ids) if token_type_ids is None else token_type_ids
        start = attention_mask.sum(1, keepdim=True) - h.end
        logits = []
        for tail, kind in zip(h.tails, h.types, strict=True):
            at = start + torch.arange(len(tail), device=start.device)
            inputs = {
                "input_ids": _placed(input_ids, at, tail, h.room),
                "attention_mask": _placed(attention_mask, at, [1] * len(tail), h.room),
                "token_type_ids": _placed(types, at, kind, h.room),
            }
            if not hasattr(self.config, "type_vocab_size"):
                del inputs["token_type_ids"]
            logits.append(self.model(**inputs).logits[:, h.entailment])
        return SequenceClassifierOutput(logits=torch.stack(logits, 1))

    def get_input_embeddings(self) -> Any:
        """The word embeddings."""
        return self.model.get_input_embeddings()


def _placed(row: torch.Tensor, at: torch.Tensor, values: Sequence[int], room: int) -> torch.Tensor:
    """(texts, length + room): each row with the values at its own places, and what it had before them."""
    wide = nn.functional.pad(row, (0, room))
    return wide.scatter(1, at, torch.tensor(values, dtype=row.dtype, device=row.device).expand(len(row), -1))


def hypothesized(model: Any, tokenizer: Any, sentences: Sequence[str]) -> Hypotheses:
    """The hypotheses as tokens of an entailment model.

    Raises:
        WrongUse: the model has no class "entailment".
    """
    names = {name.lower(): number for name, number in model.config.label2id.items()}
    if "entailment" not in names:
        known = ", ".join(sorted(names, key=lambda name: names[name]))
        raise WrongUse(
            f"entailment_model: its classes are {known}, and none is 'entailment'; give a sequence classifier "
            "for natural language inference whose config.json names its classes"
        )
    tails, types = [], []
    for sentence in sentences:
        encoding = tokenizer("a", sentence).encodings[0]
        last = max(i for i, side in enumerate(encoding.sequence_ids) if side == 0) + 1
        tails.append(list(encoding.ids[last:]))
        types.append(list(encoding.type_ids[last:]))
    return Hypotheses(tails, types, len(single(tokenizer).after), names["entailment"])


def save(model: Entailed, folder: Path) -> None:
    """Write the entailment model, and the hypotheses in its folder."""
    h = model.hypotheses
    model.model.save_pretrained(folder)
    (folder / ADAPTER).mkdir()
    said = {"kind": "entailment", "tails": h.tails, "types": h.types, "end": h.end, "entailment": h.entailment}
    (folder / ADAPTER / METHOD).write_text(json.dumps(said), encoding="utf-8")
    (folder / "README.md").write_text(README, encoding="utf-8")


def reopened(model: Any, folder: Path, settings: dict[str, Any]) -> Entailed:
    """The network that `save` wrote."""
    named = {name: settings[name] for name in ("tails", "types", "end", "entailment")}
    return Entailed(model, Hypotheses(**named))
