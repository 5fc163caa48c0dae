"""What a version's name is made of: its section of the YAML, the parts it names, their code, the stage's own code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.fingerprint import code_of_function, fingerprint
from pipeline.recipe import Corpus, Recipe


def version_of(stage: Callable[..., Any], name: str, subject: Corpus | Recipe, variant: str | None = None) -> str:
    """The fingerprint of a stage. Without `variant`, that of every variant together: Dagster keeps one an asset."""
    section = subject.section(name) if isinstance(subject, Corpus) else subject.section(name, variant)
    return fingerprint(name, code_of_function(stage), section)
