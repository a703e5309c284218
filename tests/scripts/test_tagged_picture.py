"""The picture of the README shows what the bundled model finds."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]


def test_the_picture_is_what_the_script_draws(tmp_path):
    subprocess.run(
        [sys.executable, ROOT / "scripts/tagged_picture.py", tmp_path / "new.svg"], check=True
    )
    new = (tmp_path / "new.svg").read_text("utf-8")
    ElementTree.fromstring(new)
    assert (ROOT / "docs/images/tagged.svg").read_text("utf-8") == new, "run scripts/tagged-picture"
    assert "http" not in new.replace("http://www.w3.org/2000/svg", "")
