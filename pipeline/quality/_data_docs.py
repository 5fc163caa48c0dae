"""The data docs of a version: one static page of what its gates measured.

Great Expectations' own page is not used: it loads scripts and styles from unpkg.com and other servers, and a label or
column name that is `<script>` stands in it as a script. Here is no script at all, every word that is not a tag is
escaped, and the page asks the browser to run and fetch nothing.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from pipeline.gate import Gate, titled
from pipeline.types import Json, Outcome
from pipeline.version import StoredVerdict, Version, Waiver, outcome_of

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; overflow-wrap: anywhere }}
h2 {{ margin: 2em 0 .3em; border-top: 1px solid #ccc; padding-top: .6em }}
table {{ border-collapse: collapse; margin: .6em 0 }}
th, td {{ text-align: left; vertical-align: top; padding: .15em 1em .15em 0 }} th {{ overflow-wrap: break-word }}
.passed {{ color: #14691b }} .failed {{ color: #b3261e }} .not_judged {{ color: #8a5a00 }}
</style>
</head>
<body>
"""


def page(
    version: Version, gates: Sequence[Gate], verdicts: Mapping[str, StoredVerdict], waivers: Mapping[str, Waiver]
) -> str:
    """The page as HTML: for each gate what it measures, its outcome, number, limit, message, evidence, expectations."""
    manifest, title = version.manifest, f"{version.place}: data docs"
    outcomes = {g.name: outcome_of(verdicts.get(g.name), version, g.fingerprint()) for g in gates}
    facts: dict[str, Json] = {
        "version": manifest.version,
        "digest": manifest.digest,
        "made": manifest.created,
        "documents": manifest.rows,
        "rejected": manifest.rejected,
        "gates": ", ".join(f"{sum(o == kind for o in outcomes.values())} {_said(kind)}" for kind in _KINDS),
    }
    parts = [_HEAD.format(title=escape(title)), f"<h1>{escape(title)}</h1>\n", _pairs(facts)]
    for gate in gates:
        parts += _section(gate, outcomes[gate.name], verdicts.get(gate.name), waivers.get(gate.name))
    return "".join([*parts, "</body>\n</html>\n"])


_KINDS: tuple[Outcome, ...] = ("passed", "failed", "not_judged")


def _section(gate: Gate, outcome: Outcome, stored: StoredVerdict | None, waiver: Waiver | None) -> Iterator[str]:
    measures = inspect.cleandoc(type(gate).__doc__ or "").split("\n\n")[0]
    title = escape(titled(gate.name, gate.severity))
    yield f'<h2>{title}: <span class="{outcome}">{_said(outcome)}</span></h2>\n<p>{escape(measures)}</p>\n'
    facts: dict[str, Json] = {"settings": {k: v for k, v in gate.settings().items() if k != "use"}}
    if stored is not None:
        verdict = stored.verdict
        facts |= {"observed": verdict.observed, "limit": verdict.limit, "message": verdict.message}
        facts |= {"judged": stored.judged}
    if waiver is not None:
        facts["waived"] = f"{waiver.who}, {waiver.when}: {waiver.why}"
    yield _pairs(facts)
    if stored is not None and stored.verdict.evidence:
        yield "<h3>evidence</h3>\n" + _pairs(stored.verdict.evidence)
    if stored is not None and stored.verdict.expectations:
        yield "<h3>expectations</h3>\n" + _table(stored.verdict.expectations)


def _said(outcome: Outcome) -> str:
    return outcome.replace("_", " ")


def _pairs(facts: Mapping[str, Json]) -> str:
    rows = (f"<tr><th>{escape(str(k))}</th><td>{_cell(v)}</td></tr>\n" for k, v in facts.items())
    return f"<table>\n{''.join(rows)}</table>\n"


def _table(rows: Sequence[Mapping[str, Json]]) -> str:
    names = list(rows[0])
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(row.get(name))}</td>' for name in names)}</tr>\n" for row in rows)
    return f"<table>\n<tr>{head}</tr>\n{body}</table>\n"


def _cell(value: Json) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return escape(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
