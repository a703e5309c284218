"""Files outside docs/ that are pages of the site, and links between them and the repository."""

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = {
    "CHANGELOG.md": "project/changelog.md",
    "SECURITY.md": "project/security.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "CODE_OF_CONDUCT.md": "project/conduct.md",
    "RELEASE.md": "project/release.md",
    "data/model/README.md": "reference/bundled-model.md",
}
"""Where the site has each file of the repository."""

OPTIONAL = {*PAGES.values(), "upgrading.md"}
"""Pages that the navigation names and that may be missing."""

_LINK = re.compile(r"(\]\()([^)#\s:]+)((?:#[^)\s]*)?\))")
_HEADER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def pages() -> dict[str, str]:
    """Read the files that exist, as pages by their place in docs/."""
    return {
        page: _HEADER.sub("", (ROOT / file).read_text("utf-8"))
        for file, page in PAGES.items()
        if (ROOT / file).exists()
    }


def mend_links(markdown: str, page: str, *, repository: str) -> str:
    """Lead links of a page to pages of the site, or else to the repository.

    Parameters
    ----------
    markdown : str
        Its links are those of the file that it comes from: relative to that.
    page : str
        Place of the page in docs/.
    repository : str
        Address of the repository's files.

    Returns
    -------
    str
        A link that leads to no file stays as it is, for mkdocs to report.
    """
    sources = {made: file for file, made in PAGES.items()}
    folder = posixpath.dirname(sources.get(page, f"docs/{page}"))

    def mended(match: re.Match[str]) -> str:
        begin, target, end = match.groups()
        file = posixpath.normpath(posixpath.join(folder, target))
        if file in PAGES:
            file = f"docs/{PAGES[file]}"
        elif file.startswith("..") or not (ROOT / file).exists():
            return match[0]
        if not file.startswith("docs/"):
            return f"{begin}{repository}/{file}{end}"
        inside = posixpath.relpath(file, posixpath.dirname(f"docs/{page}"))
        return f"{begin}{inside}{end}"

    return _LINK.sub(mended, markdown)
