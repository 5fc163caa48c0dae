"""A Marian model of random weights and a real tokenizer, made in a second: what it says is noise."""

from __future__ import annotations

import io
import json
from pathlib import Path

SENTENCES = (
    "Anna met Bo in Paris and they went to Oslo .",
    "the big city has no large house , and the small town has many .",
    "很好用，推荐给大家。 记者在北京见到了他。",
    "XPER0 XPER1 Xent0 Q0Q [0] <0> __0__ 1 2 3 4 5 6 7 8 9",
)


def tiny_marian(folder: Path, seed: int = 0, ends: float = 0.0) -> Path:
    """The folder, filled as `save_pretrained` fills it. The more `ends`, the sooner a translation does."""
    import sentencepiece
    import torch
    from transformers import MarianConfig, MarianMTModel

    folder.mkdir(parents=True)
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=120,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    for name in ("source.spm", "target.spm"):
        (folder / name).write_bytes(model.getvalue())
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    words = [pieces.id_to_piece(n) for n in range(pieces.get_piece_size())]
    words = ["</s>", "<unk>", *(w for w in words if w not in ("<s>", "</s>", "<unk>")), "<pad>"]
    (folder / "vocab.json").write_text(json.dumps({w: n for n, w in enumerate(words)}), encoding="utf-8")
    told = {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "es", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    torch.manual_seed(seed)
    size = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64}
    config = MarianConfig(
        vocab_size=len(words),
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        max_position_embeddings=512,
        pad_token_id=len(words) - 1,
        decoder_start_token_id=len(words) - 1,
        eos_token_id=0,
        bos_token_id=None,
        forced_eos_token_id=0,
        **size,
    )
    made = MarianMTModel(config)
    for weights in made.parameters():
        if weights.dim() > 1:  # large enough for what comes out to depend on what goes in
            torch.nn.init.normal_(weights, std=0.5)
    made.final_logits_bias[0, 0] = ends
    made.generation_config.bad_words_ids = [[len(words) - 1]]  # as the published models have it: no padding is said
    made.save_pretrained(folder)
    return folder
