"""One zero-shot fit: labels that are descriptions, nothing trained; what `ZeroShot.fit` does, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch

from pipeline.errors import WrongUse, did_you_mean
from pipeline.training import _network
from pipeline.training._base_model import locate, opened
from pipeline.training._embedding import embeddings, set_classifier, with_mean
from pipeline.training._examples import Encoder, Examples
from pipeline.training._few_shot import FewShot
from pipeline.training._few_shot_entailment import Entailed, hypothesized
from pipeline.training._loop import Progress

if TYPE_CHECKING:
    from pipeline.training.zero_shot import ZeroShot


class ZeroShotRun(FewShot):
    """A fit of `ZeroShot`: build, encode, predict, score, write."""

    method: ZeroShot  # type: ignore[assignment]

    def _network(self) -> tuple[Any, Any, dict[str, float]]:
        sentences = described(self.method.descriptions, self.task.classes)
        make = self._by_entailment if self.method.entailment_model else self._by_embedding
        model, tokenizer = make(sentences)
        model.requires_grad_(False)
        count = float(sum(p.numel() for p in model.parameters()))
        return model.to(self.device.kind), tokenizer, {"parameters": count, "trainable_parameters": 0.0}

    def _by_embedding(self, sentences: Sequence[Sequence[str]]) -> tuple[Any, Any]:
        m = self.method
        shape = _network.Shape(layers=None, adapt_vocabulary=False, casing=False, dropout=0.0, seed=0)
        model, tokenizer = _network.build(self._base(), self.task, shape, [])
        with_mean(model).eval()
        most = _network.longest_window(model, tokenizer, None)
        rows = []
        for told in sentences:
            inputs = tokenizer(list(told), padding=True, return_tensors="pt")
            if inputs["input_ids"].shape[1] > most:
                raise WrongUse(f"descriptions: one of {told[0]!r} is longer than the {most} tokens of the base model")
            with torch.inference_mode():
                rows.append(torch.nn.functional.normalize(embeddings(model, dict(inputs)).mean(0), dim=0))
        set_classifier(model, torch.stack(rows) / m.temperature, torch.zeros(len(rows)))
        return model, tokenizer

    def _by_entailment(self, sentences: Sequence[Sequence[str]]) -> tuple[Any, Any]:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        if long := next((told for told in sentences if len(told) > 1), None):
            raise WrongUse(f"descriptions: an entailment_model takes one a label; {long[0]!r} is one of {len(long)}")
        located = locate(str(self.method.entailment_model))
        model = opened(AutoModelForSequenceClassification, located, use_safetensors=True, dtype=torch.float32)
        tokenizer = opened(AutoTokenizer, located)
        if not tokenizer.is_fast:
            raise WrongUse(f"entailment_model: {located.where} has no fast tokenizer; choose another")
        hypotheses = [self.method.hypothesis.replace("{}", told[0]) for told in sentences]
        return Entailed(model, hypothesized(model, tokenizer, hypotheses)), tokenizer

    def _encoder(self, model: Any, tokenizer: Any) -> Encoder:
        m = self.method
        taken = model.hypotheses.room if isinstance(model, Entailed) else 0
        length = _network.longest_window(model, tokenizer, m.max_length, taken)
        return Encoder(tokenizer, self.task, min(length, m.batch_tokens), casing=False)

    def _trained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        return self._untrained(model, tokenizer, examples)


def described(descriptions: Mapping[str, Sequence[str]], classes: Sequence[str]) -> list[Sequence[str]]:
    """The descriptions of each class; one without is described by its name, with spaces for underscores.

    Raises:
        WrongUse: something is described that is no class.
    """
    for name in descriptions:
        if name not in classes:
            raise WrongUse(f"descriptions: {name!r} is not a label of the task; {did_you_mean(name, classes)}")
    return [descriptions.get(name) or (name.replace("_", " "),) for name in classes]
