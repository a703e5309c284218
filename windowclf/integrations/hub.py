"""The classifier on the Hugging Face hub, with the mixin of huggingface_hub."""

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

# Before 2.0, the mixin imports PyTorch if safetensors is installed.
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
    """A classifier that can be pushed to the hub and loaded from it.

    A repository contains the files that `save` writes, ``model.json`` and the files named in it,
    and a model card.

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
        # The settings are in model.json; without this the mixin would also write config.json.
        self._hub_mixin_config = None

    @classmethod
    def from_classifier(cls, classifier: WindowClassifier) -> Self:
        """Convert a trained classifier to this class; the two share their parameters.

        Raises
        ------
        ModelError
            If the classifier is not trained.
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
        """Load a classifier from a folder or from the hub.

        Only the files of the model are downloaded, all from the same commit, and checked against
        the checksums in ``model.json``.

        Parameters
        ----------
        pretrained_model_name_or_path : str or Path
            A folder, or the name of a repository on the hub, ``"owner/name"``.
        force_download : bool
            Whether to download files again that are in the cache.
        token : str or bool, optional
            An access token for private models.  Default: the token of ``hf auth login``.
        cache_dir : str or Path, optional
            Folder for downloaded files.  Default: the cache of huggingface_hub.
        local_files_only : bool
            Whether to use only files in the cache.
        revision : str, optional
            A branch, a tag or a commit.  Default: ``"main"``.

        Raises
        ------
        UsageError
            If the model or the revision does not exist.
        ModelError
            If the hub cannot be reached or refuses the request, or the model is damaged.
        """
        # The mixin's own method would request config.json first, and read settings from it.
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
                # A single attempt, because a download retries for 23 seconds without a network.
                get_hf_file_metadata(hf_hub_url(name, MANIFEST, revision=revision), token=token)
        folder = fetch(MANIFEST, revision).parent
        for entry in read_manifest(folder).files.values():
            if Path(entry.name).name != entry.name:
                raise ModelError(
                    f"{folder / MANIFEST}: damaged model: {entry.name!r} is outside the folder"
                )
            fetch(entry.name, folder.name)  # folders in the cache have the name of the commit
        return cls.load(folder)

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> str | None:
        """Write the classifier to a folder, with a model card.

        Parameters
        ----------
        save_directory : str or Path
            A new or empty folder, or one with a model; an existing README.md is kept.
        **options
            Options of `ModelHubMixin.save_pretrained`: ``push_to_hub``, ``repo_id``, and
            ``model_card_kwargs``, the metadata of the card, such as ``{"license": "mit"}``.

        Returns
        -------
        str or None
            The URL of the commit, if the model was pushed.

        Raises
        ------
        ModelError
            If the classifier is not trained, or cannot be written.
        """
        folder = Path(save_directory)
        card = {"name": folder.resolve().name} | (options.pop("model_card_kwargs", None) or {})
        # Checked before the mixin makes the folder and removes a config.json from it.
        self.generate_model_card(**card)
        check_output(folder)
        return super().save_pretrained(folder, model_card_kwargs=card, **options)

    def push_to_hub(self, repo_id: str, **options: Any) -> str:
        """Push the classifier to the hub in one commit, which replaces an earlier model.

        The model contains information on its training data: the names of the data and the vectors
        as they were passed, the words, and the gazetteers. To push a model of a third of the size,
        save it with ``compress=True``, load it and push it.

        Parameters
        ----------
        repo_id : str
            ``"owner/name"``, or a name in your own account. A missing repository is created.
        **options
            Options of `ModelHubMixin.push_to_hub`: ``private``, ``token``, ``branch``,
            ``create_pr``, ``commit_message``, and ``model_card_kwargs``, the metadata of the card,
            such as ``{"language": "en", "license": "mit"}``. The card is replaced;
            ``ignore_patterns="README.md"`` keeps the existing one.

        Returns
        -------
        str
            The URL of the commit.

        Raises
        ------
        UsageError
            If the name or the branch is invalid.
        ModelError
            If the classifier is not trained, or the hub cannot be reached or refuses the request.
        """
        with refusals(repo_id, revision=options.get("branch")):
            if "/" not in repo_id:  # the card has the full name of the repository
                owner = HfApi(token=options.get("token")).whoami()["name"]
                repo_id = f"{owner}/{repo_id}"
            card = (options.pop("model_card_kwargs", None) or {}) | {"name": repo_id}
            self.generate_model_card(**card)  # an error here comes before a repository is created
            # The files of the earlier model have other names.
            options.setdefault("delete_patterns", [f"{kind}-*" for kind in KINDS])
            commit = super().push_to_hub(repo_id, model_card_kwargs=card, **options)
        return str(
            getattr(commit, "commit_url", commit)
        )  # before 1.0, str() of it is the branch's URL

    def generate_model_card(self, name: str = "model", **metadata: Any) -> ModelCard:
        """Make the model card from the record of the training.

        Parameters
        ----------
        name : str
            Name of the model on the hub, ``"owner/name"``.
        **metadata
            Metadata of the card, see `huggingface_hub.ModelCardData`.
        """
        own: dict[str, Any] = self._hub_mixin_info.model_card_data.to_dict()  # type: ignore[no-untyped-call]
        return make_card(self.model, self.labels, name, ModelCardData(**own | metadata))

    def _save_pretrained(self, save_directory: Path) -> None:
        self.save(save_directory)


@contextmanager
def refusals(name: str, *, file: str = MANIFEST, revision: str | None = None) -> Iterator[None]:
    """Convert errors of huggingface_hub about a model's file to errors of windowclf.

    Raises
    ------
    UsageError
        If the model or the revision does not exist, or metadata are invalid.
    ModelError
        If the hub cannot be reached, refuses the request, or does not have the file.
    """
    try:
        yield
    except (WindowclfError, TypeError):  # errors of windowclf, and unknown options
        raise
    except Exception as error:  # includes errors of the client's HTTP library
        raise _refusal(error, name, file, revision) from None


def _refusal(error: Exception, name: str, file: str, revision: str | None) -> WindowclfError:
    match error:  # subclasses come before their base classes
        case HFValidationError():
            return UsageError(
                f"{name!r} is neither a folder nor a name on the Hugging Face hub: expected "
                f"owner/name"
            )
        case RevisionNotFoundError():
            return UsageError(f"model {name} has no revision {revision!r}")
        case GatedRepoError():
            return ModelError(
                f"model {name} is gated: accept its terms on its page at the hub and {_LOG_IN}"
            )
        case RepositoryNotFoundError():
            return UsageError(
                f"unknown model {name!r}: there is no such folder, and it is not on the Hugging "
                f"Face hub, or it is private (then {_LOG_IN})"
            )
        case LocalEntryNotFoundError():
            return ModelError(f"model {name} is not in the cache, and {_no_hub(error.__cause__)}")
        case EntryNotFoundError():
            return ModelError(
                f"model {name} has no file {file}: expected a model that push_to_hub wrote"
            )
        case LocalTokenNotFoundError():
            return ModelError(f"model {name}: the Hugging Face hub requires a login: {_LOG_IN}")
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            status = error.response.status_code
            return ModelError(f"the Hugging Face hub refused model {name} ({status}): {_LOG_IN}")
        case ValueError():
            return UsageError(f"model {name}: {_line(error)}")
        case OSError() if error.filename:
            return ModelError(f"model {name}: {error.filename}: {error.strerror}")
    return ModelError(f"model {name}: {_no_hub(error)}")


def _no_hub(error: BaseException | None) -> str:
    """Return the reason why the hub did not answer."""
    if error is None or isinstance(error, OfflineModeIsEnabled):
        if constants.HF_HUB_OFFLINE:
            return "offline mode is on: unset HF_HUB_OFFLINE"
        return "local_files_only prevents the download"
    reason = f"{constants.ENDPOINT}: {type(error).__name__}: {_line(error)}"
    if isinstance(error, HfHubHTTPError):
        reason = f"{constants.ENDPOINT} answered {error.response.status_code}"
    return (
        f"the Hugging Face hub could not be reached ({reason}): "
        "check the network, set HF_ENDPOINT to a mirror"
    )


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
