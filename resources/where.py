"""Where the project's things lie on this machine. Read from the environment when asked, never at import.

| variable | meaning | default |
| --- | --- | --- |
| GRISTMILL_RECIPES | the folder of recipes | `recipes` in the project |
| GRISTMILL_STORE | the store: a folder or any fsspec URL | `store` in the project |
| DAGSTER_HOME | Dagster's instance: run history, schedules | `.dagster` in the project |
"""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def recipes_folder() -> Path:
    """The folder of recipes."""
    return Path(os.environ.get("GRISTMILL_RECIPES") or ROOT / "recipes")


def store_url() -> str:
    """The store's URL."""
    return os.environ.get("GRISTMILL_STORE") or str(ROOT / "store")


def prepare_home() -> Path:
    """Dagster's home, made if needed with the project's `deploy/dagster.yaml`; sets DAGSTER_HOME for this process."""
    home = Path(os.environ.get("DAGSTER_HOME") or ROOT / ".dagster").resolve()
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "dagster.yaml").exists():
        shutil.copyfile(ROOT / "deploy" / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    return home
