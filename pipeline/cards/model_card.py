"""The model card: what was trained on what, how to open it, and what it was measured to do.

Every number stands under or beside a link to the file that it is from: the release's own `evaluation.json`, or a
verdict, a manifest or another checkpoint's evaluation in the store, by a path relative to the card.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pipeline.cards import _fairness
from pipeline.cards.markdown import cell, table, waivers
from pipeline.cards.sources import folder_of
from pipeline.gate import titled
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.training._windows import CASINGS
from pipeline.version import Version


def card_of(
    folder: Path,
    recipe: Recipe,
    checkpoint: Version,
    chain: Sequence[Version],
    store: Store,
    refused: Mapping[str, str],
) -> str:
    """The card of the checkpoint whose model and `evaluation.json` lie in `folder`."""
    up = "../" * (recipe.place("release").asset.count("/") + 3)  # from the release's folder to the store's
    waived = [w for v in chain for w in store.waivers(v).values()]
    lines = [
        *_heading(recipe, checkpoint, up),
        *waivers(waived),
        *_opening(folder),
        *numbers(json.loads((folder / "evaluation.json").read_text())),
        *_augmented(chain, up),
        *_unlabelled(chain, up),
        *_gates(chain, store, up),
        *_fairness.of_model(checkpoint, recipe, store, lambda file: _link(up, checkpoint, file)),
        *_compared(recipe, checkpoint, store, refused, up),
    ]
    return "\n".join(lines) + "\n"


def numbers(evaluation: Mapping[str, Any]) -> list[str]:
    """The lines of the card that hold the numbers of an `evaluation.json`."""
    metrics = [{"metric": k, "value": v} for k, v in sorted(evaluation["metrics"].items())]
    report = "[evaluation.json](evaluation.json)"
    lines = ["## Numbers on the test split", "", f"From {report}, `metrics`.", "", *table(metrics), ""]
    for title, rows in evaluation["tables"].items():
        shown = cell(title)
        lines += [f"### {shown.replace('_', ' ')}", "", f"From {report}, `tables`, {shown}.", "", *table(rows), ""]
    return lines


def _link(up: str, version: Version, file: str) -> str:
    """A link to a file of a version in the store."""
    return f"[{file.rpartition('/')[2]}]({up}{quote(f'{folder_of(version)}/{file}')})"


def _heading(recipe: Recipe, checkpoint: Version, up: str) -> list[str]:
    facts = checkpoint.manifest.facts
    return [
        f"# {recipe.name}",
        "",
        html.escape(recipe.description),
        "",
        f"Task: {recipe.task.name}, labels {cell(', '.join(recipe.task.labels))}. Base model: {facts['base_model']}. "
        f"Variant: {checkpoint.place.partition}. Checkpoint version {checkpoint.name}, digest {checkpoint.digest} "
        f"({_link(up, checkpoint, 'manifest.json')}).",
        "",
    ]


def _opening(folder: Path) -> list[str]:
    config = json.loads((folder / "model" / "config.json").read_text())
    kind = f"AutoModelFor{config['architectures'][0].partition('For')[2]}"
    lines = ["## Open it", "", "```python", f"from transformers import AutoTokenizer, {kind}", ""]
    lines += [
        'tokenizer = AutoTokenizer.from_pretrained("model")',
        f'model = {kind}.from_pretrained("model")',
        "```",
        "",
    ]
    if config.get("type_vocab_size") == CASINGS:
        lines += [
            "It was trained with the casing in `token_type_ids`: each token has the type of the word between white",
            "space that it stands in: 0 small letters or none, 1 a capital first, 2 capitals alone (not one letter),",
            "3 digits and no letter, 4 one capital beside other signs (`J.`), 5 capitals inside (`McDonald`).",
            "",
        ]
    return lines


def _gates(chain: Sequence[Version], store: Store, up: str) -> list[str]:
    rows = []
    for version in chain:
        for stored in store.verdicts(version).values():
            v = stored.verdict
            number = {"observed": v.observed, "limit": v.limit, "from": _link(up, version, f"verdicts/{v.gate}.json")}
            title = titled(v.gate, stored.severity)
            rows.append({"asset": str(version.place), "gate": title, "outcome": v.outcome, **number})
    lines = ["## Gates", "", "Measurements with limits, each on the digest that is used here.", "", *table(rows), ""]
    warned = sum(
        s.severity == "warn" and s.verdict.outcome != "passed" for v in chain for s in store.verdicts(v).values()
    )
    lines += [f"{warned} that only warn did not pass; this was released all the same.", ""] if warned else []
    refused = [
        {"asset": str(v.place), "read": i.version, "refused": i.refused_newer, "from": _link(up, v, "manifest.json")}
        for v in chain
        for i in v.manifest.inputs
    ]
    older = [row for row in refused if row["refused"]]
    return lines + (["A newer version was refused where these were read:", "", *table(older), ""] if older else [])


def _augmented(chain: Sequence[Version], up: str) -> list[str]:
    """What was made of the training documents, and what the lift left out; nothing where nothing was asked for."""
    lines: list[str] = []
    for version in chain:
        facts = version.manifest.facts
        if "originals" not in facts:
            continue
        made, left_out = facts.get("by_operation", {}), facts.get("left_out", {})
        rows = [
            {"operation": name, "children": n, "refused": sum(facts.get("refused", {}).get(name, {}).values())}
            for name, n in made.items()
        ]
        lines += [f"From {_link(up, version, 'manifest.json')}, `facts`.", "", *table(rows), ""]
        lines += [f"- left out, it lowers the score: {name} {html.escape(why)}" for name, why in left_out.items()]
    return ["## Augmentation", "", *lines, ""] if lines else []


def _unlabelled(chain: Sequence[Version], up: str) -> list[str]:
    """What was read of text without annotation; nothing where none was."""
    lines: list[str] = []
    for version in chain:
        facts = version.manifest.facts
        left: Mapping[str, int] = facts.get("unlabelled_left_out", {})
        read = facts.get("unlabelled", facts.get("metrics", {}).get("unlabelled", 0))
        if not read and not any(left.values()):
            continue
        left_out = [{"left out, because": why.replace("_", " "), "documents": n} for why, n in left.items()]
        metrics = facts.get("metrics", {})
        told = f"{version.place}: {read:,.0f} documents were read"
        if "self_labelled" in metrics:
            told += f", {metrics['self_labelled']:,.0f} joined the training documents, as the teacher annotated them"
        lines += [f"{told}. From {_link(up, version, 'manifest.json')}, `facts`.", "", *table(left_out), ""]
    return ["## Text without annotation", "", *lines] if lines else []


def _compared(recipe: Recipe, checkpoint: Version, store: Store, refused: Mapping[str, str], up: str) -> list[str]:
    lines = ["## Variants", "", f"Released: {checkpoint.place.partition}, the best on the validation split."]
    for name, why in refused.items():
        other = store.newest(recipe.place("checkpoint", name))
        report = f" ({_link(up, other, 'evaluation.json')})" if other else ""
        lines.append(f"- left out: {name}: {html.escape(why.splitlines()[0])}{report}")
    tested = (
        "Not tested: text of other domains, times or languages than the data sheet names; groups without a gate above."
    )
    return [*lines, "", "## Limits", "", tested, ""]
