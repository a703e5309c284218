"""Score windowclf and spaCy's English models on labelled files.

Run by scripts/compare-taggers; progress goes to stderr.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from importlib.metadata import version

from taggers.comparison import Tagger, compare, read, table
from windowclf import Sentence, UsageError, WindowclfError
from windowclf.cli.options import load_classifier

TAGGERS = ("windowclf", "spacy-sm", "spacy-md")


def main() -> None:
    """Read all files, load all taggers, score them, and print a table."""
    arguments = _parser().parse_args()
    try:
        types = _listed(arguments.types, "--types")
        names = _listed(arguments.taggers, "--taggers")
        if unknown := [name for name in names if name not in TAGGERS]:
            raise UsageError(f"--taggers {unknown[0]}: expected some of {','.join(TAGGERS)}")
        wanted = None if types == ["all"] else types
        texts = {file: read(file, wanted) for file in arguments.files}
        taggers = {name: load_tagger(name, arguments.model) for name in names}
        found = compare(texts, {name: tagger for name, (tagger, _) in taggers.items()}, wanted)
    except WindowclfError as error:
        sys.exit(f"scripts/compare-taggers: {error}")
    if arguments.json:
        facts = {name: versions for name, (_, versions) in taggers.items()}
        print(json.dumps({"types": types, "taggers": facts, **found}))
    else:
        print(table(found))


def load_tagger(name: str, model: str | None) -> tuple[Tagger, dict[str, str]]:
    """Load a tagger; return it with its model and version.

    Parameters
    ----------
    name : str
        One of `TAGGERS`.
    model : str, optional
        The folder of windowclf's model.  Default: the default model.
    """
    if name == "windowclf":
        classifier, chosen = load_classifier(model)

        def tag(sentences: Sequence[Sentence]) -> list[list[str]]:
            documents = [sentence.document for sentence in sentences]
            return classifier.predict([sentence.tokens for sentence in sentences], documents)

        return tag, {"version": version("windowclf"), "model": str(chosen)}
    from taggers.spacy_models import SpacyTagger, load_model

    nlp = load_model(name)
    model_name = f"{nlp.meta['name']} {nlp.meta['version']}"
    return SpacyTagger(nlp), {"version": version("spacy"), "model": model_name}


def _listed(given: str, option: str) -> list[str]:
    """Split a value at commas."""
    found = [part.strip() for part in given.split(",") if part.strip()]
    if not found:
        raise UsageError(f"{option} {given!r}: expected names, separated by commas")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/compare-taggers", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "files", metavar="FILE", nargs="+", help="labelled file in any format that windowclf reads"
    )
    parser.add_argument("--model", metavar="FOLDER", help="windowclf's model (default: bundled)")
    parser.add_argument(
        "--taggers", default=",".join(TAGGERS), help="separated by commas: %(default)s by default"
    )
    parser.add_argument(
        "--types",
        default="PER,ORG,LOC",
        help="whose spans count, separated by commas, or all: %(default)s by default",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, with precision and recall")
    return parser


if __name__ == "__main__":
    main()
