"""An engine for tests: stacks train in the test's own process, which is quicker than starting others."""

from __future__ import annotations

from aecore.jobs import stack_worker
from aecore.jobs.local_engine import LocalEngine


class InProcess(LocalEngine):
    """One stack after the other, planned as on this machine, until the reporter says stop."""

    def train(self, info, stacks, threads, reporter, until=None):
        for s in stacks:
            if not reporter.stopping:
                stack_worker.work(info.path, s, 1, until_epoch=until)
            yield
