"""Frames with errors of a known number: what gates are built to pass and to fail."""

from __future__ import annotations

import pyarrow as pa

from pipeline.frames import Frame, to_table
from pipeline.types import Document


def labelled(**wrong: tuple[int, int]) -> Frame:
    """For each domain 160 documents, half of them `good`, with (good ones taken for bad, bad ones taken for good)."""
    docs, found = [], []
    for domain, (missed, taken) in wrong.items():
        for n in range(160):
            gold, at, errs = ("good", n, missed) if n < 80 else ("bad", n - 80, taken)
            docs.append(Document(f"{domain}{n}", "Fine.", label=gold, groups={"domain": domain}, split="test"))
            found.append(gold if at >= errs else "bad" if gold == "good" else "good")
    return Frame(to_table(docs), predictions=pa.table({"id": [d.id for d in docs], "label": found}))
