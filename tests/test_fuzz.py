from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import fuzz
import pytest

from pipeline.cleaning import CleaningStep
from pipeline.types import Document, Rejected


def test_random_and_mutated_inputs_crash_nothing_drift_nowhere_and_lose_nothing() -> None:
    with TemporaryDirectory() as folder:
        names = {part.name for part in (*fuzz.readers(Path(folder)), *fuzz.steps())}
    count = fuzz.run(len(names) * fuzz.BATCH, seed=2)
    assert count == dict.fromkeys(names, fuzz.BATCH)


class Growing(CleaningStep):
    def rewrites(self, text):  # type: ignore[no-untyped-def]
        return text + "x"

    def __call__(self, doc: Document) -> Document | Rejected:
        return replace(doc, text=doc.text + "x")


def test_a_step_that_drifts_is_found() -> None:
    with pytest.raises(AssertionError, match="a second time changes"):
        fuzz.check_step(Growing(), [Document("a", "b")], alone=0)
