"""The location of the bundled data: in the wheel, or beside the package."""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


def data_path(*parts: str) -> Path:
    """Return the path of a file or folder of the bundled data.

    Parameters
    ----------
    *parts : str
        Names below the data folder, such as ``"sample", "train.txt"``.

    Returns
    -------
    Path
        A path below ``windowclf/data`` in an installed wheel, below ``data`` in a checkout. It may
        not exist.
    """
    installed = _PACKAGE / "data"
    root = installed if installed.is_dir() else _PACKAGE.parent / "data"
    return root.joinpath(*parts)
