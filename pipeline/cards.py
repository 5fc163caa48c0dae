"""The cards of a release: a model card, a data sheet, and the provenance of every byte as JSON."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline.recipe import Recipe
from pipeline.store import Store
from pipeline.version import Input, Place, Version

CASINGS = 3  # token types of a model that was given the casing back


def write(folder: Path, recipe: Recipe, checkpoint: Version, store: Store, refused: Mapping[str, str]) -> None:
    """Write `model_card.md`, `data_sheet.md` and `provenance.json` into a release folder."""
    chain = list(ancestry(checkpoint, store))
    waived = [w for v in chain for w in store.waivers(v).values()]
    evaluation = json.loads((folder / "evaluation.json").read_text())
    card = [
        *_heading(recipe, checkpoint),
        *_waivers(waived),
        *_opening(folder),
        *_numbers(evaluation),
        *_gates(chain, store),
        *_compared(checkpoint, refused),
    ]
    (folder / "model_card.md").write_text("\n".join(card) + "\n", encoding="utf-8")
    (folder / "data_sheet.md").write_text("\n".join(_sheet(recipe, chain, waived, store)) + "\n", encoding="utf-8")
    known = [{"asset": str(v.place), **asdict(v.manifest)} for v in chain]
    (folder / "provenance.json").write_text(json.dumps(known, indent=1, ensure_ascii=False), encoding="utf-8")


def evidence(checkpoint: Version, store: Store) -> list[object]:
    """What the cards say of gates: the verdicts and waivers on a checkpoint and on all that it was made of."""
    return [
        [
            [str(v.place), v.digest],
            [asdict(s.verdict) for s in store.verdicts(v).values()],
            [asdict(w) for w in store.waivers(v).values()],
        ]
        for v in ancestry(checkpoint, store)
    ]


def ancestry(version: Version, store: Store) -> Iterator[Version]:
    """The version and every version that it was made of, nearest first, each once."""
    todo, seen = [version], set[tuple[Place, str]]()
    while todo:
        at = todo.pop(0)
        if (at.place, at.name) in seen:
            continue
        seen.add((at.place, at.name))
        yield at
        parents = (_parent(i, store) for i in at.manifest.inputs if i.version)
        todo += [p for p in parents if p is not None]


def _parent(read: Input, store: Store) -> Version | None:
    """The version that was read; where another one of the same content is published now, that one's gates count."""
    place = Place(read.asset, read.partition)
    now = store.published(place)
    return now if now is not None and now.digest == read.digest else store.find(place, read.version)


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Rows as a Markdown table; text is escaped, floats have four digits.

    >>> table([{"label": "PER", "f1": 0.5}])
    ['| label | f1 |', '| --- | --- |', '| PER | 0.5000 |']
    """
    if not rows:
        return ["(empty)"]
    names = list(rows[0])
    lines = [_line([_cell(name) for name in names]), _line(["---"] * len(names))]
    return lines + [_line([_cell(row.get(name)) for name in names]) for row in rows]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return html.escape("" if value is None else str(value)).replace("|", "\\|").replace("\n", " ")


def _heading(recipe: Recipe, checkpoint: Version) -> list[str]:
    facts = checkpoint.manifest.facts
    return [
        f"# {recipe.name}",
        "",
        html.escape(recipe.description),
        "",
        f"Task: {recipe.task.name}, labels {_cell(', '.join(recipe.task.labels))}. Base model: {facts['base_model']}. "
        f"Variant: {checkpoint.place.partition}. Checkpoint version {checkpoint.name}, digest {checkpoint.digest}.",
        "",
    ]


def _waivers(waived: Sequence[Any]) -> list[str]:
    if not waived:
        return []
    rows = [{"gate": w.gate, "who": w.who, "when": w.when, "why": w.why, "digest": w.digest[:12]} for w in waived]
    return ["## Waived gates", "", "These gates did not pass; a person let the data through.", "", *table(rows), ""]


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


def _numbers(evaluation: Mapping[str, Any]) -> list[str]:
    metrics = [{"metric": k, "value": v} for k, v in sorted(evaluation["metrics"].items())]
    lines = ["## Numbers on the test split", "", *table(metrics), ""]
    for title, rows in evaluation["tables"].items():
        lines += [f"### {title.replace('_', ' ')}", "", *table(rows), ""]
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


def _compared(checkpoint: Version, refused: Mapping[str, str]) -> list[str]:
    lines = ["## Variants", "", f"Released: {checkpoint.place.partition}, the best on the validation split."]
    lines += [f"- left out: {name}: {html.escape(why.splitlines()[0])}" for name, why in refused.items()]
    tested = (
        "Not tested: text of other domains, times or languages than the data sheet names; groups without a gate above."
    )
    return [*lines, "", "## Limits", "", tested, ""]


def _sheet(recipe: Recipe, chain: Sequence[Version], waived: Sequence[Any], store: Store) -> list[str]:
    lines = [f"# Data sheet of {recipe.name}", "", *_waivers(waived), "## Corpora", ""]
    for corpus in recipe.corpora:
        groups = ", ".join(f"{k}: {v}" for k, v in corpus.groups.items()) or "none"
        lines += [f"- **{corpus.name}** ({corpus.language}). {html.escape(corpus.description)}"]
        lines += [f"  Licence: {html.escape(corpus.licence)}. Groups: {html.escape(groups)}."]
    rows = []
    for version in reversed(chain):
        m = version.manifest
        rows.append({"asset": str(version.place), "rows": m.rows, "rejected": m.rejected, "version": m.version})
    lines += ["", "## From raw text to training data", "", *table(rows), ""]
    for version in reversed(chain):
        if not version.place.asset.startswith(f"{recipe.name}/"):
            continue
        for name, counts in version.manifest.facts.items():
            if name.startswith("by_"):
                lines += [f"### {version.place}: {name.replace('_', ' ')}", "", *table([dict(counts)]), ""]
    return [*lines, "## Rejected documents", "", *table(_reasons(chain, store)), ""]


def _reasons(chain: Sequence[Version], store: Store) -> list[dict[str, Any]]:
    rows = []
    for version in reversed(chain):
        if version.manifest.rejected:
            steps = store.audit_documents(version, "rejected.parquet").column("step").value_counts().to_pylist()
            rows += [{"asset": str(version.place), "step": s["values"], "documents": s["counts"]} for s in steps]
    return rows
