"""Augmentation speed: sentences a CPU-second of our operations, against plain nlpaug doing the same.

    python benchmarks/augmentation.py                    # People's Daily; CoNLL-2003 too where it is

Plain nlpaug is `aug.augment(text)` on one sentence after another, as its README shows, with the same settings; its
children carry no labels. Ours is what the stage does: a record batch in, a record batch of children with their spans,
ids and lineage out. `times` counts what is refused as a
sentence, as it does where nlpaug returns the text unchanged; `times_made` takes, for both, only the sentences of which
ours makes a child. nlpaug takes a Chinese clause for a word; `times_words` is against nlpaug that is handed rjieba's
words. The ways take turns, a batch of the stage each (`at_a_time`), so that what else the machine does slows all of
them alike; a ratio is the median over the rounds. The garbage collector rests, as in the stage's own processes, for
all. Importing nlpaug is measured apart, in processes of their own. Two processes run through the stage's own code on
the same sentences several times over.

`swap_entities` is compared with ReservedAug that is given the mentions of the sentences, a list for each label, and
`replace_tokens` with RandomWordAug that is given their words: what comes nearest in nlpaug.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from throughput import ROOT, machine

from pipeline.augmentation import Augmenter
from pipeline.frames import documents_of, to_batch, to_table
from pipeline.part import build
from pipeline.types import Document

Settings = dict[str, Any]
Way = tuple[Any, Callable[[Any], Any]]  # sentences, and what makes children of a slice of them


def mentions(docs: list[Document]) -> Settings:
    """The mentions of the sentences, by label: what a user of ReservedAug would hand it."""
    known: dict[str, set[str]] = {}
    for doc in docs:
        for span in doc.spans or ():
            known.setdefault(span.label, set()).add(doc.text[span.start : span.end])
    return {"reserved_tokens": [sorted(of) for of in known.values()], "aug_p": 1.0, "aug_max": None}


def vocabulary(docs: list[Document]) -> Settings:
    """The words of the sentences."""
    known = sorted({word for doc in docs for word in doc.text.split() if word.isalpha()})
    return {"action": "substitute", "target_words": known, "aug_p": 0.3, "aug_max": None}


WAYS: list[tuple[str, Settings, str, Settings | Callable[[list[Document]], Settings]]] = [
    # ours, and nlpaug's class with the same settings
    ("keyboard_noise", {"share_of_words": 0.3}, "char.KeyboardAug", {
        "aug_word_max": None, "aug_char_max": 1,
        "include_special_char": False, "include_numeric": False, "include_upper_case": False,
    }),
    ("ocr_noise", {"share_of_words": 0.3}, "char.OcrAug", {"aug_word_max": None, "aug_char_min": 1, "aug_char_max": 1}),
    *(("random_characters", {"kind": kind, "share_of_words": 0.3}, "char.RandomCharAug", {
        "action": kind, "aug_word_max": None, "aug_char_max": 1,
        "include_upper_case": False, "include_numeric": False, "spec_char": "",
    }) for kind in ("insert", "substitute", "swap", "delete")),
    ("spelling_noise", {"share_of_words": 0.3}, "word.SpellingAug", {"aug_max": None, "include_reverse": False}),
    ("nlpaug", {"augmenters": [{"KeyboardAug": {"aug_char_max": 1}}]}, "char.KeyboardAug", {"aug_char_max": 1}),
    ("swap_words", {"share_of_words": 0.3}, "word.RandomWordAug", {"action": "swap", "aug_max": None}),
    ("delete_words", {}, "word.RandomWordAug", {"action": "delete", "aug_max": None}),
    ("split_words", {"share_of_words": 0.3}, "word.SplitAug", {"aug_max": None}),
    ("replace_tokens", {"probability": 0.3}, "word.RandomWordAug", vocabulary),
    ("swap_entities", {}, "word.ReservedAug", mentions),
]  # fmt: skip
MODULES = ("nlpaug.augmenter.char", "nlpaug.augmenter.word")


def main() -> None:
    """Measure, print and write benchmarks/results/augmentation.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in-processes", type=int, default=20_000, help="sentences for the two processes; 0: none")
    data = Path(os.environ.get("GRISTMILL_TEST_DATA", ROOT.parent / "shared" / "data")) / "conll2003"
    parser.add_argument("--conll", type=Path, default=data, help="folder of CoNLL-2003; left out where it is not")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "augmentation.json")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    imports = {m: imported(m) for m in MODULES}
    found: dict[str, Any] = {}
    for corpus, docs in corpora(options):
        found[corpus] = {}
        for use, settings, name, plain in WAYS:
            if callable(plain):
                if docs[0].language != "en":
                    continue  # nlpaug finds no word and no mention in a text without spaces
                plain = plain(docs)
            row = compared(docs, use, settings, name, plain, options.rounds)
            if row:
                found[corpus][label(use, settings)] = row
                print(f"{corpus} {label(use, settings):28} {row}", flush=True)
    result = {
        "what": "sentences a CPU-second, one process; ours against plain nlpaug with the same settings",
        "settings": {"sentences": options.sentences, "rounds": options.rounds},
        "machine": machine(load),
        "seconds_to_import": imports,
        "corpora": found,
    }
    if options.in_processes:
        result["stage"] = staged(options)
        print("stage", result["stage"])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def label(use: str, settings: dict[str, Any]) -> str:
    return f"{use} {settings['kind']}" if "kind" in settings else use


def corpora(options: argparse.Namespace) -> Iterable[tuple[str, list[Document]]]:
    """Name and sentences, each of those that this machine has."""
    if (options.conll / "train.txt").is_file():
        source: Any = build("source", {"use": "conll", "path": str(options.conll)})
        yield "conll2003", train(source, "en", options.sentences)
    source = build("source", "peoples_daily")
    yield "peoples_daily_1998", train(source, "zh", options.sentences)


def train(source: Any, language: str, count: int) -> list[Document]:
    docs = (d for batch in source.batches() for d in source.read(batch) if isinstance(d, Document))
    docs = (d for d in docs if d.split in (None, "train"))
    return [replace(d, language=language, split="train") for d in islice(docs, count)]


def compared(
    docs: list[Document], use: str, settings: Settings, name: str, plain: Settings, rounds: int
) -> dict[str, float] | None:
    """Sentences a CPU-second of both, their ratio, and the share that ours refused; None where ours is not for it."""
    import nlpaug.augmenter.char
    import nlpaug.augmenter.word

    kind, _, cls = name.partition(".")
    library = getattr(getattr(nlpaug.augmenter, kind), cls)(**plain)
    augmenter = build("augmentation", {"use": use, **settings})
    assert isinstance(augmenter, Augmenter)
    fitted = augmenter.fitted(docs)
    children, _ = fitted.batch(to_batch(docs))
    parents = {child.lineage.parents[0] for child in documents_of(children) if child.lineage}
    if not parents:
        return None
    able = [doc for doc in docs if doc.id in parents]

    def plainly(library: Any, docs: list[Document]) -> Way:
        return [doc.text for doc in docs], lambda texts: [library.augment(text) for text in texts]

    def safely(docs: list[Document]) -> Way:
        return to_batch(docs), fitted.batch

    ways = {
        "nlpaug": plainly(library, docs),
        "ours": safely(docs),
        "nlpaug_made": plainly(library, able),
        "ours_made": safely(able),
    }
    if docs[0].language == "zh":
        import rjieba

        split = getattr(getattr(nlpaug.augmenter, kind), cls)(**plain, tokenizer=rjieba.cut, reverse_tokenizer="".join)
        ways["nlpaug_words"] = plainly(split, docs)
    return {**speeds(ways, rounds, augmenter.at_a_time), "refused": round(1 - len(able) / len(docs), 3)}


def speeds(ways: dict[str, Way], rounds: int, at_a_time: int) -> dict[str, float]:
    """Sentences a CPU-second of each way, and the ratios."""
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        spent = dict.fromkeys(ways, 0.0)
        for at in range(0, max(len(docs) for docs, _ in ways.values()), at_a_time):
            gc.collect()
            gc.disable()
            for way, (docs, run) in ways.items():
                some = docs[at : at + at_a_time]
                begun = time.process_time()
                run(some)
                spent[way] += time.process_time() - begun
            gc.enable()
        for way, took in spent.items():
            seconds[way].append(took)
    found: dict[str, float] = {
        f"{way}_sentences_a_cpu_second": round(len(docs) / statistics.median(seconds[way]))
        for way, (docs, _) in ways.items()
    }
    for name, ours, theirs in (
        ("times", "ours", "nlpaug"),
        ("times_made", "ours_made", "nlpaug_made"),
        ("times_words", "ours", "nlpaug_words"),
    ):
        if theirs in seconds:
            ratios = [a / b for a, b in zip(seconds[theirs], seconds[ours], strict=True)]
            found[name] = round(statistics.median(ratios), 2)
    return found


def imported(module: str) -> dict[str, Any]:
    """CPU-seconds that importing takes in a process of its own, and whether torch came with it."""
    code = (
        f"import time, sys; t = time.process_time(); import {module};"
        "print(time.process_time() - t, 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    return {"cpu_seconds": round(float(said[0]), 2), "torch": said[1] == "True", "transformers": said[2] == "True"}


def staged(options: argparse.Namespace) -> dict[str, Any]:
    """Wall seconds of the stage's own way with one process and with two, starting them included; the same children."""
    from pipeline.stages._children import children

    [(corpus, docs), *_] = corpora(options)
    copies = range(1 + options.in_processes // len(docs))
    many = [replace(d, id=f"{d.id}/{n}", group_id=f"{d.group_id}/{n}") for n in copies for d in docs]
    table = to_table(many[: options.in_processes])
    augmenter = build("augmentation", {"use": "keyboard_noise", "share_of_words": 0.3})
    assert isinstance(augmenter, Augmenter)
    seconds, made = {}, {}
    for count in (1, 2):
        begun = time.perf_counter()
        made[count] = [id_ for batch, _ in children(augmenter, table, count) for id_ in batch["id"].to_pylist()]
        seconds[str(count)] = round(time.perf_counter() - begun, 1)
    same = made[1] == made[2]
    return {"corpus": corpus, "sentences": table.num_rows, "wall_seconds_by_processes": seconds, "same_children": same}


if __name__ == "__main__":
    main()
