"""A training that was stopped, any number of times, ends as one that never was."""

import hashlib
import os
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from networks import DEV, TRAIN, prepare_training
from windowclf.errors import DataError, ModelError
from windowclf.model.bundle import pack_model
from windowclf.model.manifest import digest
from windowclf.model.record import Epoch
from windowclf.training import batches as batches_module
from windowclf.training import checkpoints
from windowclf.training.checkpoint_file import CHECKPOINT
from windowclf.training.checkpoints import Checkpoints, Stopped
from windowclf.training.data import Resources
from windowclf.training.distillation import TeacherScores
from windowclf.training.fit import TrainingRun, fit

DOCUMENTS = [replace(sentence, document=i // 5) for i, sentence in enumerate(TRAIN)]
DROPPED = {"dropout": 0.2, "hidden_dropout": 0.2, "word_dropout": 0.1, "case_augmentation": 0.2}
SENTENCE = {"level": "sentence", "sentence_mean": True, "document_context": True, **DROPPED}
RANKING = {"loss": "ranking", "positive": "LOC", "corruptions": 2, "batch_size": 16}
TEACHERS = {**SENTENCE, "teachers": 2, "epochs": 2, "batch_size": 10}
UNLABELLED = Resources(unlabelled=[replace(sentence, tags=None) for sentence in DEV])
KINDS = {
    "word": DROPPED,
    "sentence": SENTENCE,
    "margin": {**SENTENCE, "loss": "max-margin", "optimizer": "sgd", "momentum": 0.5, "rate": 0.1},
    "word-margin": {"loss": "max-margin", "optimizer": "adagrad", "hidden": [8, 5]},
    "ranking": RANKING,
    "teachers": TEACHERS,
    "word-teachers": {**TEACHERS, "level": "word"},
    "unlabelled": {**TEACHERS, "resources": UNLABELLED},
    "words": {"batch_of": "words", "batch_size": 30, "optimizer": "sgd", "rate": 0.1},
    "tokens": {**SENTENCE, "batch_of": "tokens", "batch_size": 25, "freeze_vectors": True},
    "patience": {"patience": 1, "epochs": 9},
}


def train(folder=None, dev=DEV, stop_after=None, resume=False, text=DOCUMENTS, **settings):
    """Train until the end, or so many events; return the bytes of the model, or None."""
    model, data = prepare_training(text, dev, **{"epochs": 2, "batch_size": 8, **settings})
    checkpoints, left = None, [stop_after]

    def count(event):
        if stop_after is not None:
            left[0] -= 1
            if left[0] == 0:
                checkpoints.stop()

    if folder:
        checkpoints = Checkpoints(folder, {"by": "test"}, every=1e9, resume=resume)
    try:
        fit(model, data, TrainingRun(count, checkpoints=checkpoints))
    except Stopped:
        return None
    return pack_model(model)


def train_in_steps(folder, steps, **settings):
    """Train, stopped again and again after this many events; return the bytes and the stops."""
    resume, stops = False, 0
    while (found := train(folder, stop_after=next(steps), resume=resume, **settings)) is None:
        resume, stops = True, stops + 1
    return found, stops


def every(n):
    while True:
        yield n


def without_times(files):
    return {name: content for name, content in files.items() if name != "times.json"}


def assert_same(found, expected):
    assert without_times(found) == without_times(expected)


@pytest.mark.parametrize(
    ("kind", "events", "in_parts"),
    [
        *((kind, 1, False) for kind in ("word", "teachers")),
        *((kind, 3, False) for kind in KINDS if kind not in ("word", "teachers")),
        *((kind, 3, True) for kind in ("word", "teachers")),
    ],
)
def test_stopped_again_and_again(kind, events, in_parts, tmp_path, monkeypatch):
    if in_parts:
        monkeypatch.setattr(batches_module, "PART_TOKENS", 10)
    expected = train(**KINDS[kind])
    found, stops = train_in_steps(tmp_path / "at", every(events), **KINDS[kind])
    assert stops > 8 // events
    assert_same(found, expected)


def test_a_trained_teacher_scores_the_text_once(tmp_path, monkeypatch):
    teacher, data = prepare_training(TRAIN, DEV, level="sentence", epochs=1)
    fit(teacher, data)
    settings = TEACHERS | {"resources": replace(UNLABELLED, teachers={"ready": teacher})}
    expected = train(**settings)
    add, scored = TeacherScores.add, []

    def spy(scores, model, *rest):
        scored.append(model)
        add(scores, model, *rest)

    monkeypatch.setattr(TeacherScores, "add", spy)
    # the first checkpoint comes after the first batch, when it has scored the text
    found, stops = train_in_steps(tmp_path / "at", every(3), **settings)
    assert stops > 5
    assert_same(found, expected)
    assert [model is teacher for model in scored] == [True, False, False]


@pytest.mark.parametrize("settings", [KINDS["sentence"], KINDS["word"]], ids=["sentence", "word"])
def test_without_a_dev_text(settings, tmp_path):
    expected = train(dev=(), **settings)
    found, stops = train_in_steps(tmp_path / "at", every(4), dev=(), **settings)
    assert stops >= 3
    assert_same(found, expected)


def test_stops_of_any_length(tmp_path):
    expected = train(**TEACHERS)
    rng = np.random.default_rng(5)
    for trial in range(2):
        steps = iter(lambda: int(rng.integers(1, 12)), None)
        assert_same(train_in_steps(tmp_path / str(trial), steps, **TEACHERS)[0], expected)


def test_checkpoints_change_nothing(tmp_path):
    assert_same(train(tmp_path / "at", **SENTENCE), train(**SENTENCE))
    names = [path.name for path in (tmp_path / "at").iterdir()]
    assert len(names) == 5
    assert CHECKPOINT in names


class Crash(BaseException):
    pass


@pytest.mark.parametrize("event", [1, 5, 6, 9])
def test_a_crash_goes_on_from_the_checkpoint_before(tmp_path, event):
    expected = train(**SENTENCE)
    heard = []

    def crash(_):
        heard.append(1)
        if len(heard) == event + 1:
            raise Crash

    model, data = prepare_training(DOCUMENTS, DEV, **{"epochs": 2, "batch_size": 8, **SENTENCE})
    checkpoints = Checkpoints(tmp_path, every=0)
    with pytest.raises(Crash):
        fit(model, data, TrainingRun(crash, checkpoints=checkpoints))
    assert_same(train(tmp_path, resume=True, **SENTENCE), expected)


@pytest.fixture(autouse=True)
def each_epoch(monkeypatch):
    """Let the short epochs of these trainings count as long ones."""
    monkeypatch.setattr(checkpoints, "EPOCH_SECONDS", 0.0)


@pytest.mark.parametrize(
    ("least", "expected"),
    [
        (0, [(1, 3), (1, 6), (2, 0), (2, 3), (2, 6), (3, 0)]),
        (2, [(1, 3), (1, 6), (2, 2), (2, 5), (3, 0)]),
    ],
)
def test_how_often(tmp_path, monkeypatch, least, expected):
    monkeypatch.setattr(checkpoints, "EPOCH_SECONDS", least)
    clock = [0.0]
    monkeypatch.setattr("windowclf.training.checkpoints.time.monotonic", lambda: clock[0])
    written = []
    monkeypatch.setattr(
        "windowclf.training.checkpoints.write_checkpoint",
        lambda _, checkpoint, __: written.append(
            (checkpoint.progress.epoch, checkpoint.progress.batch)
        ),
    )

    def tick(event):
        clock[0] += 0 if isinstance(event, Epoch) else 1

    model, data = prepare_training(TRAIN, epochs=2, batch_size=len(TRAIN) // 7 + 1)  # seven batches
    fit(model, data, TrainingRun(tick, checkpoints=Checkpoints(tmp_path, every=3)))
    assert written == expected


def test_the_options_come_back(tmp_path):
    train(tmp_path, stop_after=3)
    assert Checkpoints(tmp_path, resume=True).options == {"by": "test"}


@pytest.fixture
def stopped(tmp_path):
    """A folder with the checkpoint of a training that was stopped in its second epoch."""
    assert train(tmp_path / "at", stop_after=8, **SENTENCE) is None
    return tmp_path / "at"


def changed(sentences):
    first = sentences[0]
    return [replace(first, tokens=[*first.tokens[:-1], "!"]), *sentences[1:]]


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"text": changed(DOCUMENTS)}, "the training text"),
        ({"text": DOCUMENTS[1:]}, "the training text"),
        ({"dev": changed(DEV)}, "the dev text changed since"),
        ({"dev": DEV[1:]}, "the dev text changed since"),
        ({"seed": 2}, "the word vectors or gazetteers and the settings changed since"),
        ({"rate": 0.5}, "the settings changed since"),
        ({"resources": UNLABELLED}, "the unlabelled text changed since"),
    ],
)
def test_what_changed_is_refused(stopped, more, what):
    with pytest.raises(DataError, match=what) as caught:
        train(stopped, resume=True, **{**SENTENCE, **more})
    assert "\n" not in str(caught.value)


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_other_teachers_and_other_unlabelled_text_are_refused(tmp_path):
    settings = {"level": "sentence", "epochs": 1}
    teachers = [prepare_training(TRAIN, DEV, seed=seed, **settings)[0] for seed in (3, 4)]
    given = replace(UNLABELLED, teachers={"ready": teachers[0]})
    assert train(tmp_path, stop_after=3, resources=given, **settings) is None
    for part, what in (
        ({"teachers": {"ready": teachers[1]}}, "the trained teachers"),
        ({"teachers": {}}, "the trained teachers"),
        ({"unlabelled": UNLABELLED.unlabelled[:-1]}, "the unlabelled text"),
        ({"unlabelled": ()}, "the unlabelled text"),
    ):
        with pytest.raises(DataError, match=f": {what} changed since"):
            train(tmp_path, resume=True, resources=replace(given, **part), **settings)


def test_other_vectors_are_refused(stopped, monkeypatch):
    import networks

    right = networks.make_vectors
    monkeypatch.setattr(networks, "make_vectors", lambda words: right(words, seed=3))
    with pytest.raises(DataError, match="the word vectors or gazetteers changed since"):
        train(stopped, resume=True, **SENTENCE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(stopped):
    for name in [path.name for path in stopped.iterdir()]:
        content = (stopped / name).read_bytes()
        (stopped / name).unlink()
        os.mkfifo(stopped / name)
        with pytest.raises(ModelError, match="not a regular file"):
            train(stopped, resume=True, **SENTENCE)
        (stopped / name).unlink()
        (stopped / name).write_bytes(content)


def test_every_file_cut_or_with_a_bit_flipped_is_refused(stopped):
    rng = np.random.default_rng(1)
    before = files(stopped)
    for name, content in before.items():
        for place in rng.integers(0, len(content), 6):
            flipped = bytearray(content)
            flipped[place] ^= 1 << int(rng.integers(8))
            for damaged in (content[:place], bytes(flipped), b""):
                (stopped / name).write_bytes(damaged)
                if name == CHECKPOINT and damaged.lower() == content.lower():
                    continue  # 1e-05 and 1E-05 are the same number
                with pytest.raises(ModelError, match=name.partition(".")[0]) as caught:
                    train(stopped, resume=True, **SENTENCE)
                assert "\n" not in str(caught.value)
        (stopped / name).unlink()
        with pytest.raises(ModelError, match=name):
            train(stopped, resume=True, **SENTENCE)
        (stopped / name).write_bytes(content)
    assert files(stopped) == before
    assert_same(train(stopped, resume=True, **SENTENCE), train(**SENTENCE))


def rewrite(folder, change):
    """Change a checkpoint, and set its checksum right."""
    path = folder / CHECKPOINT
    facts = msgspec.json.decode(path.read_bytes())
    change(facts)
    facts["sha256"] = ""
    facts["sha256"] = digest(facts)
    path.write_bytes(msgspec.json.encode(facts))


def swap(facts):
    facts["files"]["now"], facts["files"]["optimizer"] = (
        facts["files"]["optimizer"],
        facts["files"]["now"],
    )


def leave(facts):
    facts["files"]["now"]["name"] = "../" + facts["files"]["now"]["name"]


def claim(facts):
    facts["files"]["now"]["size"] = 2**62


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda facts: facts.update(format=9), "checkpoint format 9, this windowclf reads up to 1"),
        (lambda facts: facts.update(teachers=1), "more teachers than the settings"),
        (lambda facts: facts["files"].pop("best"), "expected the files now, best"),
        (lambda facts: facts["progress"]["generators"].append(facts["progress"]["begun"]), "damag"),
        (lambda facts: facts["progress"]["begun"].update(state="x"), "damaged checkpoint"),
        (lambda facts: facts.update(other=1), "damaged checkpoint"),
        (swap, "or does not name a now file"),
        (leave, "leaves the folder"),
        (claim, "bytes of now: at most"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(stopped, change, match):
    rewrite(stopped, change)
    with pytest.raises(ModelError, match=match) as caught:
        train(stopped, resume=True, **SENTENCE)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_with_the_arrays_of_another_kind_is_refused(stopped):
    def rename(facts):
        entry = dict(facts["files"]["optimizer"])
        content = (stopped / entry["name"]).read_bytes()
        entry["name"] = entry["name"].replace("optimizer", "now")
        (stopped / entry["name"]).write_bytes(content)
        facts["files"]["now"] = entry

    rewrite(stopped, rename)
    with pytest.raises(ModelError, match="damaged checkpoint: expected the arrays"):
        train(stopped, resume=True, **SENTENCE)


def test_a_full_disk_leaves_the_checkpoint_before(stopped, monkeypatch):
    from windowclf.training import checkpoint_file

    write, before = checkpoint_file.write_whole, files(stopped)
    for whole in range(3):  # the parameters, the optimiser's state, the manifest
        left = [whole]

        def full(path, content, left=left):
            if left[0] == 0:
                raise OSError(28, "No space left on device", str(path))
            left[0] -= 1
            write(path, content)

        monkeypatch.setattr(checkpoint_file, "write_whole", full)
        with pytest.raises(ModelError, match="cannot write the checkpoint: No space left") as error:
            train(stopped, resume=True, stop_after=3, **SENTENCE)
        assert str(stopped) in str(error.value)
        assert files(stopped) == before
    monkeypatch.setattr(checkpoint_file, "write_whole", write)
    assert_same(train(stopped, resume=True, **SENTENCE), train(**SENTENCE))


def test_a_checkpoint_is_discarded_with_what_a_kill_left(stopped):
    (stopped / ".now-0123456789ab.safetensors.abc").touch()
    (stopped / ".checkpoint.json.abc").touch()
    Checkpoints(stopped).discard()
    assert not stopped.exists()
    Checkpoints(stopped).discard()


# What 0.1.0 computes the checksum of the settings from.
SETTINGS_OF_0_1_0 = (
    "Config(level='word', loss='softmax', positive=None, corruptions=5, constrained=False, "
    "window=3, sentence_mean=False, repeats=False, hidden=(8,), activation='relu', "
    "init='glorot', features=('shape', 'written', 'suffix2'), feature_dimensions=3, "
    "vocabulary=100000, freeze_vectors=False, dropout=0.1, hidden_dropout=0.1, "
    "word_dropout=0.05, recase=0.0, optimizer='adam', momentum=0.0, rate=0.03, "
    "schedule='linear', batch_size=8, batch_of='sentences', epochs=2, patience=15, teachers=0, "
    "seed=1)"
)


def test_a_checkpoint_is_written_as_0_1_0_reads_and_writes_it(tmp_path):
    train(tmp_path, stop_after=3)
    facts = msgspec.json.decode((tmp_path / CHECKPOINT).read_bytes())
    assert [*facts] == [
        *("format", "asked", "read", "teachers", "progress", "of_teachers", "epochs", "files"),
        "sha256",
    ]
    assert facts["asked"] == {"by": "test"}
    assert [*facts["files"]] == ["now", "best", "optimizer", "lessons"]
    digest = hashlib.sha256(SETTINGS_OF_0_1_0.encode()).hexdigest()
    assert facts["read"]["the settings"] == digest
