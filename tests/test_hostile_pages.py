"""A corpus that is HTML, in the real web UI and a real browser: its texts, ids, labels, groups and names stay text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import chromium
import dagster as dg
import pytest
import yaml

from tests.graph_project import TinyProject, run, tiny_project, within
from tests.test_servers import Servers

pytestmark = [pytest.mark.slow, chromium.needed]

RUN = "document.title='run'"
SCRIPT = f"<script>{RUN}</script>"
IMAGE = f'<img src="/x" onerror="{RUN}">'
VIRTUAL_MS = 15_000  # the page asks for its data in the first seconds; virtual time costs 4 real ones


@dataclass(frozen=True)
class Shown:
    """A web server that shows the hostile project, and the run that made it."""

    url: str
    run_id: str
    batch: str
    profile: Path

    def page(self, path: str) -> str:
        return chromium.dom(f"{self.url}{path}", self.profile, VIRTUAL_MS)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("hostile")
    project, name = hostile_project(folder / "project"), f"<svg onload={RUN}>"
    batch = project.letters().source.batches()[0]
    with dg.DagsterInstance.from_config(str(project.root / "home")) as instance:
        instance.add_dynamic_partitions("corpora/letters", [batch, name])
        made = run(project.defs(), instance, "corpora/letters/raw corpora/letters/clean", batch)
    checks = {e.check_name: e.passed for e in made.get_asset_check_evaluations()}
    assert checks == {"rejected_share": False, "group_share_domain": False}
    servers = Servers(project)
    try:
        within(120, "the web server to be ready", servers.ready)
        yield Shown(servers.url.removesuffix("/graphql"), made.run_id, batch, folder / "profile")
    finally:
        servers.stop()
        within(30, "every process to be gone", lambda: servers.left() == [])


def hostile_project(root: Path) -> TinyProject:
    """One batch of letters; all that a corpus can name is a script or a picture."""
    project = tiny_project(root, batches=())
    rows: list[dict[str, Any]] = [
        {
            "id": f"{SCRIPT}{n}",
            "text": f"{SCRIPT} number {n}",
            "spans": [{"start": 0, "end": 8, "label": IMAGE}],
            "groups": {"domain": f"{IMAGE}{n % 2}"},
        }
        for n in range(40)
    ]
    rows.append({"id": IMAGE, "text": "<b>", "spans": []})
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    (project.corpus / f"<svg onload={RUN}>.jsonl").write_text(lines, encoding="utf-8")
    corpora = yaml.safe_load((root / "recipes" / "corpora.yaml").read_text())
    share = {"use": "group_share", "by": "domain", "required": [SCRIPT]}
    few = {"use": "rejected_share", "at_most": 0.0}
    corpora["letters"]["gates"] = {"clean": {"quality": [few], "fairness": [share]}}
    (root / "recipes" / "corpora.yaml").write_text(yaml.safe_dump(corpora))
    (root / "home" / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return project


class Elements(HTMLParser):
    """Every element that would run or fetch what the corpus says, and all text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hostile: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attributes}
        if names & {"onload", "onerror"} or ("src", "/x") in attributes:
            self.hostile.append(f"{tag} {attributes}")

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "script" and data == RUN:
            self.hostile.append(data)
        self.text += data


def test_a_failed_check_shows_its_reason_as_the_text_that_it_is(shown: Shown) -> None:
    html = shown.page("/assets/corpora/letters/clean?view=checks&checkDetail=group_share_domain")
    assert f"no document of the required domain {escape(SCRIPT, quote=False)}: add text that has it" in html
    seen = Elements(html)
    assert (seen.hostile, "<title>run</title>" in html) == ([], False)
    assert "verdicts/data_docs.html" in seen.text


def test_an_asset_shows_labels_and_groups_of_its_metadata_as_text(shown: Shown) -> None:
    html = shown.page("/assets/corpora/letters/clean")
    seen = Elements(html)
    assert f"{json.dumps(IMAGE)}: 40" in seen.text
    assert (seen.hostile, "<title>run</title>" in html) == ([], False)


def test_the_name_of_a_batch_is_text_in_the_list_of_partitions_and_in_the_log_of_a_run(shown: Shown) -> None:
    for path in ("/assets/corpora/letters/clean?view=partitions", f"/runs/{shown.run_id}"):
        html = shown.page(path)
        seen = Elements(html)
        assert (seen.hostile, "<title>run</title>" in html) == ([], False)
        assert shown.batch in seen.text
        if "partitions" in path:
            assert f"<svg onload={RUN}>" in seen.text
