"""Finds a translation model: a local folder, or a model of the Hugging Face hub where a setting names one."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from pipeline.errors import WrongUse
from pipeline.extras import require
from pipeline.translator import NoSuchDirection


def one_of(models: Mapping[str, str], source: str, target: str, who: str) -> str:
    """The model for a direction. Raises NoSuchDirection."""
    if f"{source}-{target}" not in models:
        raise NoSuchDirection(
            f"{who}: has models for {', '.join(sorted(models))}, none from {source!r} to {target!r}; "
            f"add {source}-{target} to models"
        )
    return models[f"{source}-{target}"]


def folder(where: str, who: str, needs: str) -> Path | None:
    """The folder that `where` is; None where it is a hub id.

    Raises:
        WrongUse: there is no such folder, or no file in it is like `needs`.
    """
    path = Path(where).expanduser()
    if path.is_dir():
        if not any(path.glob(needs)):
            raise WrongUse(f"{who}: {path} holds no {needs}; give a folder of a converted or saved model")
        return path
    if where.startswith((".", "/", "~")) or where.count("/") != 1:
        raise WrongUse(f"{who}: there is no folder {where}; give one, or a hub id such as Helsinki-NLP/opus-mt-en-es")
    return None


def opened(what: Any, where: str, who: str, needs: str, **options: Any) -> Any:
    """`what.from_pretrained(where)`: never with code of the model, from the network only for a hub id.

    Raises:
        WrongUse: it is not there or cannot be opened.
    """
    path = folder(where, who, needs)
    safe = {"trust_remote_code": False, "local_files_only": path is not None}
    try:
        return what.from_pretrained(str(path or where), **safe, **options)
    except (OSError, ValueError, ImportError, KeyError, TypeError) as error:
        said = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise WrongUse(f"{who}: {where} cannot be opened ({said}); safetensors of a known architecture can") from error


@lru_cache(maxsize=8)
def tokenizer_of(where: str, who: str) -> Any:
    """The tokenizer of a folder or hub id, opened once in a process. Raises WrongUse as `opened` does."""
    require("sentencepiece", extra="translation")
    from transformers import AutoTokenizer

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*sacremoses")  # normalizes punctuation for a tokenizer of old
        return opened(AutoTokenizer, where, who, "*.json")


def code_of(codes: Mapping[str, str], language: str, tokenizer: Any, who: str) -> str:
    """The name that a model with many languages has for one. Raises WrongUse where it has none."""
    code = codes.get(language, "")
    if not code or tokenizer.convert_tokens_to_ids(code) in (None, tokenizer.unk_token_id):
        raise WrongUse(f"{who}: codes: the model has no language {code or language!r}; write it as the model does")
    return code


def contents(folders: Sequence[str]) -> list[str]:
    """A digest of every local folder's files; for a hub id its name."""
    found = []
    for where in folders:
        path = Path(where).expanduser()
        files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else []
        seen = [f"{p.name} {_sha256(str(p), p.stat().st_size, p.stat().st_mtime_ns)}" for p in files]
        found.append(where if not seen else hashlib.sha256("\n".join(seen).encode()).hexdigest())
    return found


@cache
def _sha256(path: str, size: int, changed: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
