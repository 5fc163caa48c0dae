"""Every example in a docstring of `pipeline` gives what stands below it."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

from pipeline.types import Document, Span

ROOT = Path(__file__).parent.parent
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((ROOT / "pipeline").rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_give_what_they_say(name: str) -> None:
    words = {"Document": Document, "Span": Span}  # what every example may speak of
    found = doctest.testmod(importlib.import_module(name), extraglobs=words, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 0
    assert found.failed == 0
