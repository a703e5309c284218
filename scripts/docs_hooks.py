"""What mkdocs calls while it builds the site: pages from the code, and code that runs in pages.

mkdocs.yml names this file under `hooks`; the work is done in `website`.
"""

import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from website import commands, included, tables
from website.equations import with_mathml
from website.execution import run_chapters
from website.navigation import complete, places

TUTORIAL = "tutorial/"

_log = get_plugin_logger("windowclf")
_LOST_CODE = re.compile(
    r"<p>((?:windowclf [a-z-]+|pip|python3?|scripts/[a-z-]+)\b[^<.]* -[^<]*)</p>"
)
_LOST_ITEM = re.compile(r"\n(\d+\. +<strong>[^<]*)")

_chapters: dict[str, str] = {}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """List the pages of folders in the navigation; run the tutorial."""
    docs = Path(config.docs_dir)
    made = {*_made()}
    config.nav = complete(config.nav or [], docs, made)
    chapters = [place for place in places(config.nav) if place.startswith(TUTORIAL)]
    _chapters.update(run_chapters(docs, chapters))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from commands and from files outside docs/."""
    for place, text in _made().items():
        files.append(File.generated(config, place, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Take a chapter of the tutorial as it ran, fill in tables, and mend links to the code."""
    place = page.file.src_uri
    filled = tables.fill_in(_chapters.get(place, markdown))
    return included.mend_links(filled, place, repository=f"{config.repo_url}/blob/main")


def on_page_content(html: str, page: Page, **_: Any) -> str:
    """Write equations as MathML, which browsers draw without a script; report lost lists and code.

    Within a list, code is indented by eight spaces, and an empty line comes before the next item.
    """
    for lost in [*_LOST_CODE.findall(html), *_LOST_ITEM.findall(html)]:
        _log.warning("%s: code or an item of a list became text: %s", page.file.src_uri, lost)
    return with_mathml(html)


def _made() -> dict[str, str]:
    """Make the pages that are not in docs/, by their place in it."""
    return {**commands.pages(), **included.pages()}
