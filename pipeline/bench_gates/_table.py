"""The report as a Markdown table, and the page that holds it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import WrongUse
from pipeline.faults import KINDS

END = "<!-- /bench-gates -->"


def markdown(report: Mapping[str, Any]) -> str:
    """What was planted, what caught it, and what was missed, with the command that measured it."""
    lines = [
        f"`{report['command']}`: {report['trials']:,} trials of {report['kinds']} kinds on {report['recipe']}, in "
        f"resamples of {report['documents']:,} documents. Caught: {report['caught']:.1%}. Held back, because a gate "
        f"could not judge: {report['held_back'] - report['caught']:.1%}. Repaired before the splits: "
        f"{report['repaired']:.1%}; of the others {_of_unrepaired(report):.1%} were caught. "
        f"Vacuous passes: {report['vacuous']}. Of {report['clean_trials']} clean resamples "
        f"{report['false_refusals']:.1%} were refused{_refusing(report)}.",
        "",
        "| fault | caught, by strength | by |",
        "| --- | --- | --- |",
    ]
    about = {fault.kind: fault.about for fault in KINDS}
    for kind, strengths in report["by_kind"].items():
        caught = ", ".join(f"{float(s):g}: {_shown(found)}" for s, found in strengths.items())
        lines.append(f"| `{kind}`: {about[kind]} | {caught} | {_catchers(strengths)} |")
    return "\n".join(lines)


def replaced(page: Path, table: str, recipe: str = "") -> None:
    """Put the table between the markers of a page: the recipe's own, or those that name none.

    Raises:
        WrongUse: they are not there.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    own, any_ = f"<!-- bench-gates {recipe} -->", "<!-- bench-gates -->"
    marker = own if own in text else any_
    before, begin, rest = text.partition(marker)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise WrongUse(f"{page}: holds no {own} and {END} after it; write them where the table is to stand")
    page.write_text(f"{before}{marker}\n{table}\n{END}{after}", encoding="utf-8")


def _refusing(report: Mapping[str, Any]) -> str:
    """The gates that refused clean resamples, and what share of these each."""
    ended, clean = ": failed", report["clean"].items()
    failed = sorted(((name, share) for name, share in clean if name.endswith(ended)), key=lambda item: -item[1])
    said = ", ".join(f"`{name.removesuffix(ended)}` {share:.1%}" for name, share in failed)
    return f" ({said})" if said else ""


def _of_unrepaired(report: Mapping[str, Any]) -> float:
    """The caught share of the faults that were still there."""
    return float(report["caught"] / max(1e-9, 1 - report["repaired"]))


def _shown(found: Mapping[str, Any]) -> str:
    rest = [f"{found[name]:.0%} {said}" for name, said in _REST.items() if found[name]]
    return f"{found['caught']:.0%}" + (f" ({', '.join(rest)})" if rest else "")


_REST = {"not_judged": "not judged", "repaired": "repaired", "vacuous": "vacuous"}


def _catchers(strengths: Mapping[str, Any]) -> str:
    """The three that caught most, over all strengths."""
    total: dict[str, float] = {}
    for found in strengths.values():
        for name, share in found["by"].items():
            total[name] = total.get(name, 0) + share
    return ", ".join(f"`{name}`" for name in sorted(total, key=lambda n: (-total[n], n))[:3]) or "nothing"
