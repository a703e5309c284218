"""Tables of the reference that come from records in the code: settings, and presets."""

import re
from collections.abc import Iterator
from html import escape
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import NODEFAULT, Meta
from msgspec.structs import fields

from windowclf import Config
from windowclf.config.presets import PRESETS

_MARKER = re.compile(r"^<!-- table: (\w+) -->$", re.MULTILINE)


def fill_in(markdown: str) -> str:
    """Put the tables in the places of their markers, such as ``<!-- table: settings -->``."""
    return _MARKER.sub(lambda match: "\n".join(_TABLES[match[1]]()), markdown)


def _settings() -> Iterator[str]:
    hints = get_type_hints(Config, include_extras=True)
    yield '<dl class="options">'
    for field in fields(Config):
        default = field.default
        if default is NODEFAULT:
            default = field.default_factory()
        kind, text = _kind(hints[field.name]), _description(hints[field.name])
        yield f'<dt id="{field.name}"><code>{field.name} = {escape(repr(default))}</code></dt>'
        yield f"<dd>{escape(text, quote=False)}<br><small>{escape(kind)}</small></dd>"
    yield "</dl>"


def _description(hint: Any) -> str:
    """Find the description in the annotations of a type, the outermost first."""
    for part in [hint, *get_args(hint)]:
        for note in getattr(part, "__metadata__", ()):
            if isinstance(note, Meta) and note.description:
                return note.description
    return ""


def _kind(hint: Any) -> str:
    """Write a type and its limits in words."""
    if get_origin(hint) is Annotated:
        base, *notes = get_args(hint)
        return _kind(base) + "".join(_limits(note) for note in notes if isinstance(note, Meta))
    if get_origin(hint) is Literal:
        return ", ".join(map(repr, get_args(hint)))
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_kind(part) for part in get_args(hint))
    if get_origin(hint) is tuple:
        return f"tuple of {_kind(get_args(hint)[0])}"
    return "None" if hint is type(None) else getattr(hint, "__name__", str(hint))


def _limits(note: Meta) -> str:
    signs = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
    limits = [
        f"{sign} {getattr(note, name):g}" for name, sign in signs if getattr(note, name) is not None
    ]
    return f" {', '.join(limits)}" if limits else ""


def _presets() -> Iterator[str]:
    yield from ("| preset | system | source |", "|---|---|---|")
    for name, preset in PRESETS.items():
        yield f"| `{name}` | {preset.system} | {preset.source} |"


_TABLES = {"settings": _settings, "presets": _presets}
