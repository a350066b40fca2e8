"""Where the app's own files lie, where a user's files go, and what the command is called.

From a checkout the app is the checkout itself. Installed, it lies inside the package, in `_app`: the entry
point, its pages, its settings and the shipped runs, which nobody writes to.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def is_installed() -> bool:
    """Whether the app lies inside the package, as a wheel has it, and not in a checkout around it."""
    return (PACKAGE / "_app").is_dir()


def app_folder() -> Path:
    """Folder of `streamlit_app.py`, `pages/`, `.streamlit/` and the shipped runs' `checkpoints/`."""
    return PACKAGE / "_app" if is_installed() else PACKAGE.parent


def user_data() -> Path:
    """This user's folder for what we keep, where the platform keeps such. Need not exist."""
    home = Path.home()
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = home / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return data / "aecore"


def command() -> str:
    """How the command line is called here: `aecore` where that is installed, else `python -m aecore`."""
    return "aecore" if is_installed() or Path(sys.argv[0]).stem == "aecore" else "python -m aecore"
