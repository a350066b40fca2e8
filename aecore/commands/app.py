"""Opens the app in the browser: Streamlit on the entry point, wherever it lies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from aecore import access, places
from aecore.command_flags import App

FOLDERS = ("AECORE_DATA", "AECORE_CHECKPOINTS", "AECORE_CACHE", "AECORE_GALLERY", "AECORE_LOCKS")
"""Variables that name folders."""


def app(command: App) -> int:
    """Hands this process over to Streamlit, where the system knows such; else waits for it.

    ValueError in one sentence for a mode that there is not.
    """
    access.mode()
    entry = places.app_folder() / "serve.py"
    if not entry.is_file():
        raise FileNotFoundError(f"there is no app at {entry}: install the package again, or use a checkout")
    if command.port is not None and not 1 <= command.port <= 65_535:
        raise ValueError(f"--port must be from 1 to 65535, not {command.port}")
    # -P: what lies in the working directory is the user's, and no module of ours.
    words = [sys.executable, "-P", "-m", "streamlit", "run", str(entry)]
    words += ["--server.port", str(command.port)] if command.port is not None else []
    words += ["--server.headless", "true"] if command.no_browser else []
    surroundings = with_whole_paths(os.environ)
    if sys.platform != "win32":
        sys.stdout.flush()
        os.execve(sys.executable, words, surroundings)
    return subprocess.call(words, env=surroundings)


def with_whole_paths(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables, with the folders among them written from the root: trainings start in other folders."""
    whole = {
        name: os.path.abspath(os.path.expanduser(variables[name])) for name in FOLDERS if variables.get(name)
    }
    return {**variables, **whole}
