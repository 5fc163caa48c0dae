"""Optional libraries: imported where they are used, with an error that names the extra to install."""

from __future__ import annotations

import importlib
from typing import Any

from pipeline.errors import WrongUse


def require(module: str, extra: str) -> Any:
    """The module. Raises WrongUse with the command that installs it where it is not there.

    >>> require("json", "text").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise WrongUse(f"{package} is not installed ({error}); pip install 'gristmill[{extra}]'") from error
