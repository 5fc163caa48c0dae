"""A proof by trial that augmentation corrupts no label: many children of all operations, each derived again.

Operations take turns with settings drawn at random; what they make is checked by `rederiving.py`, which shares no code
with what made it, and as BIO tags over the words of the text. The same seed gives the same children.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args, get_origin

import pyarrow as pa

from pipeline.augmentation import Augmenter
from pipeline.errors import WrongUse
from pipeline.frames import documents_of, one_batch
from pipeline.language import zh
from pipeline.language.words import tokens
from pipeline.part import BadSettings, Part, build, find, names
from pipeline.processes import pool
from pipeline.recipe import Recipe, gate_set
from pipeline.rederiving import Known, fault, inventory
from pipeline.store import Store
from pipeline.task._bio import decode, encode
from pipeline.task._learnable import visible_tokens
from pipeline.types import Document, Range
from pipeline.work import part_of

_ROUND = 400  # documents of one round: an operation with one draw of settings
_REFUSALS = 20  # a child from which on an operation is left too: it would take most of the time
_BARREN = 8  # rounds without a child after which an operation is left: it has nothing to offer here


@dataclass(slots=True)
class Proof:
    """What was found, by operation; `faults` are the first of each kind, `left_out` says what is not installed."""

    sentences: Counter[str] = field(default_factory=Counter)
    misaligned: Counter[str] = field(default_factory=Counter)
    invalid: Counter[str] = field(default_factory=Counter)
    wrong_split: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def add(self, other: Proof) -> None:
        """Count another's in."""
        for name in ("sentences", "misaligned", "invalid", "wrong_split", "refused"):
            getattr(self, name).update(getattr(other, name))
        self.faults = {**other.faults, **self.faults}
        self.left_out |= other.left_out


def prove(
    recipe: Recipe,
    store: Store,
    sentences: int,
    seed: int,
    processes: int = 1,
    say: Callable[[str], None] = print,
    only: Sequence[object] = (),
) -> dict[str, Any]:
    """Make and check at least that many children of the recipe's training documents: the report as JSON has it.

    `only` are operations as a recipe has them, each with what it needs (a translator, a model); without any every
    operation is tried.

    Raises:
        GateNotPassed: the recipe has no published splits.
        WrongUse: an operation of `only` cannot be built.
    """
    started = time.monotonic()
    version, _ = store.read(recipe.place("splits"), gate_set(recipe.gates, "splits"))
    train = part_of(store.audit_documents(version), "train")
    total = Proof()
    with TemporaryDirectory() as folder:
        operations = _given(only) or _operations(Path(folder))
        share = -(-sentences // len(operations))
        jobs = [(train, name, spec, share, seed) for name, spec in operations.items()]
        for name, proof in _run(jobs, processes):
            total.add(proof)
            say(f"{name}: {proof.sentences[name]:,} sentences, {time.monotonic() - started:.0f} s")
        while total.sentences.total() < sentences and total.sentences:  # some had nothing to offer: the others make up
            seed += 1
            able = [name for name, n in total.sentences.items() if n]
            rest = -(-(sentences - total.sentences.total()) // len(able))
            for _, proof in _run([(train, name, operations[name], rest, seed) for name in able], processes):
                total.add(proof)
    return {
        "recipe": recipe.name,
        "sentences": total.sentences.total(),
        "misaligned": total.misaligned.total(),
        "invalid": total.invalid.total(),
        "wrong_split": total.wrong_split.total(),
        "refused": {name: total.refused[name] for name in operations},
        "by_operation": {name: total.sentences[name] for name in operations},
        "faults": total.faults,
        "left_out": total.left_out,
        "seconds": round(time.monotonic() - started, 1),
    }


Job = tuple[pa.Table, str, Mapping[str, Any], int, int]


def _given(only: Sequence[object]) -> dict[str, dict[str, Any]]:
    """Augmenters as a recipe has them, by name."""
    parts = [build("augmentation", spec) for spec in only]
    return {part.name: part.settings(places=True) for part in parts}


def _operations(folder: Path) -> dict[str, dict[str, Any]]:
    """Every augmenter by name, with its example's settings; one that needs a model gets the small one it brings."""
    found: dict[str, dict[str, Any]] = {}
    for name in names("augmentation"):
        cls = find("augmentation", name)
        bring = getattr(cls, "example_in", None)
        (folder / name).mkdir()
        part = _as_installed(name) or (
            bring(folder / name) if bring else build("augmentation", {"use": name, **cls.example})
        )
        found[name] = part.settings(places=True)
    return found


def _as_installed(name: str) -> Part | None:
    """WordNet where it is installed; its example has a handful of words."""
    try:
        return build("augmentation", name) if name == "synonyms" else None
    except BadSettings:
        return None


def _run(jobs: Sequence[Job], processes: int) -> Iterator[tuple[str, Proof]]:
    if processes == 1:
        yield from map(_proved, jobs)
        return
    with pool(processes) as workers:
        yield from workers.map(_proved, jobs)


def _proved(job: Job) -> tuple[str, Proof]:
    """Rounds of one operation until it has made its share, or has nothing to offer."""
    train, name, spec, share, seed = job
    proof, barren, number = Proof(), 0, 0
    while proof.sentences[name] < share and barren < _BARREN and _worth_it(proof, name):
        rng = Random(f"{seed}|{name}|{number}")
        number += 1
        first = rng.randrange(max(1, train.num_rows - _ROUND + 1))
        before = proof.sentences[name]
        try:
            _one_round(build_random(spec, rng), train.slice(first, _ROUND), name, proof)
        except WrongUse as error:  # a library of an extra that is not installed
            proof.left_out[name] = str(error)
            break
        barren = 0 if proof.sentences[name] > before else barren + 1
    return name, proof


def _worth_it(proof: Proof, name: str) -> bool:
    return proof.refused[name] < _REFUSALS * max(_ROUND, proof.sentences[name])


def _one_round(augmenter: Augmenter, rows: pa.Table, name: str, proof: Proof) -> None:
    documents = list(documents_of(rows))
    known: dict[str, set[str]] = inventory(documents)
    fitted = augmenter.fitted(documents)
    for label, more in fitted.known_mentions().items():
        known.setdefault(label, set()).update(more)
    by_id = {d.id: d for d in documents}
    children, reasons = fitted.batch(one_batch(rows))
    proof.refused[name] += len(reasons)
    for child in documents_of(children):
        proof.sentences[name] += 1
        for kind, said in _faults(child, by_id, augmenter, known):
            getattr(proof, kind)[name] += 1
            proof.faults.setdefault(f"{name}: {said}", f"{child!r}")


def _faults(
    child: Document, by_id: Mapping[str, Document], augmenter: Augmenter, known: Known
) -> Iterator[tuple[str, str]]:
    parents = [by_id[p] for p in child.lineage.parents if p in by_id] if child.lineage else []
    if child.split != "train" or any(p.split != "train" for p in parents):
        yield "wrong_split", "a child is not in the training split"
    said = fault(child, parents, augmenter.mentions, known)
    if said is not None:
        yield "misaligned", said
    elif not _tags_are_valid(child, parents):
        yield "invalid", "the tags of its words do not give its spans again"


def _tags_are_valid(child: Document, parents: Sequence[Document]) -> bool:
    """Whether BIO tags over the words say the spans; a span that no word of a parent ends with says nothing here."""
    return _say_the_spans(child) or not all(map(_say_the_spans, parents))


def _say_the_spans(doc: Document) -> bool:
    if not doc.spans:
        return True
    units = _units(doc)
    labels = sorted({s.label for s in doc.spans})
    classes = encode([(s.start, s.end, s.label) for s in doc.spans], units, labels)
    found = [(units[first][0], units[end - 1][1], label) for first, end, label in decode(classes, units, labels)]
    return found == [(s.start, s.end, s.label) for s in doc.spans]


def _units(doc: Document) -> Sequence[Range]:
    """Words where the text shows them, characters where it does not."""
    visible = visible_tokens(doc.text, doc.tokens)
    if visible is not None:
        return visible
    if doc.language == zh.CODE:
        return [(at, at + 1) for at, char in enumerate(doc.text) if not char.isspace()]
    return tokens(doc.text, doc.language)


def build_random(spec: Mapping[str, Any], rng: Random) -> Augmenter:
    """An augmenter with every bounded number, choice and switch drawn anew; what cannot be together is drawn again."""
    for _ in range(20):
        drawn = dict(spec)
        for name, field_ in find("augmentation", spec["use"]).model_fields.items():
            value = _drawn(field_.annotation, field_.metadata, field_.default, rng)
            if value is not None and name != "when":
                drawn[name] = value
        drawn["seed"] = rng.randrange(1 << 30)
        try:
            part = build("augmentation", drawn)
        except BadSettings:
            continue
        assert isinstance(part, Augmenter)
        return part
    part = build("augmentation", {**spec, "seed": rng.randrange(1 << 30)})
    assert isinstance(part, Augmenter)
    return part


def _drawn(kind: Any, limits: Sequence[Any], default: Any, rng: Random) -> Any:
    """A value of a field; None for one that is not bounded on both sides, no choice and no switch.

    A whole number is at most twice its default, so that one in the thousands is not all there is to a text.
    """
    if get_origin(kind) is Literal:
        return rng.choice(get_args(kind))
    if kind is bool:
        return rng.random() < 0.5
    low = next((getattr(m, a) for m in limits for a in ("ge", "gt") if hasattr(m, a)), None)
    high = next((getattr(m, a) for m in limits for a in ("le", "lt") if hasattr(m, a)), None)
    if low is None or high is None:
        return None
    if kind is int:
        return rng.randint(low, max(low, min(high, 2 * default)) if isinstance(default, int) else high)
    return low + (high - low) * (1 - rng.random()) if kind is float else None
