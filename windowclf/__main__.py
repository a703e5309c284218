"""``python -m windowclf``."""

import sys

from windowclf.cli import run

if __name__ == "__main__":
    sys.exit(run())
