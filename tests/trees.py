"""Whether anything below some folders has changed."""

from __future__ import annotations

import hashlib
from pathlib import Path


def tree_hash(*roots: Path) -> str:
    """SHA-256 of every name below the folders and of what is in the files."""
    digest = hashlib.sha256()
    for root in roots:
        for path in sorted(root.rglob("*")):
            content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
            digest.update(repr((str(path.relative_to(root)), path.is_dir(), len(content))).encode() + content)
    return digest.hexdigest()
