"""The data docs: what a version's gates found, as one page that shows text as text."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import chromium
from conftest import TinyProject

from assets.judging import waive
from assets.showing import status
from pipeline import stages
from pipeline.frames import Frame, to_table
from pipeline.gate import Gate, judge
from pipeline.quality._data_docs import page
from pipeline.quality.labels_known import LabelsKnown
from pipeline.quality.not_null import NotNull
from pipeline.quality.row_count import RowCount
from pipeline.quality.unique_ids import UniqueIds
from pipeline.store import Store
from pipeline.types import Document, Span
from pipeline.version import Manifest, Place, StoredVerdict, Version, Waiver
from pipeline.work import document

SCRIPT = "<script>document.title='run'</script>"
IMAGE = "<img src=x onerror=\"document.title='run'\">"


class Reader(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}

    def handle_data(self, data: str) -> None:
        self.text += data


def version(place: Place | None = None) -> Version:
    manifest = Manifest("v1", "digest-1", 2, 1, "", (), "2026-01-02T03:04:05+00:00", 0.1, {})
    return Version(place or Place("corpora/letters/clean", "a.jsonl"), manifest)


def judged(gates: list[Gate], frame: Frame) -> Mapping[str, StoredVerdict]:
    return {g.name: StoredVerdict(judge(g, frame), "digest-1", g.fingerprint(), "2026-01-02") for g in gates}


def hostile() -> str:
    """The page of a corpus, a batch, a label, an id and a waiver that are scripts."""
    document = Document(SCRIPT, f"{SCRIPT} met Bo", spans=(Span(0, 4, SCRIPT), Span(5, 7, IMAGE)))
    gates: list[Gate] = [LabelsKnown(), UniqueIds(), NotNull(columns=("label",))]
    verdicts = judged(gates, Frame(to_table([document, document]), labels=("PER", f"</td>{SCRIPT}")))
    waiver = Waiver("unique_ids", "digest-1", SCRIPT, IMAGE, "2026-01-03")
    return page(version(Place(f"corpora/{IMAGE}/clean", SCRIPT)), gates, verdicts, {"unique_ids": waiver})


def test_a_page_shows_what_each_gate_measured_its_number_its_limit_and_its_evidence() -> None:
    gates: list[Gate] = [RowCount(at_least=2), UniqueIds(), NotNull()]
    frame = Frame(to_table([Document("a", "x"), Document("a", "y")]))
    text = Reader(page(version(), gates, judged(gates[:2], frame), {})).text
    for line in (
        "corpora/letters/clean[a.jsonl]: data docs",
        "gates\n1 passed, 1 failed, 1 not judged",
        "row_count: passed",
        "The version holds at least `at_least` documents.",
        'settings\n{"at_least": 2}',
        "observed\n2",
        "limit\nat least 2",
        "unique_ids: failed",
        "limit\nat most 0",
        "2 of 2 documents share their id with another one",
        'ids\n["a"]',
        "ExpectColumnValuesToBeUnique\nid\nfalse\n2\n2",
        "not_null: not judged",
    ):
        assert line.replace("\n", "") in text, line


def test_a_verdict_on_other_data_or_by_another_gate_is_shown_as_not_judged() -> None:
    gate = RowCount(at_least=1)
    verdicts = judged([RowCount(at_least=2)], Frame(to_table([Document("a", "x")])))
    assert "row_count: not judged" in Reader(page(version(), [gate], verdicts, {})).text


def test_a_page_holds_no_script_no_link_and_no_attribute_that_runs() -> None:
    read = Reader(hostile())
    head, body = {"html", "head", "meta", "title", "style", "body"}, {"h1", "h2", "h3", "p", "span"}
    assert read.tags == head | body | {"table", "tr", "th", "td"}
    assert read.attributes == {"lang", "charset", "http-equiv", "content", "class"}
    assert read.text.count(SCRIPT) >= 5
    assert read.text.count("onerror") >= 3


@chromium.needed
def test_a_hostile_corpus_stays_text_in_a_real_browser(tmp_path: Path) -> None:
    (tmp_path / "data_docs.html").write_text(hostile(), encoding="utf-8")
    url = (tmp_path / "data_docs.html").as_uri()
    shown = chromium.dom(url, tmp_path / "profile")
    assert not {"script", "img"} & Reader(shown).tags
    assert "<title>run</title>" not in shown
    assert "&lt;script&gt;document.title='run'&lt;/script&gt;" in shown
    chromium.screenshot(url, tmp_path / "profile", tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 10_000


@chromium.needed
def test_the_browser_of_the_test_above_does_run_a_script_that_is_one(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<!doctype html><title>no</title>{SCRIPT}", encoding="utf-8")
    assert "<title>run</title>" in chromium.dom((tmp_path / "page.html").as_uri(), tmp_path / "profile")


def test_every_judged_version_keeps_its_page_and_the_status_says_where(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    shown = status(recipe, store)
    docs = {(g["stage"], g["gate"]): g["data_docs"] for g in shown["gates"]}
    clean, splits = docs["clean", "rejected_share"], docs["splits", "no_leakage"]
    assert splits == f"{store.where(_newest(store, recipe.place('splits')))}/verdicts/data_docs.html"
    assert shown["published"]["splits"]["all"]["data_docs"] == splits
    assert "rejected_share: passed" in Reader(Path(clean).read_text()).text
    assert shown["published"]["augmented"]["base"]["data_docs"] == docs["augmented", "child_labels"]
    assert shown["published"]["ledger"]["all"]["data_docs"] is None, "it has no gates"


def test_judging_again_writes_the_page_anew_and_looking_verdicts_up_does_not(made: TinyProject) -> None:
    work = next(stages.trained(made.recipe(), "base", made.store))
    path = Path(str(made.store.data_docs(_newest(made.store, work.place))))
    path.write_text("stale")
    stages.judge(work, made.store)
    assert path.read_text() == "stale"
    stages.judge(work, made.store, again=True)
    assert "no_leakage: passed" in Reader(path.read_text()).text
    path.unlink()
    stages.judge(work, made.store)
    assert "no_leakage: passed" in Reader(path.read_text()).text


def test_a_waiver_stands_on_the_page(made: TinyProject) -> None:
    recipe, store = made.recipe(), made.store
    waive(recipe, "splits", ["no_leakage"], None, store, who="Ada", why="<b>a pilot</b>")
    text = Reader(Path(str(store.data_docs(_newest(store, recipe.place("splits"))))).read_text()).text
    assert ": <b>a pilot</b>" in text
    assert "waivedAda, " in text


def test_the_page_of_a_remote_store_is_named_by_its_url() -> None:
    store = Store("memory://docs-of-a-remote-store")
    found = version()
    assert store.data_docs(found) is None
    document(found, [RowCount(at_least=1)], store)
    assert store.data_docs(found) == (
        "memory:///docs-of-a-remote-store/corpora/letters/clean/a.jsonl/v1/verdicts/data_docs.html"
    )
    assert store.verdicts(found) == {}


def test_the_verdicts_of_fairness_gates_are_on_the_page(made: TinyProject) -> None:
    gates = {"splits": {"fairness": [{"use": "group_share", "by": "domain", "at_least": 0.05}]}}
    made.edit_recipe(gates=gates)
    work = next(stages.trained(made.recipe(), "base", made.store))
    stages.judge(work, made.store)
    text = Reader(Path(str(made.store.data_docs(_newest(made.store, work.place)))).read_text()).text
    assert "group_share_domain: not judged" in text
    assert '"by": "domain"' in text


def _newest(store: Store, place: Place) -> Any:
    found = store.newest(place)
    assert found is not None
    return found
