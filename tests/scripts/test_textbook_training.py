"""scripts/textbook with a tiny setting."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "textbook.py"


def test_both_networks_are_trained_and_scored():
    tiny = ["--epochs", "1", "--seeds", "1", "--hidden", "10"]
    ran = subprocess.run(
        [sys.executable, str(SCRIPT), *tiny], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    _, textbook, fast = ran.stdout.splitlines()
    for line, name in ((textbook, "textbook.py"), (fast, "fast network")):
        assert re.fullmatch(rf"{name} +\d+\.\d\d +\d+\.\d\d", line)
