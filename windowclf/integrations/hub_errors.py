"""What the hub, or the way to it, refuses, in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import constants
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from windowclf.errors import ModelError, UsageError, WindowclfError
from windowclf.model.manifest import MANIFEST

_LOG_IN = "log in with 'hf auth login', or give a token"


@contextmanager
def refusals(name: str, *, file: str = MANIFEST, revision: str | None = None) -> Iterator[None]:
    """Turn the errors of huggingface_hub into those of windowclf.

    Parameters
    ----------
    name : str
        The model, ``"owner/name"``.
    file : str
        The file that is wanted.

    Raises
    ------
    UsageError
        For a model, a revision or metadata that cannot be.
    ModelError
        When the hub cannot be reached or refuses, or has not what is wanted.
    """
    try:
        yield
    except (WindowclfError, TypeError):  # ours, and an option that does not exist
        raise
    except Exception as error:  # among them those of the HTTP library that the client uses
        raise _refusal(error, name, file, revision) from None


def _refusal(error: Exception, name: str, file: str, revision: str | None) -> WindowclfError:
    match error:  # each before its base classes
        case HFValidationError():
            return UsageError(
                f"{name!r} is no folder and no name of the Hugging Face hub: expected owner/name"
            )
        case RevisionNotFoundError():
            return UsageError(f"model {name} has no revision {revision!r}")
        case GatedRepoError():
            return ModelError(
                f"model {name} is gated: accept its terms on its page at the hub and {_LOG_IN}"
            )
        case RepositoryNotFoundError():
            return UsageError(
                f"unknown model {name!r}: there is no such folder, and the Hugging Face hub has "
                f"none of that name, or it is private (then {_LOG_IN})"
            )
        case LocalEntryNotFoundError():
            return ModelError(f"model {name} is not in the cache, and {_no_hub(error.__cause__)}")
        case EntryNotFoundError():
            return ModelError(
                f"model {name} has no file {file}: expected a model that push_to_hub wrote"
            )
        case LocalTokenNotFoundError():
            return ModelError(f"model {name}: the Hugging Face hub has to know you: {_LOG_IN}")
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            status = error.response.status_code
            return ModelError(f"the Hugging Face hub refused model {name} ({status}): {_LOG_IN}")
        case ValueError():
            return UsageError(f"model {name}: {_line(error)}")
        case OSError() if error.filename:
            return ModelError(f"model {name}: {error.filename}: {error.strerror}")
    return ModelError(f"model {name}: {_no_hub(error)}")


def _no_hub(error: BaseException | None) -> str:
    """Tell why the hub did not answer."""
    if error is None or isinstance(error, OfflineModeIsEnabled):
        if constants.HF_HUB_OFFLINE:
            return "offline mode is on: unset HF_HUB_OFFLINE"
        return "local_files_only keeps it from being fetched"
    reason = f"{constants.ENDPOINT}: {type(error).__name__}: {_line(error)}"
    if isinstance(error, HfHubHTTPError):
        reason = f"{constants.ENDPOINT} answered {error.response.status_code}"
    return (
        f"the Hugging Face hub could not be reached ({reason}): "
        "check the network, set HF_ENDPOINT to a mirror"
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
