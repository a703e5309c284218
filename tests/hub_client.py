"""The real client of the hub, in a process of its own."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager

# HF_ENDPOINT, HF_HOME and the offline switch are read at import: hence a process, and one that
# goes on answering, for the import takes seconds.
CLIENT = """
import json, sys
from windowclf.errors import WindowclfError
from windowclf.corpora.hub import load_hub

for line in sys.stdin:
    name, options = json.loads(line)
    try:
        splits = load_hub(name, **options)
        answer = {split: [[s.tokens, s.tags] for s in found] for split, found in splits.items()}
    except WindowclfError as error:
        answer = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answer), flush=True)
"""


@contextmanager
def client(home, endpoint, log, program=CLIENT, **environment):
    """Start a process that loads data sets; yields the function that asks it for one.

    Another program, too, is given lines of JSON, a name with options, and answers each with one.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    own = {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "NO_PROXY": "127.0.0.1"}
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            env={**inherited, **own, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )

        def load(name, **options):
            process.stdin.write(json.dumps([name, options]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        try:
            yield load
        finally:
            process.communicate()
