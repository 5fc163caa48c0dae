"""A masked language model of random weights, made in a second: what it says is noise until it is trained."""

from __future__ import annotations

from pathlib import Path

WORDS = ("then", "went", "to", "gladly", "sadly", "good", "bad", "it", "It", "was", "is", "about", ".", "a", "the")


def tiny_masked_model(folder: Path) -> Path:
    """The folder, filled as `save_pretrained` fills it: a BERT of width 16 with two layers and 64 positions."""
    import torch
    from tokenizers.implementations import BertWordPieceTokenizer
    from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

    letters = [prefix + chr(n) for n in (*range(97, 123), *range(65, 91)) for prefix in ("", "##")]
    vocabulary = list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters]))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertForMaskedLM(config).save_pretrained(folder)
    rust = BertWordPieceTokenizer({word: n for n, word in enumerate(vocabulary)}, lowercase=False)
    PreTrainedTokenizerFast(
        tokenizer_object=rust._tokenizer,
        model_max_length=64,
        **{f"{name}_token": f"[{name.upper()}]" for name in ("unk", "cls", "sep", "pad", "mask")},
    ).save_pretrained(folder)
    return folder
