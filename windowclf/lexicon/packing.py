"""The values of a lexicon, packed for `PackedValues`."""

import zlib
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from windowclf.errors import ModelError
from windowclf.lexicon.hashed_strings import END
from windowclf.lexicon.lexicon import BROWN, FLAT, GAZETTEER
from windowclf.lexicon.packed_values import HEAD, MAGIC, Block, Header, PackedValues, Table

_STRINGS = 512
"""Number of strings per block: few enough for single lookups, enough for good compression."""


def pack_words(values: Mapping[str, Sequence[str]]) -> bytes | None:
    """Pack the values of a lexicon.

    Parameters
    ----------
    values : mapping of str to sequence of str
        The argument `values` of `Lexicon`.

    Returns
    -------
    bytes or None
        The packed values, always the same for the same values; None if they cannot be packed,
        for instance because one contains a line feed or occurs twice.
    """
    if any(END in value for known in values.values() for value in known):
        return None
    tables, numbers = [], []
    for name, known in values.items():
        if name.startswith(GAZETTEER):
            tables.append(Table(name, len(known), names=list(known)))
        elif name.startswith((BROWN, FLAT)):
            texts = [text.split(" ") for text in known]
            tables.append(Table(name, len(texts), clusters=[text[0] for text in texts]))
            numbers.append({word: i for i, text in enumerate(texts) for word in text[1:]})
        else:
            tables.append(Table(name, len(known), is_sorted=list(known) == sorted(known)))
            numbers.append({word: i for i, word in enumerate(known)})
    try:
        packed = _pack(tables, numbers)
        # Duplicates and wrong orders are not searched for: they would not survive this round trip.
        return packed if PackedValues(packed).lists == dict(values) else None
    except (UnicodeEncodeError, ValueError, ModelError):
        return None


def _pack(tables: Sequence[Table], numbers: Sequence[Mapping[str, int]]) -> bytes:
    strings = sorted(set().union(*numbers))
    of_blocks = [strings[i : i + _STRINGS] for i in range(0, len(strings), _STRINGS)]
    looked_up = [table for table in tables if table.names is None]
    unsorted = [
        known for table, known in zip(looked_up, numbers, strict=True) if not table.is_sorted
    ]
    counts, blocks = [], []
    for block in of_blocks:
        has = np.array([[string in known for string in block] for known in numbers], dtype=bool)
        its = [known[string] for known in unsorted for string in block if string in known]
        text = END.join(block).encode()
        blocks.append(Block(text, has, np.array(its, dtype=np.int32)).packed())
        counts.append(np.count_nonzero(has, axis=1).tolist())
    header = Header(list(tables), [block[0] for block in of_blocks], [*map(len, blocks)], counts)
    packed = zlib.compress(msgspec.msgpack.encode(header), 9)
    return b"".join([HEAD.pack(MAGIC, len(packed)), packed, *blocks])
