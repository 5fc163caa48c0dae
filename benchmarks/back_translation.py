"""Back-translation: what comes of 1,000 CoNLL sentences, and how fast, against nlpaug with the same model.

    python benchmarks/back_translation.py CONLL_FOLDER    # a folder with train.txt; about two minutes

Yield is measured with Apertium (Debian packages apertium and apertium-eng-spa): with masks, and between mentions. Speed
is sentences a second of one process on one thread, a whole sentence there and back each: nlpaug's BackTranslationAug
and this project's two ways to run a model take turns on one Marian model of random weights, greedy, 32 a batch; nothing
is cached from one round to the next, and no sentence is so long that it stays untranslated.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from throughput import ROOT, machine

TOKENS = 64
COUNT = 200
NEVER = -1e4  # every translation is as long as it may be, so that all ways have the same to do


def sentences(folder: Path, count: int) -> list[Any]:
    """A seeded draw of the training sentences."""
    from pipeline.source.conll import Conll
    from pipeline.types import Document

    read = Conll(path=str(folder), pattern="train.txt").read("train.txt")
    docs = [replace(d, language="en", split="train") for d in read if isinstance(d, Document)]
    return random.Random(13).sample(docs, count)


def yields(docs: list[Any]) -> dict[str, Any]:
    """What becomes of the documents with masks and, of a translator that is given none, between mentions."""
    from pipeline.augmentation._masks import FORMS, Mask, rate
    from pipeline.augmentation._translations import Translations
    from pipeline.augmentation.back_translation import BackTranslation
    from pipeline.translator.apertium import Apertium
    from pipeline.types import Document

    there = Translations(Apertium())
    masked = [d for d in docs if d.spans]
    counts = [len(d.spans) for d in masked]
    survival = {}
    for form in FORMS:
        mask = Mask(form)
        back = there.there_and_back([mask.put(d) for d in masked], "en", "es")
        survival[form] = round(rate(counts, back, mask), 4)
        print(f"{form:12} every mask exactly once in {survival[form]:.1%} of {len(masked)} sentences")
    found: dict[str, Any] = {"sentences": len(docs), "with_mentions": len(masked), "survival": survival}
    again = BackTranslation(translator={"use": "apertium"})
    for way, fitted in (("masks", again.fitted(docs)), ("between mentions", again)):
        begin = time.perf_counter()
        results = list(fitted.model_copy().many(docs))
        seconds = time.perf_counter() - begin
        said = Counter("children" if isinstance(r, Document) else r.reason for r in results)
        found[way] = {"seconds": round(seconds, 2), **dict(said.most_common())}
        print(way, found[way])
    return found


def speeds(docs: list[Any], folder: Path, rounds: int) -> dict[str, Any]:
    """Sentences a second of every way, one process on one thread."""
    import ctranslate2.converters
    import nlpaug.augmenter.word as naw
    import torch

    sys.path.insert(0, str(ROOT / "tests"))
    from tiny_marian import tiny_marian

    from pipeline.augmentation.back_translation import BackTranslation
    from pipeline.translator._model import tokenizer_of
    from pipeline.translator.marian import Marian

    torch.set_num_threads(1)
    model = tiny_marian(folder / "marian", ends=NEVER)
    converted = folder / "converted"
    files = ["source.spm", "target.spm", "vocab.json", "tokenizer_config.json"]
    ctranslate2.converters.TransformersConverter(str(model), copy_files=files).convert(str(converted))
    tokenizer, marian = tokenizer_of(str(model), "marian"), Marian(models={"en-es": str(model)}, max_length=TOKENS)
    between = marian.translate([d.text for d in docs], "en", "es")
    longest = [max(map(len, tokenizer([d.text, there])["input_ids"])) for d, there in zip(docs, between, strict=True)]
    whole = [replace(d, spans=None) for d, tokens in zip(docs, longest, strict=True) if tokens <= TOKENS][:COUNT]
    texts = [d.text for d in whole]
    theirs = naw.BackTranslationAug(str(model), str(model), device="cpu", batch_size=32, max_length=TOKENS)

    def part(use: str, where: Path) -> Callable[[], object]:
        models = {"en-es": str(where), "es-en": str(where)}
        spec = {"use": use, "models": models, "max_length": TOKENS}
        return lambda: list(BackTranslation(translator=spec).many(whole))

    ways: dict[str, Callable[[], object]] = {
        "nlpaug": lambda: theirs.augment(texts, n=1),
        "marian": part("marian", model),
        "ctranslate2": part("ctranslate2", converted),
    }
    for run in ways.values():
        run()
    measured: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, run in ways.items():
            begin = time.perf_counter()
            run()
            measured[way].append(len(texts) / (time.perf_counter() - begin))
    found: dict[str, Any] = {"sentences": len(texts)}
    for way, each in measured.items():
        times = statistics.median(a / b for a, b in zip(each, measured["nlpaug"], strict=True))
        found[way] = {"sentences_per_second": round(statistics.median(each), 1), "times_nlpaug": round(times, 2)}
        print(way, found[way], [round(v, 1) for v in each])
    return found


def main() -> None:
    """Measure, print and write benchmarks/results/back_translation.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "back_translation.json")
    options = parser.parse_args()
    os.environ.update({"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"})
    logging.basicConfig(level=logging.ERROR)
    load = os.getloadavg()[0]
    docs = sentences(options.folder, options.sentences)
    result = {"what": "back-translation of CoNLL sentences", "machine": machine(load), "yield": yields(docs)}
    with tempfile.TemporaryDirectory() as name:
        result["speed"] = speeds(docs[: 4 * COUNT], Path(name), options.rounds)
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
