"""A YAML file as plain data that remembers its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import Mistake

Step = str | int
Steps = tuple[Step, ...]
MOST_VALUES = 100_000  # aliases of aliases make more of a few lines than memory holds
_PLAIN = {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}


@dataclass(slots=True)
class YamlFile:
    """`data` as safe YAML gives it; `lines` has the line of every place; `mistakes` what YAML itself refuses."""

    name: str
    data: Any = None
    lines: dict[Steps, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    overridden: set[Steps] = field(default_factory=set)

    def mistake(self, steps: Sequence[Step], message: str) -> Mistake:
        """A mistake at a place; where the place itself has no line, its nearest parent's."""
        at = tuple(steps)
        for override in self.overridden:
            if at[: len(override)] == override or (at not in self.lines and override[: len(at)] == at):
                return Mistake("--set", 0, place_of(at), message)
        while at and at not in self.lines:
            at = at[:-1]
        return Mistake(self.name, self.lines.get(at, 1), place_of(steps), message)

    def override(self, steps: Sequence[str], value: Any) -> None:
        """Set one value as `--set` gives it; mappings on the way are made."""
        target = self.data
        for step in steps[:-1]:
            if not isinstance(target.get(step), dict):
                word = target.get(step)
                target[step] = {"use": word} if isinstance(word, str) else {}
            target = target[step]
        target[steps[-1]] = value
        self.overridden.add(tuple(steps))


def read_yaml(path: Path, name: str) -> YamlFile:
    """Read one file; what is not YAML, and keys given twice, are mistakes with their line."""
    file = YamlFile(name)
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        file.mistakes.append(Mistake(name, mark.line + 1 if mark else 0, "", f"is not YAML: {error.problem}"))
        return file
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        file.mistakes.append(Mistake(name, 0, "", f"is not YAML in UTF-8: {error}"))
        return file
    except OSError as error:
        file.mistakes.append(Mistake(name, 0, "", f"cannot be read: {error.strerror}"))
        return file
    if node is None:
        file.mistakes.append(Mistake(name, 0, "", "is empty"))
        return file
    try:
        file.data = _value(node, (), file)
    except RecursionError:
        file.mistakes.append(Mistake(name, 0, "", "stands inside of itself, or is nested or repeated too often"))
        return file
    if not isinstance(file.data, dict):
        file.mistakes.append(Mistake(name, 1, "", "must be a mapping of keys to values"))
        file.data = None
    return file


def place_of(steps: Sequence[Step]) -> str:
    """`gates.checkpoint.quality[0].at_least`.

    >>> place_of(("gates", "clean", 0, "by"))
    'gates.clean[0].by'
    """
    return "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in steps).removeprefix(".")


def _value(node: yaml.Node, at: Steps, file: YamlFile) -> Any:
    line = node.start_mark.line + 1
    if len(file.lines) > MOST_VALUES:
        raise RecursionError
    file.lines.setdefault(at, line)
    if isinstance(node, yaml.CollectionNode) and node.tag not in _PLAIN:
        file.mistakes.append(Mistake(file.name, line, place_of(at), f"the tag {node.tag!r} is not allowed"))
        return None
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*at, i), file) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                file.mistakes.append(Mistake(file.name, line, place_of(at), "a key must be a word"))
                continue
            key = str(key_node.value)
            if key in result:
                file.mistakes.append(Mistake(file.name, line, place_of((*at, key)), "stands here a second time"))
            file.lines[(*at, key)] = line
            result[key] = _value(value_node, (*at, key), file)
        return result
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError) as error:
        why = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
        file.mistakes.append(Mistake(file.name, line, place_of(at), f"{node.value!r} cannot be read: {why}"))
        return None
