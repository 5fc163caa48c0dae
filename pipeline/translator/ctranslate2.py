"""CTranslate2: the same models, converted, several times as fast on a CPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.extras import require
from pipeline.fingerprint import fingerprint
from pipeline.translator import Translator
from pipeline.translator._model import code_of, contents, folder, one_of, tokenizer_of


class Ctranslate2(Translator):
    """Models converted by `ct2-transformers-converter`, one folder a direction, on one thread of the CPU.

    `models` has for each direction (`en-es`) the converted folder; `tokenizers` the folder or hub id of the tokenizer,
    where the converted folder does not hold it. `codes` are the names that a model with many languages has for them.
    A line of more than `max_length` tokens stays untranslated, no translation is longer than that.

    >>> Ctranslate2(models={"en-es": "models/en-es"}).compute
    'default'
    """

    example: ClassVar[Mapping[str, Any]] = {"models": {"en-es": "models/en-es"}}

    models: dict[str, str] = Field(min_length=1)
    tokenizers: dict[str, str] = Field({})
    codes: dict[str, str] = Field({})
    beams: int = Field(1, ge=1, le=16)
    max_length: int = Field(256, ge=8, le=2048)
    batch: int = Field(32, ge=1, le=1024)
    compute: Literal["default", "int8", "int8_float32", "float32"] = "default"

    def fingerprint(self) -> str:
        """Changes with the files of the models and tokenizers as well."""
        return fingerprint(super().fingerprint(), contents(sorted([*self.models.values(), *self.tokenizers.values()])))

    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """All lines; CTranslate2 sorts them by length itself and masks the padding."""
        where = one_of(self.models, source, target, self.name)
        tokenizer = tokenizer_of(self.tokenizers.get(f"{source}-{target}", where), self.name)
        prefix = None
        if self.codes:
            tokenizer.src_lang = code_of(self.codes, source, tokenizer, self.name)
            prefix = [[code_of(self.codes, target, tokenizer, self.name)]]
        pieces = [tokenizer.convert_ids_to_tokens(ids) for ids in tokenizer(list(lines))["input_ids"]]
        short = [n for n in range(len(lines)) if len(pieces[n]) <= self.max_length]
        results = _translator(where, self.compute, self.name).translate_batch(
            [pieces[n] for n in short],
            target_prefix=prefix * len(short) if prefix else None,
            beam_size=self.beams,
            max_batch_size=self.batch,
            max_decoding_length=self.max_length,
        )
        made = list(lines)
        for n, result in zip(short, results, strict=True):
            best = result.hypotheses[0][1 if prefix else 0 :]
            made[n] = tokenizer.decode(tokenizer.convert_tokens_to_ids(best), skip_special_tokens=True)
        return made


@lru_cache(maxsize=4)
def _translator(where: str, compute: str, who: str) -> Any:
    """The model, opened once in a process. Raises WrongUse where it is none."""
    library = require("ctranslate2", extra="translation")
    path = folder(where, who, "model.bin") or Path(where)
    try:
        return library.Translator(str(path), device="cpu", compute_type=compute, inter_threads=1, intra_threads=1)
    except (RuntimeError, ValueError) as error:
        raise WrongUse(f"{who}: {where} is no converted model ({error}); convert it: {_HOW}") from error


_HOW = (
    "ct2-transformers-converter --model FOLDER --output_dir OTHER "
    "--copy_files source.spm target.spm vocab.json tokenizer_config.json"
)
