"""The keys of recipes and corpora in YAML, before their parts are built."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipeline.lifting import LiftSettings
from pipeline.searching import SearchSettings
from pipeline.splitting import SplitSettings


class Strict(BaseModel):
    """Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid")


class GateLists(Strict):
    """The gates of one stage."""

    quality: list[Any] = []
    fairness: list[Any] = []


class CorpusYaml(Strict):
    """One corpus of `corpora.yaml`."""

    source: Any
    language: str = Field(pattern=r"^[a-z]{2,3}$")
    licence: str = Field(min_length=1)
    description: str = ""
    groups: dict[str, str] = {}
    datasheet: dict[str, str] = {}
    cleaning: list[Any] = []
    gates: dict[Literal["raw", "clean"], GateLists] = {}


class VariantYaml(Strict):
    """What a variant changes."""

    augmentation: list[Any] | None = None
    training: Any = None
    train_documents: int | None = Field(None, ge=1)


class RecipeYaml(Strict):
    """One recipe."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    description: str = ""
    task: Any
    corpora: list[str] = Field(min_length=1)
    annotation: list[Any] = ["gold"]
    split: SplitSettings = SplitSettings()
    augmentation: list[Any] = []
    children_per_parent: int = Field(3, ge=1)
    encoder: Any = None
    training: Any
    variants: dict[str, VariantYaml] = {}
    lift: LiftSettings | None = None
    search: SearchSettings | None = None
    gates: dict[Literal["splits", "augmented", "checkpoint"], GateLists] = {}
