"""Reading, tagging and writing a partition of a job."""

from collections import deque
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from windowclf.documents.document import Document
from windowclf.errors import ModelError, OutputError, WindowclfError, WorkerError, one_line
from windowclf.jobs.job import Job, errors_of
from windowclf.jobs.plan import Partition
from windowclf.jobs.table import ENTITIES, Bad, PartitionReader, PartitionWriter, write_errors
from windowclf.system import filesystems
from windowclf.tagging.tagged_text import TaggedText
from windowclf.tagging.texts import DocumentTagger

if TYPE_CHECKING:
    import pyarrow as pa


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of a partition.

    Parameters
    ----------
    rows : int
        Number of tagged rows.
    bad : int
        Number of entries in the error table.
    failed : str, optional
        The reason, if nothing of it could be tagged.
    seconds, reading, writing : float
        Total time, and the parts of it for reading and for writing.
    """

    partition: Partition
    rows: int = 0
    tokens: int = 0
    bad: int = 0
    failed: str | None = None
    seconds: float = 0.0
    reading: float = 0.0
    writing: float = 0.0


def tag_partition(
    tagger: DocumentTagger, partition: Partition, *, job: Job, output: str
) -> Outcome:
    """Tag a partition.

    Its output is written atomically. Rows that cannot be tagged are listed in its error table; if
    the partition cannot be read, it is listed as a whole and has no output.

    Parameters
    ----------
    tagger : DocumentTagger
        A tagger with the splitter of the job.
    output : str
        The output folder of the job.

    Raises
    ------
    OutputError
        If the output cannot be written.
    WorkerError
        If a process that shares the work is lost.
    ModelError
        If the scores of the model are not finite.
    """
    begun = perf_counter()
    try:
        with filesystems.reading(partition.source) as source:
            reader = PartitionReader(source, partition, job)
            with filesystems.writing(filesystems.below(output, partition.name)) as sink:
                tokens = 0
                with PartitionWriter(sink, reader.schema, reader.column) as writer:
                    for rows, tagged in _tagged(tagger, reader):
                        tokens += sum(text.token_count for text in tagged)
                        writer.write(rows, tagged)
                if reader.bad:  # before the output, which marks the partition as done
                    _write_errors(output, partition, reader.bad)
    except (OutputError, ModelError, WorkerError):
        raise
    except WindowclfError as error:
        return failed(partition, output, str(error))
    except Exception as error:  # no error in one partition may end the job
        reason = ": ".join(filter(None, (type(error).__name__, one_line(error))))
        return failed(partition, output, reason)
    return Outcome(
        partition,
        writer.rows,
        tokens,
        len(reader.bad),
        seconds=perf_counter() - begun,
        reading=reader.seconds,
        writing=writer.seconds,
    )


def failed(partition: Partition, output: str, reason: str) -> Outcome:
    """Write that a partition could not be tagged at all.

    Raises
    ------
    OutputError
        If the error table cannot be written.
    """
    reason = reason.removeprefix(f"{partition.source}: ")
    groups = partition.groups
    where = "" if groups is None else f"row groups {groups[0]} to {groups[1] - 1}: "
    bad = Bad(partition.source, None, None, where + reason)
    _write_errors(output, partition, [bad])
    return Outcome(partition, bad=1, failed=reason)


def _write_errors(output: str, partition: Partition, bad: list[Bad]) -> None:
    write_errors(filesystems.below(output, errors_of(partition.name)), bad)


def _tagged(
    tagger: DocumentTagger, reader: PartitionReader
) -> "Iterator[tuple[pa.Table, list[TaggedText]]]":
    """Tag batch after batch; a batch with long texts is tagged in parts."""
    waiting: deque[pa.Table] = deque()

    def documents() -> Iterator[list[Document]]:
        for rows, read in reader:
            waiting.append(rows)
            yield read

    done: list[TaggedText] = []
    wanted = ("entities",) if reader.column == ENTITIES else ("tags",)
    for answer in tagger.tag(documents(), wanted):
        done += [tagged for _, tagged in answer]
        if len(done) == len(waiting[0]):
            yield waiting.popleft(), done
            done = []
