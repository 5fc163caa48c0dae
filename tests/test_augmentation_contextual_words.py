"""contextual_words asks a masked language model what could stand in the place of words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from pipeline.augmentation import Refused
from pipeline.augmentation import _masked_model as masked
from pipeline.augmentation._tiny_model import CHARACTERS, WORDS, tiny_model
from pipeline.augmentation.contextual_words import ContextualWords
from pipeline.errors import WrongUse
from pipeline.types import Document, Rejected, Span

PEOPLE, PLACES = ("Anna", "Bo", "Zo"), ("Paris", "Oslo")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny")


def english(count: int) -> list[Document]:
    made = []
    for n in range(count):
        person, place = PEOPLE[n % 3], PLACES[n % 2]
        text = f"{person} {'went and ' * (n % 7)}came to {place} with {' '.join(WORDS[n % 9 : n % 9 + n % 11])}"
        at = text.index(place)
        spans = (Span(0, len(person), "PER"), Span(at, at + len(place), "LOC"))
        made.append(Document(f"e{n}", text, "en", group_id=f"e{n}", spans=spans, split="train"))
    return made


def chinese(count: int) -> list[Document]:
    made = []
    for n in range(count):
        text = f"我们到北京{CHARACTERS[n % 20 : n % 20 + n % 15]}了。"
        made.append(Document(f"c{n}", text, "zh", group_id=f"c{n}", spans=(Span(3, 5, "LOC"),), split="train"))
    return made


def children(part: ContextualWords, docs: Iterable[Document]) -> list[Document]:
    return [child for child in part.many(list(docs)) if isinstance(child, Document)]


def replaced(child: Document, parent: Document) -> list[tuple[str, str]]:
    assert child.lineage
    return [(parent.text[p.start : p.end], p.text) for p in child.lineage.pieces if p.text is not None]


def test_a_child_is_the_same_made_alone_and_among_others(folder: Path) -> None:
    docs = english(45) + chinese(30)
    for tokens in (16, 300, 100_000):
        part = ContextualWords(model=str(folder), share_of_words=0.5, copies=2, batch_tokens=tokens)
        together = list(part.many(docs))
        assert len([one for one in together if isinstance(one, Document)]) > 70
        assert together == [one for doc in docs for one in part(doc, part.rng(doc))]
        assert together[::-1] == [one for doc in docs[::-1] for one in [*part.many([doc])][::-1]]


def test_where_rounding_could_decide_a_text_is_asked_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = masked.masked_model(str(folder), 8, "own")
    place = (masked.Place(5, 9, 0.5),)
    asked: list[masked.Asked] = [("Anna came here", "en", place), ("Anna came", "en", place)]
    sizes: list[int] = []
    run = model._run

    def counted(batch: list[object]) -> object:
        sizes.append(len(batch))
        return run(batch)  # type: ignore[arg-type]

    monkeypatch.setattr(model, "_run", counted)
    first = model.fill(asked, 1000)
    assert sizes == [2]
    monkeypatch.setattr(masked, "CLOSE", 1e9)
    assert model.fill(asked, 1000) == first
    assert sizes == [2, 2, 1, 1]


def test_english_words_become_other_whole_words_and_mentions_stay(folder: Path) -> None:
    part = ContextualWords(model=str(folder), share_of_words=1, top_k=20)
    docs = english(40)
    by_id = {doc.id: doc for doc in docs}
    made = children(part, docs)
    assert len(made) > 30
    single = set(WORDS) | set("abcdefghijklmnopqrstuvwxyz")
    for child in made:
        assert child.lineage
        parent = by_id[child.lineage.parents[0]]
        pairs = replaced(child, parent)
        assert pairs
        assert all(old != new and new in single and new not in ("no", "##a") for old, new in pairs)
        assert [child.text[s.start : s.end] for s in child.spans or ()] == [
            parent.text[s.start : s.end] for s in parent.spans or ()
        ]


def test_a_chinese_character_becomes_another_chinese_character(folder: Path) -> None:
    part = ContextualWords(model=str(folder), share_of_words=1, top_k=20)
    for doc in chinese(30):
        for child in children(part, [doc]):
            assert len(child.text) == len(doc.text)
            assert (child.text[3:5], child.text[-1]) == ("北京", "。")
            assert all(new in CHARACTERS and new != old for old, new in replaced(child, doc))


def test_a_capital_at_the_head_of_a_sentence_stays_and_a_name_without_a_label_is_left_alone(folder: Path) -> None:
    doc = Document("a", "Cars came . Anna saw", "en", spans=(), split="train")
    part = ContextualWords(model=str(folder), share_of_words=1)
    [child] = children(part, [replace(doc, text="Cars came to the old Reuters place")])
    words = child.text.split()
    assert words[0] != "Cars" and words[0].istitle()
    assert words[5] == "Reuters"


def test_the_words_drawn_are_among_the_likeliest_and_with_one_it_is_the_likeliest(folder: Path) -> None:
    import torch
    from transformers import AutoTokenizer, BertForMaskedLM

    tokenizer, model = AutoTokenizer.from_pretrained(folder), BertForMaskedLM.from_pretrained(folder).eval()
    text = "the city was good"
    ids = tokenizer(text.replace("city", "[MASK]"), return_tensors="pt")
    with torch.inference_mode():
        logits = model(**ids).logits[0, 2]
    order = [tokenizer.convert_ids_to_tokens(n) for n in logits.argsort(descending=True).tolist()]
    likely = [w for w in order if w.isalpha() and w.isascii() and w.islower() and w not in ("city", "no")][:5]
    for top_k in (1, 5):
        filled = masked.masked_model(str(folder), top_k, "own").fill(
            [(text, "en", (masked.Place(4, 8, n / 10),)) for n in range(10)], 1000
        )
        assert {said for (said,) in filled} == set(likely[:top_k])


def test_a_mention_of_the_training_documents_does_not_come_in_without_a_label(folder: Path) -> None:
    docs = [Document(f"d{n}", f"the {word} was here", "en", spans=(), split="train") for n, word in enumerate(WORDS)]
    part = ContextualWords(model=str(folder), share_of_words=1, top_k=3)
    free = {word for child in children(part, docs) for word in child.text.split()}
    named = sorted(free)[0]
    train = [Document("t", named, "en", spans=(Span(0, len(named), "ORG"),))]
    results = list(part.fitted(train).many(docs))
    refused = [r.reason for r in results if isinstance(r, Rejected)]
    assert "a mention of the training documents came in without a label" in refused
    for result in results:
        if isinstance(result, Document):
            assert named not in {new for _, new in replaced(result, docs[int(result.lineage.parents[0][1:])])}  # type: ignore[union-attr]


def test_what_stands_behind_the_longest_text_of_the_model_stays(folder: Path) -> None:
    part = ContextualWords(model=str(folder), share_of_words=1)
    doc = Document("a", " ".join(["went"] * 100), "en", spans=(), split="train")
    [child] = children(part, [doc])
    words = child.text.split()
    assert "went" not in words[:62]
    assert words[62:] == ["went"] * 38


def test_a_text_without_a_word_to_ask_for_is_refused(folder: Path) -> None:
    part = ContextualWords(model=str(folder))
    with pytest.raises(Refused, match="no word outside of mentions"):
        part.draw(Document("a", "Anna 12 %", "en", spans=(Span(0, 4, "PER"),)), Random(1))


def test_a_model_without_a_masked_language_model_head_is_refused(tmp_path: Path) -> None:
    part = ContextualWords(model=str(tiny_model(tmp_path / "headless", head=False)))
    with pytest.raises(WrongUse, match=r"has no masked-language-model head.*saved as BertForMaskedLM"):
        list(part.many(english(1)))


def test_other_formats_than_safetensors_and_folders_that_are_not_there_are_refused(
    tmp_path: Path, folder: Path
) -> None:
    pickled = tiny_model(tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(WrongUse, match=r"holds no \*\.safetensors"):
        list(ContextualWords(model=str(pickled)).many(english(1)))
    with pytest.raises(WrongUse, match="there is no folder /none/such"):
        list(ContextualWords(model="/none/such").many(english(1)))


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "roberta"}', encoding="utf-8")
    with pytest.raises(WrongUse, match="of the kind 'roberta'"):
        list(ContextualWords(model=str(tmp_path)).many(english(1)))


def test_the_fingerprint_changes_with_the_weights(tmp_path: Path) -> None:
    where = tiny_model(tmp_path / "model")
    before = ContextualWords(model=str(where)).fingerprint()
    tiny_model(where, seed=2)
    assert ContextualWords(model=str(where)).fingerprint() != before
