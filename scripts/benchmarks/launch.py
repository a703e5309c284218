"""Runs one command and prints its wall time, and the most memory it held, as JSON.

A process of its own, and a small one: what it holds when it starts the command counts as held by
the command. It therefore imports next to nothing.
"""

import os
import sys
import time


def main() -> None:
    """Run ``sys.argv[1:]`` with its output thrown away."""
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
