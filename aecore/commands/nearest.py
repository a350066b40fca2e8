"""What somebody may have meant whose command or flag there is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import get_type_hints


def refusal(arguments: Sequence[str], program: str, commands: Mapping[str, type]) -> str | None:
    """One sentence on the first command or flag there is not, with the nearest; None where all are there."""
    command = next(iter(arguments), "")
    if command not in commands:
        if command.startswith("-"):
            return None
        near = get_close_matches(command, commands, 1)
        meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(commands)}"
        return f"there is no command {command!r}; {meant}"
    flags = ["--help", *_flags(commands[command])]
    for argument in arguments[1:]:
        flag = argument.partition("=")[0].replace("_", "-")
        if flag.startswith("--") and flag not in flags:
            near = _with_that_end(flag, flags) or get_close_matches(flag, flags, 1)
            meant = f"did you mean {near[0]}?" if near else f"`{program} {command} --help` lists those it has"
            return f"{command} has no flag {flag}; {meant}"
    return None


def _flags(command: type, prefix: str = "") -> Iterator[str]:
    hints = get_type_hints(command)
    for field in fields(command):
        kind, name = hints[field.name], prefix + field.name.replace("_", "-")
        if isinstance(kind, type) and is_dataclass(kind):
            yield from _flags(kind, f"{name}.")
        else:
            yield f"--{name}"


def _with_that_end(flag: str, flags: Sequence[str]) -> list[str]:
    """`--train.epochs` for `--epochs`, whose group was left out."""
    return [known for known in flags if known.rpartition(".")[2] == flag.lstrip("-")]
