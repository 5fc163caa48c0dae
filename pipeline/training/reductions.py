"""A binary classifier on a frozen encoder, held to treat groups alike: Fairlearn's reductions and thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from pipeline.task import Task
from pipeline.training import Report, Splits, Training
from pipeline.types import Checkpoint, Device


class Reductions(Training):
    """Fit a logistic regression to sentence embeddings so that groups are selected, or found, at nearly the same rate.

    `by` is a group of the documents, or of their mentions where all known ones of a document agree; documents without a
    known one are not learnt from. `constraint: demographic_parity` asks for equal shares given the second label,
    `equalized_odds` for that among the documents of each label. An embedding is the mean over the tokens of the last
    layer of `base_model`, as in `setfit`; nothing of the encoder is trained.

    `exponentiated_gradient` (Agarwal et al., 2018, "A Reductions Approach to Fair Classification") finds a mixture of
    linear heads, of which Fairlearn draws one for each answer. A checkpoint answers the same text the same way, so what
    is written is one linear head, a plain checkpoint: of the heads it tried and their weighted mean, the one with the
    fewest errors on train among those whose difference there is at most `at_most`, if there is none the one with the
    smallest. The evaluation's table has both.

    `threshold_optimizer` (Hardt, Price & Srebro, 2016, "Equality of Opportunity in Supervised Learning") sets another
    threshold for every group on one plain head. It must know the group to answer: the recipe's documents have one, a
    text alone does not. So `model/thresholds.json` stands beside the weights, `open_checkpoint`, and with it `predict`,
    `serve` and `export`, refuse the folder, and `_reductions_fit.open_by_group` opens it. A document without a known
    group gets the plain threshold. `at_most` does nothing here: Fairlearn looks for a difference of 0.

    What holds on train need not hold on other text: the gates `selection_rate` and `equalized_odds` judge the test.

    >>> Reductions(by="inferred_gender").constraint
    'demographic_parity'
    """

    heads: ClassVar[tuple[str, ...]] = ("sequence",)
    plain: ClassVar[bool] = True
    example: ClassVar[Mapping[str, Any]] = {"by": "region", "layers": 1, "max_length": 64}

    by: str = Field(min_length=1, max_length=200)
    method: Literal["exponentiated_gradient", "threshold_optimizer"] = "exponentiated_gradient"
    constraint: Literal["demographic_parity", "equalized_odds"] = "demographic_parity"
    at_most: float = Field(default=0.02, gt=0, lt=1)
    base_model: str = Field(default="packaged_minilm", min_length=1)
    layers: int | None = Field(default=None, ge=1)
    batch_tokens: int = Field(default=1024, ge=16)
    max_length: int | None = Field(default=None, ge=8)

    def saved(self, model: Any, folder: Path) -> None:
        """Write the network with its head into `folder`, the checkpoint's `model/`."""
        model.save_pretrained(folder)

    def fit(self, task: Task, splits: Splits, device: Device, out: Path, report: Report) -> Checkpoint:
        """Write what `Gradient.fit` writes.

        Raises:
            WrongUse: the task does not give one text one of two classes, or a class or a second group is not there.
            BaseModelError: the base model cannot be opened.
        """
        from typing import cast

        from pipeline.errors import WrongUse
        from pipeline.training._few_shot import sequence_task
        from pipeline.training._reductions_fit import ReductionsRun

        task = sequence_task(task, self)
        if len(task.classes) != 2:
            raise WrongUse(f"training: reductions tells two classes apart, and task.labels has {len(task.classes)}")
        return ReductionsRun(cast("Any", self), task, splits, device, out, report).checkpoint()
