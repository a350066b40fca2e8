"""The command line: `aecore`, or `python -m aecore`, with train, grid, resume, ...; alone it opens the app.

The flags are in `aecore.command_flags`, what each command does in `aecore.commands`. `--json` prints one JSON
object a line and nothing else on standard output.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import Any

from aecore import command_flags as flags
from aecore.commands import app, deleting, doctor, exporting, images, looking, training
from aecore.files import FullDiskError
from aecore.memory import TOO_LITTLE, is_want_of_memory


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; returns the exit code.

    0; 1 where a replay gave other weights; 130 when stopped; 2 with one sentence on standard error.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments) or ["app"]
    try:
        command = flags.parse(arguments)
        code = COMMANDS[type(command)](command)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever reads has had enough (`aecore runs | head -1`), and what is left is flushed at the exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        text = TOO_LITTLE if is_want_of_memory(error) else " ".join(str(error).split())
        # What is written into folders says more: this is what was printed.
        if getattr(error, "errno", None) == errno.ENOSPC and not isinstance(error, FullDiskError):
            text = "there is no room for what is printed: free some space, or print to somewhere else"
        print(f"aecore: {text}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("aecore: stopped", file=sys.stderr)
        return 130


COMMANDS: dict[type, Callable[[Any], int]] = {
    flags.Train: training.train,
    flags.TrainGrid: training.train_grid,
    flags.Resume: training.resume,
    flags.Branch: training.branch,
    flags.Replay: training.replay,
    flags.Change: training.change,
    flags.Pause: training.pause,
    flags.GoOn: training.go_on,
    flags.Evaluate: looking.evaluate,
    flags.Code: looking.code,
    flags.Export: exporting.export,
    flags.Import: exporting.bring_in,
    flags.Runs: looking.runs,
    flags.Delete: deleting.delete,
    flags.Trash: deleting.trash,
    flags.Datasets: images.datasets,
    flags.Images: images.images,
    flags.Encode: images.encode,
    flags.App: app.app,
    flags.Doctor: doctor.doctor,
}


if __name__ == "__main__":
    raise SystemExit(main())
