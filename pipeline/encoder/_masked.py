"""One masked-language-model fit from texts to a folder: what `MaskedLanguageModel.fit` does, step by step."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import nn

from pipeline.errors import WrongUse
from pipeline.fingerprint import fingerprint
from pipeline.frames import documents_of
from pipeline.language import words
from pipeline.training import Report, _network
from pipeline.training._base_model import locate, opened
from pipeline.training._batches import batches
from pipeline.training._examples import IGNORED, Examples, Window
from pipeline.training._fit import peak_memory_mib, prepare
from pipeline.training._forward import autocast, collate, rounded
from pipeline.training._loop import Loop, Progress
from pipeline.training._schedule import Schedule
from pipeline.training._template import specials
from pipeline.training._windows import windows
from pipeline.types import Device, Document

if TYPE_CHECKING:
    from pipeline.encoder import Texts
    from pipeline.encoder.masked_language_model import MaskedLanguageModel

HEADLINE = "mask_likelihood"
_BRANCHES = (0.8, 0.9)  # of the words drawn: up to here the mask, up to here random tokens, the rest stays


class MaskedLoop(Loop):
    """Some masked words are replaced by tokens drawn from the whole vocabulary."""

    every_row = True


class Run:
    """One fit. `metrics()` does all of it; the methods follow in the order in which they run."""

    def __init__(self, method: MaskedLanguageModel, texts: Texts, device: Device, out: Path, report: Report) -> None:
        self.method, self.texts, self.device, self.out, self.report = method, texts, device, out, report

    def metrics(self) -> dict[str, float]:
        """Build, encode, train, write."""
        prepare(self.device, self.method.requires)
        if self.texts.train.num_rows == 0 or self.texts.validation.num_rows == 0:
            raise WrongUse("encoder: the train or the validation split holds no documents; change the recipe's split")
        model, tokenizer = self._network()
        self.report({"kind": "phase", "phase": "encode"})
        length = _network.longest_window(model, tokenizer, self.method.max_length)
        encoder = Masker(tokenizer, min(length, self.method.batch_tokens), self.method)
        train, validation = encoder.examples(self.texts.train), encoder.examples(self.texts.validation)
        pad = int(tokenizer.pad_token_id)
        before = self._likelihood(model, validation, pad)
        progress = self._trained(model, train, validation, pad)
        self._write(model, tokenizer, progress)
        return {
            f"{HEADLINE}_before": before,
            HEADLINE: progress.best,
            "seconds": progress.seconds,
            "real_tokens_per_second": progress.tokens / max(progress.step_seconds, 1e-9),
            "peak_memory_mib": peak_memory_mib(self.device),
            "parameters": float(sum(p.numel() for p in model.parameters())),
        }

    def _network(self) -> tuple[Any, Any]:
        m = self.method
        texts = self.texts.train.column("text").to_pylist() if m.adapt_vocabulary else []
        model, tokenizer = build(m, texts)
        return model.to(self.device.kind), tokenizer

    def _trained(self, model: Any, train: Examples, validation: Examples, pad: int) -> Progress:
        m = self.method
        schedule = Schedule.of(m)

        def validate() -> float:
            self.report({"kind": "phase", "phase": "validate"})
            return self._likelihood(model, validation, pad)

        resume = self.out / "resume" / self._identity()
        loop = MaskedLoop(model, train, schedule, self.device, resume, self.report, validate, HEADLINE, pad)
        assert isinstance(train.windows, MaskedWindows)
        train.windows.epoch = lambda: loop.progress.epoch  # every epoch masks anew, also one that is gone on with
        self.report({"kind": "phase", "phase": "train"})
        return loop.run()

    def _identity(self) -> str:
        d = self.device
        return fingerprint(self.method.fingerprint(), self.texts.digest, d.kind, d.precision)[:16]

    def _likelihood(self, model: Any, examples: Examples, pad: int) -> float:
        """exp of the mean log probability of the masked tokens."""
        model.eval()
        total, count = 0.0, 0
        for indices in batches(rounded(examples.lengths), self.method.batch_tokens):
            batch = collate([examples.windows[i] for i in indices], "token", pad, self.device.kind)
            with torch.inference_mode(), autocast(self.device):
                logits = model(**batch.inputs).logits.float()
            at = batch.targets != IGNORED
            total -= float(nn.functional.cross_entropy(logits[at], batch.targets[at], reduction="sum"))
            count += int(at.sum())
        return float(np.exp(total / max(count, 1)))

    def _write(self, model: Any, tokenizer: Any, progress: Progress) -> None:
        folder = self.out / "model"
        shutil.rmtree(folder, ignore_errors=True)
        model.to("cpu").save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        curve = [{"step": int(step), "loss": loss} for step, loss in progress.losses]
        curve += [{"step": int(step), f"validation_{HEADLINE}": value} for step, value in progress.validations]
        (self.out / "loss.json").write_text(json.dumps(curve, indent=1), encoding="utf-8")


def build(method: MaskedLanguageModel, texts: Sequence[str]) -> tuple[Any, Any]:
    """(masked language model, fast tokenizer); a base model without such a head gets a fresh one, tied to its words.

    Raises:
        BaseModelError: the base model cannot be opened.
        WrongUse: it has no fast tokenizer, no mask token, or fewer layers than asked for.
    """
    from transformers import AutoConfig, AutoModelForMaskedLM, AutoTokenizer

    located = locate(method.base_model)
    torch.manual_seed(method.seed)
    tokenizer = opened(AutoTokenizer, located)
    if not tokenizer.is_fast or tokenizer.mask_token_id is None:
        raise WrongUse(f"base_model: {located.where} has no fast tokenizer with a mask token; choose a BERT")
    config = opened(AutoConfig, located)
    _network.cut(config, method.layers, method.dropout)
    model = opened(AutoModelForMaskedLM, located, config=config, use_safetensors=True, dtype=torch.float32)
    if method.adapt_vocabulary:
        tokenizer = _network._adapt(model, tokenizer, texts, method.seed)
        width, size = model.get_input_embeddings().weight.shape[1], len(tokenizer)
        model.set_output_embeddings(nn.Linear(width, size))
        nn.init.zeros_(model.get_output_embeddings().bias)
        model.tie_weights()
    return model, tokenizer


class Masker:
    """A tokenizer that knows which pieces are one word, and a way to mask."""

    def __init__(self, tokenizer: Any, max_length: int, method: MaskedLanguageModel) -> None:
        self.tokenizer, self.max_length, self.method = tokenizer, max_length, method

    def examples(self, table: pa.Table) -> Examples:
        """Every text of a table in overlapping windows."""
        before, after = specials(self.tokenizer)
        room = self.max_length - len(before) - len(after)
        plain: list[Window] = []
        members: list[NDArray[np.int64]] = []
        documents = list(documents_of(table))
        for row, doc in enumerate(documents):
            encoding = self.tokenizer(doc.text, add_special_tokens=False, verbose=False).encodings[0]
            ids, word = np.array(encoding.ids, np.int64), self._words(doc, encoding)
            for first, end in windows(len(ids), room) if len(ids) else ():
                sides = ([-1] * len(before), [-1] * len(after))
                whole = np.concatenate([before, ids[first:end], after]).astype(np.int64)
                members.append(np.concatenate([sides[0], word[first:end], sides[1]]).astype(np.int64))
                blank = np.full(len(whole), IGNORED, np.int64)
                plain.append(Window(whole, np.zeros_like(whole), blank, 1.0, row, first, end, len(before)))
        masked = MaskedWindows(plain, members, self)
        return Examples(documents, "token", windows=cast("list[Window]", masked))

    def _words(self, doc: Document, encoding: Any) -> NDArray[np.int64]:
        """The word of every piece, as a number; its own number for every piece without `whole_words`."""
        if not self.method.whole_words:
            return np.arange(len(encoding.ids))
        if doc.language != "zh":
            return np.array([-1 if w is None else w for w in encoding.word_ids], np.int64)
        starts = np.array([start for start, _ in words.tokens(doc.text, "zh")] or [0])
        found: NDArray[np.int64] = np.searchsorted(starts, [a for a, _ in encoding.offsets], side="right") - 1
        return found

    def masked(self, window: Window, member: NDArray[np.int64], rng: np.random.Generator) -> Window:
        """The window with about `mask_share` of its tokens to be predicted, at least one word."""
        ids, targets = window.ids.copy(), np.full(len(window.ids), IGNORED, np.int64)
        wanted = self.method.mask_share * (member >= 0).sum()
        taken = 0
        for word in rng.permutation(np.unique(member[member >= 0])):
            if taken and taken >= wanted:
                break
            at = np.flatnonzero(member == word)
            targets[at] = window.ids[at]
            branch, taken = rng.random(), taken + len(at)
            if branch < _BRANCHES[0]:
                ids[at] = self.tokenizer.mask_token_id
            elif branch < _BRANCHES[1]:
                ids[at] = rng.integers(0, len(self.tokenizer), len(at))
        return replace(window, ids=ids, targets=targets)


class MaskedWindows(Sequence[Window]):
    """Windows that are masked when they are looked at: by seed, epoch and place, the same for the same three."""

    def __init__(self, plain: Sequence[Window], members: Sequence[NDArray[np.int64]], masker: Masker) -> None:
        self.plain, self.members, self.masker = plain, members, masker
        self.epoch: Callable[[], int] = lambda: -1

    def __len__(self) -> int:
        return len(self.plain)

    @overload
    def __getitem__(self, at: int) -> Window: ...

    @overload
    def __getitem__(self, at: slice) -> list[Window]: ...

    def __getitem__(self, at: int | slice) -> Window | list[Window]:
        if isinstance(at, slice):
            return [self[i] for i in range(*at.indices(len(self)))]
        rng = np.random.default_rng((self.masker.method.seed, self.epoch() + 1, at))
        return self.masker.masked(self.plain[at], self.members[at], rng)

    def __iter__(self) -> Iterator[Window]:
        return iter(self.plain)  # for what only measures lengths
