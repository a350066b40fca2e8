"""Runs and grids to the trash, and back from there; sets of one's own images too."""

from __future__ import annotations

import json
import shlex
import time
from pathlib import Path
from typing import Any

from aecore import places, store
from aecore import trash as bin_of
from aecore.command_flags import Delete, Trash
from aecore.own import sets
from aecore.trash import Trashed


def delete(command: Delete) -> int:
    root = command.out or store.checkpoints_root()
    path = store.find_run(command.run, command.out)
    # Elsewhere nobody would look for it in a trash.
    if path.absolute().parent != root.absolute() and not (
        store.is_shipped(path) or store.is_grid(path.parent)
    ):
        raise ValueError(f"{path} does not lie in {root}: name its folder with --out")
    gone = (store.delete_grid if store.is_grid(path) else store.delete_run)(path)
    tell_of_deletion(gone, command.out, command.json)
    return 0


def tell_of_deletion(gone: Trashed, out: Path | None, as_json: bool) -> None:
    """Prints what was deleted and how to put it back; `out` is the run root that was named."""
    if as_json:
        print(json.dumps(_row(gone)))
        return
    named = f" --out {shlex.quote(str(out))}" if out else ""
    back = f"{places.command()} trash --restore {shlex.quote(gone.key)}{named}"
    print(f"{gone.key} is in the trash; `{back}` puts it back")


def trash(command: Trash) -> int:
    if command.restore and command.empty:
        raise ValueError("--restore and --empty can't be used together")
    found = store.trashed(command.out)
    if command.out is None:
        found = bin_of.last_first([*found, *sets.trashed()])
    if command.restore:
        path = bin_of.restore(bin_of.find(command.restore, found))
        print(json.dumps({"restored": str(path)}) if command.json else f"{path.name} is back")
        return 0
    if command.empty:
        found = bin_of.empty(found)
    for trashed in found if command.json or not command.empty else ():
        row = _row(trashed)
        if not command.json:
            row |= {
                "deleted": time.strftime("%Y-%m-%d %H:%M", time.localtime(trashed.deleted)),
                "bytes": f"{trashed.bytes / 1e6:.1f} MB",
            }
            row.pop("path")
        print(json.dumps(row) if command.json else "  ".join(map(str, row.values())))
    if not command.json:
        size = f"{sum(trashed.bytes for trashed in found) / 1e6:.1f} MB"
        print(f"{len(found)} deleted for good, {size}" if command.empty else f"{len(found)} in all, {size}")
    return 0


def _row(trashed: Trashed) -> dict[str, Any]:
    return {
        trashed.kind: trashed.key,
        "name": trashed.name,
        "deleted": trashed.deleted,
        "bytes": trashed.bytes,
        "path": str(trashed.path),
    }
