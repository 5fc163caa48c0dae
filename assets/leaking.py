"""How much of what is tested has been trained on, by the source's own splits and by Gristmill's."""

from collections.abc import Mapping
from typing import Any

from pipeline import leakage
from pipeline.errors import GateNotPassed
from pipeline.recipe import Recipe
from pipeline.stages.split import annotated, cleaned
from pipeline.store import Store

SAYS = {
    "exact": "documents whose text stands in train",
    "near": "documents nearly in train (Jaccard >= 0.5)",
    "template": "documents in train but for digits and mentions",
    "mention": "mentions that occur in train",
}


def measured(recipe: Recipe, store: Store) -> dict[str, Any]:
    """`recipe`, `as_shipped` (None where the source has no splits) and `as_split`, of the published clean versions.

    Raises:
        GateNotPassed: of some batch nothing clean is published; says what makes it.
    """
    try:
        inputs = cleaned(recipe, store)
    except GateNotPassed as error:
        raise GateNotPassed(f"{error}\n`gristmill run {recipe.name}` makes what is missing") from error
    documents, _ = annotated(recipe, store, inputs)
    return {"recipe": recipe.name, **leakage.compared(documents, recipe.split)}


def text(result: Mapping[str, Any]) -> str:
    """The result as a table: a row for each part and measure."""
    sides = {"as shipped": result["as_shipped"], "as split": result["as_split"]}
    lines = [f"{result['recipe']:64}" + "".join(f"{side:>12}" for side in sides)]
    for part in ("test", "validation"):
        for name, meaning in SAYS.items():
            found = [side and (side if part == "test" else side["validation"])[name] for side in sides.values()]
            shown = "".join(f"{'-' if share is None else format(share, '.2%'):>12}" for share in found)
            lines.append(f"{part} {name}: {meaning}".ljust(64) + shown)
    if result["as_shipped"] is None:
        lines.append("the source gives no splits of its own")
    return "\n".join(lines)
