"""`gristmill.json` beside a model's weights: what predicting with it needs and `config.json` does not say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import WrongUse
from pipeline.part import build
from pipeline.task._learnable import LearnableTask
from pipeline.training._examples import Encoder
from pipeline.training._windows import CASINGS

FILE = "gristmill.json"


@dataclass(frozen=True, slots=True)
class Facts:
    """The task of a model, its windows, and the tokens of its training's batches."""

    task: LearnableTask
    max_length: int
    casing: bool
    batch_tokens: int

    def encoder(self, tokenizer: Any) -> Encoder:
        """Encodes texts as those of the training were."""
        return Encoder(tokenizer, self.task, self.max_length, self.casing)


def write(folder: Path, encoder: Encoder, batch_tokens: int) -> None:
    """Write the facts into a model's folder."""
    said = {
        "task": encoder.task.settings(),
        "max_length": encoder.max_length,
        "casings": CASINGS if encoder.casing else 0,
        "batch_tokens": batch_tokens,
    }
    (folder / FILE).write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(folder: Path) -> Facts:
    """The facts of the model in a folder.

    Raises:
        WrongUse: they are not there, or are not facts.
    """
    file = folder / FILE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        task = build("task", dict(said["task"]))
        casings = int(said["casings"])
        facts = Facts(task, int(said["max_length"]), casings > 0, int(said["batch_tokens"]))  # type: ignore[arg-type]
    except FileNotFoundError as error:
        raise WrongUse(
            f"{folder} holds no {FILE}, so its task and its windows are unknown; give the `model` folder of a "
            "checkpoint or of a release that `gristmill run` made"
        ) from error
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise WrongUse(f"{file}: is not what a training wrote ({error}); restore it, or train again") from error
    if casings not in (0, CASINGS):
        raise WrongUse(f"{file}: the model tells {casings} casings of a word apart and not {CASINGS}; train it again")
    if not isinstance(task, LearnableTask):
        raise WrongUse(f"{file}: the task {task.name!r} gives no classes to predict")
    return facts
