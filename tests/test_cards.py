"""The cards of a release: what they say, and that text of strangers stays text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline import cards, stages
from pipeline.cards import requirements
from pipeline.cards.counting import counted
from pipeline.cards.markdown import cell
from pipeline.cards.model_card import _opening
from pipeline.draft import sha256_of_file
from pipeline.fairness.group_share import GroupShare
from pipeline.frames import rejected_batch, to_table
from pipeline.quality.row_count import RowCount
from pipeline.recipe import Recipe, gate_set
from pipeline.stages import Trainer
from pipeline.store import Store
from pipeline.training._windows import CASINGS, casing_of
from pipeline.types import Document, Rejected, Span
from pipeline.version import Version
from tests.conftest import TinyProject, good_lines, make_all

Faked = Callable[..., Trainer]
STRICT = {"checkpoint": {"quality": [{"use": "f1", "metric": "token_micro_f1", "at_least": 0.99}]}}


def checkpoint(project: TinyProject, train: Trainer) -> Version:
    work = stages.fine_tune(project.recipe(), "base", project.store, train)
    version = stages.make(work, project.store)
    stages.judge(work, project.store)
    return version


def released(recipe: Recipe, store: Store) -> Path:
    """The folder of the release that is right now; made where it is not there."""
    return store.audit_folder(stages.make(stages.release(recipe, store), store))


def test_a_model_card_says_what_was_measured_on_what(trained: TinyProject) -> None:
    card = (released(trained.recipe(), trained.store) / "model_card.md").read_text()
    assert card.startswith("# journeys\n\nPersons and places in made-up journeys.\n\nTask: ner, labels PER, LOC.")
    assert "Base model: packaged_minilm. Variant: base." in card
    assert "from transformers import AutoTokenizer, AutoModelForTokenClassification" in card
    assert "### Mentions by label" in card
    assert "| journeys/splits | no_leakage | passed | 0.0000 | at most 0 |" in card
    assert "| corpora/tiny/clean[one.jsonl] | rejected_share | passed | 0.0233 | at most 0.5 |" in card
    assert "## Waived gates" not in card
    assert "Released: base, the best on the validation split." in card
    assert "- left out: plain: journeys/checkpoint[plain]: nothing was written yet; materialize it first" in card


def test_a_model_that_was_given_the_casing_says_what_its_token_types_mean(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    told = []
    for kinds in (2, CASINGS):
        config = {"architectures": ["BertForTokenClassification"], "type_vocab_size": kinds}
        (tmp_path / "model" / "config.json").write_text(json.dumps(config))
        told.append("\n".join(_opening(tmp_path)))
    assert "token_type_ids" not in told[0]
    said = told[1].partition("`token_type_ids`")[2]
    for word, kind in (
        ("small letters", "the"),
        ("a capital first", "Bonn"),
        ("capitals alone", "EU"),
        ("digits", "7"),
    ):
        assert f"{casing_of(kind)} {word}" in said
    for word in ("J.", "McDonald"):
        assert re.search(rf"{casing_of(word)} [^0-9]*\(`{re.escape(word)}`\)", said)


def test_a_data_sheet_says_where_the_text_comes_from_and_what_became_of_it(trained: TinyProject) -> None:
    sheet = (released(trained.recipe(), trained.store) / "data_sheet.md").read_text()
    assert "- **tiny** (en). Made-up journeys." in sheet
    assert "- **tiny** (en). Licence: CC0, made up for the tests [r2]. Groups: domain: travel." in sheet
    assert "| corpora/tiny/raw[one.jsonl] | 43 [m1] | 0 [m1] |" in sheet
    assert "| journeys/splits | 80 [m5] | 4 [m5] |" in sheet
    assert "All batches of tiny: 85 [m1] [m2] read,\n84 [m3] [m4] clean." in sheet
    assert "| tiny | 3. min_length | chars | 5 [r2] |" in sheet
    dropped = "min_length | the text has N characters; min_length asks for N | 1 [d6] |"
    assert f"| corpora/tiny/clean[one.jsonl] | {dropped}" in sheet
    assert "| journeys/splits | split | the id stands twice; the first is in N | 1 [d4] |" in sheet
    assert "No step looks for it in tiny: the texts are as the source has them." in sheet


def test_the_four_requirements_are_numbers_with_limits_or_said_not_to_be_measured(trained: TinyProject) -> None:
    sheet = (released(trained.recipe(), trained.store) / "data_sheet.md").read_text()
    assert "| well annotated | journeys/splits | no_leakage | passed [v1] | 0 [v1] | at most 0 [v1] |" in sheet
    asked = "group_share, label_given_group, split_shares, word_association, recall_gap, precision_gap, "
    asked += "equalized_odds, selection_rate, counterfactual_gap"
    assert f"| unbiased |  | not measured: no gate of {asked} | not judged |  |  |" in sheet
    assert "- All of train has the domain travel: nothing can be compared by it." in sheet


def test_what_the_ledger_says_of_leakage_stands_in_the_sheet_with_its_source(trained: TinyProject) -> None:
    recipe, store = trained.recipe(), trained.store
    folder = released(recipe, store)
    sheet = (folder / "data_sheet.md").read_text()
    version = store.published(recipe.place("ledger"))
    assert version is not None
    test = version.manifest.facts["leakage"]["as_split"]
    validation = test["validation"]
    assert "The source gives no splits of its own." in sheet
    for part, by in (("test", test), ("validation", validation)):
        shares = " | ".join(f"{by[name]:.6g} [m6]" for name in ("exact", "near", "template", "mention"))
        assert f"| as_split | {part} | {shares} |" in sheet
    assert (test["exact"], validation["exact"], validation["near"]) == (0, 0, 0)
    statements = json.loads((folder / "data_sheet.json").read_text())
    (said,) = [s for s in statements if s["about"] == "journeys/ledger: as_split validation mention"]
    manifest = f"journeys/ledger/all/{version.name}/manifest.json"
    assert (said["value"], said["how"], said["marks"]) == (validation["mention"], "copied", ["m6"])
    assert said["from"] == {
        "file": manifest,
        "key": "/facts/leakage/as_split/validation/mention",
        "digest": sha256_of_file(trained.root / "store" / manifest),
    }


def test_the_leakage_of_official_splits_stands_in_the_sheet_beside_that_of_the_pipelines_own(
    project: TinyProject, faked: Faked
) -> None:
    for batch, split in (("one", "train"), ("two", "test")):  # the tickets alone tell the batches apart
        lines = [json.dumps({**line, "split": split}) + "\n" for line in good_lines(batch)]
        (project.corpus / f"{batch}.jsonl").write_text("".join(lines))
    project.edit_recipe(gates={})
    recipe, store = project.recipe(), project.store
    make_all(recipe, store, last="augmented")
    checkpoint(project, faked(0.5))
    sheet = (released(recipe, store) / "data_sheet.md").read_text()
    assert "| as_shipped | test | 0 [m6] | 1 [m6] | 0 [m6] | 1 [m6] |" in sheet
    assert "| as_shipped | validation | none | none | none | none |" in sheet
    assert "| as_split | test | 0 [m6] | 0 [m6] |" in sheet
    assert "The source gives no splits of its own." not in sheet


def test_every_mark_of_a_data_sheet_is_in_its_list_of_references_and_the_other_way_round(trained: TinyProject) -> None:
    folder = released(trained.recipe(), trained.store)
    text, _, references = (folder / "data_sheet.md").read_text().partition("## References")
    listed = re.findall(r"^\| \[([a-z]\d+)\] \| (\S+) \|", references, re.M)
    assert {mark for mark, _ in listed} >= set(re.findall(r"\[([a-z]\d+)\]", text))
    root = trained.root / "store"
    assert [file for _, file in listed if not file.endswith(".yaml") and not (root / file).is_file()] == []
    assert len(listed) == len(set(listed)) == 17


def test_every_statement_has_a_value_a_file_a_key_and_how_it_came_from_there(trained: TinyProject) -> None:
    statements = json.loads((released(trained.recipe(), trained.store) / "data_sheet.json").read_text())
    (rows,) = [s for s in statements if s["about"] == "journeys/splits: rows"]
    version = trained.store.published(trained.recipe().place("splits"))
    assert version is not None
    manifest = f"journeys/splits/all/{version.name}/manifest.json"
    sha = sha256_of_file(trained.root / "store" / manifest)
    assert rows == {
        "about": "journeys/splits: rows",
        "value": 80,
        "from": {"file": manifest, "key": "/rows", "digest": sha},
        "how": "copied",
        "marks": ["m5"],
    }
    assert {s["how"] for s in statements} == {
        "copied",
        "summed",
        "counted from documents.parquet",
        "counted from rejected.parquet",
    }
    (clean,) = [s for s in statements if s["about"] == "tiny: clean"]
    assert (clean["value"], len(clean["from"])) == (84, 2)


def test_a_corpus_answers_for_itself_what_a_pipeline_cannot_know(made: TinyProject, faked: Faked) -> None:
    made.edit_corpus(datasheet={"funding": "Nobody | <b>", "purpose": "To be short."})
    checkpoint(made, faked(0.5))
    sheet = (released(made.recipe(), made.store) / "data_sheet.md").read_text()
    assert "| Who paid for it? | funding | tiny: Nobody \\| &lt;b&gt; |" in sheet
    assert "- tiny: To be short." in sheet
    assert "| From which time are the texts? | period | not answered |" in sheet


def test_an_answer_to_no_question_is_a_mistake_with_its_place(made: TinyProject) -> None:
    made.edit_corpus(datasheet={"fundin": "Nobody."})
    (mistake, *_) = made.load().mistakes
    assert (mistake.place, mistake.message) == (
        "tiny.datasheet.fundin",
        "is no question of a data sheet; did you mean 'funding'?",
    )


def test_a_gate_that_is_not_judged_and_data_made_by_other_settings_are_known_gaps(
    made: TinyProject, faked: Faked
) -> None:
    checkpoint(made, faked(0.5))
    gates = {"clean": {"quality": [{"use": "rejected_share", "at_most": 0.5}, "spans_true"]}}
    made.edit_corpus(gates=gates, cleaning=["collapse_whitespace"])
    sheet = (released(made.recipe(), made.store) / "data_sheet.md").read_text()
    assert "- corpora/tiny/clean[one.jsonl]: spans_true not judged" in sheet
    assert "- corpora/tiny/clean[one.jsonl] was made by other settings or other code than clean has now." in sheet
    row = "| well annotated | corpora/tiny/clean[one.jsonl] | spans_true | not judged by the gate as it is now |  |  |"
    assert row in sheet


def test_a_requirement_is_what_the_gate_says_of_itself_else_what_the_table_says() -> None:
    class Odd(RowCount):
        requirements: ClassVar[tuple[str, ...]] = ("diverse",)

    assert requirements.of(Odd(at_least=1)) == ("diverse",)
    assert requirements.of(RowCount(at_least=1)) == ()
    assert requirements.of(GroupShare(by="domain")) == ("representative", "unbiased")


def test_documents_are_counted_by_licence_group_label_and_split(tmp_path: Path) -> None:
    spans = (Span(0, 2, "PER", {"form": "short"}),)
    documents = [
        Document("a", "Bo met", group_id="a", spans=spans, split="train", licence="CC0", language="en"),
        Document("b", "李鹏", group_id="a", spans=(), split="train", groups={"domain": "news"}, language="zh"),
        Document("d", "two", group_id="d", split="train", language="zh"),
        Document("e", "two", group_id="d", split="test", language="zh"),
        Document("c", "none", group_id="c", split="test", label="good", groups={"domain": "law"}, language="en"),
    ]
    pq.write_table(to_table(documents), tmp_path / "documents.parquet")
    assert counted(tmp_path / "documents.parquet") == {
        "documents": 5,
        "groups": 3,
        "divided": 1,
        "characters": {"fewest": 2, "median": 3, "most": 6},
        "without": {"tokens": 5, "label": 4, "spans": 3},
        "empty": 1,
        "language": {"en": 2, "zh": 3},
        "licence": {"": 4, "CC0": 1},
        "split": {
            "train": {
                "documents": 3,
                "spans": {"PER": 1},
                "document_groups": {"domain": {"news": 1}},
                "span_groups": {"form": {"short": 1}},
            },
            "test": {"documents": 2, "label": {"good": 1}, "document_groups": {"domain": {"law": 1}}},
        },
    }


def test_reasons_are_counted_by_kind_and_many_kinds_together(tmp_path: Path) -> None:
    words = [f"word{chr(97 + i)}" for i in range(25)]
    rejected = [Rejected(Document(w, "x"), "step", f"has no {w}") for w in words]
    rejected += [Rejected(Document(f"n{i}", "x"), "step", f"has {i} letters of 'x{i}'") for i in range(3)]
    pq.write_table(pa.Table.from_batches([rejected_batch(rejected)]), tmp_path / "rejected.parquet")
    kinds = counted(tmp_path / "rejected.parquet")["step"]["step"]
    assert (kinds["has N letters of …"], kinds["(others)"], len(kinds)) == (3, 6, 21)


def test_the_provenance_names_every_version_once_down_to_the_bytes_of_the_source(trained: TinyProject) -> None:
    chain = json.loads((released(trained.recipe(), trained.store) / "provenance.json").read_text())
    assert [v["asset"] for v in chain] == [
        "journeys/checkpoint[base]",
        "journeys/ledger",
        "journeys/augmented[base]",
        "journeys/splits",
        "corpora/tiny/clean[one.jsonl]",
        "corpora/tiny/clean[two.jsonl]",
        "corpora/tiny/raw[one.jsonl]",
        "corpora/tiny/raw[two.jsonl]",
    ]
    by_version = {(v["asset"].partition("[")[0], v["version"]): v["digest"] for v in chain}
    read = [i for v in chain for i in v["inputs"] if i["version"]]
    assert len(read) == 8
    assert all(by_version[i["asset"], i["version"]] == i["digest"] for i in read)
    assert {i["asset"] for v in chain[-2:] for i in v["inputs"]} == {"corpora/tiny/source"}


def test_every_number_of_a_model_card_stands_by_a_link_to_the_file_that_says_so(trained: TinyProject) -> None:
    folder = released(trained.recipe(), trained.store)
    said: dict[str, list[str]] = {}
    section, linked = "", False
    for line in (folder / "model_card.md").read_text().splitlines():
        if line.startswith("#"):
            section, linked = line.lstrip("# "), False
        links = re.findall(r"\]\(([^)]+)\)", line)
        for link in links:
            assert (folder / unquote(link)).resolve().is_relative_to(trained.root / "store")
            said.setdefault(section, []).append(link)
        linked = linked or line.startswith("From [")
        row = line.startswith("|") and not set(line) <= set("| -")
        if row and re.search(r"\d", line):
            assert linked or links, f"{section}: {line}"
        for link in links if row else ():
            stored = json.loads((folder / unquote(link)).read_text())["verdict"]
            observed = cell(stored["observed"])
            assert f"| {stored['gate']} | {stored['outcome']} | {observed} | {stored['limit']} |" in line
    metrics = json.loads((folder / "evaluation.json").read_text())["metrics"]
    card = (folder / "model_card.md").read_text()
    assert all(f"| {name} | {value:.4f} |" in card for name, value in metrics.items())
    assert said["Numbers on the test split"] == said["Mentions by label"] == ["evaluation.json"]
    gates = {Path(link).stem for link in said["Gates"]}
    assert {"f1_token_micro_f1", "no_leakage", "rejected_share"} <= gates
    assert said["Gates"][0].startswith("../../../../journeys/checkpoint/base/")
    assert said["Augmentation"][0].endswith("/manifest.json") and said["journeys"][0].endswith("/manifest.json")


def test_a_waiver_upstream_stands_in_both_cards_with_name_date_and_reason(made: TinyProject, faked: Faked) -> None:
    made.edit_corpus(gates={"clean": {"quality": [{"use": "rejected_share", "at_most": 0.0}]}})
    recipe, store = made.recipe(), made.store
    for work in (stages.clean(recipe.corpora[0], f"{b}.jsonl", store) for b in ("one", "two")):
        stages.judge(work, store)
        version = store.find(work.place, work.version)
        assert version is not None
        if not store.settle(version, work.gate_set):
            store.waive(version, "rejected_share", who="Ada | <b>", why="one short line")
            assert store.settle(version, work.gate_set)
    make_all(recipe, store, last="augmented")
    checkpoint(made, faked(0.5))
    folder = released(recipe, store)
    for name in ("model_card.md", "data_sheet.md"):
        card = (folder / name).read_text()
        assert "## Waived gates" in card
        (row,) = [line for line in card.splitlines() if "one short line" in line]
        assert row.startswith("| rejected_share | Ada \\| &lt;b&gt; | 20")


def test_a_waiver_given_after_the_release_makes_new_cards(made: TinyProject, faked: Faked) -> None:
    version = checkpoint(made, faked(0.5))
    before = released(made.recipe(), made.store)
    made.edit_recipe(gates={**STRICT, "splits": {"quality": ["no_leakage"]}})
    recipe, store = made.recipe(), made.store
    stages.judge(stages.fine_tune(recipe, "base", store), store)
    store.waive(version, "f1_token_micro_f1", who="Ada", why="good enough for a test")
    assert store.settle(version, gate_set(recipe.gates, "checkpoint"))
    after = released(recipe, store)
    assert after != before
    assert "good enough for a test" in (after / "model_card.md").read_text()
    assert (
        "| journeys/checkpoint[base] | f1_token_micro_f1 | failed | 0.9000 | at least 0.99 |"
        in (after / "model_card.md").read_text()
    )


def test_a_waiver_on_another_version_of_the_same_content_is_shown(made: TinyProject, faked: Faked) -> None:
    checkpoint(made, faked(0.5))
    strict = {"clean": {"quality": [{"use": "rejected_share", "at_most": 0.0}]}}
    same = [
        "normalize_unicode",
        {"use": "collapse_whitespace", "keep_newlines": True},
        {"use": "min_length", "chars": 5},
    ]
    made.edit_corpus(cleaning=same, gates=strict)
    recipe, store = made.recipe(), made.store
    for batch in ("one.jsonl", "two.jsonl"):
        work = stages.clean(recipe.corpora[0], batch, store)
        version = stages.make(work, store)
        stages.judge(work, store)
        if stages.done(work, store) is None:
            store.waive(version, "rejected_share", who="Ada", why="one short line")
            assert store.settle(version, work.gate_set)
    assert stages.done(stages.split(recipe, store), store) is not None  # the splits are the ones of before
    assert "one short line" in (released(recipe, store) / "model_card.md").read_text()


def test_a_newer_version_that_was_refused_is_named_in_the_card(made: TinyProject, faked: Faked) -> None:
    recipe, store = made.recipe(), made.store
    lines = good_lines("one", 3) + [{"id": f"s{n}", "text": "Hi", "spans": []} for n in range(4)]
    (made.corpus / "one.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    raw = stages.collect(recipe.corpora[0], "one.jsonl")
    stages.make(raw, store)
    work = stages.clean(recipe.corpora[0], "one.jsonl", store)
    stages.make(work, store)
    stages.judge(work, store)
    made.edit_recipe(split={"validation": 0.2, "test": 0.2, "seed": 14})
    recipe = made.recipe()
    for plan in (stages.split, stages.ledger, lambda r, s: stages.augment(r, "base", s)):
        later = plan(recipe, store)
        stages.make(later, store)
        stages.judge(later, store)
    checkpoint(made, faked(0.5))
    card = (released(recipe, store) / "model_card.md").read_text()
    assert "A newer version was refused where these were read:" in card
    assert f"| {work.version} |" in card


def test_text_of_strangers_is_escaped_in_the_cards(made: TinyProject, faked: Faked) -> None:
    attack = "<script>alert('x')</script>"
    made.edit_corpus(description=attack, licence=attack, groups={"domain": attack})
    made.edit_recipe(description=attack)
    with (made.corpus / "one.jsonl").open("a") as file:
        span = {"start": 0, "end": 4, "label": attack}
        file.write(json.dumps({"id": attack, "text": f"{attack} flew.", "spans": [span]}) + "\n")
        file.write(f"{attack} is not JSON\n")
    recipe, store = made.recipe(), made.store
    make_all(recipe, store, last="augmented")
    version = checkpoint(made, faked(0.5))
    store.waive(version, "f1_token_micro_f1", who=attack, why=attack)
    folder = released(recipe, store)
    for name in ("model_card.md", "data_sheet.md"):
        text = (folder / name).read_text()
        assert "<script" not in text
        assert "&lt;script&gt;" in text


def test_a_table_escapes_what_would_end_a_cell_or_begin_a_tag() -> None:
    assert cards.table([{"a|b": "<i>|\nx", "n": 0.12345, "none": None}]) == [
        "| a\\|b | n | none |",
        "| --- | --- | --- |",
        "| &lt;i&gt;\\| x | 0.1235 |  |",
    ]
    assert cards.table([]) == ["(empty)"]


def test_the_card_says_what_was_made_and_what_the_lift_left_out(trained: TinyProject) -> None:
    from dataclasses import replace

    from pipeline.cards.model_card import _augmented

    version = trained.store.published(trained.recipe().place("augmented", "base"))
    assert version is not None
    children = version.manifest.facts["by_operation"]["swap_entities"]
    assert any(f"| swap_entities | {children} |" in line for line in _augmented([version], ""))
    why = "-0.0500 [-0.0600, -0.0400] with all training documents"
    facts = {"originals": 5, "left_out": {"keyboard_noise": why}}
    lowered = replace(version, manifest=replace(version.manifest, facts=facts))
    assert f"- left out, it lowers the score: keyboard_noise {why}" in _augmented([lowered], "")
    assert _augmented([], "") == []
