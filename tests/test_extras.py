import pytest

from pipeline.errors import WrongUse
from pipeline.extras import require


def test_a_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(WrongUse, match=r"no_such_library is not installed .*; pip install 'gristmill\[web\]'"):
        require("no_such_library.parse", "web")
