"""What the commands of `python -m aecore` do; their flags are in `aecore.command_flags`.

Each takes its command's dataclass and returns the exit code.
"""
