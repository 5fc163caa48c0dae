"""A checkpoint as ONNX, and how far its logits are from the checkpoint's own."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import DataSaysNo, WrongUse
from pipeline.extras import require
from pipeline.predicting import opened
from pipeline.training import _facts

LIMIT = 1e-4  # of a logit, absolute; fp32 arithmetic in another order gives about 1e-6
MODEL = "model.onnx"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPSET = 17
SEED = 13


class LogitsDiffer(DataSaysNo):
    """The exported model does not say what the checkpoint says."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A batch that both models were asked: its size, and the greatest absolute difference of a logit."""

    texts: int
    tokens: int
    difference: float


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written and how far it is from the checkpoint."""

    shapes: tuple[Shape, ...]
    bytes: int

    @property
    def difference(self) -> float:
        """The greatest of all shapes."""
        return max(shape.difference for shape in self.shapes)


def exported(checkpoint: Path, folder: Path) -> Exported:
    """Write `model.onnx`, the tokenizer's files, `config.json` and `gristmill.json` into a folder, whole or not at all.

    Inputs are `input_ids`, `attention_mask`, `token_type_ids`, (texts, tokens) of int64; the output is `logits`,
    (texts, tokens, classes) or (texts, classes), of spans (texts, 2, tokens). Texts and tokens may be of any number up
    to the window of the model.

    Raises:
        WrongUse: the folder holds something, the checkpoint cannot be opened or exported, or the extra `export` is
            not installed.
        LogitsDiffer: a logit differs by more than LIMIT.
    """
    from pipeline.training._forward import attend

    require("onnx", "export")
    onnxruntime = require("onnxruntime", "export")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise WrongUse(f"{folder} is not an empty folder; name one that does not exist")
    facts, model, tokenizer = opened(checkpoint)
    attend(model, "eager")  # every operation of it is one of ONNX
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as aside:
        written = Path(aside) / "whole"
        written.mkdir()
        tokenizer.save_pretrained(written)
        for name in (_facts.FILE, "config.json"):
            shutil.copyfile(checkpoint / name, written / name)
        _write(model, written / MODEL)
        session = onnxruntime.InferenceSession(str(written / MODEL), providers=["CPUExecutionProvider"])
        shapes = tuple(_compared(model, session, batch) for batch in samples(facts.max_length, model.config))
        found = Exported(shapes, sum(f.stat().st_size for f in written.glob(f"{MODEL}*")))
        if not found.difference <= LIMIT:
            raise LogitsDiffer(
                f"{checkpoint}: the logits of the exported model differ by {found.difference:.2e}, more than {LIMIT}: "
                "nothing was written; this model cannot be used as ONNX with this version of torch"
            )
        if folder.exists():
            folder.rmdir()
        written.rename(folder)
    return found


def samples(longest: int, config: Any) -> Iterator[dict[str, Any]]:
    """Batches of random tokens: one short text, several of unequal length, whole windows. (texts, tokens) of int64."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    for texts, tokens in ((1, 5), (3, min(17, longest)), (8, min(64, longest)), (2, longest)):
        lengths = rng.integers(2, tokens, size=texts, endpoint=True)
        lengths[0] = tokens
        mask = (np.arange(tokens) < lengths[:, None]).astype(np.int64)
        ids = rng.integers(0, config.vocab_size, size=(texts, tokens)) * mask
        types = rng.integers(0, getattr(config, "type_vocab_size", 1), size=(texts, tokens)) * mask
        yield {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}


def _write(model: Any, file: Path) -> None:
    import torch

    from pipeline.training._forward import logits_of

    class Logits(torch.nn.Module):
        """The model with its inputs in order and its logits alone."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
            return logits_of(self.model, dict(zip(INPUTS, (ids, mask, types), strict=True)))

    ids = torch.ones((2, 37), dtype=torch.int64)  # no head has 37 classes, so that is the axis of the tokens
    mask = ids.clone()
    mask[1, 4:] = 0
    given = (ids, mask, torch.zeros_like(ids))
    shape = tuple(Logits()(*given).shape)  # of spans tokens come last, of classes there are no tokens
    axes = {name: {0: "texts", 1: "tokens"} for name in INPUTS}
    axes["logits"] = {i: "texts" if i == 0 else "tokens" for i, n in enumerate(shape) if i == 0 or n == ids.shape[1]}
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")  # of tracing; what it may get wrong is measured afterwards
            torch.onnx.export(
                Logits().eval(),
                given,
                str(file),
                input_names=list(INPUTS),
                output_names=["logits"],
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
        said = str(error).strip().partition("\n")[0]
        raise WrongUse(f"this model cannot be written as ONNX: {said}; export one of another base model") from error


def _compared(model: Any, session: Any, batch: dict[str, Any]) -> Shape:
    """The difference where there is a token; of padding nobody reads the logits."""
    import numpy as np
    import torch

    from pipeline.training._forward import logits_of

    texts, tokens = batch["input_ids"].shape
    with torch.inference_mode():
        right = logits_of(model, {name: torch.from_numpy(value) for name, value in batch.items()}).numpy()
    (found,) = session.run(["logits"], batch)
    if found.shape != right.shape:
        return Shape(texts, tokens, float("inf"))
    difference = np.abs(found - right)
    if right.shape[:2] == (texts, tokens):
        difference = difference[batch["attention_mask"] == 1]
    return Shape(texts, tokens, float(difference.max()))
