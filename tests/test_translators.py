"""Every translator gives a text for a text, whatever the texts are; each says what it lacks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nasty_documents import texts
from tiny_marian import tiny_marian

from pipeline.errors import WrongUse
from pipeline.part import BadSettings, build, names
from pipeline.translator import NoSuchDirection, Translator, TranslatorError
from pipeline.translator.apertium import Apertium
from pipeline.translator.glossary import Glossary

FILES = ["source.spm", "target.spm", "vocab.json", "tokenizer_config.json"]
needs_apertium = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="apt-get install apertium apertium-eng-spa brings Apertium"
)


@pytest.fixture(scope="session")
def marian_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Marian model of random weights."""
    pytest.importorskip("sentencepiece")
    return tiny_marian(tmp_path_factory.mktemp("marian") / "model")


@pytest.fixture(scope="session")
def converted_folder(marian_folder: Path) -> Path:
    """The same, converted."""
    converters = pytest.importorskip("ctranslate2.converters")
    folder = marian_folder.parent / "converted"
    converters.TransformersConverter(str(marian_folder), copy_files=FILES).convert(str(folder))
    return folder


@pytest.fixture
def opened(request: pytest.FixtureRequest) -> Callable[[str], Translator]:
    """A translator that works here, by name."""

    def of(name: str) -> Translator:
        if name == "apertium" and shutil.which("apertium") is None:
            pytest.skip("apt-get install apertium apertium-eng-spa brings Apertium")
        spec: dict[str, object] = {"use": name}
        if name in ("marian", "ctranslate2"):
            folder = request.getfixturevalue("marian_folder" if name == "marian" else "converted_folder")
            spec |= {"models": {"en-es": str(folder), "es-en": str(folder)}, "max_length": 24, "batch": 3}
        if name == "glossary":
            spec["words"] = {"the": "el", "city": "ciudad"}
        part = build("translator", spec)
        assert isinstance(part, Translator)
        return part

    return of


@pytest.mark.parametrize("name", names("translator"))
def test_a_text_comes_back_for_every_text_in_order(name: str, opened: Callable[[str], Translator]) -> None:
    given = ["Anna met Bo in Paris .", "the big city", "", "  ", "12 .", "Anna met Bo in Paris .", "no house"]
    made = opened(name).translate(given, "en", "es")
    assert len(made) == 7
    assert made[2:5] == ["", "  ", "12 ."]
    assert made[0] == made[5]
    assert opened(name).translate([], "en", "es") == []
    assert opened(name).translate(given[::-1], "en", "es") == made[::-1]


@pytest.mark.parametrize("name", names("translator"))
def test_a_text_comes_out_the_same_whatever_it_is_translated_with(
    name: str, opened: Callable[[str], Translator]
) -> None:
    given = ["the city", "Anna met Bo in Paris and they went to Oslo .", "it was a large house , he said .", "no"]
    translator = opened(name)
    assert [translator.translate([text], "en", "es")[0] for text in given] == translator.translate(given, "en", "es")


@pytest.mark.parametrize("name", names("translator"))
def test_line_breaks_and_white_space_at_the_edges_stay_where_they_were(
    name: str, opened: Callable[[str], Translator]
) -> None:
    first, second, third = opened(name).translate(
        [" the city\r\n\n\tthe house \u2028", "the city", "the house"], "en", "es"
    )
    assert first == f" {second}\r\n\n\t{third} \u2028"


@pytest.mark.parametrize("name", names("translator"))
def test_a_direction_that_is_not_there_is_said(name: str, opened: Callable[[str], Translator]) -> None:
    with pytest.raises(NoSuchDirection, match=f"{name}: .*'zh' to 'es'"):
        opened(name).translate(["好"], "zh", "es")


@given(st.lists(texts, max_size=4))
def test_whatever_the_texts_are_as_many_come_back(given: list[str]) -> None:
    class Twice(Glossary):
        def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
            assert all(line.strip() == line and any(c.isalpha() for c in line) for line in lines)
            assert all(len(line.splitlines()) == 1 for line in lines)
            return [line + " " + line for line in lines]

    made = Twice(words={"a": "b"}).translate(given, "en", "es")
    assert len(made) == len(given)
    assert [len(text.splitlines()) for text in made] == [len(text.splitlines()) for text in given]


def test_a_translator_that_loses_a_line_is_not_believed() -> None:
    class Loses(Glossary):
        def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
            return list(lines)[1:]

    with pytest.raises(TranslatorError, match="2 lines went in and 1 came out"):
        Loses(words={"a": "b"}).translate(["one", "two"], "en", "es")


def test_a_glossary_is_read_from_a_file_and_its_content_is_in_the_fingerprint(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text("big\tgrande\nlarge\tgrande\n\nNew York\tNueva York\nnew\tnuevo\n", encoding="utf-8")
    glossary = Glossary(file=str(file))
    assert glossary.translate(["A large, new house in new york: newer"], "en", "es") == [
        "A grande, nuevo house in Nueva York: newer"
    ]
    assert glossary.translate(["Grande"], "es", "en") == ["Big"]
    before = glossary.fingerprint()
    file.write_text("big\tgran\n", encoding="utf-8")
    assert Glossary(file=str(file)).fingerprint() != before


def test_a_glossary_knows_words_in_chinese_text() -> None:
    glossary = Glossary(pair="zh-en", words={"好用": "handy", "实用": "handy"})
    assert glossary.translate(["很实用。"], "zh", "en") == ["很handy。"]
    assert glossary.translate(["很handy。"], "en", "zh") == ["很好用。"]


def test_a_wrong_line_of_a_glossary_is_named(tmp_path: Path) -> None:
    file = tmp_path / "words.tsv"
    file.write_text("big\tgrande\nlarge grande\n", encoding="utf-8")
    with pytest.raises(WrongUse, match=r"words\.tsv:2: write a word, a tab and its translation"):
        Glossary(file=str(file)).translate(["big"], "en", "es")
    with pytest.raises(WrongUse, match="cannot be read as UTF-8"):
        Glossary(file=str(tmp_path / "none.tsv")).translate(["big"], "en", "es")
    with pytest.raises(BadSettings, match="give words, or the file that holds them"):
        build("translator", "glossary")


@needs_apertium
def test_apertium_keeps_the_full_stop_at_the_end_and_signs_of_its_own() -> None:
    spanish = Apertium().translate(["It was not good .", "He said [a] <b> ^x$ @1@ \\ /z~ {y} * done"], "en", "es")
    assert spanish == ["No fue bien .", "Dijo [un] <b> ^x$ @1@ \\ /z~ {y} * hecho"]
    assert Apertium().translate(["El gato negro duerme ."], "es", "en") == ["The black cat sleeps ."]


def test_apertium_that_is_not_there_is_named_with_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(WrongUse, match="not installed; apt-get install apertium apertium-eng-spa"):
        Apertium().translate(["one"], "en", "es")


@needs_apertium
def test_a_pair_of_apertium_that_is_not_there_is_named_with_its_package() -> None:
    with pytest.raises(WrongUse, match="no mode eng-epo; apt-get install apertium apertium-eng-epo"):
        Apertium(pair="eng-epo").translate(["one"], "en", "eo")


def fake_apertium(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "apertium"
    program.write_text(f"#!{sys.executable}\nimport sys, time\ntext = sys.stdin.read()\n{code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_apertium_that_hangs_or_dies_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_apertium(tmp_path, "time.sleep(60)", monkeypatch)
    with pytest.raises(TranslatorError, match=r"eng-spa took longer than 0\.5 seconds"):
        Apertium(seconds=0.5).translate(["one"], "en", "es")
    fake_apertium(tmp_path, "sys.exit('no memory')", monkeypatch)
    with pytest.raises(TranslatorError, match="eng-spa ended with 1: no memory"):
        Apertium().translate(["one"], "en", "es")


def test_apertium_that_moves_line_breaks_is_asked_again_for_fewer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_apertium(tmp_path, "sys.stdout.write(text.replace('two\\n\\n', 'two '))", monkeypatch)
    assert Apertium().translate(["one", "two", "three"], "en", "es") == ["one", "two", "three"]


def test_a_line_that_is_too_long_for_a_model_stays_untranslated(marian_folder: Path, converted_folder: Path) -> None:
    long = "the big city " * 20
    for use, folder in (("marian", marian_folder), ("ctranslate2", converted_folder)):
        part = build("translator", {"use": use, "models": {"en-es": str(folder)}, "max_length": 24})
        assert isinstance(part, Translator)
        first, second = part.translate([long, "the big city"], "en", "es")
        assert first == long
        assert second != "the big city"


def test_a_model_that_is_not_there_or_not_safe_is_said(
    tmp_path: Path, marian_folder: Path, converted_folder: Path
) -> None:
    unsafe = tmp_path / "unsafe"
    shutil.copytree(marian_folder, unsafe)
    (unsafe / "model.safetensors").rename(unsafe / "pytorch_model.bin")
    for use, where, said in [
        ("marian", "./nowhere", r"there is no folder \./nowhere; give one, or a hub id"),
        ("marian", str(unsafe), r"holds no \*\.safetensors"),
        ("marian", "nobody/nothing-en-es", "nobody/nothing-en-es cannot be opened"),
        ("ctranslate2", str(marian_folder), r"holds no model\.bin"),
    ]:
        part = build("translator", {"use": use, "models": {"en-es": where}})
        assert isinstance(part, Translator)
        with pytest.raises(WrongUse, match=said):
            part.translate(["the city"], "en", "es")
    (tmp_path / "broken").mkdir()
    shutil.copytree(converted_folder, tmp_path / "broken", dirs_exist_ok=True)
    (tmp_path / "broken" / "model.bin").write_bytes(b"no model")
    part = build("translator", {"use": "ctranslate2", "models": {"en-es": str(tmp_path / "broken")}})
    assert isinstance(part, Translator)
    with pytest.raises(WrongUse, match="is no converted model"):
        part.translate(["the city"], "en", "es")


def test_the_files_of_a_model_are_in_its_fingerprint(tmp_path: Path, marian_folder: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(marian_folder, folder)
    spec = {"use": "marian", "models": {"en-es": str(folder)}}
    before = build("translator", spec).fingerprint()
    assert build("translator", spec).fingerprint() == before
    tiny_marian(tmp_path / "other", seed=1)
    shutil.copy(tmp_path / "other" / "model.safetensors", folder / "model.safetensors")
    assert build("translator", spec).fingerprint() != before


def test_a_language_that_a_model_of_many_languages_lacks_is_said(marian_folder: Path, converted_folder: Path) -> None:
    for use, folder in (("marian", marian_folder), ("ctranslate2", converted_folder)):
        part = build("translator", {"use": use, "models": {"en-es": str(folder)}, "codes": {"en": "eng_Latn"}})
        assert isinstance(part, Translator)
        with pytest.raises(WrongUse, match=f"{use}: codes: the model has no language 'eng_Latn'"):
            part.translate(["the city"], "en", "es")
