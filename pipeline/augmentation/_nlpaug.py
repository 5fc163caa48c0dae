"""nlpaug made safe: it is handed the words outside of mentions and nothing else, and must hand back as many.

nlpaug knows nothing of labels, and cuts a text its own way. Here its tokenizer cuts where we joined (a private-use
character that no word has), its draws come from the generator of the document and no global one, and what the
process keeps between two augmenters (a spelling dictionary, models by the last name of their folder) is not shared.
What the installed nlpaug can and cannot do is tried, not told from its version.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import random
import re
import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import numpy as np

from pipeline.augmentation import Refused, _nlpaug_tagging
from pipeline.augmentation._assembled import Edits
from pipeline.augmentation._chunk import Chunk
from pipeline.augmentation._columnar import Columnar, Keys, generators
from pipeline.augmentation._nlpaug_classes import FLOWS, Step, classes, flat
from pipeline.augmentation._ranges import Ranges, count
from pipeline.errors import GristmillError, WrongUse
from pipeline.extras import require

JOINT = "\ue000"  # private use: no word has it, and it is no white space as far as `strip` and `\s` go
_KEPT = re.compile(r"[A-Z_]+_MODELS?")  # names of what a module of nlpaug keeps for the process
_DRAWS = re.compile(r"\brandom\.\w|\btorch\.")  # a module that draws otherwise than by `sample` and `prob`


class Noise(Columnar):
    """An operation of nlpaug. `steps` says which; the rest is the same for all.

    A process of its own: nlpaug imports torch.
    """

    apart = True

    @property
    @abstractmethod
    def steps(self) -> tuple[Step, ...]:
        """The augmenters of nlpaug, one after another."""

    @abstractmethod
    def handed(self, chunk: Chunk, keys: Keys) -> Ranges:
        """What nlpaug is handed of each document, in order."""

    def unfit(self, chunk: Chunk) -> dict[int, str]:
        """The documents that it is not for, and why."""
        return {}

    def fingerprint(self) -> str:
        """Changes with the content of the files that the settings name too."""
        return hashlib.sha256("|".join([super().fingerprint(), *map(_digest, _files(self.steps))]).encode()).hexdigest()

    @cached_property
    def built(self) -> tuple[Adapted, ...]:
        """The augmenters, built once."""
        return tuple(Adapted(step) for step in self.steps)

    def edits(self, chunk: Chunk, keys: Keys) -> Edits:
        """The words that came back changed."""
        refused, spaced = self.unfit(chunk), (~chunk.chinese).tolist()
        places = self.handed(chunk, keys)
        words, ends = chunk.said(places), np.cumsum(count(places, chunk.rows)).tolist()
        edits, changed, at = Edits(places, [], refused), [], 0
        for row, (rng, end) in enumerate(zip(generators(keys), ends, strict=True)):
            before, first, at = words[at:end], at, end
            if row in refused:
                continue
            if not before:
                refused[row] = "there is no word outside of mentions that it could change"
                continue
            try:
                after: Sequence[str] = before
                for augmenter in self.built:
                    after = augmenter(after, rng)
            except Refused as reason:
                refused[row] = str(reason)
                continue
            for n, (was, said) in enumerate(zip(before, after, strict=True), first):
                if said != was and (now := usable(said, spaced[row])) and now != was:
                    changed.append(n)
                    edits.texts.append(now)
        edits.at = places.where(np.array(changed, np.int64))
        edits.refuse(edits.nothing_in(chunk.rows), "nlpaug changed no word")
        return edits


def usable(word: str, spaced: bool) -> str:
    """What came back for a word, white space at its edges gone; empty where nothing may stand in the word's place.

    >>> usable("vons TmerD", spaced=True), usable("_", spaced=True), usable("系 统", spaced=False)
    ('vons TmerD', '', '')
    """
    now = word if word.isalpha() else " ".join(word.split())
    if not any(map(str.isalnum, now)) or JOINT in now or (not spaced and " " in now):
        return ""
    return now


class Adapted:
    """One augmenter of nlpaug, or a flow of several: as many words out as in, or Refused."""

    def __init__(self, step: Step) -> None:
        self.name, self.chance = step.name, step.settings.get("aug_p", 1) if step.name in FLOWS else 1
        self.inner = tuple(Adapted(s) for s in step.inner)
        if step.name in FLOWS:
            return
        module = require(classes()[step.name].module, extra="augment")
        cls = getattr(module, step.name)
        if step.name in ("SynonymAug", "AntonymAug") and step.settings.get("aug_src", "wordnet") == "wordnet":
            _nlpaug_tagging.check_wordnet()
        if hasattr(module, "init_context_word_embs_model"):
            _mend_models()
        try:
            with _nothing_kept(module):
                self.library = cls(**step.settings)
        except GristmillError:
            raise
        except Exception as error:  # whatever the library raises for a value that it does not like
            raise WrongUse(f"nlpaug: {step.name} cannot be built: {type(error).__name__}: {error}") from error
        takes = "tokenizer" in inspect.signature(cls.__init__).parameters
        self.joint = JOINT if takes else " "
        self.library.tokenizer = lambda text: text.split(self.joint)
        self.library.reverse_tokenizer = self.joint.join
        self.act = getattr(self.library, self.library.action)
        self.global_draws = not takes or not _draws_by_sample(cls)
        _in_order(getattr(self.library, "model", None))
        if hasattr(getattr(self.library, "model", None), "pos_tag"):
            self.library.model.pos_tag = _nlpaug_tagging.tagger()

    def __call__(self, words: Sequence[str], rng: Random) -> list[str]:
        """The words, some of them changed. Raises Refused where their number is another."""
        if self.name in FLOWS:
            for augmenter in self.inner:
                if self.chance >= 1 or rng.random() < self.chance:
                    words = augmenter(words, rng)
            return list(words)
        before = words if self.joint == JOINT else [w for w in words if w.isalpha()]
        if not before:
            raise Refused(f"nlpaug: {self.name} has no word that it could change")
        library = self.library
        library.sample, library.prob = _sampling(rng), rng.random
        try:
            with drawing_from(rng) if self.global_draws else nullcontext():
                said = self.act(self.joint.join(before))
        except Exception as error:  # on a text that is too short for it the library raises whatever comes
            raise Refused(f"nlpaug: {self.name} raised {type(error).__name__}: {error}") from error
        after = said.split(self.joint) if isinstance(said, str) else []
        if len(after) != len(before):
            raise Refused(f"nlpaug: {self.name} handed back another number of words")
        if self.joint == " ":  # cut by a model's own tokenizer, which may write all of it in small letters
            after = [w if n.lower() == w.lower() or "[" in n else n for w, n in zip(before, after, strict=True)]
        if len(before) == len(words):
            return after
        changed = iter(after)
        return [next(changed) if w.isalpha() else w for w in words]


def _sampling(rng: Random) -> Callable[..., Any]:
    """nlpaug's `sample`, drawing from a generator: some of a list, or a place inside of a word of that length."""
    fraction, several = rng.random, rng.sample

    def sample(values: Any, count: int = 1) -> Any:
        if isinstance(values, int):
            return rng.randrange(1, values - 1)
        return [values[int(fraction() * len(values))]] if count == 1 else several(values, count)

    return sample


@contextmanager
def drawing_from(rng: Random) -> Iterator[None]:
    """The global generators of `random`, numpy and torch seeded from one, and as they were before afterwards."""
    torch = sys.modules.get("torch")
    before, numbers = random.getstate(), np.random.get_state()
    tensors = torch.get_rng_state() if torch else None
    random.seed(rng.getrandbits(64))
    np.random.seed(rng.getrandbits(32))
    if torch:
        torch.random.default_generator.manual_seed(rng.getrandbits(63))
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(numbers)
        if torch:
            torch.set_rng_state(tensors)


@contextmanager
def _nothing_kept(module: ModuleType) -> Iterator[None]:
    """What a module keeps for the process is empty inside, and as it was before afterwards."""
    kept = {name: value for name, value in vars(module).items() if _KEPT.fullmatch(name)}
    for name in kept:
        setattr(module, name, {})
    try:
        yield
    finally:
        for name, value in kept.items():
            setattr(module, name, value)


def _draws_by_sample(cls: type) -> bool:
    """Whether a class draws through `sample` and `prob` alone, which can be handed a generator."""
    own = {c.__module__ for c in cls.__mro__ if "sample" not in vars(c) and c is not object}
    return hasattr(cls, "sample") and not any(_DRAWS.search(inspect.getsource(sys.modules[m])) for m in own)


def _in_order(model: Any) -> None:
    """A spelling dictionary in one order: nlpaug passes its words through a set, whose order is the process's own."""
    words = getattr(model, "dict", None)
    if isinstance(words, dict):
        for word, others in words.items():
            words[word] = sorted(others) if all(isinstance(o, str) for o in others) else others


def _mend_models() -> None:
    """`token2id` for tokenizers that have lost `_convert_token_to_id`, as those of transformers 5 have."""
    models = importlib.import_module("nlpaug.model.lang_models")

    def token2id(self: Any, token: str) -> int:
        tokenizer = getattr(self, "tokenizer", None) or self.model.tokenizer
        old = getattr(tokenizer, "_convert_token_to_id", None)
        return int(old(token) if old else tokenizer.convert_tokens_to_ids(token))

    for name in ("Bert", "DistilBert", "Roberta", "FmTransformers"):
        if hasattr(models, name):
            getattr(models, name).token2id = token2id


def _files(steps: Sequence[Step]) -> list[str]:
    """The files that settings name, in order; those of a folder are its own."""
    found: list[str] = []
    for step in flat(steps):
        for key, value in sorted(step.settings.items()):
            if "path" in key and isinstance(value, str) and Path(value).exists():
                path = Path(value)
                found += [str(f) for f in ([path] if path.is_file() else sorted(path.rglob("*"))) if f.is_file()]
    return found


def _digest(file: str) -> str:
    with Path(file).open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
