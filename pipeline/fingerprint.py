"""Hashes of settings and of code: what a version's name and an asset's code version are made of."""

from __future__ import annotations

import ast
import hashlib
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_NOT_TEXT = {"pipeline.part", "pipeline.errors", "pipeline.fingerprint"}  # what these hold never touches a text


def fingerprint(*what: object) -> str:
    """SHA-256 of values as canonical JSON."""
    text = json.dumps(what, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_of(module_name: str) -> str:
    """SHA-256 of a module's code and of the `pipeline` modules that it imports, comments and docstrings left out."""
    seen: dict[str, str] = {}
    _collect(module_name, seen)
    return fingerprint(sorted(seen.items()))


def code_of_function(function: Any) -> str:
    """SHA-256 of one function's code, comments and docstring left out."""
    return hashlib.sha256(_bare(inspect.getsource(function)).encode()).hexdigest()


def _collect(module_name: str, seen: dict[str, str]) -> None:
    if module_name in seen or module_name in _NOT_TEXT:
        return
    code, imported = _read(module_name)
    if code:
        seen[module_name] = code
    for name in imported:
        _collect(name, seen)


@cache
def _read(module_name: str) -> tuple[str, tuple[str, ...]]:
    """A module's bare code, and the modules of `pipeline` and of its own package that it imports anywhere in it.

    Nothing is imported here.
    """
    file = _file_of(module_name)
    if file is None:
        return "", ()
    source = file.read_text(encoding="utf-8")
    own = {"pipeline", module_name.split(".")[0]}
    package = module_name if file.name == "__init__.py" else module_name.rpartition(".")[0]
    names = [name for name in _imported(ast.parse(source), package) if name.split(".")[0] in own]
    imported = [name for name in names if _file_of(name) is not None]
    return hashlib.sha256(_bare(source).encode()).hexdigest(), tuple(imported)


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from [module, *(f"{module}.{alias.name}" for alias in node.names)]


def _file_of(module_name: str) -> Path | None:
    first, *rest = module_name.split(".")
    if first != "pipeline":
        origin = getattr(sys.modules.get(module_name), "__file__", None)
        return Path(origin) if origin and origin.endswith(".py") else None
    path = Path(__file__).parent.joinpath(*rest)
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _bare(source: str) -> str:
    tree = ast.parse(textwrap.dedent(source))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = body[0]
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = body[1:] or [ast.Pass()]
    return ast.dump(tree)
