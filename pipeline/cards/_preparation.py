"""Answers of the data sheet: collection, cleaning, confidentiality, distribution, maintenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pipeline.cards._composition import rejected
from pipeline.cards.markdown import cell, table
from pipeline.cards.sheet import Sheet
from pipeline.recipe import Corpus


def acquisition(sheet: Sheet) -> list[str]:
    """Every batch with the digest of its source."""
    rows = []
    for corpus, raw in sheet.corpora():
        use = sheet.numbers.told(f"{corpus.name}: source", "corpora.yaml", corpus.name, "source", "use")
        for v in raw:
            digest = sheet.numbers.manifest(f"{v.place}: digest of the source", v, "inputs", 0, "digest")
            rows.append({"corpus": corpus.name, "source": use, "batch": v.place.partition, "digest": digest})
    return table(rows)


def timeframe(sheet: Sheet) -> list[str]:
    """When every batch was read."""
    rows = []
    for _, raw in sheet.corpora():
        for v in raw:
            created = sheet.numbers.manifest(f"{v.place}: read", v, "created")
            rows.append({"asset": str(v.place), "read at (UTC)": created})
    return table(rows)


def sampling(sheet: Sheet) -> list[str]:
    """The settings of the sources: nothing else decides what is read."""
    lines = ["Every record that the source gives is read; these settings alone decide which:", ""]
    rows = []
    for corpus, _ in sheet.corpora():
        rows += _settings(sheet, corpus, "source", corpus.source.settings(), "source")
    return lines + table(rows)


def steps(sheet: Sheet) -> list[str]:
    """The cleaning steps in order with their settings, and what every version dropped and masked."""
    settings: list[dict[str, Any]] = []
    for corpus in sheet.recipe.corpora:
        for i, step in enumerate(corpus.cleaning):
            settings += _settings(sheet, corpus, step.name, step.settings(), "cleaning", i)
    lines = [
        "Steps in order, with every setting:",
        "",
        *table(settings),
        "",
        "Documents dropped, by kind of reason:",
        "",
    ]
    dropped = [row for v in (*sheet.stage("raw"), *sheet.stage("clean")) for row in rejected(sheet, v)]
    return [*lines, *table(dropped)]


def _settings(
    sheet: Sheet, corpus: Corpus, name: str, settings: Mapping[str, Any], *where: str | int
) -> list[dict[str, Any]]:
    """A row for each setting of a part; one row where it has none."""
    base = {"corpus": corpus.name, "part": f"{where[-1] + 1}. {name}" if isinstance(where[-1], int) else name}
    rows = []
    for key in [key for key in settings if key != "use"] or ["use"]:
        about = f"{corpus.name}: {name} {key}"
        rows.append(
            {**base, "setting": key, "value": sheet.numbers.told(about, "corpora.yaml", corpus.name, *where, key)}
        )
    return rows


def confidential(sheet: Sheet) -> list[str]:
    """What was masked, by kind; that nothing was looked for where no step masks."""
    rows = []
    for version in sheet.stage("clean"):
        for kind in version.manifest.facts.get("by_masked", {}):
            count = sheet.numbers.manifest(f"{version.place}: masked {kind}", version, "facts", "by_masked", kind)
            rows.append({"asset": str(version.place), "kind": kind, "masked": count})
    masking = [c.name for c in sheet.recipe.corpora if any(step.marks for step in c.cleaning)]
    rest = [c.name for c in sheet.recipe.corpora if c.name not in masking]
    lines = table(rows) if rows else [f"Nothing was found to mask in {', '.join(masking)}."] if masking else []
    if rest:
        lines += [f"No step looks for it in {', '.join(rest)}: the texts are as the source has them."]
    return [*lines, "", "Masked values are written nowhere but in the raw documents. Names of persons are not masked."]


def raw_kept(sheet: Sheet) -> list[str]:
    """Where the raw documents lie."""
    lines = ["Yes, unchanged, in `documents.parquet` below the store; `gristmill trace` shows what became of each:", ""]
    return lines + [f"- `{v.place.asset}/{v.place.partition}/{v.name}`" for v in sheet.stage("raw")]


def software(sheet: Sheet) -> list[str]:
    """The parts, by name, and the fingerprints that hold their code."""
    rows = []
    for version in (*sheet.stage("clean"), *sheet.stage("splits")):
        found = sheet.numbers.manifest(f"{version.place}: fingerprint", version, "fingerprint")
        rows.append({"asset": str(version.place), "fingerprint of settings and code": found})
    return ["`gristmill parts` lists every part with its documentation.", "", *table(rows)]


def licence(sheet: Sheet) -> list[str]:
    """The corpora's licences, and the documents' own where they have one."""
    lines = []
    for corpus, raw in sheet.corpora():
        said = sheet.numbers.told(f"{corpus.name}: licence", "corpora.yaml", corpus.name, "licence")
        groups = ", ".join(f"{k}: {v}" for k, v in corpus.groups.items()) or "none"
        lines += [f"- **{corpus.name}** ({corpus.language}). Licence: {cell(said)}. Groups: {cell(groups)}."]
        for version in raw:
            own = sheet.counts(version, "licence")
            rows = {name or "the corpus's": count for name, count in own.items()}
            if set(own) - {""}:
                lines += [
                    f"  Documents of {version.place} by their own licence: {cell('; '.join(map(_pair, rows.items())))}."
                ]
    return lines


def _pair(pair: tuple[str, str]) -> str:
    return f"{pair[0]}: {pair[1]}"


def versions(sheet: Sheet) -> list[str]:
    """The version and the digest of the data that was trained on."""
    rows = []
    for stage in ("splits", "ledger", "augmented", "checkpoint"):
        for version in sheet.stage(stage):
            digest = sheet.numbers.manifest(f"{version.place}: digest", version, "digest")
            rows.append({"asset": str(version.place), "version": version.name, "digest": digest})
    return [*table(rows), "", "`provenance.json` beside this sheet has every version in full."]


def rebuild(sheet: Sheet) -> list[str]:
    """The commands."""
    name = sheet.recipe.name
    return [f"`gristmill run {name}` makes what is missing, `gristmill verify {name}` recomputes every number."]


ANSWERS: Mapping[str, Callable[[Sheet], list[str]]] = {
    "acquisition": acquisition,
    "timeframe": timeframe,
    "sampling": sampling,
    "steps": steps,
    "confidential": confidential,
    "raw_kept": raw_kept,
    "software": software,
    "licence": licence,
    "versions": versions,
    "rebuild": rebuild,
}
