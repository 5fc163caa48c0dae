"""Raw: what a source reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pipeline.draft import Draft
from pipeline.frames import rejected_batch, to_batches
from pipeline.recipe import Corpus
from pipeline.stages._versions import version_of
from pipeline.tally import Tally
from pipeline.types import Document, Rejected
from pipeline.version import Input
from pipeline.work import Work


def collect(corpus: Corpus, batch: str) -> Work:
    """Raw: the records of one batch as documents, stamped with their corpus; wrong ones rejected with their place."""

    def write(draft: Draft) -> dict[str, Any]:
        tally, rejected = Tally(), list[Rejected]()

        def stamped(doc: Document) -> Document:
            return replace(
                doc,
                id=f"{corpus.name}/{doc.id}",
                group_id=f"{corpus.name}/{doc.group_id or doc.id}",
                language=doc.language or corpus.language,
                groups={**corpus.groups, **doc.groups},
            )

        def kept() -> Iterator[Document]:
            for record in corpus.source.read(batch):
                if isinstance(record, Rejected):
                    step = record.step or corpus.source.name
                    rejected.append(replace(record, document=stamped(record.document), step=step))
                else:
                    yield stamped(record)

        draft.write(tally.counted(to_batches(kept())))
        draft.write_rejected([rejected_batch(rejected)])
        return tally.facts()

    content = Input(f"corpora/{corpus.name}/source", batch, "", corpus.source.digest(batch))
    place = corpus.place("raw", batch)
    return Work(place, version_of(collect, "raw", corpus), (content,), corpus.gates.get("raw", ()), write)
