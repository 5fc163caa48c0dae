"""A masked language model of random weights, made in a second: what it says is noise."""

from __future__ import annotations

import re
from pathlib import Path

WORDS = re.findall(
    r"\w+",
    "a all and came cars city day good has here in is it like many met more my names new no of old one people place "
    "right small some text the there they to two was went what with work year",
)
CHARACTERS = "在北京会见了来的好用推荐给大家是时候里做饭上中下有人这个为我们到说国和地也子得"


def tiny_model(folder: Path, head: bool = True, seed: int = 1) -> Path:
    """The folder, filled as `save_pretrained` fills it; without `head` as a model that has none."""
    import torch
    from tokenizers.implementations import BertWordPieceTokenizer
    from transformers import BertConfig, BertForMaskedLM, BertModel, BertTokenizerFast

    letters = [prefix + chr(n) for n in (*range(97, 123), *range(65, 91)) for prefix in ("", "##")]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *CHARACTERS, *letters]
    vocabulary = list(dict.fromkeys(vocabulary))
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        initializer_range=0.5,  # large enough for what comes out to depend on what goes in
    )
    (BertForMaskedLM if head else BertModel)(config).save_pretrained(folder)
    rust = BertWordPieceTokenizer({word: n for n, word in enumerate(vocabulary)}, lowercase=False)
    BertTokenizerFast(tokenizer_object=rust._tokenizer, do_lower_case=False, model_max_length=64).save_pretrained(
        folder
    )
    return folder
