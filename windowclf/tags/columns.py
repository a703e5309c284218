"""Tags for column files, in which white space separates columns."""

import re
from collections.abc import Sequence

from windowclf.errors import DataError, join_names, quoted
from windowclf.tags.schemes import Scheme

_SPACE = re.compile(r"[ \t\r\n]")


class ColumnTags:
    """Replaces white space in the labels of tags, and records the changes.

    A label such as ``Date of birth`` is written as ``Date_of_birth``.
    """

    def __init__(self) -> None:
        self._tags: dict[str, str] = {}  # original tag to written tag
        self._labels: dict[str, str] = {}  # written label to original label

    def write(self, tags: Sequence[str], scheme: Scheme) -> list[str]:
        """Return tags without white space.

        Parameters
        ----------
        scheme : Scheme
            Scheme of the tags, the same for all calls.

        Raises
        ------
        DataError
            If two labels would be written the same way.
        """
        return [self._tags.get(tag) or self._add(tag, scheme) for tag in tags]

    def notes(self) -> list[str]:
        """Return one line that lists the changed labels, or an empty list if there are none."""
        changed = [f"{quoted(a)} as {b}" for b, a in self._labels.items() if a != b]
        if not changed:
            return []
        return [f"column files cannot have white space in labels: wrote {join_names(changed)}"]

    def _add(self, tag: str, scheme: Scheme) -> str:
        label = tag if scheme is Scheme.PLAIN else tag.partition("-")[2] or tag
        written = _SPACE.sub("_", label)
        other = self._labels.setdefault(written, label)
        if other != label:
            raise DataError(
                f"labels {quoted(other)} and {quoted(label)} would both be {written} in a column "
                "file, where white space separates columns: rename one, or write JSONL"
            )
        self._tags[tag] = tag.removesuffix(label) + written
        return self._tags[tag]
