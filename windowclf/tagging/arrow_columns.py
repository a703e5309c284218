"""What was found in texts as columns of Arrow."""

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from windowclf.tagging.texts import TaggedText

if TYPE_CHECKING:
    import pyarrow as pa


def entity_type() -> "pa.DataType":
    """Give the type of an entity; see `Entity`."""
    import pyarrow as pa

    return pa.struct(
        {
            "text": pa.string(),
            "label": pa.string(),
            "start": pa.int64(),
            "end": pa.int64(),
            "score": pa.float64(),
        }
    )


def entities_column(tagged: Sequence[TaggedText]) -> "pa.ListArray":
    """Make a column of the entities of texts: a list for each."""
    import numpy as np
    import pyarrow as pa

    lists = [text.entities for text in tagged]
    kind = entity_type()
    ends = np.cumsum([0, *map(len, lists)], dtype=np.int32)
    entities = [*chain.from_iterable(lists)]
    values = [
        pa.array([getattr(entity, field.name) for entity in entities], field.type)
        for field in kind.fields
    ]
    return pa.ListArray.from_arrays(
        pa.array(ends), pa.StructArray.from_arrays(values, fields=kind.fields), pa.list_(kind)
    )


def tags_column(tagged: Sequence[TaggedText]) -> "pa.ListArray":
    """Make a column of the tags of texts: a list for each, of all its sentences."""
    import pyarrow as pa

    tags = [[*chain.from_iterable(text.tags)] for text in tagged]
    return pa.array(tags, pa.list_(pa.string()))
