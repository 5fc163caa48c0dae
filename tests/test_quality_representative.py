"""Gates of representativeness: their formulas by hand, the sides they compare, and the encoder's own process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import texts as nasty_texts

from pipeline.errors import WrongUse
from pipeline.frames import Frame, to_table
from pipeline.part import BadSettings, build
from pipeline.quality import _embed
from pipeline.quality._features import NoFeatures, features
from pipeline.quality._reference import sides
from pipeline.quality._representation import c2st, clustered, jsd, null_jsd
from pipeline.quality.c2st_auc import C2stAuc
from pipeline.quality.js_divergence import JsDivergence
from pipeline.quality.reference_coverage import ReferenceCoverage
from pipeline.training import _base_model
from pipeline.types import Document, Split

WEATHER = ["rain falls on the hills", "snow lies in the valley", "a storm comes from the sea", "the sun is out again"]
MARKETS = ["shares rose in Tokyo", "bonds fell in London", "the bank cut its rates", "profits were up by half"]
SPORT = ["our team won 3 to 2", "the referee gave a penalty", "she ran her best race", "both players left the field"]
GATES: list[Any] = [
    C2stAuc(sample=40),
    JsDivergence(sample=40, clusters=4),
    ReferenceCoverage(sample=40, clusters=8),
]


def side(split: Split | None, lines: list[str], count: int = 60, seed: int = 0, **groups: str) -> list[Document]:
    rng = Random(seed)
    return [
        Document(f"{split}-{seed}-{n}", f"{rng.choice(lines)} {rng.randrange(1000)}", "en", split=split, groups=groups)
        for n in range(count)
    ]


def test_jensen_shannon_divergence_is_what_it_is_by_hand() -> None:
    assert jsd(np.array([3.0, 1.0]), np.array([6.0, 2.0])) == pytest.approx(0)
    assert jsd(np.array([1.0, 0.0]), np.array([0.0, 5.0])) == pytest.approx(1)
    # mean (3/4, 1/4): 0.8113 bits; minus half of 1 bit and half of 0 bits
    assert jsd(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.8113 - 0.5, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=9))
def test_jensen_shannon_divergence_is_symmetric_and_between_0_and_1(counts: list[tuple[int, int]]) -> None:
    p, q = (np.array([c[at] + (n == 0) for n, c in enumerate(counts)], float) for at in (0, 1))
    assert 0 <= jsd(p, q) <= 1 + 1e-12
    assert jsd(p, q) == pytest.approx(jsd(q, p), abs=1e-12)


def test_what_chance_reaches_falls_with_the_sample_and_is_the_same_each_time() -> None:
    shares = np.array([4.0, 3, 2, 1])
    small, large = (null_jsd(shares, n, 13, quota=False) for n in (50, 5000))
    assert large < small / 50
    assert small == null_jsd(shares, 50, 13, quota=False)
    assert null_jsd(shares, 50, 13, quota=True) < small  # one side only is a sample


def test_a_classifier_is_not_told_by_groups_that_it_has_seen() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(100), 6)
    rows = np.repeat(rng.normal(size=(100, 200)), 6, axis=0) + rng.normal(scale=0.1, size=(600, 200))
    judged = groups >= 50  # every group has a subject, and the sides have none
    grouped, probabilities = c2st(rows, judged, groups, 13)
    ungrouped, _ = c2st(rows, judged, np.arange(600), 13)
    assert grouped < 0.65
    assert ungrouped == 1.0
    assert probabilities.shape == (600,)


def test_a_classifier_tells_what_can_be_told() -> None:
    rng = np.random.default_rng(1)
    rows, judged = rng.normal(size=(400, 5)), np.arange(400) >= 200
    assert c2st(rows, judged, np.arange(400), 13)[0] == pytest.approx(0.5, abs=0.08)
    rows[judged, 0] += 6
    assert c2st(rows, judged, np.arange(400), 13)[0] > 0.99


def test_clusters_are_those_of_the_reference() -> None:
    reference = np.repeat(np.eye(3), [6, 3, 3], axis=0)
    theirs, ours, nearest = clustered(reference, np.eye(3)[[0, 0, 2]], 3, 13)
    assert {(int(t), int(o), int(reference[n].argmax())) for t, o, n in zip(theirs, ours, nearest, strict=True)} == {
        (6, 2, 0),
        (3, 0, 1),
        (3, 1, 2),
    }


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
def test_the_same_kind_of_text_passes_and_another_fails_in_any_order_of_rows(gate: Any) -> None:
    train = side("train", WEATHER + MARKETS)
    good = [*train, *side("test", WEATHER + MARKETS, seed=1)]
    bad = [*train, *side("test", SPORT, seed=1)]
    verdicts = [gate.check(Frame(to_table(d))) for d in (good, bad)]
    assert [v.outcome for v in verdicts] == ["passed", "failed"], verdicts
    shuffled = Random(5).sample(bad, len(bad))
    assert gate.check(Frame(to_table(shuffled))) == verdicts[1]


@pytest.mark.parametrize("gate", GATES, ids=lambda g: g.name)
def test_fewer_documents_than_the_sample_are_not_judged(gate: Any) -> None:
    verdict = gate.check(Frame(to_table([*side("train", WEATHER), *side("test", WEATHER, 39)])))
    assert (verdict.outcome, verdict.observed) == ("not_judged", None)
    assert "40 documents of train and 39 of test: 40 of each are compared" in verdict.message


def test_a_side_of_few_groups_is_not_judged_by_a_classifier() -> None:
    documents = [
        Document(f"{split}{n}", f"{n} words", "en", group_id=f"{split}{n % 4}", split=split)
        for split in ("train", "test")
        for n in range(20)
    ]
    verdict = C2stAuc(sample=20).check(Frame(to_table(documents)))
    assert verdict.outcome == "not_judged"
    assert "fewer than 5 group ids" in verdict.message


def test_a_pass_in_the_upper_band_says_so() -> None:
    frame = C2stAuc.bad()
    assert (
        C2stAuc(sample=20, at_most=1)
        .check(frame)
        .message.endswith("with an AUC of 1.000, above 0.7: they differ visibly, as months of one newspaper do")
    )
    assert C2stAuc(sample=20, at_most=1, note_from=1).check(frame).message.endswith("with an AUC of 1.000")


@pytest.mark.parametrize("kind", ["parquet", "bare parquet", "jsonl", "version", "memory"])
def test_a_reference_is_a_split_a_group_or_a_file_and_gives_the_same_verdict(kind: str, tmp_path: Path) -> None:
    train, test = side("train", WEATHER + MARKETS, domain="old"), side("test", SPORT, seed=1, domain="new")
    whole = Frame(to_table([*train, *test]))
    expected = C2stAuc(sample=40).check(whole)
    by_group = C2stAuc(sample=40, reference="domain=old", judged="domain=new").check(whole)
    place = f"memory://{tmp_path}/r.jsonl" if kind == "memory" else str(tmp_path / f"r.{kind.split()[-1]}")
    if kind == "version":
        Path(place).mkdir()
        pq.write_table(to_table(train), f"{place}/documents.parquet")
    elif "parquet" in kind:
        pq.write_table(
            to_table(train).select(["text"] if kind.startswith("bare") else ["id", "text", "group_id"]), place
        )
    else:
        with fsspec.open(place, "w") as file:
            file.write("\n".join(json.dumps({"id": d.id, "text": d.text, "other": [1]}) for d in train) + "\n\n")
    by_file = C2stAuc(sample=40, reference=place, judged="all").check(Frame(to_table(test)))
    assert by_group.observed == expected.observed
    assert by_file.outcome == "failed"
    assert by_file.observed == expected.observed or kind == "bare parquet"  # row numbers for ids: another sample


def test_all_that_is_not_the_reference_is_judged() -> None:
    documents = to_table([*side("train", WEATHER, 5), *side("test", WEATHER, 3, 1), *side("validation", WEATHER, 2, 2)])
    reference, judged = sides(documents, "train", "all", 100, 13)
    assert sorted(reference["id"]) == [f"train-0-{n}" for n in range(5)]
    assert sorted(judged["id"]) == ["test-1-0", "test-1-1", "test-1-2", "validation-2-0", "validation-2-1"]


def test_a_large_reference_is_read_a_piece_at_a_time_and_gives_the_sample_of_the_whole(tmp_path: Path) -> None:
    ids = [str(n) for n in range(25_000)]
    pq.write_table(pa.table({"id": ids, "text": ids}), tmp_path / "r.parquet")
    empty = to_table([])
    first, _ = sides(empty, str(tmp_path / "r.parquet"), "all", 50, 13)
    Path(tmp_path / "r.jsonl").write_text("\n".join(json.dumps({"id": i, "text": i}) for i in ids[::-1]))
    second, _ = sides(empty, str(tmp_path / "r.jsonl"), "all", 50, 13)
    assert first["id"].to_list() == second["id"].to_list()
    assert first.height == 50


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reference": "trian"}, "reference: there is no .*trian; give train, validation, test, `group=value`"),
        ({"reference": "HERE/none.parquet"}, "reference: there is no .*/none.parquet"),
        ({"reference": "HERE/columns.parquet"}, "reference: no column `text` among words"),
        ({"reference": "HERE/list.jsonl"}, "list.jsonl:2 is no object with a `text`"),
        ({"judged": "tset"}, "judged: 'tset' is not train, validation, test, `group=value` or `all`"),
    ],
)
def test_a_side_that_is_not_there_is_not_judged_and_says_what_would_be(
    settings: dict[str, str], message: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"words": ["a"]}), tmp_path / "columns.parquet")
    (tmp_path / "list.jsonl").write_text('{"text": "a"}\n["a"]\n')
    settings = {k: v.replace("HERE", str(tmp_path)) for k, v in settings.items()}
    frame = Frame(to_table([*side("train", WEATHER), *side("test", WEATHER, seed=1)]))
    verdict = C2stAuc(sample=40, **settings).check(frame)  # type: ignore[arg-type]
    assert verdict.outcome == "not_judged"
    with pytest.raises(WrongUse, match=message):
        raise WrongUse(verdict.message)


def test_shares_of_a_group_are_compared_with_the_reference_or_with_a_quota() -> None:
    news, law = side("test", WEATHER, 60, 1, domain="news"), side("test", MARKETS, 20, 2, domain="law")
    none = side("test", MARKETS, 20, 3)
    frame = Frame(to_table([*news, *law, *none]))
    gate = JsDivergence(by="domain", judged="all", sample=100, quota={"news": 0.6, "law": 0.2, "unknown": 0.2})
    assert gate.name == "js_divergence_domain_all"
    assert gate.check(frame).observed == 0
    verdict = JsDivergence(by="domain", judged="test", sample=100, quota={"law": 1}).check(frame)
    assert (verdict.outcome, verdict.observed) == ("failed", pytest.approx(0.6100, abs=1e-4))
    assert verdict.evidence["most_different"][0] == {"value": "law", "reference": 1.0, "judged": 0.2}  # type: ignore[index]
    assert JsDivergence(by="domain", judged="all", sample=101, quota={"law": 1}).check(frame).outcome == "not_judged"
    against_group = JsDivergence(by="domain", reference="domain=news", judged="domain=law", sample=20).check(frame)
    assert against_group.observed == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"by": "domain", "quota": {"news": 0.5}}, "shares are 0 or more and sum to 1"),
        ({"by": "domain", "quota": {}}, "shares are 0 or more and sum to 1"),
        ({"quota": {"news": 1.0}}, "`quota` needs `by`"),
        ({"sample": 60}, "50 clusters of 60 documents: set `clusters` to half or less"),
    ],
)
def test_settings_that_cannot_be_measured_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(BadSettings, match=message):
        build("quality", {"use": "js_divergence", **settings})


def test_what_the_judged_documents_lack_is_named_by_ids_and_no_text_leaves() -> None:
    train, test = side("train", WEATHER + MARKETS), side("test", MARKETS, seed=1)
    for gate in GATES:
        verdict = gate.check(Frame(to_table([*train, *test])))
        said = json.dumps(dict(verdict.evidence)) + verdict.message
        assert not any(word in said for word in ("rain falls", "snow lies", "Tokyo", "bank"))
    missing = verdict.evidence["not_covered"]
    texts = {d.id: d.text for d in train}
    assert missing
    assert {texts[m["id"]].rpartition(" ")[0] for m in missing} <= set(WEATHER)  # type: ignore[union-attr, index, call-overload]


@given(st.lists(nasty_texts, min_size=2, max_size=6))
def test_any_texts_have_unit_rows_or_zeros(texts: list[str]) -> None:
    try:
        rows = features(tuple(texts), "ngrams")
    except NoFeatures as error:
        assert not any(texts), error  # noqa: PT017
        return
    lengths = np.linalg.norm(rows, axis=1)
    assert rows.shape[0] == len(texts)
    assert all(length == pytest.approx(1) or length == 0 for length in lengths)


def test_the_encoder_runs_in_its_own_process() -> None:
    texts = ("The king spoke to his people.", "The monarch addressed the nation.", "Shares fell 3 percent.")
    code = "import sys; from pipeline.quality._features import features\n"
    code += f"rows = features({texts!r}, 'encoder')\n"
    code += "print(rows.shape, (rows @ rows.T).round(2).tolist(), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    shape, _, rest = done.stdout.strip().partition(") ")
    like, torch = json.loads(rest.rpartition(" ")[0]), rest.rpartition(" ")[2]
    assert (shape, torch) == ("(3, 384", "False")
    assert like[0][0] == 1.0
    assert like[0][1] > 0.5 > like[0][2]


def test_an_encoder_that_is_not_the_one_expected_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (_embed.PACKAGE, _embed.SHA256) == (_base_model.PACKAGE, _base_model.PACKAGED_SHA256)
    with pytest.raises(SystemExit, match=r"model\.safetensors has SHA-256 53aa51.*, expected 000"):
        _embed.folder(sha256="000")
    with pytest.raises(SystemExit, match="pip install no-such-package, or features: ngrams"):
        _embed.folder("no_such_package")
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NoFeatures, match="the encoder's process ended with 1: it said nothing"):
        features(("a", "b"), "encoder")
