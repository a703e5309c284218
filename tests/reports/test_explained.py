import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from explanations import ODD, bare, explanation, odd
from windowclf.reports.terminal.explanation import explained


def printed(found, width=80, **settings):
    file = io.StringIO()
    Console(width=width, file=file, highlight=False, **settings).print(explained(found))
    return file.getvalue()


def lines(text):
    return [" ".join(re.sub("[^\x00-\x7f]", " ", line).split()) for line in text.splitlines()]


def test_all_that_an_explanation_says():
    found = lines(printed(explanation()))
    assert found[:2] == [
        "[Paris] is in France",
        "S-LOC (95.5 %); the runner-up is O (4.3 %), behind by 7.50",
    ]
    for line in (
        "what each word added to the lead of S-LOC (+) over O (-)",
        "-1 no word -0.35",
        "0 Paris +0.65",
        "word Paris (?) +1.40",
        "suffix3 ris -0.75",
        "the sentence -6.00",
        "France -3.00",
        "its other places +8.50",
        "bias +3.00",
        "the rest -0.03",
        "together +7.42",
        "7 0.75 +1.25 Paris (0) +2.50",
        "250 -0.50 -0.38",
        "The smallest changes of one word, of 1,234 frequent words tried in each place:",
        'With "Monday" in place of "Paris" (1) it would be O.',
    ):
        assert line in found, line
    assert "Paris -0.00" not in found  # the fourth of the sentence's words


def test_what_is_not_there_has_no_section():
    found = "\n".join(lines(printed(bare())))
    assert "S-LOC (95.5 %); the model allows no other tag here" in found
    assert "hidden units" not in found
    assert "sentence" not in found
    assert "None of 1,234 frequent words, in the place of any one word near it" in found


def test_bars_stand_on_the_side_of_their_sign():
    rows = printed(explanation(), width=60).splitlines()
    full = {name: next(row for row in rows if name in row) for name in ("+8.50", "-6.00", "+3.00")}
    filled = {
        name: [at for at, sign in enumerate(row) if "\u2580" <= sign <= "\u259f"]
        for name, row in full.items()
    }
    assert max(filled["-6.00"]) <= min(filled["+8.50"])
    assert abs(min(filled["+3.00"]) - min(filled["+8.50"])) == 0
    ratio = len(filled["+8.50"]) / len(filled["-6.00"])
    assert ratio == pytest.approx(8.5 / 6, rel=0.15)


@pytest.mark.parametrize("width", [40, 80, 132])
@pytest.mark.parametrize("token", range(len(ODD)))
def test_odd_text_reaches_no_terminal_raw(token, width):
    text = printed(odd(token), width)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202e]", text)
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "long" * 50 not in text.replace("\n", "")
    if width > 40:
        assert "[bold]" in text


def test_colour_is_for_terminals(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    assert "\x1b" not in printed(explanation())
    coloured = printed(explanation(), force_terminal=True, color_system="standard")
    assert re.search(r"\+8\.50 +\x1b\[34;49m[^\x1b]*█", coloured)
    assert re.search(r"-6\.00 +\x1b\[31;49m[^\x1b]*█", coloured)
    bare_of_colour = printed(
        explanation(), force_terminal=True, color_system="standard", no_color=True
    )
    assert not re.search("\x1b\\[[0-9;]*3[0-9]", bare_of_colour)


def test_bars_of_ascii():
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Console(width=80, file=file, highlight=False).print(explained(explanation()))
    file.flush()
    text = file.buffer.getvalue().decode("ascii")
    assert re.search(r"\+8\.50 \| +#{10,}", text)
