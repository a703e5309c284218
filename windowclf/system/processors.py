"""The number of processors that this process may use."""

import os
from contextlib import suppress
from pathlib import Path

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_QUOTAS = (
    ("/sys/fs/cgroup/cpu.max",),
    ("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "/sys/fs/cgroup/cpu/cpu.cfs_period_us"),
)
"""Linux files with a container's processor quota and its period, in one file or in two."""


def processor_count() -> int:
    """Return the number of processors to use, at least 1.

    It is the number in the environment variables that limit the linear algebra library. Without
    them, it is the number of processors that this process may use, or the quota of its container if
    that is lower.
    """
    set_by = [int(n) for name in _VARIABLES if (n := os.environ.get(name, "")).isdecimal()]
    if set_by:
        return max(min(set_by), 1)
    there = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        there = len(os.sched_getaffinity(0))
    return max(min(there, *_quotas(), there), 1)


def _quotas() -> list[int]:
    found = []
    for names in _QUOTAS:
        with suppress(OSError, ValueError, ZeroDivisionError):  # no quota, or "max"
            quota, period = " ".join(Path(name).read_text() for name in names).split()
            if int(quota) > 0:
                found.append(-(-int(quota) // int(period)))
    return found
