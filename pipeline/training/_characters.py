"""A vocabulary of one row a character of the training text, for a script that the base vocabulary hardly covers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_COUNT = 2  # rarer characters train the row of [UNK], which would otherwise meet its first example in the test
WINDOW = 2
CONTEXTS = 1500  # commonest characters that count as context; more changed nothing on People's Daily but the time


def character_vocabulary(texts: Sequence[str], tokenizer: Any) -> dict[str, int]:
    """Special tokens, then the characters of `texts` as the tokenizer's normalizer leaves them, commonest first."""
    counts = Counter(c for text in texts for c in _normalized(text, tokenizer) if not c.isspace())
    chosen = sorted((c for c, n in counts.items() if n >= MIN_COUNT), key=lambda c: (-counts[c], c))
    special = list(dict.fromkeys(tokenizer.all_special_tokens))
    return {token: i for i, token in enumerate([*special, *(c for c in chosen if c not in special)])}


def character_tokenizer(vocabulary: dict[str, int], base: Any) -> Any:
    """A fast tokenizer with one token a character that is not white space; white space only separates.

    It keeps the special tokens and the window length of `base`, and opens with plain AutoTokenizer.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    fast = Tokenizer(models.WordLevel(vocabulary, unk_token=base.unk_token))
    if _lowercases(base):
        fast.normalizer = normalizers.Lowercase()
    fast.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Split(Regex("."), "isolated")]
    )
    fast.post_processor = processors.TemplateProcessing(
        single=f"{base.cls_token} $A {base.sep_token}",
        pair=f"{base.cls_token} $A {base.sep_token} $B:1 {base.sep_token}:1",
        special_tokens=[(t, vocabulary[t]) for t in (base.cls_token, base.sep_token)],
    )
    named = ("unk_token", "cls_token", "sep_token", "pad_token", "mask_token")
    return PreTrainedTokenizerFast(
        tokenizer_object=fast,
        model_max_length=base.model_max_length,
        **{name: getattr(base, name) for name in named if getattr(base, name) is not None},
    )


def character_rows(
    texts: Sequence[str], vocabulary: dict[str, int], tokenizer: Any, base: NDArray[np.float32], seed: int
) -> NDArray[np.float32]:
    """Embedding rows (characters, width): the base row where there is one, else one made from the training text.

    New rows are the left singular vectors of the positive pointwise mutual information between a character and the
    characters one and two places to its left and right (Bullinaria & Levy 2007), weighted by the root of the singular
    values (Levy & Goldberg 2014), brought to the mean and the spread of the base rows. Characters of like use start
    alike, which is what training would otherwise have to find out first.
    """
    import numpy as np

    known = tokenizer.get_vocab()
    width = base.shape[1]
    rows = _distributional([_normalized(t, tokenizer) for t in texts], vocabulary, width, seed)
    used = rows.std() > 0
    mean, spread = base.mean(0), float(np.linalg.norm(base - base.mean(0), axis=1).mean())
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    noise = np.random.default_rng(seed).normal(0, spread / np.sqrt(width), rows.shape)
    rows = np.where(norms > 0, rows / np.maximum(norms, 1e-9) * spread, noise) if used else noise
    rows = rows + mean
    for token, i in vocabulary.items():
        if token in known:
            rows[i] = base[known[token]]
    made: NDArray[np.float32] = rows.astype(np.float32)
    return made


def _distributional(texts: Sequence[str], vocabulary: dict[str, int], width: int, seed: int) -> NDArray[np.float64]:
    import numpy as np

    ids = np.fromiter(
        (i for text in texts for i in (*(vocabulary.get(c, 0) for c in text if not c.isspace()), *([0] * WINDOW))),
        np.int64,
    )
    size, contexts = len(vocabulary), min(CONTEXTS, len(vocabulary))
    blocks = []
    for offset in range(1, WINDOW + 1):
        for left, right in ((ids[:-offset], ids[offset:]), (ids[offset:], ids[:-offset])):
            kept = (left > 0) & (right > 0) & (right < contexts)
            cells = np.bincount(left[kept] * contexts + right[kept], minlength=size * contexts)
            blocks.append(_ppmi(cells.reshape(size, contexts).astype(np.float32)))
    return _left_singular(np.concatenate(blocks, axis=1), width, seed)


def _ppmi(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    total = max(float(counts.sum()), 1.0)
    expected = np.outer(counts.sum(1), counts.sum(0)) / total
    found = counts > 0
    return np.log(np.divide(counts, expected, out=np.ones_like(counts), where=found)).clip(min=0)


def _left_singular(matrix: NDArray[np.float32], width: int, seed: int) -> NDArray[np.float64]:
    """The first `width` left singular vectors times the root of their values (randomized SVD, Halko et al. 2011)."""
    import numpy as np

    rank = min(width, *matrix.shape)
    rng = np.random.default_rng(seed)
    probe = matrix @ rng.standard_normal((matrix.shape[1], min(rank + 16, matrix.shape[1]))).astype(np.float32)
    for _ in range(3):
        probe, _ = np.linalg.qr(matrix @ (matrix.T @ probe))
    left, values, _ = np.linalg.svd(probe.T @ matrix, full_matrices=False)
    scaled = (probe @ left)[:, :rank] * np.sqrt(values[:rank])
    turn, _ = np.linalg.qr(rng.standard_normal((width, width)))  # spread over all dimensions, as base rows are
    turned: NDArray[np.float64] = np.pad(scaled, ((0, 0), (0, width - rank))).astype(np.float64) @ turn
    return turned


def _lowercases(tokenizer: Any) -> bool:
    normalizer = tokenizer.backend_tokenizer.normalizer
    return normalizer is not None and normalizer.normalize_str("A") == "a"


def _normalized(text: str, tokenizer: Any) -> str:
    return text.lower() if _lowercases(tokenizer) else text
