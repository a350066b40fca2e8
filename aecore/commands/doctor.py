"""Says what of this machine the app needs and finds, and in one sentence what mends the rest."""

from __future__ import annotations

import json
import platform
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from aecore import access, cache, cores, jobs, limits, places, store
from aecore.command_flags import Doctor

PORT = 8501
"""Streamlit's own, which the app takes unless told otherwise."""

SIDE = 1024
"""Rows of the square matrices whose product is timed."""

SPARE = 1 << 30
"""Bytes that should be left on the disk: runs are of megabytes, data sets of up to some hundred."""


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    state: Literal["ok", "note", "wrong"]
    """`note`: the app works, and something could be better."""
    found: str
    mend: str = ""
    """What to do about it, in one sentence; empty where nothing is to be done."""


def doctor(command: Doctor) -> int:
    """Prints what each check found; 1 where one of them is wrong."""
    code = 0
    for check in CHECKS:
        finding = _careful(check)
        code = code or int(finding.state == "wrong")
        if command.json:
            print(json.dumps(asdict(finding)), flush=True)
        else:
            print(f"{finding.state:5}  {finding.check:11}  {finding.found}", flush=True)
            if finding.mend:
                print(f"{'':20}-> {finding.mend}")
    return code


def _careful(check: Callable[[], Finding]) -> Finding:
    try:
        return check()
    # One check that fails must not hide the others.
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        name = check.__name__.strip("_").replace("_", " ")
        return Finding(name, "wrong", f"{type(error).__name__}: {said}", "Install the requirements again.")


def _python() -> Finding:
    return Finding("python", "ok", f"{platform.python_version()} at {sys.executable}")


def _torch() -> Finding:
    try:
        for name in ("torch", "torchvision"):
            import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        said = " ".join(str(error).split())[:200]
        mend = "Install torch and torchvision anew, both from one place: README, Install and run."
        return Finding("torch", "wrong", f"it can't be imported: {said}", mend)
    return Finding("torch", "ok", f"{version('torch')}, torchvision {version('torchvision')}")


def _device() -> Finding:
    from aecore.training.images import resolve_device

    device = resolve_device("auto")
    speed = f"{device.type}, {_product_speed(device.type):,.0f} billion operations a second"
    if device.type == "cpu" and shutil.which("nvidia-smi"):
        mend = "Install a CUDA build of torch to train on the NVIDIA card: pytorch.org names the command."
        return Finding("device", "note", f"{speed}; there is an NVIDIA card that torch can't use", mend)
    count = f", {cores.available()} cores" if device.type == "cpu" else ""
    return Finding("device", "ok", f"{speed} (a product of {SIDE} x {SIDE} matrices){count}")


def _product_speed(device: str) -> float:
    """Billions of floating-point operations a second in the fastest of some products of square matrices."""
    import torch

    a = torch.ones(SIDE, SIDE, device=device)
    best = float("inf")
    for _ in range(4):
        start = time.perf_counter()
        # Reading a value waits for the device.
        (a @ a)[0, 0].item()
        best = min(best, time.perf_counter() - start)
    return 2 * SIDE**3 / best / 1e9


def _data() -> Finding:
    from aecore import data

    root, ready = cache.data_root(), [name for name, found in data.datasets().items() if found.is_ready()]
    found = f"{root}: {', '.join(ready)}"
    if reason := _unwritable(root):
        mend = "Let AECORE_DATA name a folder that can be written to, to download or make data sets."
        return Finding("data", "note", f"{found}; {reason}", mend)
    return Finding("data", "ok", found)


def _run_folder() -> Finding:
    root = store.checkpoints_root()
    if reason := _unwritable(root):
        mend = "Let AECORE_CHECKPOINTS name a folder that can be written to."
        return Finding("run folder", "wrong", f"{root}: {reason}", mend)
    free = shutil.disk_usage(_nearest_there(root)).free
    if free < SPARE:
        mend = "Make room on the disk, or let AECORE_CHECKPOINTS name a folder on another."
        return Finding("run folder", "note", f"{root}: {free / 1e6:,.0f} MB are left on its disk", mend)
    return Finding("run folder", "ok", f"{root}, {free / 1e9:,.0f} GB free")


def _cache() -> Finding:
    root = cache.cache_root()
    if reason := _unwritable(root):
        mend = "Let AECORE_CACHE name a folder that can be written to, or maps are computed again each time."
        return Finding("cache", "note", f"{root}: {reason}", mend)
    return Finding("cache", "ok", str(root))


def _runs() -> Finding:
    everything = [*store.list_runs(), *store.list_grids()]
    broken = [info for info in everything if isinstance(info, store.Unreadable)]
    whole = [info for info in everything if not isinstance(info, store.Unreadable)]
    count = f"{len(whole)} runs and grids"
    if broken:
        named = "; ".join(f"{info.key}: {info.reason}" for info in broken[:5])
        more = f"; and {len(broken) - 5} more" if len(broken) > 5 else ""
        mend = f"Delete what is no run, or bring its files back; the folders are in {broken[0].path.parent}."
        return Finding("runs", "note", f"{count}; {len(broken)} can't be read: {named}{more}", mend)
    if ended := [info for info in whole if jobs.status(info) == "interrupted"]:
        mend = f"`{places.command()} resume {ended[0].key}` goes on where it was."
        return Finding("runs", "note", f"{count}; {len(ended)} were interrupted", mend)
    if not whole:
        mend = f"`{places.command()} train --data.name digits` trains a first one in seconds."
        return Finding("runs", "note", "there are none yet", mend)
    return Finding("runs", "ok", count)


def _mode() -> Finding:
    return Finding("mode", "ok", f"{access.mode()} ({access.VARIABLE})")


def _limits() -> Finding:
    values = limits.limits().to_dict()
    words = (
        f"{name.replace('_', ' ')} {value or 'any':{'' if not value else ',g'}} ({limits.source(name)})"
        for name, value in values.items()
    )
    return Finding("limits", "ok", "; ".join(words))


def _port() -> Finding:
    with socket.socket() as probe:
        # As a server binds: a port whose last connections are still closing is free.
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            mend = f"The app takes the next that is free; `{places.command()} app --port N` names another."
            return Finding("port", "note", f"{PORT} is in use, perhaps by this app", mend)
    return Finding("port", "ok", f"{PORT} is free")


def _unwritable(folder: Path) -> str:
    """Why nothing can be put into a folder, or into where it would be made; empty where it can."""
    there = _nearest_there(folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            return ""
    except OSError as error:
        return f"{there} can't be written to ({error.strerror or error})"


def _nearest_there(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


CHECKS = (_python, _torch, _device, _data, _run_folder, _cache, _runs, _mode, _limits, _port)
"""In the order of what needs what."""
