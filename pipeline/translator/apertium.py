"""Apertium: rules and dictionaries, offline, as Debian packages."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from pipeline.errors import WrongUse
from pipeline.translator import NoSuchDirection, Translator, TranslatorError

_CODES = {
    "ca": "cat", "en": "eng", "eo": "epo", "es": "spa", "eu": "eus", "fr": "fra", "gl": "glg", "it": "ita",
    "pt": "por", "ro": "ron",
}  # fmt: skip
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_BETWEEN = "\n\n"  # Apertium's text format ends a sentence here; its line format eats a full stop at a line's end


class Apertium(Translator):
    """Apertium, one process a call; `apt-get install apertium apertium-eng-spa` brings it to Debian and Ubuntu.

    `pair` is the package's name: two languages in three letters each. Rule-based: words are copied or replaced one by
    one, a pronoun may be lost. Its tagger remembers the line before: of 1,000 CoNLL sentences 63 came out otherwise in
    the opposite order. A call that has taken `seconds` is given up. (Forcada et al., 2011, "Apertium: a
    free/open-source platform for rule-based machine translation".)

    >>> Apertium(pair="eng-spa").pair
    'eng-spa'
    """

    example: ClassVar[Mapping[str, Any]] = {"pair": "eng-spa"}
    in_context: ClassVar[bool] = True

    pair: str = Field("eng-spa", pattern="^[a-z]{3}-[a-z]{3}$")
    seconds: float = Field(600, gt=0, le=86_400)

    def lines(self, lines: Sequence[str], source: str, target: str) -> list[str]:
        """All lines through one process."""
        direction = (_CODES.get(source, source), _CODES.get(target, target))
        if "-".join(direction) != self.pair and "-".join(direction[::-1]) != self.pair:
            raise NoSuchDirection(f"{self.name}: translates {self.pair} and back, not from {source!r} to {target!r}")
        return self._through("-".join(direction), [" ".join(_CONTROL.sub(" ", line).split()) for line in lines])

    def _through(self, mode: str, lines: Sequence[str]) -> list[str]:
        made = self._run(mode, _BETWEEN.join(lines) + "\n").removesuffix("\n").split(_BETWEEN)
        if len(made) == len(lines):
            return made
        if len(lines) == 1:
            return [" ".join(made)]
        half = len(lines) // 2
        return self._through(mode, lines[:half]) + self._through(mode, lines[half:])

    def _run(self, mode: str, text: str) -> str:
        program = shutil.which("apertium")
        if program is None:
            raise WrongUse(f"{self.name}: Apertium is not installed; {self._install()}")
        command = [program, "-u", "-f", "txt", mode]  # -u: no star before words that it does not know
        try:
            done = subprocess.run(
                command, input=text.encode("utf-8", "replace"), capture_output=True, timeout=self.seconds, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise TranslatorError(f"{self.name}: {mode} took longer than {self.seconds:g} seconds") from error
        said = done.stderr.decode("utf-8", "replace").strip()
        if f"Mode {mode} does not exist" in said:
            raise WrongUse(f"{self.name}: Apertium has no mode {mode}; {self._install()}")
        if done.returncode:
            raise TranslatorError(f"{self.name}: {mode} ended with {done.returncode}: {said[-200:]}")
        return done.stdout.decode("utf-8", "replace")

    def _install(self) -> str:
        return f"apt-get install apertium apertium-{self.pair}"
