"""swap_entities keeps labels true, texts well formed and its choices independent of order."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import documents

from pipeline.augmentation.swap_entities import SwapEntities
from pipeline.part import BadSettings, build
from pipeline.rederiving import fault
from pipeline.types import Document, Rejected, Span

ROOT = Path(__file__).parent.parent


def marked(id: str, text: str, **groups: str) -> Document:
    """`[PER Anna] met` as a document."""
    plain, spans = "", []
    for piece in text.split("["):
        head, _, tail = piece.partition("]")
        if not _:
            plain += head
            continue
        label, _, mention = head.partition(" ")
        spans.append(Span(len(plain), len(plain) + len(mention), label, groups))
        plain += mention + tail
    return Document(id, plain, spans=tuple(spans), group_id=f"g-{id}", split="train")


TRAIN = [
    marked("a", "[PER Anna Berg] met [PER Bo] in [LOC Rome]"),
    marked("b", "[PER Cy] left [LOC New York]"),
    marked("c", "记者[PER 王小明]在[LOC 北京]2008年"),
]


def children(doc: Document, train: list[Document] | None = None, **fields: object) -> list[Document]:
    swap = SwapEntities.model_validate(fields).fitted(train or TRAIN)
    return [c for c in swap(doc, swap.rng(doc)) if isinstance(c, Document)]


def test_every_mention_becomes_another_one_of_its_label() -> None:
    known = {"PER": {"Anna Berg", "Bo", "Cy", "王小明"}, "LOC": {"Rome", "New York", "北京"}}
    for child in children(TRAIN[0], copies=3):
        pairs = zip(TRAIN[0].spans or (), child.spans or (), strict=True)
        for before, after in pairs:
            surface = child.text[after.start : after.end]
            assert surface in known[before.label] - {TRAIN[0].text[before.start : before.end]}
            assert after.label == before.label
        assert (child.group_id, child.split) == ("g-a", "train")
        assert child.lineage is not None
        assert child.lineage.parents == ("a",)


def test_children_differ_from_their_parent_and_from_each_other() -> None:
    made = children(TRAIN[1], copies=3)
    texts = {child.text for child in made}
    assert len(texts) == len({child.id for child in made}) == len(made)
    every = {child.text for seed in range(30) for child in children(TRAIN[1], copies=3, seed=seed)}
    assert every == {f"{name} left {place}" for name in ("Anna Berg", "Bo", "王小明") for place in ("Rome", "北京")}


def test_the_same_mention_is_replaced_by_the_same_other_throughout_a_text() -> None:
    doc = marked("d", "[PER Bo] is [PER Bo]")
    for child in children(doc, copies=3):
        first, second = child.text.split(" is ")
        assert first == second


def test_no_latin_letter_or_digit_runs_into_its_neighbour() -> None:
    train = [marked("a", "[LOC 北京]"), marked("b", "[LOC Rome]"), marked("c", "[LOC 上海]")]
    doc = marked("d", "在Windows[LOC 北京]2008年")
    assert {child.text for child in children(doc, train, copies=3)} == {"在Windows上海2008年"}


def test_a_mention_that_is_a_part_of_a_word_stays_as_it_is() -> None:
    assert children(marked("d", "the [LOC Rome]s of this world")) == []


def test_groups_of_a_mention_come_with_it_and_contradicting_ones_do_not() -> None:
    train = [
        marked("a", "[PER Anna]", gender="female"),
        marked("b", "[PER Kim]", gender="female", region="north"),
        marked("c", "[PER Kim]", gender="male", region="north"),
    ]
    (child,) = children(train[0], train)
    assert [(child.text[s.start : s.end], dict(s.groups)) for s in child.spans or ()] == [("Kim", {"region": "north"})]


def test_documents_without_spans_and_without_others_have_no_children() -> None:
    assert children(Document("d", "nothing")) == []
    assert children(Document("d", "nothing", spans=())) == []
    assert children(marked("d", "[ORG Acme]")) == []
    (refused,) = SwapEntities()(TRAIN[0], SwapEntities().rng(TRAIN[0]))
    assert isinstance(refused, Rejected)
    assert refused.reason == "no other mention of the training documents fits"


def test_about_the_share_of_the_parents_is_used() -> None:
    swap = SwapEntities(share=0.25).fitted(TRAIN)
    docs = [marked(f"d{n}", "[PER Bo] came") for n in range(400)]
    assert 70 <= sum(len(list(swap(doc, swap.rng(doc)))) for doc in docs) <= 130


def test_the_order_of_the_training_documents_does_not_matter() -> None:
    assert children(TRAIN[0], TRAIN, copies=3) == children(TRAIN[0], TRAIN[::-1], copies=3)


def test_the_hash_seed_of_python_does_not_matter() -> None:
    code = (
        "from test_augmentation_swap_entities import TRAIN, children\n"
        "print([(c.id, c.text) for d in TRAIN for c in children(d, copies=3)])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@given(st.lists(documents(), min_size=1, max_size=4))
def test_labels_are_true_whatever_the_texts_are(docs: list[Document]) -> None:
    surfaces = {(s.label, d.text[s.start : s.end].strip()) for d in docs for s in d.spans or ()}
    for child in children(docs[0], docs, copies=2):
        assert [s.label for s in child.spans or ()] == [s.label for s in docs[0].spans or ()]
        assert all((s.label, child.text[s.start : s.end].strip()) in surfaces for s in child.spans or ())
        assert all(a.end <= b.start for a, b in pairwise(child.spans or ()))
        assert not any(c.isspace() for a, b in child.tokens or () for c in child.text[a:b])


NAMES = "label\tmention\tgender\nPER\tDana\tfemale\nPER\tEve\tfemale\nPER\tFay\tfemale\nPER\tGus\tmale\n"


def listed(tmp_path: Path, text: str = NAMES, name: str = "names.tsv") -> str:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(path)


def test_a_gazetteer_adds_mentions_with_their_groups(tmp_path: Path) -> None:
    path = listed(tmp_path, '{"label": "PER", "mention": "Dana", "gender": "female"}\n', "names.jsonl")
    doc = marked("d", "[PER Anna Berg] came", gender="male")
    (child,) = children(doc, [doc], gazetteer=path)
    assert child.text == "Dana came"
    assert [dict(s.groups) for s in child.spans or ()] == [{"gender": "female"}]
    swap = SwapEntities(gazetteer=path)
    assert {label: set(mentions) for label, mentions in swap.known_mentions().items()} == {"PER": {"Dana"}}
    assert fault(child, [doc], swap.mentions, {"PER": ["Anna Berg"]}) == "a mention became one that is no known PER"
    assert fault(child, [doc], swap.mentions, swap.known_mentions()) is None


def test_the_gazetteer_alone_is_drawn_from_where_the_recipe_says_so(tmp_path: Path) -> None:
    doc = marked("d", "[PER Bo] left [LOC Rome]")
    every = {
        c.text for seed in range(20) for c in children(doc, gazetteer=listed(tmp_path), inventory="none", seed=seed)
    }
    assert every == {f"{name} left Rome" for name in ("Dana", "Eve", "Fay", "Gus")}
    with pytest.raises(BadSettings, match="with `inventory: none` mentions come from a file alone"):
        build("augmentation", {"use": "swap_entities", "inventory": "none"})


def test_a_balanced_draw_takes_each_value_of_the_group_as_often_as_any_other(tmp_path: Path) -> None:
    settings = {"gazetteer": listed(tmp_path), "inventory": "none"}
    docs = [marked(f"d{n}", "[PER Bo] came") for n in range(400)]
    for balance, least, most in (("", 70, 130), ("gender", 170, 230)):
        swap = SwapEntities(**settings, balance=balance).fitted(TRAIN)
        texts = [c.text for doc in docs for c in swap(doc, swap.rng(doc)) if isinstance(c, Document)]
        assert least <= texts.count("Gus came") <= most, "one of four names, and the only male one"


def test_a_group_with_one_value_or_without_any_is_refused() -> None:
    train = [marked("a", "[PER Anna]", gender="female"), marked("b", "[PER Bo]"), marked("c", "[LOC Rome]")]
    for balance, reason in (
        ("gender", "gender is female for every PER that it is known of: nothing to balance"),
        ("origin", "no mention has the group origin"),
    ):
        swap = SwapEntities(balance=balance).fitted(train)
        (refused,) = swap(train[0], swap.rng(train[0]))
        assert isinstance(refused, Rejected)
        assert refused.reason == reason


def test_a_mention_that_is_listed_twice_keeps_the_groups_that_agree_and_the_list_goes_before_the_corpus(
    tmp_path: Path,
) -> None:
    rows = "label\tmention\tgender\torigin\nPER\tKim\tfemale\tKR\nPER\tKim\tmale\tKR\nPER\tBo\t\tSE\n"
    train = [marked("a", "[PER Bo]", gender="male", origin="DK"), marked("b", "[PER Anna]")]
    found = {
        child.text: dict((child.spans or ())[0].groups)
        for seed in range(20)
        for child in children(train[1], train, gazetteer=listed(tmp_path, rows), seed=seed)
    }
    assert found == {"Kim": {"origin": "KR"}, "Bo": {"gender": "male", "origin": "SE"}}


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("name\tlabel\nBo\tPER\n", "n.tsv", "n.tsv:1: the header has no 'mention'; begin the file with label, mention"),
        ("label\tmention\nPER\n", "n.tsv", "n.tsv:2: has 1 cells and the header 2; part them by tabs"),
        ("label\tmention\n\nPER\t \n", "n.tsv", "n.tsv:3: has no mention; write both into every line"),
        ("label\tmention\n\udcff\tBo\n", "n.tsv", "n.tsv:2: is not UTF-8 (invalid start byte); save the file as UTF-8"),
        ("label\tmention\n", "n.tsv", "n.tsv: lists no mention; write one a line"),
        ('{"label": "PER", "mention": 3}', "n.jsonl", 'n.jsonl:1: is no object of texts; write {"label": "PER"'),
        ('{"label": "PER"}', "n.jsonl", "n.jsonl:1: has no mention; write both into every line"),
        ("PER\tBo", "n.jsonl", "n.jsonl:1: is not JSON:"),
    ],
)
def test_a_gazetteer_that_cannot_be_used_is_refused_with_file_and_line(
    tmp_path: Path, text: str, name: str, said: str
) -> None:
    with pytest.raises(BadSettings) as caught:
        build("augmentation", {"use": "swap_entities", "gazetteer": listed(tmp_path, text, name)})
    ((place, message),) = caught.value.mistakes
    assert place == "gazetteer"
    assert said in message


def test_a_gazetteer_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"none\.tsv: cannot be read: No such file"):
        build("augmentation", {"use": "swap_entities", "gazetteer": str(tmp_path / "none.tsv")})


def test_the_fingerprint_changes_with_the_content_of_the_gazetteer(tmp_path: Path) -> None:
    before = SwapEntities(gazetteer=listed(tmp_path)).fingerprint()
    assert SwapEntities(gazetteer=listed(tmp_path)).fingerprint() == before
    assert SwapEntities(gazetteer=listed(tmp_path, NAMES + "PER\tHal\tmale\n")).fingerprint() != before
