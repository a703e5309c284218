"""Equations as MathML."""

import re
from html import unescape

from latex2mathml.converter import convert

_WRITTEN = re.compile(r'<(span|div) class="arithmatex">\\(?:\(|\[)(.*?)\\(?:\)|\])</\1>', re.DOTALL)


def with_mathml(html: str) -> str:
    """Replace the equations of a page, which arithmatex has marked, by MathML."""
    return _WRITTEN.sub(_equation, html)


def _equation(match: re.Match[str]) -> str:
    block = match[1] == "div"
    mathml = convert(unescape(match[2]).strip(), display="block" if block else "inline")
    return f'<span class="equation">{mathml}</span>' if block else mathml
