"""Word embeddings while they are trained: only the rows that the training text uses.

A row that no training text uses has gradients of 0, so AdamW's moments of it are 0 and, without weight decay, it never
moves. Leaving it out of the optimizer is exact, and spares a large vocabulary's gradients, clipping and moments at
every step: of MiniLM's 30,522 rows, CoNLL-2003's train uses 14,097.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

from pipeline.training._examples import Examples


class UsedRows(nn.Module):
    """In the place of an `nn.Embedding`: in training mode it looks rows up in `used`, else in the `whole`."""

    def __init__(self, whole: nn.Embedding, rows: torch.Tensor) -> None:
        super().__init__()
        self.whole, self.rows = whole, rows
        whole.weight.requires_grad_(False)
        self.used = nn.Parameter(whole.weight.detach()[rows].clone())
        self.place = torch.full((whole.num_embeddings,), -1, dtype=torch.long, device=rows.device)
        self.place[rows] = torch.arange(len(rows), device=rows.device)
        place = -1 if whole.padding_idx is None else int(self.place[whole.padding_idx])
        self.padding = place if place >= 0 else None  # its row has no gradient

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """(…, width) of (…) token ids. In training mode, an id that is not among the rows is an IndexError."""
        if not self.training:
            return self.whole(ids)  # type: ignore[no-any-return]
        return nn.functional.embedding(self.place[ids], self.used, self.padding)

    def train(self, mode: bool = True) -> UsedRows:
        """Leaving training mode puts the rows back among all."""
        super().train(mode)
        if not mode:
            self.put_back()
        return self

    def put_back(self) -> None:
        """Write the trained rows into the whole."""
        with torch.no_grad():
            self.whole.weight[self.rows] = self.used.detach()


@contextmanager
def only_used_rows(model: Any, train: Examples, pad: int) -> Iterator[None]:
    """Within, `model` has its word embeddings as `UsedRows`, where they are trained and no other layer shares them."""
    name = _name(model)
    if name is None:
        yield
        return
    parent, own = model.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2]
    whole = parent.get_submodule(own)
    ids = np.unique(np.concatenate([*(w.ids for w in train.windows), [pad]]))
    narrow = UsedRows(whole, torch.from_numpy(ids).long().to(whole.weight.device))
    setattr(parent, own, narrow)
    try:
        yield
    finally:
        narrow.put_back()
        setattr(parent, own, whole)
        whole.weight.requires_grad_(True)


def _name(model: Any) -> str | None:
    """Of the module, where it is one that can be replaced."""
    words = model.get_input_embeddings()
    shared = sum(p is getattr(words, "weight", None) for _, p in model.named_parameters(remove_duplicate=False))
    if type(words) is not nn.Embedding or shared > 1 or not words.weight.requires_grad:
        return None
    if words.max_norm is not None or words.scale_grad_by_freq or words.sparse:
        return None
    return next((name for name, module in model.named_modules() if module is words), None)
