"""A tagged text as people and programs read it."""

from collections.abc import Callable, Sequence

import click
import msgspec

from windowclf.tagging.texts import TaggedText

Writer = Callable[[TaggedText], str]

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


def as_text(tagged: TaggedText) -> str:
    """Write the entities in brackets: ``[LOC Paris] is in [LOC France]``."""
    return _with_entities(tagged, lambda label, text: f"[{label} {text}]")


def colour_writer(labels: Sequence[str]) -> Writer:
    """Make a writer that gives each label a colour of its own, as far as they go."""
    colours = {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(labels)}

    def mark(label: str, text: str) -> str:
        colour = colours.get(label)
        return click.style(text, fg=colour, bold=True) + click.style(
            f" {label}", fg=colour, dim=True
        )

    return lambda tagged: _with_entities(tagged, mark)


def as_json(tagged: TaggedText) -> str:
    """Write a line of JSON: the text and its entities with character offsets."""
    line = {"text": tagged.text, "entities": tagged.entities}
    return msgspec.json.encode(line).decode() + "\n"


def as_conll(tagged: TaggedText) -> str:
    """Write token, tab, tag; an empty line after each sentence."""
    return "".join(
        "".join(f"{token.text}\t{tag}\n" for token, tag in zip(tokens, tags, strict=True)) + "\n"
        for tokens, tags in zip(tagged.sentences, tagged.tags, strict=True)
    )


def _with_entities(tagged: TaggedText, mark: Callable[[str, str], str]) -> str:
    parts = []
    end = 0
    for entity in tagged.entities:
        parts += [tagged.text[end : entity.start], mark(entity.label, entity.text)]
        end = entity.end
    return "".join([*parts, tagged.text[end:], "\n"])
