"""What each method trains and keeps, what it refuses, and that nothing of it is lost between memory and disk."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForTokenClassification, DistilBertConfig, DistilBertForTokenClassification

from pipeline.errors import WrongUse
from pipeline.frames import to_table
from pipeline.part import BadSettings, build
from pipeline.training import Splits
from pipeline.training._adapters import attach
from pipeline.training._fit import Run
from pipeline.training._network import always_trained
from pipeline.training._opening import open_checkpoint
from pipeline.training._peft import Allocation, prompted
from pipeline.training._settings import Gradient
from pipeline.types import Checkpoint, Document, Span
from tests import tiny_tasks
from tests.tiny_training import CPU, TASK, largest_difference, recorded_scores, scores_of, splits, tiny_bert

SETTINGS: dict[str, Any] = {"epochs": 2, "batch_tokens": 128, "max_length": 32, "learning_rate": 1e-2}
OWN: dict[str, dict[str, Any]] = {
    "frozen": {},
    "bitfit": {},
    "lora": {"rank": 4},
    "adalora": {"rank": 2, "initial_rank": 4},
    "ia3": {},
    "prompt_tuning": {"virtual_tokens": 4},
    "prefix_tuning": {"virtual_tokens": 4, "projection": 8},
    "adapter": {"kind": "houlsby", "reduction": 4},
    "crf": {},
}
PEFT = ["lora", "adalora", "ia3", "prompt_tuning", "prefix_tuning"]
MERGED = ["lora", "adalora", "ia3"]
KEPT = ["prompt_tuning", "prefix_tuning", "adapter"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("base"))


def method(use: str, base: Path, **changed: Any) -> Gradient:
    found = build("training", {"use": use, "base_model": str(base), **SETTINGS, **OWN[use], **changed})
    assert isinstance(found, Gradient)
    return found


Fits = dict[str, tuple[Path, Checkpoint, float]]


@pytest.fixture(scope="module")
def fits(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Fits:
    """Of each method: the folder, the checkpoint, and how far what is read back is from what was trained."""
    found: Fits = {}
    plain = Run._reopened
    for use in OWN:
        out, far = tmp_path_factory.mktemp(use), list[float]()

        def reopened(self: Run, model: Any, tokenizer: Any, out: Path = out, far: list[float] = far) -> tuple[Any, Any]:
            encoder = self._encoder(model, tokenizer)
            (out / "model").mkdir()
            from pipeline.training import _facts

            _facts.write(out / "model", encoder, self.method.batch_tokens)
            _, before = scores_of(model, tokenizer, out / "model")
            again = plain(self, model, tokenizer)
            far.append(largest_difference(before, scores_of(*again, out / "model")[1]))
            return again

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Run, "_reopened", reopened)
            checkpoint = method(use, base).fit(TASK, splits(), CPU, out, lambda _: None)
        found[use] = (out, checkpoint, far[0])
    return found


@pytest.mark.parametrize("use", OWN)
def test_what_is_read_back_is_what_was_trained(use: str, fits: Fits) -> None:
    # merging and a projection that is not kept round differently; everything else is the same to the bit
    assert fits[use][2] <= (1e-5 if use in (*MERGED, "prefix_tuning") else 0.0)


CHANGED = {
    "frozen": (),
    "bitfit": (".bias",),
    "lora": (".query.weight", ".value.weight"),
    "adalora": (".query.weight", ".value.weight"),
    "ia3": (".key.weight", ".value.weight", ".output.dense.weight"),
    "prompt_tuning": (),
    "prefix_tuning": (),
    "adapter": (),
    "crf": ("",),
}


@pytest.mark.parametrize("use", OWN)
def test_a_method_changes_what_it_says_and_the_head_and_leaves_the_rest(use: str, fits: Fits, base: Path) -> None:
    before = load_file(base / "model.safetensors")
    after = load_file(fits[use][0] / "model" / "model.safetensors")
    changed = {n for n, w in after.items() if n.startswith("bert.") and not torch.equal(w, before[n[5:]])}
    assert {n for n in changed if not n.endswith(CHANGED[use] or ("nothing",))} == set()
    # a bias of the keys is added to all scores of a query alike, so softmax leaves it without a gradient
    for end in (e for e in CHANGED[use] if e != ".key.bias"):
        assert any(n.endswith(end) for n in changed)
    assert "classifier.weight" in after


TRAINED = {  # of 6,277: 85 of the head (16 x 5 + 5)
    "frozen": 85,
    "bitfit": 85 + 16 + 2 * (3 * 16 + 16 + 16 + 32 + 16 + 16),
    "lora": 85 + 2 * 2 * (16 * 4 + 4 * 16),
    "adalora": 85 + 2 * 2 * (16 * 4 + 4 * 16 + 4),
    "ia3": 85 + 2 * (16 + 16 + 16 + 32),
    "prompt_tuning": 85 + 4 * 16,
    "prefix_tuning": 85 + 4 * 16 + (16 * 8 + 8) + (8 * 64 + 64),
    "adapter": 85 + 2 * 2 * (16 * 4 + 4 + 4 * 16 + 16),
    "crf": 6277 + 5 * 5,
}


@pytest.mark.parametrize("use", OWN)
def test_a_method_counts_what_it_trains(use: str, fits: Fits) -> None:
    metrics = fits[use][1].metrics
    assert (metrics["trainable_parameters"], metrics["parameters"]) == (TRAINED[use], max(TRAINED[use], 6277))
    assert metrics["peak_memory_mib"] > 0


@pytest.mark.parametrize("use", MERGED)
def test_the_adapter_beside_a_merged_model_opens_with_plain_peft_head_included(
    use: str, fits: Fits, base: Path
) -> None:
    from peft import PeftModel

    out = fits[use][0]
    merged, tokenizer = open_checkpoint(out / "model")
    bare = AutoModelForTokenClassification.from_pretrained(base, config=merged.config)  # with a head of its own
    assert not torch.equal(bare.classifier.weight, merged.classifier.weight)
    model = PeftModel.from_pretrained(bare, str(out / "adapter")).eval()
    _, found = scores_of(model, tokenizer, out / "model")
    assert largest_difference(found, scores_of(merged, tokenizer, out / "model")[1]) < 1e-5


@pytest.mark.parametrize("use", [*KEPT, "crf"])
def test_a_model_that_needs_its_adapter_says_so_and_gives_other_logits_without_it(use: str, fits: Fits) -> None:
    folder = fits[use][0] / "model"
    model, tokenizer = open_checkpoint(folder)
    alone = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True).eval()
    assert largest_difference(scores_of(model, tokenizer, folder)[1], scores_of(alone, tokenizer, folder)[1]) > 1e-4
    assert "open_checkpoint" in (folder / "README.md").read_text(encoding="utf-8")


def test_a_folder_that_no_training_wrote_whole_is_refused(fits: Fits, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"holds no config\.json"):
        open_checkpoint(tmp_path)
    whole = fits["adapter"][0] / "model"
    for file in [p for p in whole.rglob("*") if p.is_file()]:
        (tmp_path / file.relative_to(whole)).parent.mkdir(exist_ok=True)
        (tmp_path / file.relative_to(whole)).write_bytes(file.read_bytes())
    settings = {"kind": "adapter", "settings": {"kind": "pfeiffer", "reduction": 2}}
    (tmp_path / "adapter" / "method.json").write_text(json.dumps({"kind": "other"}))
    with pytest.raises(WrongUse, match="kind is 'other'; expected one of"):
        open_checkpoint(tmp_path)
    (tmp_path / "adapter" / "method.json").write_text(json.dumps(settings))
    with pytest.raises(WrongUse, match="does not fit the model beside it"):
        open_checkpoint(tmp_path)
    (tmp_path / "adapter" / "method.json").unlink()
    with pytest.raises(WrongUse, match="was not written whole"):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize("head", ["question_answering", "multi_label_classification"])
@pytest.mark.parametrize("use", KEPT)
def test_what_is_kept_apart_serves_every_head(use: str, head: str, base: Path, tmp_path: Path) -> None:
    with recorded_scores() as scores:
        method(use, base, epochs=1).fit(
            tiny_tasks.task(head), tiny_tasks.splits(head, 16), CPU, tmp_path, lambda _: None
        )
    again = scores_of(*open_checkpoint(tmp_path / "model"), tmp_path / "model", tiny_tasks.splits(head, 16))[1]
    assert largest_difference(again, scores) == 0


@pytest.mark.parametrize("use", PEFT)
def test_without_peft_the_error_names_the_extra(use: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(WrongUse, match=r"pip install 'gristmill\[methods\]'"):
        method(use, base).prepared(AutoModelForTokenClassification.from_pretrained(base), "token")


@pytest.mark.parametrize("use", ["prompt_tuning", "prefix_tuning"])
def test_virtual_tokens_leave_room_for_a_text_of_any_length(use: str, base: Path, tmp_path: Path) -> None:
    long = Document("long", "then " * 150 + "Anna", group_id="long", spans=(Span(750, 754, "PER"),))
    whole = splits(8)
    table = to_table([long])
    given = Splits(whole.train, whole.validation, table, "d")
    few = method(use, base, virtual_tokens=6, max_length=None, epochs=1)
    few.fit(TASK, given, CPU, tmp_path, lambda _: None)
    assert json.loads((tmp_path / "model" / "gristmill.json").read_text())["max_length"] == 56
    with pytest.raises(WrongUse, match="max_length: 60 is more than this base model can read; give at most 56"):
        method(use, base, virtual_tokens=6, max_length=60).fit(TASK, given, CPU, tmp_path, lambda _: None)
    with pytest.raises(WrongUse, match="virtual_tokens: 60 leave room for 4 tokens of text; give fewer"):
        method(use, base, virtual_tokens=60, max_length=None).fit(TASK, given, CPU, tmp_path, lambda _: None)


def test_adalora_ends_with_its_rank_on_average_and_too_short_a_training_is_refused(base: Path) -> None:
    part = method("adalora", base)
    torch.manual_seed(0)
    model = part.prepared(AutoModelForTokenClassification.from_pretrained(base), "token")
    allocation = part.steps(model)
    assert isinstance(allocation, Allocation)
    with pytest.raises(WrongUse, match="3 steps is too short for adalora"):
        allocation.begin(3)
    allocation.begin(20)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
    left = []
    for step in range(1, 21):
        optimizer.zero_grad()
        ids = torch.randint(5, 30, (2, 6))
        torch.autograd.backward(model(input_ids=ids).logits.square().sum() + allocation.penalty())
        optimizer.step()
        allocation.stepped(step)
        left.append(sum(int((p != 0).sum()) for n, p in model.named_parameters() if "lora_E" in n))
    assert left[2] == 16  # 4 matrices of 4: nothing is taken away in the first 15 % of the steps
    assert left[13:] == [8] * 7  # and 4 of 2 are left from the last 30 % on


def test_a_base_model_of_another_build_is_refused_by_what_needs_a_bert(base: Path) -> None:
    config = DistilBertConfig(vocab_size=30, dim=16, n_layers=1, n_heads=2, hidden_dim=16)
    model = DistilBertForTokenClassification(config)
    assert always_trained(model, casing=False, adapt_vocabulary=False) == ["classifier"]
    with pytest.raises(WrongUse, match="distilbert is not built as a BERT is"):
        attach(model, "houlsby", 4)
    with pytest.raises(WrongUse, match="takes no prefix of keys and values; use prompt_tuning"):
        prompted(model, "PrefixTuningConfig", ["classifier"], "token", {"num_virtual_tokens": 4})
    with pytest.raises(WrongUse, match="knows no head 'regression'"):
        prompted(model, "PromptTuningConfig", ["classifier"], "regression", {"num_virtual_tokens": 4})
    with pytest.raises(WrongUse, match="reduction: 17 is more than the width 16"):
        attach(AutoModelForTokenClassification.from_pretrained(base), "pfeiffer", 17)
    with pytest.raises(WrongUse, match=r"targets: the method does not fit .* name layers that it has"):
        method("lora", base, targets=["qwery"]).prepared(AutoModelForTokenClassification.from_pretrained(base), "token")


def test_a_fresh_adapter_leaves_the_base_model_as_it_is(base: Path) -> None:
    ids = torch.randint(5, 30, (2, 6))
    for kind, count in (("houlsby", 4), ("pfeiffer", 2)):
        model = AutoModelForTokenClassification.from_pretrained(base).eval()
        before = model(input_ids=ids).logits
        assert torch.equal(attach(model, kind, 4)(input_ids=ids).logits, before)
        assert sum("adapter.down.weight" in n for n, _ in model.named_parameters()) == count


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"use": "adalora", "rank": 12}, "initial_rank 12 must be more than rank 12; or use lora"),
        ({"use": "ia3", "feedforward": ["dense"]}, r"feedforward \['dense'\] must be among targets \[\]"),
        ({"use": "adapter", "kind": "parallel"}, "'houlsby' or 'pfeiffer'"),
        ({"use": "lora", "ranks": 8}, "did you mean 'rank'"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_what_would_be_right(spec: dict[str, Any], said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        build("training", spec)
