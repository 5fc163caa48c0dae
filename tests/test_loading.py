"""Recipes and corpora from YAML: every mistake at once, each with its place, and nobody takes another one down."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import RecipeError, WrongUse
from pipeline.loading import load_recipes
from pipeline.recipe import Project, merged
from tests.conftest import TinyProject

MANY = """\
name: mani
task: {use: ner, lables: [PER]}
corpora: [tiny, tinny]
annotation: [golden]
split: {validation: 1.5}
augmentation: [{use: swap_entities, copies: 0}]
training: {use: full, epoch: 2, learning_rate: fast}
variants:
  lower: {trainings: {epochs: 2}}
  base: {augmentation: []}
  ../up: {augmentation: []}
gates:
  splits: {quality: [{use: f1, at_least: 1}, no_leakage,no_leakage], fairness: [{use: group_share, by: x, at_least: 1}]}
  clean: {quality: [row_count]}
extra: 1
"""
MISTAKES = """\
recipes/many.yaml:1: name: must be the file's name, 'many', got 'mani'
recipes/many.yaml:2: task.labels: is required
recipes/many.yaml:2: task.lables: unknown key; did you mean 'labels'?
recipes/many.yaml:3: corpora[1]: the corpus 'tinny' is not in corpora.yaml; did you mean 'tiny'?
recipes/many.yaml:4: annotation[0]: there is no annotation part 'golden'; did you mean 'gold'?
recipes/many.yaml:5: split.validation: input should be less than 1, or a whole number of documents such as 500, got 1.5
recipes/many.yaml:6: augmentation[0].copies: input should be greater than or equal to 1, got 0
recipes/many.yaml:7: training.learning_rate: input should be a valid number, unable to parse string as a number, \
got 'fast'
recipes/many.yaml:7: training.epoch: unknown key; did you mean 'epochs'?
recipes/many.yaml:9: variants.lower.trainings: unknown key; did you mean 'training'?
recipes/many.yaml:10: variants.base: 'base' is the recipe itself; call the variant something else
recipes/many.yaml:11: variants.../up: is a partition and a folder: write it as [a-z0-9][a-z0-9_-]*
recipes/many.yaml:13: gates.splits.quality[0]: f1_entity_f1 judges checkpoint, not splits
recipes/many.yaml:13: gates.splits.quality[2]: two gates of one stage are called no_leakage
recipes/many.yaml:13: gates.splits.fairness[0].at_least: input should be less than or equal to 0.5, got 1
recipes/many.yaml:14: gates.clean: input should be 'splits', 'augmented' or 'checkpoint', got 'clean'
recipes/many.yaml:15: extra: unknown key; choose from annotation, augmentation, children_per_parent, corpora, \
description, encoder, gates, lift, name, search, split, task, training, variants
"""


def written(project: TinyProject, name: str, text: str | bytes) -> Project:
    """The project with one more file, loaded."""
    data = text.encode() if isinstance(text, str) else text
    (project.recipes / name).write_bytes(data)
    return load_recipes(project.recipes)


def said(project: Project) -> list[str]:
    return [str(m) for m in project.mistakes]


def corpus(**changes: str) -> str:
    known = {"source": "{use: jsonl, path: x}", "language": "en", "licence": "CC0", **changes}
    return "other:\n" + "".join(f"  {key}: {value}\n" for key, value in known.items())


def test_a_good_project_loads_without_mistakes(project: TinyProject) -> None:
    loaded = project.load()
    assert (list(loaded.recipes), list(loaded.corpora), loaded.mistakes, loaded.broken) == (
        ["journeys"],
        ["tiny"],
        (),
        (),
    )
    recipe = loaded.recipe("journeys")
    assert list(recipe.variants) == ["base", "plain"]
    assert [len(v.augmentation) for v in recipe.variants.values()] == [1, 0]
    assert [g.name for g in recipe.gates["checkpoint"]] == ["f1_token_micro_f1"]
    assert [s.name for s in recipe.corpora[0].cleaning] == ["normalize_unicode", "collapse_whitespace", "min_length"]


def test_the_recipes_of_this_repository_load() -> None:
    loaded = load_recipes(Path(__file__).parent.parent / "recipes")
    assert said(loaded) == []
    assert len(loaded.recipes) >= 3


def test_one_file_with_seventeen_mistakes_gives_all_of_them_at_once(project: TinyProject) -> None:
    loaded = written(project, "many.yaml", MANY)
    assert sorted(said(loaded)) == sorted(MISTAKES.splitlines())


def test_a_broken_recipe_takes_no_other_down(project: TinyProject) -> None:
    loaded = written(project, "many.yaml", MANY)
    assert (list(loaded.recipes), loaded.broken) == (["journeys"], ("many",))
    assert loaded.recipe("journeys").name == "journeys"
    with pytest.raises(RecipeError) as error:
        loaded.recipe("many")
    assert len(error.value.mistakes) == 17


def test_mistakes_of_every_file_are_said_at_once(project: TinyProject) -> None:
    (project.recipes / "one.yaml").write_text("name: one\n")
    loaded = written(project, "two.yaml", "training: full\n")
    assert said(loaded) == [
        "recipes/one.yaml:1: task: is required",
        "recipes/one.yaml:1: corpora: is required",
        "recipes/one.yaml:1: training: is required",
        "recipes/two.yaml:1: name: is required",
        "recipes/two.yaml:1: task: is required",
        "recipes/two.yaml:1: corpora: is required",
    ]


def test_a_broken_corpus_breaks_the_recipes_that_read_it_and_no_other(project: TinyProject) -> None:
    known = (project.recipes / "corpora.yaml").read_text()
    (project.recipes / "corpora.yaml").write_text(known + corpus(language="english", cleaning="[min_lenght]"))
    loaded = written(
        project, "reads.yaml", "name: reads\ntask: {use: ner, labels: [A]}\ncorpora: [other]\ntraining: full\n"
    )
    assert (list(loaded.corpora), list(loaded.recipes)) == (["tiny"], ["journeys"])
    line = known.count("\n")
    assert said(loaded) == [
        f"recipes/corpora.yaml:{line + 3}: other.language: string should match pattern '^[a-z]{{2,3}}$', got 'english'",
        f"recipes/corpora.yaml:{line + 5}: other.cleaning[0]: there is no cleaning part 'min_lenght'; "
        "did you mean 'min_length'?",
        "recipes/reads.yaml:3: corpora[0]: the corpus 'other' has mistakes",
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"licence": "''"}, "other.licence: string should have at least 1 character, got ''"),
        ({"language": "no"}, "other.language: input should be a valid string, got False"),
        ({"source": "{use: jsonl}"}, "other.source.path: is required"),
        (
            {"source": "{use: jsonnl, path: x}"},
            "other.source.use: there is no source part 'jsonnl'; did you mean 'jsonl'?",
        ),
        ({"source": "{path: x}"}, "other.source.use: say which source part to use; choose from "),
        ({"groups": "{domain: 5}"}, "other.groups.domain: input should be a valid string, got 5"),
        ({"gates": "{splits: {quality: [no_leakage]}}"}, "other.gates.splits: input should be 'raw' or 'clean', got"),
        (
            {"gates": "{clean: {quality: [no_leakage]}}"},
            "other.gates.clean.quality[0]: no_leakage judges splits, not clean",
        ),
        ({"cleaning": "min_length"}, "other.cleaning: input should be a valid list, got 'min_length'"),
    ],
)
def test_a_corpus_says_what_is_wrong_with_it(project: TinyProject, changes: dict[str, str], message: str) -> None:
    loaded = written(project, "corpora.yaml", corpus(**changes))
    mistakes = [str(m) for m in loaded.mistakes if m.file.endswith("corpora.yaml")]
    assert len(mistakes) == 1
    assert message in mistakes[0]


@pytest.mark.parametrize("name", ["../up", "a/b", "Über", "a b", "<<"])
def test_a_corpus_whose_name_is_no_folder_is_refused(project: TinyProject, name: str) -> None:
    loaded = written(project, "corpora.yaml", corpus().replace("other", f"'{name}'", 1))
    assert f"recipes/corpora.yaml:1: {name}: is part of asset keys and folders: write it as [a-z][a-z0-9_]*" in said(
        loaded
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\nname: y\n", "recipes/x.yaml:2: name: stands here a second time"),
        ("split: {seed: 1,\n  seed: 2}\n", "recipes/x.yaml:2: split.seed: stands here a second time"),
        ("name: a\n  b: [\n", "recipes/x.yaml:2: is not YAML: mapping values are not allowed here"),
        ("- a\n", "recipes/x.yaml:1: must be a mapping of keys to values"),
        ("", "recipes/x.yaml: is empty"),
        (b"name: \xff\n", "recipes/x.yaml: is not YAML in UTF-8: 'utf-8' codec can't decode byte 0xff"),
        ("task: &a [*a]\n", "recipes/x.yaml: stands inside of itself, or is nested or repeated too often"),
        ("name: " + "[" * 5000, "recipes/x.yaml: is not YAML"),
        ("task: 2024-13-45\n", "recipes/x.yaml:1: task: '2024-13-45' cannot be read: month must be in 1..12"),
        ("? [a, b]\n: 1\n", "recipes/x.yaml:1: a key must be a word"),
    ],
)
def test_what_is_not_plain_yaml_is_a_mistake_of_its_file_alone(project: TinyProject, text: str, message: str) -> None:
    loaded = written(project, "x.yaml", text)
    assert any(m.startswith(message) for m in said(loaded)), said(loaded)
    assert (list(loaded.recipes), loaded.broken) == (["journeys"], ("x",))


def test_aliases_of_aliases_do_not_fill_the_memory(project: TinyProject) -> None:
    tens = [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)]
    loaded = written(project, "x.yaml", "\n".join(["a: &a [1]", *tens]))
    assert said(loaded) == ["recipes/x.yaml: stands inside of itself, or is nested or repeated too often"]


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch %s']",
        "!!python/object:os.PathLike {a: %s}",
        "!!python/name:os.system '%s'",
    ],
)
def test_yaml_tags_run_no_code_and_are_refused(project: TinyProject, tmp_path: Path, tag: str) -> None:
    loaded = written(project, "x.yaml", f"name: x\ntask: {tag % (tmp_path / 'owned')}\n")
    assert any(m.startswith("recipes/x.yaml:2: task: ") and "tag" in m and "python/" in m for m in said(loaded))
    assert not (tmp_path / "owned").exists()
    assert list(loaded.recipes) == ["journeys"]


def test_a_folder_that_is_called_like_a_recipe_is_a_mistake_of_its_own(project: TinyProject) -> None:
    (project.recipes / "x.yaml").mkdir()
    loaded = load_recipes(project.recipes)
    assert said(loaded) == ["recipes/x.yaml: cannot be read: Is a directory"]
    assert list(loaded.recipes) == ["journeys"]


def test_corpora_that_are_not_yaml_are_said_and_do_not_raise(project: TinyProject) -> None:
    loaded = written(project, "corpora.yaml", "tiny: [\n")
    assert loaded.recipes == {}
    assert said(loaded)[0].startswith("recipes/corpora.yaml:2: is not YAML")


def test_a_folder_without_corpora_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"corpora\.yaml: not there; a folder of recipes holds corpora\.yaml and"):
        load_recipes(tmp_path)


def test_a_part_outside_of_this_repository_that_raises_at_import_takes_no_recipe_down(
    project: TinyProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "breaks_at_import.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    known = (project.recipes / "journeys.yaml").read_text()
    text = known.replace("name: journeys", "name: x").replace("- gold", "- use: breaks_at_import:Step")
    loaded = written(project, "x.yaml", text)
    assert len(loaded.mistakes) == 1
    assert "annotation[0].use: 'breaks_at_import:Step' cannot be imported: ZeroDivisionError" in said(loaded)[0]
    assert list(loaded.recipes) == ["journeys"]


def test_stop_words_are_not_taken_from_an_encoder_unless_the_recipe_says_so(project: TinyProject) -> None:
    project.edit_corpus(cleaning=["collapse_whitespace", {"use": "remove_stop_words", "words": ["the"]}])
    loaded = project.load()
    assert (list(loaded.corpora), list(loaded.recipes)) == (["tiny"], [])
    assert said(loaded) == [
        "recipes/journeys.yaml:9: corpora[0]: the corpus 'tiny' is cleaned with remove_stop_words, for bag-of-words "
        "views and not for an encoder; take a corpus without remove_stop_words, or write "
        "{use: remove_stop_words, even_for_an_encoder: true} there"
    ]
    project.edit_corpus(cleaning=[{"use": "remove_stop_words", "words": ["the"], "even_for_an_encoder": True}])
    assert said(project.load()) == []


def test_an_unknown_recipe_corpus_or_variant_says_what_is_meant(project: TinyProject) -> None:
    loaded = project.load()
    with pytest.raises(WrongUse, match="there is no recipe 'journey'; did you mean 'journeys'\\?"):
        loaded.recipe("journey")
    with pytest.raises(WrongUse, match="there is no corpus 'tny'; did you mean 'tiny'\\?"):
        loaded.corpus("tny")
    with pytest.raises(WrongUse, match="recipe journeys has no variant 'plane'; did you mean 'plain'\\?"):
        loaded.recipe("journeys").variant("plane")


FULL = {"use": "full", "epochs": 2, "layers": 1}


@pytest.mark.parametrize(
    ("base", "own", "expected"),
    [
        (FULL, {"epochs": 3}, {"use": "full", "epochs": 3, "layers": 1}),
        (FULL, {"use": "full", "epochs": 3}, {"use": "full", "epochs": 3, "layers": 1}),
        (FULL, {"use": "lora", "rank": 8}, {"use": "lora", "rank": 8}),
        (FULL, "lora", {"use": "lora"}),
        (FULL, "full", {"use": "full", "epochs": 2, "layers": 1}),
        ("full", {"epochs": 3}, {"use": "full", "epochs": 3}),
        ("full", {"use": "lora"}, {"use": "lora"}),
        (FULL, None, FULL),
    ],
)
def test_a_variant_changes_the_keys_it_names_or_takes_another_part_alone(
    base: object, own: object, expected: object
) -> None:
    assert merged(base, own) == expected


def test_a_variant_inherits_what_it_does_not_name(project: TinyProject) -> None:
    project.edit_recipe(variants={"slow": {"training": {"learning_rate": 1.0e-5}}, "plain": {"augmentation": []}})
    recipe = project.recipe()
    base, slow, plain = (recipe.variant(name) for name in ("base", "slow", "plain"))
    assert slow.training.settings() == {**base.training.settings(), "learning_rate": 1.0e-5}
    assert slow.augmentation == base.augmentation
    assert (plain.augmentation, plain.training) == ((), base.training)


def test_an_override_changes_one_value_of_the_recipe(project: TinyProject) -> None:
    recipe = project.recipe("training.epochs=7", "split.seed=99", "augmentation=[]", "description='a: [b'")
    assert recipe.variant("base").training.settings()["epochs"] == 7
    assert recipe.variant("plain").training.settings()["epochs"] == 7
    assert recipe.split.seed == 99
    assert recipe.variant("base").augmentation == ()
    assert recipe.description == "a: [b"


def test_an_override_turns_a_bare_word_into_a_mapping(project: TinyProject) -> None:
    project.edit_recipe(training="full")
    training = project.recipe("training.layers=2").variant("base").training
    assert (training.name, training.settings()["layers"]) == ("full", 2)


def test_an_override_of_a_corpus_reaches_its_source_and_its_fields(project: TinyProject) -> None:
    loaded = project.load("corpora.tiny.path=/elsewhere", "corpora.tiny.licence=MIT")
    assert loaded.corpus("tiny").source.settings(places=True)["path"] == "/elsewhere"
    assert loaded.corpus("tiny").licence == "MIT"
    assert loaded.recipe("journeys").corpora[0].licence == "MIT"


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("training.epochs=x", "--set: training.epochs: input should be a valid number, unable to parse string as a"),
        ("training.epoch=3", "--set: training.epoch: unknown key; did you mean 'epochs'?"),
        ("trainin.epochs=3", "--set: trainin: unknown key; did you mean 'training'?"),
        ("corpora.tiny.pathh=x", "--set: tiny.source.pathh: unknown key; did you mean 'path'?"),
        ("corpora.tiny.licence=", "--set: tiny.licence: string should have at least 1 character, got ''"),
        ("augmentation.0.copies=3", "augmentation: input should be a valid list, got {'0': {'copies': 3}}"),
    ],
)
def test_an_override_that_is_wrong_is_said_as_such(project: TinyProject, setting: str, message: str) -> None:
    with pytest.raises(RecipeError) as error:
        project.recipe(setting)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("epochs", "--set epochs: write KEY=VALUE, for example --set training.epochs=3"),
        ("training..epochs=3", "--set training..epochs=3: write KEY=VALUE"),
        ("training.epochs=[1", "--set training.epochs=[1: '[1' is not a YAML value; put it in quotes"),
        ("training.epochs=2024-13-45", "'2024-13-45' is not a YAML value"),
        ("corpora.tinny.path=x", "there is no corpus 'tinny'; did you mean 'tiny'?"),
        ("corpora.tiny=x", "say which field, for example corpora.tiny.path=…"),
        ("description=!!python/name:os.system", "is not a YAML value"),
    ],
)
def test_an_override_that_makes_no_sense_is_wrong_use(project: TinyProject, setting: str, message: str) -> None:
    with pytest.raises(WrongUse) as error:
        project.load(setting)
    assert message in str(error.value)


def test_an_override_without_a_recipe_is_for_corpora_only(project: TinyProject) -> None:
    assert load_recipes(project.recipes, ["corpora.tiny.licence=MIT"]).corpus("tiny").licence == "MIT"
    with pytest.raises(WrongUse, match="is for one recipe; name the recipe"):
        load_recipes(project.recipes, ["training.epochs=3"])
