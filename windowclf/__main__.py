"""``python -m windowclf``."""

import sys

from windowclf.cli import main

if __name__ == "__main__":
    sys.exit(main())
