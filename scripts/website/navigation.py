"""The navigation of mkdocs.yml: folders spelled out, and files that are not there left out."""

from collections.abc import Iterator, Set
from pathlib import Path
from typing import Any

from website.included import OPTIONAL

Nav = list[Any]


def complete(nav: Nav, docs: Path, made: Set[str]) -> Nav:
    """Spell out the navigation.

    Parameters
    ----------
    nav : list
        Places in docs/, or dicts of a title and a place or a list. A place that ends in "/" stands
        for the pages of that folder, its index first.
    docs : Path
        The folder of the pages.
    made : set of str
        Places of the pages that are made while the site is built.
    """
    whole: Nav = []
    for entry in nav:
        if isinstance(entry, dict):
            ((title, inside),) = entry.items()
            if isinstance(inside, list):
                inside = complete(inside, docs, made)
            elif inside.endswith("/"):
                inside = _pages_of(inside, docs, made)
            whole.append({title: inside})
        elif entry not in OPTIONAL or entry in made or (docs / entry).exists():
            whole.append(entry)
    return whole


def places(nav: Nav) -> Iterator[str]:
    """List the places in a navigation, in order."""
    for entry in nav:
        inside = next(iter(entry.values())) if isinstance(entry, dict) else entry
        if isinstance(inside, list):
            yield from places(inside)
        else:
            yield inside


def _pages_of(folder: str, docs: Path, made: Set[str]) -> Nav:
    written = {path.relative_to(docs).as_posix() for path in (docs / folder).glob("*.md")}
    pages = written | {place for place in made if place.startswith(folder)}
    index = {f"{folder}index.md", f"{folder}README.md"}
    return sorted(pages, key=lambda place: (place not in index, place))
