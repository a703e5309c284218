"""Runs a command and prints its wall time and its peak memory as JSON.

It is a separate, small process that imports almost nothing, because the memory of the process that
starts the command counts as memory of the command.
"""

import os
import sys
import time


def main() -> None:
    """Run ``sys.argv[1:]`` without its output."""
    nowhere = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
    begin = time.perf_counter()
    child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[nowhere])
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - begin
    if status:
        sys.exit(f"{' '.join(sys.argv[1:])}: ended with status {status}")
    unit = 1 if sys.platform == "darwin" else 1024
    print(f'{{"seconds": {seconds}, "peak_mb": {usage.ru_maxrss * unit / 1e6}}}')


if __name__ == "__main__":
    main()
