"""The data sheet: the questions that a pipeline can answer, and every number with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pipeline.cards import _composition, _fairness, _preparation, _requirements
from pipeline.cards.chain import in_order
from pipeline.cards.markdown import cell, table, waivers
from pipeline.cards.numbers import Numbers
from pipeline.cards.questions import QUESTIONS
from pipeline.cards.sheet import Sheet
from pipeline.cards.sources import Sources
from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.version import Version

ANSWERS: Mapping[str, Callable[[Sheet], list[str]]] = {**_composition.ANSWERS, **_preparation.ANSWERS}


def sheet_of(
    recipe: Recipe, chain: Sequence[Version], store: Store, otherwise: frozenset[str] = frozenset()
) -> tuple[str, list[dict[str, Any]]]:
    """(the sheet in Markdown, its statements) of a checkpoint's ancestry, nearest first."""
    sheet = Sheet(recipe, tuple(sorted(chain, key=in_order)), store, Numbers(Sources(store, recipe)), otherwise)
    waived = [w for v in chain for w in store.waivers(v).values()]
    lines = [
        f"# Data sheet of {recipe.name}",
        "",
        "Every number names the manifest (m), the verdict (v), the Parquet file (d) or the recipe (r) that it is from;",
        f"the list is at the end, and `gristmill verify {recipe.name}` looks each of them up again.",
        "",
        *waivers(waived),
        *_requirements.measured(sheet),
        *_fairness.of_data(sheet),
        *_requirements.gaps(sheet),
    ]
    for section in dict.fromkeys(q.section for q in QUESTIONS.values()):
        lines += _section(section, sheet)
    lines += ["## References", "", "Paths below the store; keys are JSON pointers.", "", *sheet.numbers.references()]
    return "\n".join(lines) + "\n", sheet.numbers.statements


def _section(section: str, sheet: Sheet) -> list[str]:
    lines = [f"## {section}", ""]
    asked = {key: q for key, q in QUESTIONS.items() if q.section == section}
    for key, question in asked.items():
        if question.pipeline:
            answer = [*ANSWERS[key](sheet), *_persons(key, sheet)]
            lines += [f"### {question.text}", "", *answer, ""]
    left = {key: q for key, q in asked.items() if not q.pipeline}
    if left:
        rows = []
        for key, question in left.items():
            said = {c.name: c.datasheet[key] for c in sheet.recipe.corpora if key in c.datasheet}
            answers = "; ".join(f"{name}: {text}" for name, text in said.items())
            rows.append({"question": question.text, "key": key, "answer": answers or "not answered"})
        lines += ["### For a person to answer", "", *table(rows), ""]
    return lines


def _persons(key: str, sheet: Sheet) -> list[str]:
    return [f"- {c.name}: {cell(c.datasheet[key])}" for c in sheet.recipe.corpora if key in c.datasheet]
