"""One fit of `reductions`, and its checkpoint that decides by a group."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from pipeline.training import _network
from pipeline.training._embedding import set_classifier, with_mean
from pipeline.training._examples import Encoder, Examples, gathered
from pipeline.training._few_shot import FewShot
from pipeline.training._few_shot_pairs import SetFitRun
from pipeline.training._forward import log_probabilities
from pipeline.training._loop import Progress
from pipeline.training._opening import THRESHOLDS, open_checkpoint
from pipeline.training._reductions import (
    Data,
    Head,
    Numbers,
    Threshold,
    check_classes,
    logistic_head,
    optimized,
    reduced,
)
from pipeline.training._reweighing import UNKNOWN, check_groups, group_of

if TYPE_CHECKING:
    from pipeline.training.reductions import Reductions

_CERTAIN = 1e-6  # the least probability that is written: its logarithm is a number
_README = """\
This model decides by the group `{by}` of a document: `thresholds.json` has a threshold for each group. Its weights
alone, opened by plain transformers, give the score that the thresholds are for, and other answers than those of the
checkpoint. Open it with `pipeline.training._reductions_fit.open_by_group(FOLDER)`.
"""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The thresholds of the groups that are known by `by`."""

    by: str
    groups: Mapping[str, Threshold]

    def applied(self, examples: Examples, scores: Sequence[NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Log probabilities of windows, those of a document with a known group replaced by its group's decision.

        Fairlearn draws where the probability is between 0 and 1; here the more probable class is the answer.
        """
        plain, found = document_scores(examples, scores), list(scores)
        for at, window in enumerate(examples.windows):
            threshold = self.groups.get(group_of(examples.documents[window.document], self.by))
            if threshold is not None:
                decided = threshold.probability(float(plain[window.document]))
                both = np.clip([[1 - decided, decided]], _CERTAIN, 1 - _CERTAIN)
                found[at] = np.log(both).astype(np.float32)
        return found


def open_by_group(folder: Path) -> tuple[Any, Any, Thresholds]:
    """(model, tokenizer, thresholds) of a checkpoint's `model/` that decides by a group. Raises WrongUse."""
    said = json.loads((folder / THRESHOLDS).read_text(encoding="utf-8"))
    groups = {group: Threshold(**threshold) for group, threshold in said["groups"].items()}
    return (*open_checkpoint(folder, by_group=True), Thresholds(said["by"], groups))


class ReductionsRun(SetFitRun):
    """A fit of `Reductions`: build, encode, embed, fit the head, predict, score, write."""

    method: Reductions  # type: ignore[assignment]
    thresholds: Thresholds | None = None

    def _network(self) -> tuple[Any, Any, dict[str, float]]:
        m = self.method
        shape = _network.Shape(m.layers, adapt_vocabulary=False, casing=False, dropout=0.0, seed=0)
        model, tokenizer = _network.build(self._base(), self.task, shape, [])
        with_mean(model).requires_grad_(False).eval()
        whole = float(sum(p.numel() for p in model.parameters()))
        head = float(model.config.hidden_size + 1)
        return model.to(self.device.kind), tokenizer, {"parameters": whole, "trainable_parameters": head}

    def _encoder(self, model: Any, tokenizer: Any) -> Encoder:
        length = _network.longest_window(model, tokenizer, self.method.max_length)
        return Encoder(tokenizer, self.task, min(length, self.method.batch_tokens), casing=False)

    def _trained(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> Progress:
        return self._untrained(model, tokenizer, examples)

    def _validated(self, model: Any, tokenizer: Any, examples: dict[str, Examples]) -> float:
        m, train, pad = self.method, examples["train"], int(tokenizer.pad_token_id)
        groups = np.array([group_of(doc, m.by) for doc in train.documents])
        check_groups(sorted(set(groups) - {UNKNOWN}), train.documents, m.by, "by")
        targets = np.array([self.task.targets(doc, [])[0] for doc in train.documents])
        of = np.array([window.document for window in train.windows])
        known = groups[of] != UNKNOWN
        vectors = self._embedded(model, train, pad)[known].astype(np.float64)
        data = Data(vectors, targets[of][known], groups[of][known], m.constraint)
        check_classes(data, m.by)
        if m.method == "exponentiated_gradient":
            head, rows = reduced(data, m.at_most)
            _set(model, head)
        else:
            _set(model, logistic_head(data))
            scores = document_scores(train, log_probabilities(model, train, m.batch_tokens, self.device, pad))
            there = groups != UNKNOWN
            found, rows = optimized(Data(scores[there, None], targets[there], groups[there], m.constraint))
            self.thresholds = Thresholds(m.by, found)
        self.tables[f"Heads on the training documents, {m.constraint} by {m.by}"] = rows
        return FewShot._validated(self, model, tokenizer, examples)

    def _predicted(self, model: Any, tokenizer: Any, examples: Examples) -> pa.Table:
        pad = int(tokenizer.pad_token_id)
        scores = log_probabilities(model, examples, self.method.batch_tokens, self.device, pad)
        return gathered(examples, self.thresholds.applied(examples, scores) if self.thresholds else scores, self.task)

    def _reopened(self, model: Any, tokenizer: Any) -> tuple[Any, Any]:
        model, tokenizer = super()._reopened(model, tokenizer)
        if self.thresholds:
            folder = self.out / "model"
            (folder / THRESHOLDS).write_text(json.dumps(asdict(self.thresholds), indent=1) + "\n", encoding="utf-8")
            (folder / "README.md").write_text(_README.format(by=self.thresholds.by), encoding="utf-8")
        return model, tokenizer


def _set(model: Any, head: Head) -> None:
    """Make the difference of the two logits `weight @ embedding + bias`."""
    weight, bias = head
    rows = torch.from_numpy(np.stack([-weight, weight]) / 2).float()
    set_classifier(model, rows, torch.tensor([-bias / 2, bias / 2]).float())


def document_scores(examples: Examples, scores: Sequence[NDArray[np.float32]]) -> Numbers:
    """The probability of the second class of each document, float64: pandas 3 refuses Fairlearn's float32 scores."""
    sums, counts = np.zeros((len(examples.documents), 2)), np.zeros((len(examples.documents), 1))
    for window, score in zip(examples.windows, scores, strict=True):
        sums[window.document] += score[0].astype(np.float64)
        counts[window.document] += 1
    probable = np.exp(sums / np.maximum(counts, 1))
    return cast("Numbers", probable[:, 1] / probable.sum(1))
