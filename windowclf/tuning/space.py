"""The search space: settings and their ranges, from text such as ``rate=0.001:0.01:log``."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING, Any

import msgspec

from windowclf.config.check import check_settings, option_name
from windowclf.config.config import RENAMED, Config, make_config
from windowclf.errors import UsageError

if TYPE_CHECKING:
    import optuna

DEFAULT = (
    "rate=0.0003:0.005:log",
    "hidden=100,200,300,400",
    "dropout=0.2:0.7",
    "hidden_dropout=0:0.5",
    "word_dropout=0:0.15",
    "window=3,5,7",
    "batch_size=8,16,32",
)
"""The settings that are searched by default."""
_MOST_COMBINATIONS = 20_000  # so many are checked before training
_HOW = "expected NAME=LOW:HIGH, NAME=LOW:HIGH:log, NAME=LOW:HIGH:STEP or NAME=VALUE,VALUE,…"

Value = bool | int | float | str


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """A setting and the values from which it is drawn.

    Parameters
    ----------
    name : str
        A field of `Config`.
    choices : list
        The values, if they are listed; else there is a range.
    low, high : int or float
        The ends of the range, inclusive.
    log : bool
        Whether equal factors are equally likely, such as 0.001 to 0.01 and 0.01 to 0.1.
    step : int or float, optional
        The difference between successive values of the range.
    """

    name: str
    choices: list[Value] = []
    low: int | float = 0
    high: int | float = 0
    log: bool = False
    step: int | float | None = None

    def some_values(self) -> Sequence[Value]:
        """Return all values of a list or a range of whole numbers; for other ranges, the ends."""
        if self.choices:
            return self.choices
        if isinstance(self.low, int) and isinstance(self.high, int):
            return list(range(self.low, self.high + 1, int(self.step or 1)))[:_MOST_COMBINATIONS]
        return [self.low, self.high]

    def draw(self, trial: "optuna.Trial") -> Value | None:
        """Draw a value for a trial."""
        if self.choices:
            return trial.suggest_categorical(self.name, self.choices)
        if isinstance(self.low, int) and isinstance(self.high, int):
            step = int(self.step or 1)
            return trial.suggest_int(self.name, self.low, self.high, step=step, log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)


def parse_space(texts: Sequence[str], fixed: Mapping[str, Any]) -> list[Searched]:
    """Parse the search space.

    Parameters
    ----------
    texts : sequence of str
        Settings and ranges, such as ``rate=0.001:0.01:log``. If empty, `DEFAULT` without the fixed
        settings.
    fixed : mapping of str to object
        The settings that all trials share.

    Raises
    ------
    UsageError
        If a setting does not exist, is also fixed, or has a value that `Config` does not accept.
    """
    if texts:
        space = [_parse(text) for text in texts]
    else:
        space = [one for one in map(_parse, DEFAULT) if one.name not in fixed]
    names = [one.name for one in space]
    for name in names:
        if name in fixed:
            raise UsageError(
                f"--search {name} and {option_name(name)}: a setting is either searched or fixed; "
                "give only one of them"
            )
        if names.count(name) > 1:
            raise UsageError(f"--search {name} is repeated: expected each setting once")
    if not space:
        raise UsageError(f"all settings are fixed: choose settings to search with --search: {_HOW}")
    # Combinations are checked, because two valid settings may exclude each other.
    together = product(*(one.some_values() for one in space))
    for values in islice(together, _MOST_COMBINATIONS):
        settings = dict(zip(names, values, strict=True))
        try:
            make_config({**fixed, **settings})
        except UsageError as error:
            tried = ", ".join(f"{name}={value}" for name, value in settings.items())
            raise UsageError(f"--search would try {tried}: {error}") from None
    return space


def _parse(text: str) -> Searched:
    name, equals, values = text.partition("=")
    name = name.strip().removeprefix("--").replace("-", "_")
    name = RENAMED.get(name, name)
    if not equals or not values.strip():
        raise UsageError(f"--search {text}: {_HOW}")
    if name not in Config.__struct_fields__:
        known = ", ".join(one for one in Config.__struct_fields__ if one != "seed")
        raise UsageError(f"--search {text}: unknown setting {name!r}: expected one of {known}")
    if name == "seed":
        raise UsageError("--search seed: all trials need the same seed to be comparable")
    if ":" in values:
        found = _range(name, text, values.split(":"))
    else:
        choices = [_value(value.strip()) for value in values.split(",")]
        if len({*map(str, choices)}) < len(choices):
            raise UsageError(f"--search {text}: a value is repeated: expected each value once")
        found = Searched(name=name, choices=choices)
    for value in found.choices or [found.low, found.high]:
        try:
            check_settings(Config, {name: value})
        except UsageError as error:
            if f"`{name}`:" in str(error):  # otherwise the error is about other settings
                raise UsageError(f"--search {text}: {error}") from None
    return found


def _range(name: str, text: str, parts: list[str]) -> Searched:
    low, high, *more = (_value(part.strip()) for part in parts)
    log = more == ["log"]
    step = more[0] if more and not log else None
    numbers = [low, high, *([] if step is None else [step])]
    if len(more) > 1 or not all(_is_number(number) for number in numbers):
        raise UsageError(f"--search {text}: {_HOW}")
    if not low < high or (log and low <= 0) or (step is not None and step <= 0):
        raise UsageError(
            f"--search {text}: expected LOW below HIGH, LOW above 0 for log, and a step above 0"
        )
    if isinstance(getattr(Config(), name), float):
        return Searched(
            name=name, low=float(low), high=float(high), log=log, step=step and float(step)
        )
    if not all(isinstance(number, int) for number in numbers):
        raise UsageError(f"--search {text}: expected whole numbers")
    return Searched(name=name, low=low, high=high, log=log, step=step)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _value(text: str) -> Any:
    if text in ("on", "off"):
        return text == "on"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text
