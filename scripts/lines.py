"""Tag lines of different kinds of text, and count the lines whose entities are all correct.

Run by scripts/lines. lines.jsonl has the lines with their correct entities, which were written
before any model had tagged them.
"""

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

import windowclf
from windowclf import WindowClassifier

LINES = Path(__file__).with_name("lines.jsonl")


def marked(text: str, entities: list[dict[str, Any]]) -> str:
    """Write the entities into the text, as in ``[LOC Oslo]``."""
    for entity in sorted(entities, key=lambda entity: -entity["start"]):
        start, end = entity["start"], entity["end"]
        text = f"{text[:start]}[{entity['label']} {text[start:end]}]{text[end:]}"
    return text


def judge(classifier: WindowClassifier, lines: list[dict[str, Any]]) -> Counter[str]:
    """Print the lines with errors; count the fully correct ones, by kind."""
    right: Counter[str] = Counter()
    for line in lines:
        found = [
            {"start": entity.start, "end": entity.end, "label": entity.label}
            for entity in classifier.tag(line["text"])
        ]
        if found == line["entities"]:
            right[line["kind"]] += 1
        else:
            print(f"{line['kind']}: {marked(line['text'], found)}")
            print(f"{'':{len(line['kind'])}}  {marked(line['text'], line['entities'])} is correct")
    return right


def main() -> None:
    """Judge each model."""
    parser = argparse.ArgumentParser(prog="scripts/lines", description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help="a folder (default: the bundled model)")
    models = parser.parse_args().model or [None]
    lines = [json.loads(line) for line in LINES.read_text("utf-8").splitlines()]
    kinds = Counter(line["kind"] for line in lines)
    for model in models:
        print(f"{model or 'the bundled model'}:")
        right = judge(windowclf.load(model), lines)
        counts = [f"{kind} {right[kind]} of {number}" for kind, number in kinds.items()]
        print(f"wholly right: {right.total()} of {len(lines)} ({', '.join(counts)})\n")


if __name__ == "__main__":
    main()
