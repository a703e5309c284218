"""Search over settings: many short trainings, compared by their F1 on the dev text."""

from windowclf.errors import MissingExtraError

try:
    import optuna  # noqa: F401
except ImportError:
    raise MissingExtraError("windowclf tune", "tune") from None
