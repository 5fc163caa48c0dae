"""Which classes nlpaug has, which settings they take, and which of them keep the number of words: read, not imported.

To import nlpaug is to import torch and pandas; a recipe is checked where neither may be. So its source is parsed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.errors import did_you_mean

FLOWS = ("Sequential", "Sometimes")
ACTIONS = ("substitute", "swap", "insert", "delete", "crop", "split")
INSTEAD = {  # whole sentences: nothing tells where in the answer a mention is
    "AbstSummAug": "a summary has no place for a mention; leave it out",
    "LambadaAug": "it makes texts from labels alone; use replace_tokens or swap_entities",
    "BackTranslationAug": "use back_translation, which keeps mentions",
    "ContextualWordEmbsForSentenceAug": "it writes on after the text; use concatenate",
    "RandomSentAug": "use shuffle_segments",
}
_COUNTED = {  # operations after which there are more words, or fewer
    "delete": "delete_words",
    "crop": "delete_words",
    "split": "split_words",
    "insert": "insert_words",
}
_OURS = {"tokenizer", "reverse_tokenizer", "force_reload", "include_detail", "generate_all_combinations", "name"}


@dataclass(frozen=True, slots=True)
class Known:
    """A class of nlpaug: its module, the settings that it takes, and what it can do to a word or a character."""

    module: str
    settings: tuple[str, ...]
    actions: tuple[str, ...]
    default: str  # action


@dataclass(frozen=True, slots=True)
class Step:
    """One augmenter of nlpaug by its class and settings, or a flow of several."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    inner: tuple[Step, ...] = ()


@cache
def classes() -> dict[str, Known]:
    """The augmenters of words and characters that the installed nlpaug has, by class name."""
    spec = find_spec("nlpaug")
    found: dict[str, Known] = {}
    for root in (spec.submodule_search_locations or ()) if spec else ():
        for kind in ("char", "word"):
            for file in sorted((Path(root) / "augmenter" / kind).glob("*.py")):
                for node in ast.parse(file.read_text(encoding="utf-8")).body:
                    if isinstance(node, ast.ClassDef) and node.name.endswith("Aug"):
                        found[node.name] = _known(node, f"nlpaug.augmenter.{kind}.{file.stem}", kind)
    return found


def _known(node: ast.ClassDef, module: str, kind: str) -> Known:
    methods = {m.name: m for m in node.body if isinstance(m, ast.FunctionDef)}
    own = methods.get("__init__")
    names = [a.arg for a in own.args.args[1:]] if own else []
    defaults = dict(zip(reversed(names), reversed(own.args.defaults if own else []), strict=False))
    given = defaults.get("action")
    said = ast.unparse(given).rpartition(".")[2].strip("'\"").lower() if given is not None else ""
    can = tuple(a for a in ACTIONS if a in methods)
    # inside of a word a character more or less is the same word still
    actions = can if kind == "char" else tuple(a for a in can if a not in _COUNTED)
    return Known(module, tuple(n for n in names if n not in _OURS), actions, said or (can[0] if can else ""))


def step_of(spec: object, place: str = "") -> Step:
    """A step from YAML: a class name, or `{name: {setting: value}}`.

    Raises:
        ValueError: no such class or setting, or none that keeps mentions; the message says what would be right.
    """
    if isinstance(spec, str):
        spec = {spec: {}}
    if not isinstance(spec, Mapping) or len(spec) != 1:
        raise ValueError(f"{place}write a class of nlpaug as `KeyboardAug` or `KeyboardAug: {{aug_char_max: 1}}`")
    [(name, settings)] = spec.items()
    place = f"{place}{name}: "
    if name in FLOWS:
        return _flow(name, settings, place)
    if name in INSTEAD:
        raise ValueError(f"{place}cannot be made safe for mentions: {INSTEAD[name]}")
    known = classes().get(str(name))
    if known is None:
        raise ValueError(f"{place}nlpaug has no such class; {did_you_mean(str(name), [*classes(), *FLOWS, *INSTEAD])}")
    if settings is None:
        settings = {}
    if not isinstance(settings, Mapping):
        raise ValueError(f"{place}its settings are names and values, got {settings!r}")
    for mistake in _mistakes(str(name), known, settings):
        raise ValueError(place + mistake)
    return Step(str(name), dict(settings))


def _flow(name: str, settings: object, place: str) -> Step:
    if isinstance(settings, list):
        settings = {"flow": settings}
    allowed = {"flow", "aug_p"} if name == "Sometimes" else {"flow"}
    if not isinstance(settings, Mapping) or not isinstance(settings.get("flow"), list) or set(settings) - allowed:
        raise ValueError(f"{place}takes {' and '.join(sorted(allowed))}; `flow` is a list of classes")
    chance = settings.get("aug_p", 0.8)  # nlpaug's own default
    if not isinstance(chance, int | float) or not 0 <= chance <= 1:
        raise ValueError(f"{place}aug_p is a share from 0 to 1, got {chance!r}")
    return Step(
        name, {"aug_p": 1.0 if name == "Sequential" else chance}, tuple(step_of(s, place) for s in settings["flow"])
    )


def _mistakes(name: str, known: Known, settings: Mapping[str, Any]) -> Iterator[str]:
    for key, value in settings.items():
        if key in _OURS:
            yield f"{key} is not to be set: gristmill sets it so that mentions stay whole"
        elif key not in known.settings:
            yield f"unknown setting {key!r}; {did_you_mean(str(key), known.settings)}"
        elif key.endswith("_p") and value is not None and not (_number(value) and 0 <= value <= 1):
            yield f"{key} is a share from 0 to 1, got {value!r}"
        elif key.endswith(("_min", "_max")) and value is not None and not (_number(value) and value >= 0):
            yield f"{key} is a number from 0, got {value!r}"
    action = settings.get("action", known.default)
    if action in _COUNTED and action not in known.actions:
        yield f"action {action} changes the number of words; use {_COUNTED[action]}"
    elif action not in known.actions:
        yield f"unknown action {action!r}; {did_you_mean(str(action), known.actions)}"
    if name == "RandomWordAug" and action == "substitute" and not settings.get("target_words"):
        yield "with `action: substitute` it writes `_` for words; name the words to write as `target_words`"


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def flat(steps: Sequence[Step]) -> Iterator[Step]:
    """The augmenters themselves, those inside of flows too."""
    for step in steps:
        yield from flat(step.inner) if step.name in FLOWS else (step,)
