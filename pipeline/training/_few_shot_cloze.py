"""Classification as a cloze: a template with a gap around the text, and a masked-language-model head that fills it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from pipeline.errors import WrongUse, did_you_mean
from pipeline.task._learnable import LearnableTask
from pipeline.training import _network
from pipeline.training._base_model import Located, opened
from pipeline.training._few_shot import FewShot
from pipeline.training._opening import ADAPTER, METHOD
from pipeline.training._template import specials

if TYPE_CHECKING:
    from pipeline.training.cloze import Cloze

GAP, TEXT = "[MASK]", "{text}"
README = """\
# A masked language model whose words stand for classes

This folder alone opens as a masked language model. Open it with `pipeline.training._opening.open_checkpoint(FOLDER)`,
which gives the logits of the classes; the tokenizer puts the template around each text itself.
"""


class Gap(nn.Module):
    """Logits of classes: the mean of the masked-LM logits that a class's words have at the gap.

    `words` are token ids by class; `mask` is the id of the gap, which stands once in every input.
    """

    def __init__(self, model: Any, words: Sequence[Sequence[int]], mask: int) -> None:
        super().__init__()
        self.model, self.words, self.mask, self.config = model, [list(w) for w in words], mask, model.config
        self.head = head_of(model)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor | None = None
    ) -> Any:
        """`logits` of shape (texts, classes)."""
        from transformers.modeling_outputs import SequenceClassifierOutput

        types = {"token_type_ids": token_type_ids} if hasattr(self.config, "type_vocab_size") else {}
        hidden = self.model.base_model(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state
        at = (input_ids == self.mask).int().argmax(1)
        said = getattr(self.model, self.head)(hidden[torch.arange(len(at), device=at.device), at][:, None])[:, 0]
        return SequenceClassifierOutput(logits=torch.stack([said[:, words].mean(1) for words in self.words], 1))

    def get_input_embeddings(self) -> Any:
        """The word embeddings."""
        return self.model.get_input_embeddings()

    def set_attn_implementation(self, implementation: str) -> None:
        """How attention is computed."""
        self.model.set_attn_implementation(implementation)


class ClozeRun(FewShot):
    """A fit of a masked language model behind a `Gap`."""

    method: Cloze

    def _network(self) -> tuple[Any, Any, dict[str, float]]:
        m = self.method
        model, tokenizer = build(self._base(), m, self.task)
        sizes = dict.fromkeys(("parameters", "trainable_parameters"), float(sum(p.numel() for p in model.parameters())))
        return model.to(self.device.kind), tokenizer, sizes if m.epochs else {**sizes, "trainable_parameters": 0.0}


def build(located: Located, method: Cloze, task: LearnableTask) -> tuple[Gap, Any]:
    """(network, tokenizer that puts the template around a text).

    Raises:
        BaseModelError: the base model cannot be opened.
        WrongUse: it has no masked-LM head, or a word is not one token of it.
    """
    from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer

    torch.manual_seed(method.seed)
    tokenizer = opened(AutoTokenizer, located)
    shape = _network.Shape(method.layers, False, False, method.dropout, method.seed)
    config = _network._config(opened(AutoConfig, located), task, shape)
    options = {"config": config, "use_safetensors": True, "dtype": torch.float32, "output_loading_info": True}
    model, loading = opened(AutoModelForMaskedLM, located, **options)
    fresh = [key for key in loading["missing_keys"] if not key.startswith(f"{model.base_model_prefix}.")]
    if fresh or tokenizer.mask_token_id is None or not tokenizer.is_fast:
        what = (
            f"no trained masked-LM head ({fresh[0]} is not in it)" if fresh else "no fast tokenizer with a mask token"
        )
        raise WrongUse(
            f"base_model: {located.where} has {what}, and cloze asks that head; give a masked language model: a hub id "
            "such as 'google-bert/bert-base-uncased', a folder that AutoModelForMaskedLM.save_pretrained wrote, or the "
            "recipe's own encoder. A sentence encoder such as packaged_minilm has none: use setfit with it"
        )
    words = verbalized(tokenizer, method.template, method.words, task.classes)
    return Gap(model, words, int(tokenizer.mask_token_id)), templated(tokenizer, method.template)


def head_of(model: Any) -> str:
    """The name of the masked-LM head, which takes hidden states alone.

    Raises:
        WrongUse: the architecture has none of this kind.
    """
    for name in ("cls", "lm_head"):
        if isinstance(getattr(model, name, None), nn.Module):
            return name
    raise WrongUse(
        f"base_model: the masked-LM head of {model.config.model_type} is not known; take a BERT or a RoBERTa"
    )


def verbalized(
    tokenizer: Any, template: str, words: Mapping[str, Sequence[str]], classes: Sequence[str]
) -> list[list[int]]:
    """The token ids that stand for each class; a class without words of its own is said by its name.

    Raises:
        WrongUse: words are given for a class that the task has not, a word is not one token in its place, or two
            classes share a word.
    """
    for name in words:
        if name not in classes:
            raise WrongUse(f"words: {name!r} is not a label of the task; {did_you_mean(name, classes)}")
    found: list[list[int]] = []
    for name in classes:
        ids = [_one_token(tokenizer, template, word, name) for word in words.get(name, (name,))]
        for other, others in zip(classes, found, strict=False):
            if common := set(ids) & set(others):
                word = tokenizer.convert_ids_to_tokens(min(common))
                raise WrongUse(f"words: {other!r} and {name!r} share {word!r}; give each label words of its own")
        found.append(ids)
    return found


def _one_token(tokenizer: Any, template: str, word: str, label: str) -> int:
    before, after = sides(template)
    side = before if GAP in before else after
    gap = _ids(tokenizer, side.replace(GAP, tokenizer.mask_token))
    full = _ids(tokenizer, side.replace(GAP, word))
    at = gap.index(tokenizer.mask_token_id)
    if len(full) == len(gap) and full[:at] == gap[:at] and full[at + 1 :] == gap[at + 1 :]:
        if full[at] != tokenizer.unk_token_id:
            return full[at]
        raise WrongUse(f"words.{label}: {word!r} is not in the vocabulary of the base model; choose another word")
    pieces = tokenizer.tokenize(word)
    raise WrongUse(
        f"words.{label}: {word!r} is {len(pieces)} tokens of the base model {pieces}; choose a word that is one"
    )


def sides(template: str) -> tuple[str, str]:
    """What stands before and after the text."""
    before, _, after = template.partition(TEXT)
    return before, after


def _ids(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"] if text else []
    return ids


def templated(tokenizer: Any, template: str) -> Any:
    """A tokenizer whose frame of a text is the template, and that reads special words in a text as plain letters."""
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    start, end = specials(tokenizer)
    before, after = (_ids(tokenizer, side.replace(GAP, tokenizer.mask_token)) for side in sides(template))
    frame = {"before": [*start, *before], "after": [*after, *end]}
    backend = tokenizer.backend_tokenizer
    backend.post_processor = TemplateProcessing(
        single=["before", "$A", "after"],
        special_tokens=[
            {"id": name, "ids": ids, "tokens": tokenizer.convert_ids_to_tokens(ids)} for name, ids in frame.items()
        ],
    )
    named = ("unk_token", "cls_token", "sep_token", "pad_token", "mask_token", "bos_token", "eos_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        model_max_length=tokenizer.model_max_length,
        split_special_tokens=True,
        **{name: getattr(tokenizer, name) for name in named if getattr(tokenizer, name) is not None},
    )


def save(model: Gap, folder: Path) -> None:
    """Write the masked language model, and in its folder which words stand for which class."""
    model.model.save_pretrained(folder)
    (folder / ADAPTER).mkdir()
    said = {"kind": "cloze", "words": model.words, "mask": model.mask}
    (folder / ADAPTER / METHOD).write_text(json.dumps(said), encoding="utf-8")
    (folder / "README.md").write_text(README, encoding="utf-8")


def reopened(model: Any, folder: Path, settings: dict[str, Any]) -> Gap:
    """The network that `save` wrote."""
    return Gap(model, settings["words"], settings["mask"])
