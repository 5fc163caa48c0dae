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
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return hashlib.sha256(_bare(tree).encode()).hexdigest()


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
    tree = ast.parse(source)
    names = [name for name in _imported(tree, package) if name.split(".")[0] in own]
    imported = [name for name in names if _file_of(name) is not None]
    return hashlib.sha256(_bare(tree).encode()).hexdigest(), tuple(imported)


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        todo += [n for n in ast.iter_child_nodes(node) if not isinstance(n, ast.expr)]  # an expression imports nothing
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from [module, *(f"{module}.{alias.name}" for alias in node.names)]


def _file_of(module_name: str) -> Path | None:
    first, *rest = module_name.split(".")
    if first == "pipeline":
        return _own_file(tuple(rest))
    origin = getattr(sys.modules.get(module_name), "__file__", None)
    return Path(origin) if origin and origin.endswith(".py") else None


@cache
def _own_file(steps: tuple[str, ...]) -> Path | None:
    path = Path(__file__).parent.joinpath(*steps)
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _bare(tree: ast.Module) -> str:
    """A tree as text: every field of every node but places, docstrings and contexts; thrice as fast as ast.dump."""
    said: list[str] = []
    _say(tree, said)
    return "".join(said)


def _say(node: ast.AST, said: list[str]) -> None:
    said += ("(", type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.expr_context):
            continue
        if isinstance(value, ast.AST):
            _say(value, said)
        elif isinstance(value, list):
            said.append("[")
            for item in value[_docstring(node) :] if name == "body" else value:
                if isinstance(item, ast.AST):
                    _say(item, said)
                else:
                    said += (repr(item), ",")
            said.append("]")
        else:
            said += (repr(value), ",")
    said.append(")")


def _docstring(node: ast.AST) -> int:
    """1 where a body begins with a docstring, else 0."""
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) or not node.body:
        return 0
    first = node.body[0]
    constant = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return int(constant and isinstance(first.value.value, str))  # type: ignore[attr-defined]
