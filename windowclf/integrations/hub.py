"""The classifier on the Hugging Face hub: by the mixin of huggingface_hub."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from windowclf.classifier import WindowClassifier
from windowclf.errors import ModelError, UsageError, WindowclfError
from windowclf.integrations.model_card import make_card
from windowclf.model.folder import check_output
from windowclf.model.manifest import KINDS, MANIFEST, read_manifest
from windowclf.system.arguments import check_path
from windowclf.system.packages import whole_install

with whole_install("windowclf.integrations.hub"):
    from huggingface_hub import (
        HfApi,
        ModelCard,
        ModelCardData,
        constants,
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
        try_to_load_from_cache,
    )
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

# Before 2.0, the mixin imports PyTorch wherever safetensors is installed.
with patch("huggingface_hub.utils.is_safetensors_available", lambda: bool(find_spec("torch"))):
    from huggingface_hub import ModelHubMixin

_LOG_IN = "log in with 'hf auth login', or give a token"


class HubClassifier(
    WindowClassifier,
    ModelHubMixin,
    library_name="windowclf",
    pipeline_tag="token-classification",
    tags=["numpy", "word-window"],
):
    """A classifier that can be pushed to the hub and fetched from there.

    A repository holds what `save` writes, ``model.json`` and the files that it names, and a card.

    Parameters
    ----------
    **settings
        See `WindowClassifier`.

    Examples
    --------
    >>> from windowclf import WindowClassifier, load_corpus
    >>> from windowclf.integrations.hub import HubClassifier
    >>> trained = WindowClassifier(epochs=2).fit(load_corpus("sample"))
    >>> mine = HubClassifier.from_classifier(trained)
    >>> mine.push_to_hub("ana/names")  # doctest: +SKIP
    >>> HubClassifier.from_pretrained("ana/names").tag("Paris is in France")  # doctest: +SKIP
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        # The settings are in model.json: without this the mixin writes config.json as well.
        self._hub_mixin_config = None

    @classmethod
    def from_classifier(cls, classifier: WindowClassifier) -> Self:
        """Make a trained classifier one that can be pushed; the two share their parameters.

        Raises
        ------
        ModelError
            If it is not trained.
        """
        return cls._of(classifier.model)

    @classmethod
    def from_pretrained(  # type: ignore[override]  # a trained model takes no settings
        cls,
        pretrained_model_name_or_path: str | Path,
        *,
        force_download: bool = False,
        token: str | bool | None = None,
        cache_dir: str | Path | None = None,
        local_files_only: bool = False,
        revision: str | None = None,
    ) -> Self:
        """Read a classifier from a folder, or fetch it from the hub.

        Only the files of the model are fetched, all of one commit, and checked against the
        checksums in ``model.json``.

        Parameters
        ----------
        pretrained_model_name_or_path : str or Path
            A folder, or else a name of the hub, ``"owner/name"``.
        force_download : bool
            Whether to fetch files anew that are in the cache.
        token : str or bool, optional
            For private models; without it that of ``hf auth login``, if there is one.
        cache_dir : str or Path, optional
            Where fetched files are kept; without it the cache of huggingface_hub.
        local_files_only : bool
            Whether to look into the cache alone.
        revision : str, optional
            A branch, a tag or a commit; without it ``"main"``.

        Raises
        ------
        UsageError
            For a model or a revision that does not exist.
        ModelError
            When the hub cannot be reached or refuses, or the model is damaged.
        """
        # The mixin's own method asks for config.json first, and takes settings from there.
        name = str(check_path(pretrained_model_name_or_path, "pretrained_model_name_or_path"))
        if Path(name).is_dir():
            return cls.load(name)
        options: dict[str, Any] = {
            "force_download": force_download,
            "token": token,
            "cache_dir": cache_dir,
            "local_files_only": local_files_only,
        }

        def fetch(file: str, revision: str | None) -> Path:
            with refusals(name, file=file, revision=revision):
                return Path(hf_hub_download(name, file, revision=revision, **options))

        with refusals(name, revision=revision):
            cached = try_to_load_from_cache(name, MANIFEST, cache_dir=cache_dir, revision=revision)
            if not local_files_only and (force_download or not isinstance(cached, str)):
                # Asks once: a download tries for 23 seconds before it says that nobody answers.
                get_hf_file_metadata(hf_hub_url(name, MANIFEST, revision=revision), token=token)
        folder = fetch(MANIFEST, revision).parent
        for entry in read_manifest(folder).files.values():
            if Path(entry.name).name != entry.name:
                raise ModelError(
                    f"{folder / MANIFEST}: damaged model: {entry.name!r} leaves the folder"
                )
            fetch(entry.name, folder.name)  # of the same commit, by which the cache is sorted
        return cls.load(folder)

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> str | None:
        """Write the classifier to a folder, with a card.

        Parameters
        ----------
        save_directory : str or Path
            New, empty, or with a model; a README.md in it stays as it is.
        **options
            Of `ModelHubMixin.save_pretrained`: ``push_to_hub``, ``repo_id``, and
            ``model_card_kwargs``, the metadata of the card, such as ``{"license": "mit"}``.

        Returns
        -------
        str or None
            The address of the commit, if it was pushed.

        Raises
        ------
        ModelError
            If it is not trained, or cannot be written.
        """
        folder = Path(save_directory)
        card = {"name": folder.resolve().name} | (options.pop("model_card_kwargs", None) or {})
        # Before the mixin, which makes the folder and removes a config.json from it.
        self.generate_model_card(**card)
        check_output(folder)
        return super().save_pretrained(folder, model_card_kwargs=card, **options)

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Put the classifier on the hub, in one commit, in place of an earlier one.

        What was trained on goes with it: the names of data and vectors as they were given, the
        words, and the gazetteers. To push a third of the size, save it with ``compress=True`` and
        push what `load` reads.

        Parameters
        ----------
        repo_id : str
            ``"owner/name"``, or a name among one's own; it is made if it is not there.
        **options
            Of `ModelHubMixin.push_to_hub`: ``private``, ``token``, ``branch``, ``create_pr``,
            ``commit_message``, and ``model_card_kwargs``, the metadata of the card, such as
            ``{"language": "en", "license": "mit"}``. The card is written anew;
            ``ignore_patterns="README.md"`` keeps the one that is there.

        Returns
        -------
        str
            The address of the commit.

        Raises
        ------
        UsageError
            For a name or a branch that cannot be.
        ModelError
            If it is not trained, or the hub cannot be reached or refuses.
        """
        with refusals(repo_id, revision=options.get("branch")):
            if "/" not in repo_id:  # the card says where the model is
                owner = HfApi(token=options.get("token")).whoami()["name"]
                repo_id = f"{owner}/{repo_id}"
            card = (options.pop("model_card_kwargs", None) or {}) | {"name": repo_id}
            self.generate_model_card(**card)  # before a repository is made
            # The files of the model that was there have other names.
            options.setdefault("delete_patterns", [f"{kind}-*" for kind in KINDS])
            commit = super().push_to_hub(repo_id, model_card_kwargs=card, **options)
        return str(getattr(commit, "commit_url", commit))  # before 1.0, its text is the branch's

    def generate_model_card(self, name: str = "model", **metadata: Any) -> ModelCard:
        """Write the card of the model, from the record of its training.

        Parameters
        ----------
        name : str
            ``"owner/name"`` on the hub.
        **metadata
            Of the card, see `huggingface_hub.ModelCardData`.
        """
        own: dict[str, Any] = self._hub_mixin_info.model_card_data.to_dict()  # type: ignore[no-untyped-call]
        return make_card(self.model, self.labels, name, ModelCardData(**own | metadata))

    def _save_pretrained(self, save_directory: Path) -> None:
        self.save(save_directory)


@contextmanager
def refusals(name: str, *, file: str = MANIFEST, revision: str | None = None) -> Iterator[None]:
    """Turn the errors of huggingface_hub about a file of a model into those of windowclf.

    Raises
    ------
    UsageError
        For a model, a revision or metadata that cannot be.
    ModelError
        When the hub cannot be reached or refuses, or does not have the file.
    """
    try:
        yield
    except (WindowclfError, TypeError):  # our own errors, and an option that does not exist
        raise
    except Exception as error:  # the HTTP library of the client raises errors of its own
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
