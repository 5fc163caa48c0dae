"""Corpora that are the user's, where they are there: CoNLL-2003 to its release, CLUENER through the splits."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pipeline import stages
from pipeline.frames import documents_of
from pipeline.loading import load_recipes
from pipeline.store import Store
from pipeline.version import Place
from tests.end_to_end import FEW, LITTLE, OPEN, ROOT, gristmill, shown

DATA = Path(os.environ.get("GRISTMILL_TEST_DATA") or ROOT.parent / "shared" / "data")

pytestmark = pytest.mark.slow


@pytest.mark.skipif(
    not (DATA / "conll2003").is_dir(), reason="CoNLL-2003 is the user's: name it in GRISTMILL_TEST_DATA"
)
def test_conll2003_prints_the_token_table_with_its_published_supports(tmp_path: Path) -> None:
    path = ("--set", f"corpora.conll2003.path={DATA / 'conll2003'}")
    words = (*path, *LITTLE, "--set", "training.epochs=0.2", "--set", "lift=null", *OPEN)
    words += ("--set", "gates.splits.quality=[labels_known, label_conflicts]")
    done = gristmill(tmp_path, "run", "conll2003_ner", *FEW, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    status = shown(tmp_path, "conll2003_ner", *words)
    folder = Path(status["published"]["checkpoint"]["few"]["path"])
    tables = json.loads((folder / "evaluation.json").read_text())["tables"]
    tags = next(rows for title, rows in tables.items() if title.startswith("Tokens"))
    support = {row["tag"]: row["support"] for row in tags}
    expected = {"B-LOC": 1668, "B-MISC": 702, "B-ORG": 1661, "B-PER": 1617, "I-LOC": 257, "I-MISC": 216, "I-ORG": 835}
    expected |= {"I-PER": 1156, "O": 38_323, "micro avg": 46_435, "macro avg": 46_435, "weighted avg": 46_435}
    assert support == expected
    assert "micro avg" in done.stdout


@pytest.mark.skipif(not (DATA / "cluener").is_dir(), reason="CLUENER is the user's: name it in GRISTMILL_TEST_DATA")
def test_no_span_of_cluener_drifts_through_import_cleaning_and_splitting(tmp_path: Path) -> None:
    (tmp_path / "corpora.yaml").write_text(
        "cluener:\n  source: {use: cluener, path: '%s'}\n  language: zh\n  licence: research\n"
        "  cleaning: [normalize_unicode, collapse_whitespace]\n" % (DATA / "cluener")
    )
    labels = "address, book, company, game, government, movie, name, organization, position, scene"
    (tmp_path / "cluener_ner.yaml").write_text(
        f"name: cluener_ner\ntask: {{use: ner, labels: [{labels}]}}\ncorpora: [cluener]\ntraining: full\n"
    )
    recipe, store = load_recipes(tmp_path).recipe("cluener_ner"), Store(str(tmp_path / "store"))
    for work in stages.prepared(recipe, store):
        stages.make(work, store)
    splits = stages.make(stages.split(recipe, store), store)

    gold: dict[str, list[tuple[str, str]]] = {}
    for file in ("dev.json", "train.json"):
        for number, line in enumerate((DATA / "cluener" / file).read_text(encoding="utf-8").splitlines(), 1):
            record = json.loads(line)
            mentions = [(a, label, m) for label, ms in record["label"].items() for m, ats in ms.items() for a, _ in ats]
            gold[f"cluener/{file}:{number}"] = [(label, mention) for _, label, mention in sorted(mentions)]
    assert sum(map(len, gold.values())) == 27_044

    tables = [store.audit_documents(splits), store.audit_documents(splits, "rejected.parquet")]
    raw = [store.newest(Place("corpora/cluener/raw", b)) for b in recipe.corpora[0].source.batches()]
    tables += [store.audit_documents(v, "rejected.parquet") for v in raw if v is not None]
    documents = [d for table in tables for d in documents_of(table)]
    assert {d.id for d in documents} == set(gold)
    nested = [d.id for d in documents if d.spans is None]
    assert nested == ["cluener/train.json:1507"], (
        "a book title with two companies inside it; its reason names all three"
    )
    drifted = [
        (d.id, s.label, d.text[s.start : s.end], mention)
        for d in documents
        for s, (label, mention) in zip(d.spans or (), gold[d.id], strict=d.spans is not None)
        if (s.label, _plain(d.text[s.start : s.end])) != (label, _plain(mention))
    ]
    assert drifted == []
    assert sum(len(d.spans or ()) for d in documents) == 27_041


def _plain(text: str) -> str:
    import unicodedata

    return "".join(unicodedata.normalize("NFKC", text).split())
