"""Files that come with an installed package, found without importing it."""

from __future__ import annotations

from pipeline.errors import SourceError


def packaged(package: str, relative: str) -> str:
    """The path of a file or folder inside of an installed package. Raises SourceError where that is not installed."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SourceError(
            f"{relative} comes with the package {package}, which is not installed; install it or set `path`"
        )
    found = Path(next(iter(spec.submodule_search_locations))) / relative
    if not found.exists():
        raise SourceError(f"{found}: the installed {package} lacks it; install another version or set `path`")
    return str(found)
