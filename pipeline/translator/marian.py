"""Marian, NLLB and other translation models of transformers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field

from pipeline.fingerprint import fingerprint
from pipeline.translator import Translator
from pipeline.translator._model import code_of, contents, one_of, opened, tokenizer_of


class Marian(Translator):
    """Sequence-to-sequence models of transformers: Marian (one a direction), NLLB (one for all; give `codes`).

    `models` has for each direction (`en-es`) a folder that `save_pretrained` wrote or a hub id such as
    Helsinki-NLP/opus-mt-en-es; the network is asked for a hub id only, and only safetensors are read. `codes` are the
    names that a model with many languages has for them (`{en: eng_Latn, zh: zho_Hans}`). A line of more than
    `max_length` tokens stays untranslated, no translation is longer than that. `beams: 1` is greedy. (Junczys-Dowmunt
    et al., 2018, "Marian: Fast Neural Machine Translation in C++".)

    >>> Marian(models={"en-es": "Helsinki-NLP/opus-mt-en-es"}).beams
    1
    """

    example: ClassVar[Mapping[str, Any]] = {"models": {"en-es": "Helsinki-NLP/opus-mt-en-es"}}

    models: dict[str, str] = Field(min_length=1)
    codes: dict[str, str] = Field({})
    beams: int = Field(1, ge=1, le=16)
    max_length: int = Field(256, ge=8, le=2048)
    batch: int = Field(32, ge=1, le=1024)

    def fingerprint(self) -> str:
        """Changes with the files of a local model as well."""
        return fingerprint(super().fingerprint(), contents(sorted(self.models.values())))

    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """Lines of about one length together, a batch at a time; padding is masked."""
        tokenizer, model = _opened(one_of(self.models, source, target, self.name), self.name)
        import torch

        forced: dict[str, Any] = {}
        if self.codes:
            tokenizer.src_lang = code_of(self.codes, source, tokenizer, self.name)
            forced["forced_bos_token_id"] = tokenizer.convert_tokens_to_ids(
                code_of(self.codes, target, tokenizer, self.name)
            )
        ids = tokenizer(list(lines))["input_ids"]
        made = list(lines)
        order = sorted((n for n in range(len(lines)) if len(ids[n]) <= self.max_length), key=lambda n: (len(ids[n]), n))
        for at in range(0, len(order), self.batch):
            rows = order[at : at + self.batch]
            batch = tokenizer.pad({"input_ids": [ids[n] for n in rows]}, return_tensors="pt")
            with torch.inference_mode():
                out = model.generate(
                    input_ids=batch["input_ids"],
                    attention_mask=batch["attention_mask"],
                    num_beams=self.beams,
                    do_sample=False,
                    max_length=None,
                    max_new_tokens=self.max_length,
                    **forced,
                )
            for n, text in zip(rows, tokenizer.batch_decode(out, skip_special_tokens=True), strict=True):
                made[n] = text
        return made


@lru_cache(maxsize=4)
def _opened(where: str, who: str) -> tuple[Any, Any]:
    """(tokenizer, model) of a folder or hub id: opened once in a process."""
    import torch
    from transformers import AutoModelForSeq2SeqLM
    from transformers.utils import logging as progress_bars

    torch.set_num_threads(1)  # one process a core: more threads than cores thrash
    progress_bars.disable_progress_bar()
    model = opened(AutoModelForSeq2SeqLM, where, who, "*.safetensors", use_safetensors=True)
    return tokenizer_of(where, who), model.eval()
