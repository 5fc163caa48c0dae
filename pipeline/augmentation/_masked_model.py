"""A BERT with its masked-language-model head: what it would say in the place of words, for many texts at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import WrongUse
from pipeline.language import en, zh
from pipeline.translator._model import opened

_HAN = re.compile(zh.SCRIPT)
_VARIANTS = 6  # pieces that may be the word itself in other letter case, and one to compare the last rank with
CLOSE = 1e-4  # logits nearer than this may change places: of 6 layers, alone or among others, they differed by 1e-6


class Place(NamedTuple):
    """A word to be replaced, and where in the list of what the model would say its replacement stands: 0 ≤ draw < 1."""

    start: int
    end: int
    draw: float


Asked = tuple[str, str, tuple[Place, ...]]  # text, language, places
Said = tuple[str | None, ...]  # for each place what comes there; None where nothing fits


class MaskedModel:
    """A tokenizer and a model; `top_k` is how many of the likeliest words are drawn from."""

    def __init__(self, tokenizer: Any, model: Any, top_k: int) -> None:
        import torch

        self.tokenizer, self.model, self.top_k = tokenizer, model, top_k
        self.longest = int(model.config.max_position_embeddings)
        pieces: list[str] = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
        special = set(tokenizer.all_special_ids)
        words = {
            zh.CODE: [n for n, p in enumerate(pieces) if _HAN.fullmatch(p) and p not in zh.NEGATIONS],
            en.CODE: [n for n, p in enumerate(pieces) if n not in special and _is_word(p)],
        }
        self.words = {language: [pieces[n] for n in ids] for language, ids in words.items()}
        ids = {language: torch.tensor(ids, dtype=torch.long) for language, ids in words.items()}
        decoder = model.cls.predictions.decoder
        self.heads = {language: (decoder.weight[rows], decoder.bias[rows]) for language, rows in ids.items()}

    def fill(self, asked: Sequence[Asked], batch_tokens: int) -> list[Said]:
        """What comes in every place: all places of a text are masked together, and every text is run once.

        Texts of about one length together, at most `batch_tokens` tokens at a time with their padding. Where two words
        are so close that rounding may decide, the text is run again alone: what is said never depends on the others.
        """
        rows = [self._masked(*one) for one in asked]
        order = sorted((n for n, (_, at) in enumerate(rows) if at), key=lambda n: (len(rows[n][0]), n))
        made: list[Said] = [(None,) * len(places) for _, _, places in asked]
        for batch in _batches(order, [len(ids) for ids, _ in rows], batch_tokens):
            for n, (said, close) in zip(batch, self._run([(asked[n], *rows[n]) for n in batch]), strict=True):
                if close and len(batch) > 1:
                    [(said, _)] = self._run([(asked[n], *rows[n])])
                made[n] = said
        return made

    def _masked(self, text: str, language: str, places: Sequence[Place]) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids of a text with one mask for each place, and (place, where its mask is); what does not fit in is cut.

        A place that begins or ends inside of a piece has no mask.
        """
        coded = self.tokenizer(text, return_offsets_mapping=True, truncation=False)
        ids, offsets = coded["input_ids"], coded["offset_mapping"]
        made: list[int] = [ids[0]]
        masks: list[tuple[int, int]] = []
        at = 1
        for number, (start, end, _) in enumerate(places):
            while at < len(ids) - 1 and offsets[at][0] < start:
                made.append(ids[at])
                at += 1
            last = at
            while last < len(ids) - 1 and offsets[last][1] <= end:
                last += 1
            if last > at and offsets[at][0] == start and offsets[last - 1][1] == end:
                masks.append((number, len(made)))
                made.append(self.tokenizer.mask_token_id)
                at = last
        made.extend(ids[at:-1])
        made = [*made[: self.longest - 1], ids[-1]]
        return made, [(number, where) for number, where in masks if where < self.longest - 1]

    def _run(self, batch: Sequence[tuple[Asked, list[int], list[tuple[int, int]]]]) -> list[tuple[Said, bool]]:
        """For each text what is said, and whether rounding may have decided it."""
        import torch

        longest = max(len(ids) for _, ids, _ in batch)
        input_ids = torch.full((len(batch), longest), self.tokenizer.pad_token_id)
        mask = torch.zeros((len(batch), longest), dtype=torch.long)
        for row, (_, ids, _) in enumerate(batch):
            input_ids[row, : len(ids)] = torch.tensor(ids)
            mask[row, : len(ids)] = 1
        where = [(row, at) for row, (_, _, masks) in enumerate(batch) for _, at in masks]
        with torch.inference_mode():
            hidden = self.model.bert(input_ids=input_ids, attention_mask=mask).last_hidden_state
            hidden = hidden[[row for row, _ in where], [at for _, at in where]]
            hidden = self.model.cls.predictions.transform(hidden)
            ranked = self._ranked(hidden, [batch[row][0][1] for row, _ in where])
        made = []
        for (text, _, places), _, masks in batch:
            said: list[str | None] = [None] * len(places)
            close = False
            for number, _ in masks:
                start, end, draw = places[number]
                said[number], unsure = self._chosen(*next(ranked), text[start:end], draw)
                close |= unsure
            made.append((tuple(said), close))
        return made

    def _ranked(self, hidden: Any, languages: Sequence[str]) -> Iterator[tuple[list[str], list[float]]]:
        """For each masked place the likeliest words, best first, and their logits."""
        import torch

        found: dict[int, tuple[list[str], list[float]]] = {}
        for language, words in self.words.items():
            rows = [n for n, other in enumerate(languages) if other == language]
            if not rows:
                continue
            weight, bias = self.heads[language]
            best = torch.topk(hidden[rows] @ weight.T + bias, min(self.top_k + _VARIANTS, len(words)))
            for row, values, ids in zip(rows, best.values.tolist(), best.indices.tolist(), strict=True):
                found[row] = [words[n] for n in ids], values
        return iter([found[n] for n in range(len(languages))])

    def _chosen(self, words: list[str], logits: list[float], word: str, draw: float) -> tuple[str | None, bool]:
        """The word at the drawn rank of those that are not `word`, and whether rounding may have decided it."""
        kept = [n for n, other in enumerate(words) if other.casefold() != word.casefold()]
        if not kept:
            return None, False
        rank = int(draw * min(self.top_k, len(kept)))
        beside = [logits[kept[n]] for n in (rank - 1, rank + 1) if 0 <= n < len(kept)]
        return words[kept[rank]], any(abs(logits[kept[rank]] - other) < CLOSE for other in beside)


def _is_word(piece: str) -> bool:
    """Whether a piece is a whole English word: no continuation, small letters only, no negation."""
    return piece.isascii() and piece.isalpha() and piece.islower() and piece not in en.NEGATIONS


def _batches(order: Sequence[int], lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Runs of `order` (shortest first) that are at most `most` tokens when padded; one text at least."""
    batch: list[int] = []
    for n in order:
        if batch and (len(batch) + 1) * lengths[n] > most:
            yield batch
            batch = []
        batch.append(n)
    if batch:
        yield batch


@lru_cache(maxsize=2)
def masked_model(where: str, top_k: int, seen: str) -> MaskedModel:
    """The model of a folder or hub id, opened once in a process. `seen` is the digest of its files.

    Raises:
        WrongUse: it is not there, no BERT of safetensors, or has no masked-language-model head.
    """
    import torch
    from transformers import AutoConfig, AutoTokenizer, BertForMaskedLM
    from transformers.utils import logging

    who = "contextual_words"
    if not Path(where).expanduser().is_dir() and (where.startswith((".", "/", "~")) or where.count("/") != 1):
        raise WrongUse(
            f"{who}: model: there is no folder {where}; give one, or a hub id like google-bert/bert-base-cased"
        )
    torch.set_num_threads(1)  # one process a core: more threads than cores thrash
    logging.disable_progress_bar()
    kind = opened(AutoConfig, where, who, "config.json").model_type
    if kind != "bert":
        raise WrongUse(f"{who}: model: {where} is of the kind {kind!r}; this part asks models of the kind 'bert'")
    model, told = opened(
        BertForMaskedLM,
        where,
        who,
        "*.safetensors",
        use_safetensors=True,
        output_loading_info=True,
        dtype=torch.float32,
    )
    if missing := sorted(name for name in told["missing_keys"] if name.startswith("cls.predictions")):
        raise WrongUse(
            f"{who}: model: {where} has no masked-language-model head (no weights {', '.join(missing)}); give a model "
            "saved as BertForMaskedLM"
        )
    tokenizer = opened(AutoTokenizer, where, who, "*.json")
    if tokenizer.mask_token_id is None or not tokenizer.is_fast:
        raise WrongUse(f"{who}: model: the tokenizer of {where} has no mask, or no tokenizer.json")
    return MaskedModel(tokenizer, model.eval(), top_k)
