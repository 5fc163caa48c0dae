"""A search for settings of a recipe's training: what may vary, and how a trial is drawn. Optuna does the searching."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.types import Json

Value = bool | int | float | str


class Values(BaseModel):
    """The values of one field: from `low` to `high`, or one of `choices`.

    With `log` they are drawn by their logarithm, with `whole` they are whole numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    choices: tuple[Value, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Values:
        ends = (self.low, self.high)
        if bool(self.choices) == (None not in ends) or (self.choices and ends != (None, None)):
            raise ValueError("give low and high, or choices")
        if not self.choices and not self.low < self.high:  # type: ignore[operator]
            raise ValueError(f"low {self.low} must be below high {self.high}")
        if self.log and (self.low or 0) <= 0:
            raise ValueError("log needs low above 0")
        if self.whole and any(e is not None and e != int(e) for e in ends):
            raise ValueError("whole needs whole ends")
        return self

    def ends(self) -> tuple[Value, ...]:
        """The values at the edges: if the training takes these, it takes what lies between."""
        if self.choices:
            return self.choices
        low, high = self.low or 0.0, self.high or 0.0
        return (int(low), int(high)) if self.whole else (low, high)

    def drawn(self, trial: Any, name: str) -> Value:
        """A value for an Optuna trial."""
        value: Value
        if self.choices:
            value = trial.suggest_categorical(name, list(self.choices))
        elif self.whole:
            value = trial.suggest_int(name, int(self.low or 0), int(self.high or 0), log=self.log)
        else:
            value = trial.suggest_float(name, self.low, self.high, log=self.log)
        return value


class SearchSettings(BaseModel):
    """A recipe's `search`: which fields of `training` vary, in how many trials.

    A trial that after `warmup` epochs lies below the median of the earlier ones at the same epoch is ended, from the
    `startup`-th trial on. Trials are scored on the validation split; the test split is not looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    space: dict[str, Values] = Field(min_length=1)
    trials: int = Field(20, ge=1)
    startup: int = Field(5, ge=1)
    warmup: int = Field(1, ge=0)
    seed: int = Field(13, ge=0)

    def drawn(self, trial: Any) -> dict[str, Value]:
        """One value a field, for an Optuna trial."""
        return {name: span.drawn(trial, name) for name, span in self.space.items()}


def rows_of(study: Any) -> list[dict[str, Json]]:
    """A row a trial of an Optuna study: number, state, score (validation), seconds and the values."""
    rows: list[dict[str, Json]] = []
    for trial in study.trials:
        seconds = trial.duration.total_seconds() if trial.duration else None
        score = trial.value if trial.value is not None else _last(trial.intermediate_values)
        state = {"complete": "done", "pruned": "ended early", "fail": "died"}.get(trial.state.name.lower(), "open")
        rows.append({"trial": trial.number, "state": state, "score": score, "seconds": seconds, **trial.params})
    return rows


def _last(values: Mapping[int, float]) -> float | None:
    return values[max(values)] if values else None
