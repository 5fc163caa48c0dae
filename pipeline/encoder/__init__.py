"""Further pre-training of a base model on a recipe's own text: one file, one class, one verb: `fit(texts, ...)`.

A recipe's `encoder` names one; its variants use the result as `base_model: encoder`.

Contract, held by tests/test_encoder.py: the folder `out/model` opens with plain `transformers`; the same seed on CPU
gives the same weights; a fit that was killed goes on from its last resume point; no text of the test split is read.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from pipeline.part import Part
from pipeline.training import Report
from pipeline.types import Device

ENCODER = "encoder"  # as a base model: the recipe's own encoder


@dataclass(frozen=True, slots=True)
class Texts:
    """Documents to learn from and documents to measure on, tables of the schema DOCUMENTS, and their digest."""

    train: pa.Table
    validation: pa.Table
    digest: str


class Pretraining(Part):
    """A way to go on with the pre-training of a base model."""

    requires: str | None = None  # "gpu": refuse to run without one

    @abstractmethod
    def fit(self, texts: Texts, device: Device, out: Path, report: Report) -> Mapping[str, float]:
        """Train on `texts.train`, keep the epoch that is best on `texts.validation`, write `out/model`; the metrics."""


BASE = Pretraining
