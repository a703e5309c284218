"""Extensions of griffe, which reads the code for the reference."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from griffe import (
    Attribute,
    Class,
    Extension,
    Function,
    Module,
    Object,
    Parameter,
    ParameterKind,
    Parameters,
)

ROOT = Path(__file__).parents[2]
_DIRECTIVE = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)
_NAME = re.compile(r"(?<![`\w])`([A-Za-z_][\w.]*)`(?!`)")


class Structs(Extension):
    """Adds to each struct of msgspec an ``__init__`` with its fields, as dataclasses have it."""

    def on_class(self, *, cls: Class, **_: Any) -> None:
        """Add the constructor."""
        if "__init__" in cls.members or not any(str(base).endswith("Struct") for base in cls.bases):
            return
        keywords = {str(name): str(value) for name, value in cls.keywords.items()}
        kind = ParameterKind.positional_or_keyword
        if keywords.get("kw_only") == "True":
            kind = ParameterKind.keyword_only
        itself = Parameter("self", kind=ParameterKind.positional_or_keyword)
        fields = [
            Parameter(member.name, annotation=member.annotation, kind=kind, default=member.value)
            for member in cls.members.values()
            if isinstance(member, Attribute)
            and member.annotation is not None
            and "property" not in member.labels
        ]
        init = Function("__init__", parameters=Parameters(itself, *fields), returns="None")
        cls.set_member("__init__", init)


class Links(Extension):
    """Makes links of the names in docstrings, such as `WindowClassifier.fit`, that pages have."""

    def on_package(self, *, pkg: Module, **_: Any) -> None:
        """Rewrite the docstrings of all that has a place in the reference."""
        shown = {}
        for page in (ROOT / "docs" / "reference").glob("*.md"):
            for path in _DIRECTIVE.findall(page.read_text("utf-8")):
                found = pkg[path.removeprefix(f"{pkg.name}.")]
                found = found.final_target if found.is_alias else found
                shown[path.rpartition(".")[2]] = found
        for found in shown.values():
            _link(found, None, shown)


def _link(found: Object, inside: Object | None, shown: dict[str, Object]) -> None:
    def linked(match: re.Match[str]) -> str:
        target = _target(match[1], found, inside, shown)
        return f"[{match[0]}][{target.path}]" if target else match[0]

    if found.docstring:
        found.docstring.value = _NAME.sub(linked, found.docstring.value)
    if found.is_class:
        for member in _public(found):
            _link(member, found, shown)


def _target(
    name: str, found: Object, inside: Object | None, shown: dict[str, Object]
) -> Object | None:
    """Find what a name in a docstring means: a member of the class, or what a page has."""
    first, _, member = name.removeprefix("windowclf.").partition(".")
    owner = inside or found
    if owner.is_class and not member:
        for other in _public(owner):
            if other.name == name and other is not found:
                return other
    target = shown.get(first)
    if target is None or target is found:
        return None
    if not member:
        return target
    return next((m for m in _public(target) if m.name == member), None)


def _public(owner: Object) -> Iterator[Object]:
    """List the members that the page of a class shows."""
    for member in owner.members.values():
        if not member.name.startswith("_") and not member.is_alias and member.has_docstring:
            yield member
