"""Counterfactual copies: the same sentence, another group's name or term, and every offset true."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import counterfactual, stages
from pipeline.fairness._swaps import GENDER, GROUP, GROUPS, OF, ORIGIN, Swaps
from pipeline.fairness._terms import TERMS, counterparts
from pipeline.fairness.counterfactual_gap import CounterfactualGap
from pipeline.frames import documents_of, to_table
from pipeline.gate import judge
from pipeline.language.names import names
from pipeline.language.names_zh import PAIRS
from pipeline.types import Document, Span
from pipeline.verifying import verify
from pipeline.work import frame_of
from tests.conftest import TinyProject, good_lines, make_all

TWO = Swaps(groups=("english_female", "english_male"))
NONE = to_table([])


def said(*parts: str | tuple[str, str], id: str = "a", language: str = "en", by: str = " ") -> Document:
    """A document of words and of mentions (text, label)."""
    texts, spans, at = [], [], 0
    for part in parts:
        word = part if isinstance(part, str) else part[0]
        if not isinstance(part, str):
            spans.append(Span(at, at + len(word), part[1]))
        texts.append(word)
        at += len(word) + len(by)
    return Document(id, by.join(texts), language, group_id=f"g{id}", spans=tuple(spans), split="test")


def copies(swaps: Swaps, *docs: Document, train: Sequence[Document] = ()) -> list[Document]:
    return list(documents_of(swaps.copies(to_table(train), to_table(docs))))


def mentions(doc: Document) -> list[str]:
    return [doc.text[s.start : s.end] for s in doc.spans or ()]


WORDS = st.one_of(
    st.sampled_from(["met", "said", "1998", "-", "é", "👩\u200d🚀", "和", ","]),
    st.tuples(st.sampled_from(["Bill Clinton", "JOHN MAJOR", "Clinton", "Bill", "J. Smith"]), st.just("PER")),
    st.tuples(st.sampled_from(["Zoë Ünal", "Boutros Boutros Ghali"]), st.just("PER")),
    st.tuples(st.sampled_from(["江泽民", "歐陽修", "约翰·布朗", "克林顿", "小平"]), st.just("PER")),
    st.tuples(st.sampled_from(["Bill Clinton", "北京", "Paris"]), st.just("LOC")),
)  # fmt: skip


@given(st.lists(WORDS, min_size=1, max_size=8), st.sampled_from(["en", "zh"]), st.sampled_from(["", " ", "\n"]))
@settings(max_examples=150, deadline=None)
def test_every_span_of_a_copy_is_what_it_says_and_the_rest_is_letter_by_letter_the_same(
    parts: list[str | tuple[str, str]], language: str, by: str
) -> None:
    doc = said(*parts, language=language, by=by)
    made = copies(Swaps(), doc)
    assert len(made) in (0, len(GROUPS[language]))
    for copy in made:
        assert [s.label for s in copy.spans or ()] == [s.label for s in doc.spans or ()]
        before, after = [0], [0]
        for old, new in zip(doc.spans or (), copy.spans or (), strict=True):
            assert doc.text[before[-1] : old.start] == copy.text[after[-1] : new.start]
            swapped = GENDER in new.groups
            assert swapped or doc.text[old.start : old.end] == copy.text[new.start : new.end]
            group = copy.groups[GROUP].removesuffix("_traditional")
            assert not swapped or f"{new.groups[ORIGIN]}_{new.groups[GENDER]}" == group
            before.append(old.end)
            after.append(new.end)
        assert doc.text[before[-1] :] == copy.text[after[-1] :]
        assert (copy.groups[OF], copy.group_id, copy.split) == ("a", "ga", "test")
    by_group = [tuple(GENDER in s.groups for s in c.spans or ()) for c in made]
    assert len(set(by_group)) <= 1, "the same mentions are replaced for every group"


def test_a_name_and_the_words_of_it_that_stand_alone_are_replaced_by_the_same_everywhere() -> None:
    doc = said(("Bill Clinton", "PER"), "met", ("John Major", "PER"), ".", ("Clinton", "PER"), "left", ("Paris", "LOC"))
    for copy in copies(TWO, doc):
        first, second, alone, place = mentions(copy)
        assert first != second
        assert alone == first.split()[1]
        assert place == "Paris"
        assert {first, second} <= set(names(copy.groups[GROUP]))
        assert [s.groups.get(GENDER) for s in copy.spans or ()][3] is None
    twice = said(("Bill Clinton", "PER"), "met", ("Bill Clinton", "PER"))
    for copy in copies(TWO, twice):
        assert len(set(mentions(copy))) == 1


def test_no_name_is_put_in_of_which_a_part_stands_in_the_training_documents() -> None:
    doc = said(("Bill Clinton", "PER"), "left")
    before = {c.groups[GROUP]: mentions(c)[0] for c in copies(TWO, doc)}
    train = [replace(said((name.split()[at].upper(), "PER"), id=f"t{at}"), split="train")
             for at, name in enumerate(before.values())]  # fmt: skip
    after = {c.groups[GROUP]: mentions(c)[0] for c in copies(TWO, doc, train=train)}
    assert before["english_female"].split()[0] not in after["english_female"].split()
    assert before["english_male"].split()[1] not in after["english_male"].split()
    chinese = Swaps(groups=("chinese_female", "chinese_male"))
    zh = said(("江泽民", "PER"), "来了", language="zh", by="")
    (name, _) = (mentions(c)[0] for c in copies(chinese, zh))
    seen = said((f"欧阳{name[1:]}", "PER"), language="zh")
    assert mentions(copies(chinese, zh, train=[seen])[0])[0][1:] != name[1:], "the given name of another family counts"


def test_a_group_without_enough_names_that_are_new_makes_no_copies() -> None:
    all_of_them = [said(*((n, "PER") for n in names("chinese_male")), language="zh", by="，")]
    zh = said(("江泽民", "PER"), "来了", language="zh", by="")
    assert copies(Swaps(groups=("chinese_female", "chinese_male")), zh, train=all_of_them) == []


def test_copies_depend_on_ids_and_seed_and_not_on_the_order_of_documents() -> None:
    docs = [said(("Bill Clinton", "PER"), str(n), id=str(n)) for n in range(30)]
    some = Swaps(groups=TWO.groups, documents=10)
    made = copies(some, *docs)
    assert made == copies(some, *docs[::-1])
    assert len(made) == 20
    assert len({mentions(c)[0] for c in made}) > 12, "not one name for all"
    other = copies(Swaps(groups=TWO.groups, documents=10, seed=14), *docs)
    assert {c.groups[OF] for c in other} != {c.groups[OF] for c in made}


def test_lengths_of_the_names_are_alike_in_every_group() -> None:
    docs = [said((name, "PER"), "left", id=name) for name in names("english_male")[:200]]
    lengths: dict[str, list[int]] = {}
    for copy in copies(Swaps(), *docs):
        lengths.setdefault(copy.groups[GROUP], []).append(len(mentions(copy)[0]))
    means = {group: sum(n) / len(n) for group, n in lengths.items()}
    assert len(means) == 8
    assert max(means.values()) - min(means.values()) < 0.5, means


def test_names_are_written_as_their_text_is() -> None:
    spanish = Swaps(groups=("spanish_female", "spanish_male"))
    plain = [said(("Bill Clinton", "PER"), "left", id=str(n)) for n in range(40)]
    assert all(c.text.isascii() for c in copies(spanish, *plain))
    marked = [replace(d, text=d.text.replace("left", "né!!")) for d in plain]
    assert not all(mentions(c)[0].isascii() for c in copies(spanish, *marked))
    assert all(mentions(c)[0].isupper() for c in copies(TWO, said(("BILL CLINTON", "PER"), "LEFT")))
    simple = said("中国国家", ("江泽民", "PER"), "来了", language="zh", by="")
    traditional = said("國家", ("歐陽修", "PER"), "來了", language="zh", by="")
    assert {c.groups[GROUP] for c in copies(Swaps(), simple)} == set(GROUPS["zh"])
    made = copies(Swaps(), traditional)
    assert {c.groups[GROUP] for c in made} == {f"{g}_traditional" for g in GROUPS["zh"]}
    assert {s.groups[ORIGIN] for c in made for s in c.spans or ()} == {g.rpartition("_")[0] for g in GROUPS["zh"]}
    assert any(char in PAIRS for c in made for char in mentions(c)[0])
    both = Swaps(groups=("chinese_female", "chinese_female_traditional"))
    assert {s.groups[ORIGIN] for c in copies(both, simple) for s in c.spans or ()} == {"chinese", "chinese_traditional"}


@pytest.mark.parametrize(
    ("text", "female", "male"),
    [
        ("He paid HIM, and his man.", "She paid HER, and her woman.", "He paid HIM, and his man."),
        ("She left. SHE", "She left. SHE", "He left. HE"),
        ("The sheriff heard the theme", None, None),
        ("Her book", None, None),
    ],
)
def test_identity_terms_are_exchanged_as_whole_words_in_their_case(
    text: str, female: str | None, male: str | None
) -> None:
    expected = {} if female is None else {"female": female, "male": male}
    assert counterparts(text, TERMS["en"]) == expected


def test_chinese_terms_are_exchanged_and_words_that_only_hold_them_are_not() -> None:
    made = counterparts("他们和其他女士说，她的女朋友是马耳他人", TERMS["zh"], spaced=False)
    assert made["female"] == "她们和其他女士说，她的女朋友是马耳他人"
    assert made["male"] == "他们和其他先生说，他的男朋友是马耳他人"
    assert counterparts("其他都好", TERMS["zh"], spaced=False) == {}


def test_a_labelled_text_has_a_copy_for_every_group_of_terms_and_keeps_its_label() -> None:
    docs = [Document(str(n), f"他很好 {n}", "zh", label="good", split="test") for n in range(3)]
    made = copies(Swaps(terms=TERMS), *docs, Document("x", "很好", "zh", label="good", split="test"))
    assert Counter(c.groups[GROUP] for c in made) == {"female": 3, "male": 3}
    assert {c.text[0] for c in made if c.groups[GROUP] == "female"} == {"她"}
    assert {c.label for c in made} == {"good"}


def test_gates_with_the_same_settings_share_their_copies_and_others_have_their_own() -> None:
    gender, origin = CounterfactualGap(by="gender"), CounterfactualGap(by="origin", at_most=0.2, tolerance=0.3)
    few, terms = CounterfactualGap(by="gender", documents=10), CounterfactualGap(by="terms")
    assert len(counterfactual.swaps_of([gender, origin])) == 1
    assert len(counterfactual.swaps_of([gender, origin, few, terms])) == 3
    test = to_table([said(("Bill Clinton", "PER"), "left")])
    assert counterfactual.copies([gender, origin], NONE, test).num_rows == 8  # type: ignore[union-attr]
    assert counterfactual.copies([], NONE, test) is None
    assert counterfactual.copies([gender], NONE, to_table([said("nobody left")])) is None
    labelled = to_table([Document("a", "He left", "en", label="good")])
    assert counterfactual.copies([gender], NONE, labelled) is None
    assert counterfactual.copies([gender, terms], NONE, labelled).num_rows == 2  # type: ignore[union-attr]
    assert counterfactual.section([]) == []
    assert counterfactual.section([gender]) == counterfactual.section([origin]) != counterfactual.section([few])


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"groups": ["english_woman", "english_male"]}, "groups: two or more of african_female"),
        ({"groups": ["english_female"]}, "groups: two or more of"),
        (
            {"by": "terms", "terms": {"en": {"a": ["x"], "b": ["y", "z"]}}},
            "terms of en: two groups or more with lists of",
        ),
        ({"by": "terms", "terms": {"en": {"a": ["x"]}}}, "terms of en: two groups or more"),
        ({"at_most": 0.2, "tolerance": 0.1}, "tolerance 0.1 must not be below at_most 0.2"),
    ],
)
def test_wrong_settings_are_refused_with_what_would_be_right(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        CounterfactualGap(**settings)  # type: ignore[arg-type]


PEOPLE = ("Anna Berg", "Bert Holm", "Carl Lund", "Dora Falk", "Emil Strand", "Frida Dahl", "Gustav Ek", "Hanna Ros")


def write_persons(project: TinyProject) -> None:
    """Two batches of forty texts that begin with a full name."""
    for batch in ("one", "two"):
        lines = []
        for n, line in enumerate(good_lines(batch)):
            name, rest = PEOPLE[n % 8], str(line["text"]).partition(" ")[2]
            spans = [{"start": 0, "end": len(name), "label": "PER"}]
            lines.append(json.dumps({"id": line["id"], "text": f"{name} {rest}", "spans": spans}))
        (project.corpus / f"{batch}.jsonl").write_text("\n".join(lines) + "\n")


def test_a_checkpoint_keeps_its_copies_their_predictions_and_what_the_gate_says_of_them(project: TinyProject) -> None:
    write_persons(project)
    gates = {"fairness": [{"use": "counterfactual_gap", "min_support": 10}], "quality": []}
    project.edit_recipe(gates={"checkpoint": gates}, task={"use": "ner", "labels": ["PER"]}, augmentation=[])
    recipe, store = project.recipe(), project.store
    make_all(recipe, store, last="augmented")
    work = stages.fine_tune(recipe, "base", store)
    version = stages.make(work, store)
    assert {"counterfactual.parquet", "predictions_counterfactual.parquet"} <= set(version.manifest.files)
    assert "counterfactual_entity_f1" in version.manifest.facts["metrics"]
    frame = frame_of(version, store, ("PER",))
    assert frame.counterfactual is not None
    assert frame.counterfactual.predictions is not None
    assert frame.counterfactual.predictions["id"].to_pylist() == frame.counterfactual.documents["id"].to_pylist()
    tests = frame.documents.num_rows
    assert tests >= 10
    assert frame.counterfactual.documents.num_rows == 8 * tests
    (verdict,) = stages.judge(work, store)
    assert verdict.evidence["compared"] == tests
    assert verdict == replace(judge(recipe.gates["checkpoint"][0], frame), expectations=verdict.expectations)

    looser = {"use": "counterfactual_gap", "min_support": 11, "at_most": 0.5, "tolerance": 0.6}
    project.edit_recipe(gates={"checkpoint": {"fairness": [looser]}})
    assert stages.fine_tune(project.recipe(), "base", store).version == work.version, "a limit asks for no training"
    project.edit_recipe(gates={"checkpoint": {"fairness": [{**looser, "documents": 20}]}})
    assert stages.fine_tune(project.recipe(), "base", store).version != work.version
    project.edit_recipe(gates={})
    assert stages.fine_tune(project.recipe(), "base", store).version != work.version


def test_a_checkpoint_without_copies_is_not_judged() -> None:
    frame = replace(CounterfactualGap.good(), counterfactual=None)
    verdict = CounterfactualGap().check(frame)
    assert verdict.outcome == "not_judged"
    assert "the checkpoint holds no counterfactual copies" in verdict.message
    assert isinstance(frame.documents, pa.Table)


def test_both_cards_show_what_was_measured_by_group_with_its_sources_and_what_was_not(project: TinyProject) -> None:
    write_persons(project)
    share = {"use": "group_share", "by": "inferred_gender", "min_support": 5}
    loose = {"use": "counterfactual_gap", "min_support": 10, "at_most": 0.98, "tolerance": 0.99}
    project.edit_recipe(
        task={"use": "ner", "labels": ["PER"]},
        annotation=["gold", "name_gender"],
        augmentation=[],
        gates={"splits": {"fairness": [share]}, "checkpoint": {"fairness": [loose]}},
    )
    recipe, store = project.recipe(), project.store
    folder = store.audit_folder(stages.run(recipe, store))
    sheet, card = ((folder / f"{name}.md").read_text() for name in ("data_sheet", "model_card"))
    for text in (sheet, card):
        assert text.count("## Differences between groups") == 1
        assert "These are measurements of single differences, not virtues" in text
        assert "Not tested: groups that no gate above names" in text
    assert re.search(r"\| group_share_inferred_gender \| female \| 0\.\d+ \[v\d\] \|", sheet)
    assert "### counterfactual_gap_gender: passed, limit at most 0.98" in card
    assert "/verdicts/counterfactual_gap_gender.json), `verdict/evidence`." in card
    assert re.search(r"\| PER \| female \| [01]\.\d{4} \| [01]\.\d{4} \| [01]\.\d{4} \| \d+ \|", card)
    assert re.search(r"\| PER \| female minus male \| -?0\.\d{4} \|", card)
    assert list(verify(recipe, store).differences) == []


def test_cards_without_such_gates_say_that_nothing_was_asked(trained: TinyProject) -> None:
    version = trained.store.published(trained.recipe().place("release"))
    assert version is not None
    folder = trained.store.audit_folder(version)
    assert "No gate asked for any on this checkpoint." in (folder / "model_card.md").read_text()
    assert "## Differences between groups\n\nNo gate asked for any.\n" in (folder / "data_sheet.md").read_text()
