"""Tagging Dask data frames: a new column for their texts or tokens, partition by partition."""

from hashlib import sha256
from typing import Any

from windowclf.classifier import WindowClassifier
from windowclf.errors import MissingExtraError, UsageError, described, error_context, quoted
from windowclf.text.units import TextUnit

try:
    import dask.dataframe as dd
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    from dask.delayed import Delayed, delayed
except ImportError:
    raise MissingExtraError("windowclf.integrations.dask", "dask") from None


def tag_dataframe(
    ddf: dd.DataFrame,
    tagger: WindowClassifier,
    *,
    text_column: str | None = "text",
    tokens_column: str | None = "tokens",
    text_unit: TextUnit = "auto",
) -> dd.DataFrame:
    """Tag a Dask DataFrame lazily.

    Parameters
    ----------
    ddf : dask.dataframe.DataFrame
        A data frame with a column of texts or of tokens.
    tagger : WindowClassifier
        A trained classifier.
    text_column, tokens_column : str, optional
        The columns with texts and with lists of tokens; None excludes a column. If both exist, the
        texts are tagged.
    text_unit : {"auto", "line", "paragraph", "file"}
        The line ends that entities cannot cross, see `WindowClassifier.tag`.

    Returns
    -------
    dask.dataframe.DataFrame
        A data frame with the same columns, index and partitions, and one more column, which
        replaces a column of the same name. For texts it is "entities", lists of structs with the
        fields text, label, start, end (character offsets) and score; for tokens it is "tags", lists
        of strings. Both have an Arrow list type in every partition, and are null in rows without
        text or tokens.

    Raises
    ------
    UsageError
        If an argument has another class, neither column exists, or the text unit is unknown.
    ModelError
        If the classifier is not trained.
    DataError
        During the computation, if a row is not a text or a list of tokens.

    Notes
    -----
    The model is one task of the graph, so each worker has it once and its threads share it. For a
    large model, such as the bundled one with 14 MB, ``distributed`` issues a warning; its threshold
    is ``distributed.admin.large-graph-warning-threshold``.

    pandas does not recognize the name of the list type that it writes to Parquet: read such files
    with ``read_parquet(path, dtype_backend="pyarrow")``. Other readers need no option.

    Examples
    --------
    >>> import dask.dataframe as dd
    >>> from windowclf import load
    >>> from windowclf.integrations.dask import tag_dataframe
    >>> texts = dd.read_parquet("texts")  # doctest: +SKIP
    >>> tag_dataframe(texts, load()).to_parquet("tagged")  # doctest: +SKIP
    """
    if not isinstance(tagger, WindowClassifier):
        raise UsageError(f"tagger: expected a WindowClassifier, got {described(tagger)}")
    if not isinstance(ddf, dd.DataFrame):
        raise UsageError(
            f"expected a Dask DataFrame, not {type(ddf).__name__}; make one with "
            f"dask.dataframe.read_parquet, or with from_pandas"
        )
    names = {"text_column": text_column, "tokens_column": tokens_column}
    [(new, nothing)] = tagger.tag_batch(
        {name: [] for name in ddf.columns}, **names, text_unit=text_unit
    ).items()
    kind = "text_column" if new == "entities" else "tokens_column"
    given = ddf[names[kind]]
    _check(given, names[kind], kind)
    meta = (new, pd.ArrowDtype(pa.array(nothing).type))
    found = given.map_partitions(tag_partition, _held(tagger), kind, text_unit, meta=meta)
    tagged: dd.DataFrame = ddf.assign(**{new: found})
    return tagged


def tag_partition(
    given: pd.Series, tagger: WindowClassifier, kind: str, text_unit: TextUnit = "auto"
) -> pd.Series:
    """Tag the texts or the tokens of one partition; see `tag_dataframe`.

    `kind` is the parameter that names the column: "text_column" or "tokens_column".
    """
    nulls = given.isna().to_numpy()
    empty: Any = "" if kind == "text_column" else []
    # Nulls become empty rows, so that messages have the right row numbers.
    rows = [empty if null else row for null, row in zip(nulls, given, strict=True)]
    names = {"text_column": None, "tokens_column": None, kind: given.name}
    ends = given.index[:: max(len(given) - 1, 1)].tolist()
    with error_context(f"partition of index {' to '.join(map(quoted, ends))}"):
        batch = {given.name: rows}
        [(new, found)] = tagger.tag_batch(batch, **names, text_unit=text_unit).items()
    column = pa.array(found)
    column = pc.if_else(pa.array(nulls), pa.scalar(None, column.type), column)
    return pd.Series(pd.arrays.ArrowExtensionArray(column), index=given.index, name=new)


def _check(given: Any, name: Any, kind: str) -> None:
    if not isinstance(given, dd.Series):
        raise UsageError(f"{kind}: expected one column {name!r}, found several")
    if kind == "tokens_column" and isinstance(given.dtype, pd.StringDtype):
        raise UsageError(
            f"column {name!r} has strings, not lists of tokens; Dask turns lists of pandas into "
            f"strings unless their type is pd.ArrowDtype(pyarrow.list_(pyarrow.string()))"
        )


def _held(tagger: WindowClassifier) -> Delayed:
    """Make the classifier a task on which the tasks of all partitions depend.

    As a plain argument it would be pickled with each of them. The same model gets the same name,
    by Dask's convention for equal inputs.
    """
    digest = sha256(tagger.to_bytes()).hexdigest()
    held: Delayed = delayed(tagger, name=f"{type(tagger).__name__}-{digest}", traverse=False)
    return held
