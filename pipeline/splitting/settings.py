"""The `split` section of a recipe."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

SPLITS = ("train", "validation", "test")


def _share_or_size(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise PydanticCustomError("part_size", "input should be a share below 1 or a whole number of documents")
    if isinstance(value, float) and value >= 1:
        raise PydanticCustomError(
            "part_size", "input should be less than 1, or a whole number of documents such as 500"
        )
    return value


PartSize = Annotated[float, BeforeValidator(_share_or_size)]


class SplitSettings(BaseModel):
    """How to divide, and what may not be on both sides.

    - `validation`, `test`: a share of the documents below 1, or a whole number of documents.
    - `near_duplicates`: of documents whose Jaccard similarity is at least this, one stays; null keeps all.
    - `apart`: no document of train is as similar as this to one of validation or test; null does not look.
    - `stratify`: `label`, or names in `groups`: each combination is divided in the asked shares, to one unit.
    - `entity_disjoint`: no mention of a held-out document stands in train.
    - `official`: the split that the source gave stays, and nothing is rejected for what it leaks.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    validation: PartSize = 0.1
    test: PartSize = 0.1
    seed: int = 13
    official: bool = False
    near_duplicates: float | None = Field(0.8, ge=0.3, le=1)
    apart: float | None = Field(0.5, ge=0.3, le=1)
    stratify: tuple[str, ...] = ()
    entity_disjoint: bool = False

    @model_validator(mode="after")
    def _fits_together(self) -> SplitSettings:
        if self.validation < 1 and self.test < 1 and self.validation + self.test >= 1:
            raise ValueError(f"validation {self.validation} and test {self.test} leave nothing for train")
        if self.official and (self.stratify or self.entity_disjoint):
            raise ValueError("official keeps the source's split: leave stratify and entity_disjoint out")
        if len(set(self.stratify)) < len(self.stratify):
            raise ValueError(f"stratify names one thing twice: {', '.join(self.stratify)}")
        return self

    @property
    def sized(self) -> bool:
        """Whether a part is asked for as a number of documents."""
        return self.validation >= 1 or self.test >= 1

    def wanted(self, documents: int) -> dict[str, float]:
        """Documents asked for in test and validation, of so many in all."""
        asked = {"test": self.test, "validation": self.validation}
        return {name: size if size >= 1 else size * documents for name, size in asked.items()}
