"""The model card: what was trained on what, how to open it, and what it was measured to do."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pipeline.cards.markdown import cell, table, waivers
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.version import Version

CASINGS = 3  # token types of a model that was given the casing back


def card_of(
    folder: Path,
    recipe: Recipe,
    checkpoint: Version,
    chain: Sequence[Version],
    store: Store,
    refused: Mapping[str, str],
) -> str:
    """The card of the checkpoint whose model and `evaluation.json` lie in `folder`."""
    waived = [w for v in chain for w in store.waivers(v).values()]
    lines = [
        *_heading(recipe, checkpoint),
        *waivers(waived),
        *_opening(folder),
        *numbers(json.loads((folder / "evaluation.json").read_text())),
        *_augmented(chain),
        *_gates(chain, store),
        *_compared(checkpoint, refused),
    ]
    return "\n".join(lines) + "\n"


def numbers(evaluation: Mapping[str, Any]) -> list[str]:
    """The lines of the card that hold the numbers of an `evaluation.json`."""
    metrics = [{"metric": k, "value": v} for k, v in sorted(evaluation["metrics"].items())]
    lines = ["## Numbers on the test split", "", *table(metrics), ""]
    for title, rows in evaluation["tables"].items():
        lines += [f"### {title.replace('_', ' ')}", "", *table(rows), ""]
    return lines


def _heading(recipe: Recipe, checkpoint: Version) -> list[str]:
    facts = checkpoint.manifest.facts
    return [
        f"# {recipe.name}",
        "",
        html.escape(recipe.description),
        "",
        f"Task: {recipe.task.name}, labels {cell(', '.join(recipe.task.labels))}. Base model: {facts['base_model']}. "
        f"Variant: {checkpoint.place.partition}. Checkpoint version {checkpoint.name}, digest {checkpoint.digest}.",
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
            "It was trained with the casing in `token_type_ids`: for a token 2 where the word between white space that",
            "it stands in is in capitals (more than one letter), 1 where its first letter is a capital, else 0.",
            "",
        ]
    return lines


def _gates(chain: Sequence[Version], store: Store) -> list[str]:
    rows = []
    for version in chain:
        for stored in store.verdicts(version).values():
            v = stored.verdict
            number = {"observed": v.observed, "limit": v.limit}
            rows.append({"asset": str(version.place), "gate": v.gate, "outcome": v.outcome, **number})
    lines = ["## Gates", "", "Measurements with limits, each on the digest that is used here.", "", *table(rows), ""]
    refused = [
        {"asset": str(v.place), "read": i.version, "refused": i.refused_newer} for v in chain for i in v.manifest.inputs
    ]
    older = [row for row in refused if row["refused"]]
    return lines + (["A newer version was refused where these were read:", "", *table(older), ""] if older else [])


def _augmented(chain: Sequence[Version]) -> list[str]:
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
        lines += table(rows)
        lines += [f"- left out, it lowers the score: {name} {html.escape(why)}" for name, why in left_out.items()]
    return ["## Augmentation", "", *lines, ""] if lines else []


def _compared(checkpoint: Version, refused: Mapping[str, str]) -> list[str]:
    lines = ["## Variants", "", f"Released: {checkpoint.place.partition}, the best on the validation split."]
    lines += [f"- left out: {name}: {html.escape(why.splitlines()[0])}" for name, why in refused.items()]
    tested = (
        "Not tested: text of other domains, times or languages than the data sheet names; groups without a gate above."
    )
    return [*lines, "", "## Limits", "", tested, ""]
