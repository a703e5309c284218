"""Fuzz a reader, guided by what its code covers.

Needs atheris, which nothing else here does::

    pip install atheris
    python tests/fuzz/fuzz.py jsonl --seconds 600

The targets are those of fuzz_targets.py. It begins with the files of tests/fuzz/seeds/TARGET, and
keeps what else covers more in a folder of the temporary directory, or in --corpus. A finding ends
it: the traceback is shown, and the input is written to --artifacts. ``python tests/fuzz/fuzz.py
jsonl FILE`` runs one input again. Put what was found and mended among the seeds, as small as it
can be: the ordinary suite runs them all.
"""

import argparse
import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent.parent)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target")
    parser.add_argument("inputs", nargs="*", help="files to run, and no more")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--max-len", type=int, default=4096, help="bytes of an input")
    parser.add_argument("--corpus", type=Path, help="folder of inputs that cover more")
    parser.add_argument("--artifacts", type=Path, default=Path(tempfile.gettempdir()))
    given = parser.parse_args()

    import atheris

    with atheris.instrument_imports(include=["windowclf"]):
        import windowclf

        for module in pkgutil.walk_packages(windowclf.__path__, "windowclf."):
            if not module.name.startswith(("windowclf.integrations", "windowclf.__main__")):
                importlib.import_module(module.name)
    import fuzz_targets
    import json_mutator

    if given.target not in fuzz_targets.TARGETS:
        sys.exit(f"{given.target}: no target; expected {', '.join(fuzz_targets.TARGETS)}")
    corpus = given.corpus or Path(tempfile.mkdtemp(prefix=f"fuzz-{given.target}-"))
    corpus.mkdir(parents=True, exist_ok=True)
    if given.target == "bundle":
        for number, part in enumerate(fuzz_targets.bundle_parts()):
            (corpus / f"part-{number}").write_bytes(part)
    seeds = HERE / "seeds" / given.target

    def mutate(data, max_size, seed):
        changed = json_mutator.mutate(data, seed) if seed % 2 else None
        return atheris.Mutate(data, max_size) if changed is None else changed[:max_size]

    holds_json = given.target in ("bundle", "jsonl", "records", "tools", "convert")
    atheris.Setup(
        [
            sys.argv[0],
            *(given.inputs or [str(corpus), *([str(seeds)] if seeds.is_dir() else [])]),
            f"-max_total_time={given.seconds}",
            f"-max_len={given.max_len}",
            f"-artifact_prefix={given.artifacts / given.target}-",
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-keep_seed=1",  # those of one model cover the same, and differ all the same
            "-print_final_stats=1",
        ],
        fuzz_targets.TARGETS[given.target],
        custom_mutator=mutate if holds_json else None,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
