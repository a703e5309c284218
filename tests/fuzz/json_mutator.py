"""Changes JSON inside an input, so that it stays JSON: bytes changed at random seldom do."""

import json
import random

VALUES = [
    None, True, False, 0, 1, -1, 2, 3, 255, 2**31, 2**53, 2**63, 2**64, -(2**63), 10**30, 0.5, -0.0,
    1e-320, 1e308, "", "O", "B-X", "\u0000", "\ud800", "é", "../x", "F32", "F16", "I8", [], {},
    [[]], [0, 0], [0, 1, "X"], {"start": 0, "end": 1, "label": "X"},
]  # fmt: skip


def mutate(data, seed):
    """Change one value of one of the JSON texts in an input; None if it holds none.

    Parameters
    ----------
    data : bytes
    seed : int

    Returns
    -------
    bytes, optional
    """
    draw = random.Random(seed)
    places = [i for i, byte in enumerate(data) if byte in b"{[" and data[i - 1 : i] in (b"", b"\n")]
    places += [i for i in (1, 9) if data[i : i + 1] in (b"{", b"[")]  # of a bundle
    if not places:
        return None
    start = draw.choice(places)
    try:
        value, length = json.JSONDecoder().raw_decode(data[start:].decode("latin-1"))
        text = json.dumps(_changed(value, draw), ensure_ascii=draw.random() < 0.5)
        changed = text.encode("utf-8", "surrogatepass" if draw.random() < 0.1 else "replace")
    except (ValueError, RecursionError):
        return None
    before = data[:start]
    if start == 9 and draw.random() < 0.9:  # the header of the parameters has its length before it
        before = data[:1] + len(changed).to_bytes(8, "little")
    return before + changed + data[start + length :]


def _changed(value, draw):
    if isinstance(value, list | dict) and value and draw.random() < 0.9:
        value = value.copy()
        key = draw.choice([*value] if isinstance(value, dict) else range(len(value)))
        kind = draw.random()
        if kind < 0.7:
            value[key] = _changed(value[key], draw)
        elif kind < 0.8:
            del value[key]
        elif isinstance(value, dict):
            value[draw.choice([str(draw.choice(VALUES)), *value])] = draw.choice([*value.values()])
        else:
            value.insert(key, draw.choice([*value, *VALUES]))
        return value
    if type(value) in (int, float) and draw.random() < 0.5:
        return value + draw.choice([-1, 1, 8, -value, value])
    return draw.choice(VALUES)
