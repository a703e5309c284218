"""Checks of settings, the same for Python, JSON and the command line."""

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, inspect

from windowclf.errors import UsageError, quoted

Probability = Annotated[float, Meta(ge=0.0, lt=1.0)]
Count = Annotated[int, Meta(ge=1)]
Record = TypeVar("Record", bound=msgspec.Struct)


def check_settings(kind: type[Record], settings: dict[str, Any], *also: str) -> Record:
    """Check settings and fill in the rest.

    Parameters
    ----------
    kind : type of msgspec.Struct
        The record to make.
    settings : dict
        Its fields; as in JSON, a list or a single value may stand for a tuple.
    *also : str
        Further names that an error message lists as known.

    Raises
    ------
    UsageError
        If a field is unknown or its value is out of range; the message names both.
    """
    fields = msgspec.structs.fields(kind)
    known = {field.name: field.type for field in fields}
    for name in settings:
        if name not in known:
            expected = ", ".join([*also, *known])
            raise UsageError(f"unknown setting {name!r}: expected one of {expected}")
    settings = {name: _of_python(value) for name, value in settings.items()}
    types = {name: inspect.type_info(known[name]) for name in settings}
    settings = {
        name: [value] if _is_tuple(types[name]) and isinstance(value, int | str) else value
        for name, value in settings.items()
    }
    # One field at a time first, so that the message can name the field and its value.
    for name, value in settings.items():
        try:
            msgspec.convert(value, known[name])
        except UnicodeEncodeError:  # half of a surrogate pair
            raise UsageError(f"`{name}`: expected text, got {quoted(value)}") from None
        except msgspec.ValidationError as error:
            reason = str(error).split(" - at ")[0].replace("`", "")
            choices = _choices(types[name])
            if choices and reason.startswith("Invalid"):
                reason = f"expected {', '.join(choices)}"
            reason = reason.partition(", got ")[0].replace("array", "list")
            raise UsageError(
                f"`{name}`: {reason[0].lower()}{reason[1:]}, got {_plain(value)}"
            ) from None
    try:
        encoded = {field.name: field.encode_name for field in fields}
        return msgspec.convert({encoded[name]: value for name, value in settings.items()}, kind)
    except msgspec.ValidationError as error:  # two fields contradict each other
        raise UsageError(str(error)) from None


def option_name(field: str) -> str:
    """Name the command-line option of a field.

    The option of a tuple is repeated for each value, so its name is in the singular.
    """
    return f"--{field.replace('features', 'feature').replace('_', '-')}"


def _is_tuple(kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.Metadata):
        return _is_tuple(kind.type)
    return isinstance(kind, inspect.VarTupleType)


def _choices(kind: inspect.Type) -> list[str]:
    """List the words that a type accepts, at any depth."""
    match kind:
        case inspect.LiteralType():
            return [str(value) for value in kind.values]
        case inspect.IntType():
            return ["a whole number"]
        case inspect.UnionType():
            return [choice for part in kind.types for choice in _choices(part)]
        case inspect.VarTupleType():
            return _choices(kind.item_type)
        case inspect.Metadata():
            return _choices(kind.type)
    return []


def _of_python(value: Any) -> Any:
    """Convert NumPy numbers and arrays to plain Python values."""
    return value.tolist() if hasattr(value, "tolist") else value


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) <= 10:
        return " ".join(map(quoted, value))
    return quoted(value)
