"""Every statement of the data sheet, looked up again."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipeline.cards.numbers import cited, shown
from pipeline.cards.sources import Sources
from pipeline.recipe import Recipe
from pipeline.verifying._findings import Findings
from pipeline.version import Version


def same_statements(release: Version, recipe: Recipe, found: Findings) -> None:
    """The values and digests of `data_sheet.json`, and that `data_sheet.md` shows no other number."""
    folder = found.folder(release)
    statements = found.json(f"{folder}/data_sheet.json")
    if statements is None:
        return
    sources = Sources(found.store, recipe)
    digests: dict[str, str] = {}
    for i, said in enumerate(statements):
        with found.reading(f"{folder}/data_sheet.json /{i}"):
            origins = said["from"] if isinstance(said["from"], list) else [said["from"]]
            digests |= {o["file"]: o["digest"] for o in origins}
            values = [_value(o, sources) for o in origins]
            value = sum(values) if said["how"] == "summed" else values[0]
            key = " + ".join(o["key"] for o in origins)
            found.same(origins[0]["file"], key, said["value"], value)
    for file, digest in digests.items():
        if digest:
            with found.reading(file):
                found.same(file, "SHA-256 in the data sheet", digest, sources.digest(file))
    with found.reading(f"{folder}/data_sheet.md"):
        text = found.store.files.read(f"{folder}/data_sheet.md").decode()
        known = Counter(n for s in statements for n in cited(shown(s["value"], s["marks"])))
        for number, marks in (Counter(cited(text)) - known).elements():
            found.same(f"{folder}/data_sheet.md", marks, number, "no such statement in data_sheet.json")


def _value(origin: dict[str, str], sources: Sources) -> Any:
    try:
        return sources.value(origin["file"], origin["key"])
    except FileNotFoundError:
        return "no file"
    except LookupError:
        return "nothing"
