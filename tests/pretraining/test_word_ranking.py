"""Pretraining as a whole, and the gradients that it follows."""

import numpy as np
import pytest

import windowclf
from windowclf.config.check import check_settings
from windowclf.config.config import make_config
from windowclf.errors import DataError, TrainingError, UsageError
from windowclf.model.record import Epoch
from windowclf.nn.gradcheck import check_gradients, full_gradient
from windowclf.nn.layers import ACTIVATIONS
from windowclf.nn.network import Network, initial_weights
from windowclf.nn.objective import RankingObjective
from windowclf.pretraining.pretrain import share_outranking
from windowclf.pretraining.result import PretrainEpoch, middle_words
from windowclf.pretraining.settings import PretrainSettings
from windowclf.pretraining.windows import WindowBatches
from windowclf.system.threads import Workers
from windowclf.training.loop import BatchDone, Training

REAL = np.array([[0, 2, 3], [2, 3, 2], [3, 2, 4], [4, 4, 1], [1, 5, 0]])
CORRUPT = np.array([[0, 5, 3], [2, 4, 2], [3, 3, 4], [4, 2, 1], [1, 2, 0]])

NAMES, PLACES, VERBS = ("ada", "grace", "tom", "mary"), ("paris", "oslo"), ("saw", "left")
TEXT = "".join(
    f"{name.title()} {verb} {place.title()} in {year} .\n"
    for name in NAMES
    for verb in VERBS
    for place in PLACES
    for year in (1906, 2001)
)
QUICK = {"dimensions": 6, "hidden": 8, "batch_size": 8, "epochs": 2, "window": 3}


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


class ByTable(WindowBatches):
    """The windows of `REAL` in order, each corrupted as in `CORRUPT`."""

    def __init__(self, size=5, counted=5):
        super().__init__(list, [counted - 1, 1], size)

    def epoch(self, rng, begun=None, done=0):
        return ([REAL[at : at + self._size]] for at in range(0, len(REAL), self._size))

    def corrupt(self, real, rng):
        rows = [REAL.tolist().index(window) for window in real.tolist()]
        return CORRUPT[rows]


def add_gradients(network, real, rng=None):
    batch = ByTable().part(real, rng)
    s, backward = network.forward(batch, rng)
    loss, ds = RankingObjective().loss(s, batch.tags(), batch.lengths)
    backward(ds)
    return loss


def make_network(activation="tanh", dropout=0.0):
    rng = np.random.default_rng(3)
    weights, biases = initial_weights("glorot", rng, dimensions=4, window=3, hidden=[5], classes=1)
    biases = [rng.normal(scale=0.3, size=bias.shape) for bias in biases]
    table = {"word": rng.normal(size=(6, 4))}
    return Network(table, weights, biases, activation=activation, input_dropout=dropout)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_gradient_is_right(activation, dropout):
    network = make_network(activation, dropout)

    def run():
        return add_gradients(network, REAL, np.random.default_rng(9))

    checks = list(check_gradients(run, network.parameters(), np.random.default_rng(0)))
    assert [check.name for check in checks] == ["L_word", "W1", "b1", "U", "b_u"]
    assert [check for check in checks if not check.passed] == []
    assert checks[0].checked == 24


def test_the_loss_and_the_share_are_those_of_the_formula():
    network, batches = make_network(), ByTable()
    batch = batches.part(REAL, None)
    assert batch.features[batch.windows, 0].tolist() == [*REAL.tolist(), *CORRUPT.tolist()]
    s, s_corrupt = np.split(network.forward(batch)[0][:, 0], 2)
    margins = [max(0, 1 - a + b) for a, b in zip(s, s_corrupt, strict=True)]
    assert np.mean(margins) > 0
    assert add_gradients(network, REAL) == pytest.approx(np.mean(margins))
    share = share_outranking(network, batches, REAL, None)
    assert share == np.mean([a > b for a, b in zip(s, s_corrupt, strict=True)])
    assert 0 < share < 1


@pytest.mark.parametrize("counted", [5, 4])  # 4: the last batch of an epoch was not counted on
def test_the_loop_is_descent_by_hand(counted):
    network, replica = make_network(), make_network()
    config = make_config(
        {"loss": "ranking", "positive": "real", "optimizer": "sgd", "rate": 0.5, "epochs": 2}
    )
    batches = ByTable(2, counted)
    training = Training(network, RankingObjective(), batches, config, np.random.default_rng(0))
    with Workers(1) as workers:
        events = list(training.run(None, workers))
    losses, number = [], len(batches)
    for epoch in range(2):
        for step, cut in enumerate((slice(0, 2), slice(2, 4), slice(4, 5))):
            losses.append(add_gradients(replica, REAL[cut]))
            done = (number * epoch + min(step, number - 1)) / (2 * number)
            for parameter in replica.parameters().values():
                parameter.value -= 0.5 * (1 - done) * full_gradient(parameter)
                parameter.clear_grad()
    for name, parameter in network.parameters().items():
        assert parameter.value == pytest.approx(replica.parameters()[name].value, abs=1e-12)
    done = [event for event in events if isinstance(event, BatchDone)]
    assert [batch.loss for batch in done] == pytest.approx(losses)
    assert [(batch.epoch, batch.batch) for batch in done] == [
        (epoch, batch) for epoch in (1, 2) for batch in (1, 2, 3)
    ]
    means = [(2 * a + 2 * b + c) / 5 for a, b, c in (losses[:3], losses[3:])]
    assert [event.loss for event in events if isinstance(event, Epoch)] == pytest.approx(means)


def test_windows_of_a_text_are_learnt(text):
    found = windowclf.pretrain(
        text, held_out=text, dimensions=10, hidden=20, batch_size=16, epochs=20, rate=0.01
    )
    assert found.held_out_first < 0.7
    assert found.epochs[-1].held_out > 0.85
    assert (found.first != found.last).any(axis=1).all()
    assert found.epochs[-1].loss < found.epochs[0].loss
    assert found.words[:3] == [".", "0000", "in"]
    for rows, which in ((found.first, 0), (found.last, 1)):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        order = np.argsort(-(unit @ unit[found.words.index("ada")]))
        expected = [found.words[row] for row in order[1:4]]  # the nearest of all is itself
        assert found.neighbours(["ada"], 3)["ada"][which] == expected
    nearest = {word: after[0] for word, (_, after) in found.neighbours(["ada", "oslo"], 1).items()}
    assert nearest["ada"] in NAMES
    assert nearest["oslo"] == "paris"


def test_the_listener_is_called(text):
    events = []
    found = windowclf.pretrain(text, listener=events.append, **QUICK)
    epochs = [event for event in events if isinstance(event, PretrainEpoch)]
    batches = [event for event in events if isinstance(event, BatchDone)]
    windows = len(TEXT.split())
    assert epochs == found.epochs
    assert [epoch.epoch for epoch in epochs] == [1, 2]
    assert found.held_out_first is epochs[0].held_out is None
    assert sum(batch.tokens for batch in batches) == 2 * windows
    assert [batch.batch for batch in batches] == 2 * list(range(1, batches[0].batches + 1))


def test_the_same_seed_gives_the_same_vectors(text):
    runs = [windowclf.pretrain(text, held_out=text, seed=s, **QUICK) for s in (1, 1, 2)]
    assert runs[0].last.tobytes() == runs[1].last.tobytes()
    assert runs[0].last.tobytes() != runs[2].last.tobytes()
    assert runs[0].held_out_first == runs[1].held_out_first
    assert runs[0].epochs[-1].held_out == runs[1].epochs[-1].held_out


def test_several_texts_are_one(text, tmp_path):
    lines = TEXT.splitlines(keepends=True)
    parts = [tmp_path / "a.txt", tmp_path / "b.txt"]
    parts[0].write_text("".join(lines[:5]))
    parts[1].write_text("".join(lines[5:]))
    whole, joined = windowclf.pretrain(text, **QUICK), windowclf.pretrain(parts, **QUICK)
    assert whole.last.tobytes() == joined.last.tobytes()


def test_gensim_and_load_vectors_read_the_file(text, tmp_path):
    from gensim.models import KeyedVectors

    text.write_text(TEXT + "Ünïcode 10:30 http://a.b/c 😀 \u00ad\u00adx " * 2)
    found = windowclf.pretrain(text, **QUICK)
    path = tmp_path / "vectors.vec"
    found.save(path)
    assert path.read_text("utf-8").partition("\n")[0] == f"{len(found.words)} 6"
    for read in (KeyedVectors.load_word2vec_format(str(path)), windowclf.load_vectors(path)):
        assert read.index_to_key == found.words
        assert {"ünïcode", "00:00", "😀"} <= set(read.index_to_key)
        assert (read.vectors == found.last).all()


def test_a_model_starts_from_them(text):
    found = windowclf.pretrain(text, **QUICK)
    sentence = windowclf.Sentence(["Ada", "saw", "Oslo"], ["B-PER", "O", "B-LOC"])
    classifier = windowclf.WindowClassifier(epochs=1, hidden=4)
    classifier.fit([sentence] * 4, vectors=found.vectors)
    assert classifier.model.lexicon.values["word"] == found.words


def test_vectors_to_start_from(text, tmp_path):
    first = windowclf.pretrain(text, **QUICK)
    first.save(tmp_path / "v.txt")
    settings = {name: value for name, value in QUICK.items() if name != "dimensions"}
    second = windowclf.pretrain(text, vectors=tmp_path / "v.txt", **settings, rate=1e-9)
    scale = second.first.std() / first.last.std()
    assert second.first == pytest.approx(first.last * scale, rel=1e-4)
    assert second.last == pytest.approx(second.first, abs=1e-4)
    with pytest.raises(UsageError, match=r"`dimensions=7`, but .* have 6 numbers"):
        windowclf.pretrain(text, vectors=tmp_path / "v.txt", dimensions=7)


def test_rare_words_have_no_vector_and_are_no_centre(text):
    text.write_text(TEXT + "Ada met Tim .\n")
    events = []
    found = windowclf.pretrain(text, listener=events.append, min_count=2, **QUICK)
    assert not {"met", "tim"} & set(found.words)
    tokens = sum(event.tokens for event in events if isinstance(event, BatchDone))
    assert tokens == 2 * (len(TEXT.split()) + 2)
    assert len(windowclf.pretrain(text, vocabulary=3, **QUICK).words) == 3
    assert "tim" in windowclf.pretrain(text, **QUICK).words


def test_middle_words():
    words = [f"w{i}" for i in range(50)] + [
        f"word{'abcdefghij'[i % 10] * (i + 1)}" for i in range(950)
    ]
    chosen = middle_words(words)
    assert len(set(chosen)) == 10
    assert all(50 <= words.index(word) < 100 for word in chosen)
    assert middle_words(["a", ".", "b"]) == ["a", ".", "b"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"window": 4}, "`window`: expected an odd number, got 4"),
        ({"window": 1}, "`window`: a window of 1 has no context"),
        ({"dimensions": 0}, "`dimensions`: expected int >= 1, got 0"),
        ({"batch_size": 0}, "`batch_size`: expected int >= 1, got 0"),
        ({"min_count": 0}, "`min_count`: expected int >= 1, got 0"),
        ({"vocabulary": 1}, "`vocabulary`: expected int >= 2, got 1"),
        ({"rate": -1.0}, "`rate`: expected float > 0.0, got -1.0"),
        (
            {"activation": "sine"},
            "`activation`: expected hard-tanh, logistic, relu, tanh, got 'sine'",
        ),
        ({"speed": 1}, "unknown setting 'speed': expected one of dimensions, window"),
    ],
)
def test_settings_that_cannot_be_used(settings, message):
    with pytest.raises(UsageError) as caught:
        check_settings(PretrainSettings, settings)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "text.txt: no word; expected a sentence or paragraph per line"),
        (" \n\n", "text.txt: no word"),
        ("each word once\n", "text.txt: no two words with 2 or more occurrences: use more text"),
    ],
)
def test_texts_with_too_little(text, content, message):
    text.write_text(content)
    with pytest.raises(DataError, match=message):
        windowclf.pretrain(text, min_count=2)


def test_a_held_out_text_with_no_known_word(text, tmp_path):
    (tmp_path / "other.txt").write_text("quite unlike it\n")
    with pytest.raises(DataError, match=r"other\.txt: no word has a vector"):
        windowclf.pretrain(text, held_out=tmp_path / "other.txt", **QUICK)


@pytest.mark.parametrize(
    ("batch_size", "message"),
    [
        (8, "the loss is nan at epoch 1, batch 2: try a learning rate under"),
        (10_000, "parameter L_word is not finite at epoch 1, batch 1: try a learning rate under"),
    ],
)
def test_a_rate_that_diverges(text, batch_size, message):
    settings = QUICK | {"rate": 1e300, "batch_size": batch_size, "optimizer": "sgd"}
    with pytest.raises(TrainingError, match=message):
        windowclf.pretrain(text, **settings)


def test_a_word_without_a_vector_has_no_neighbours(text):
    with pytest.raises(UsageError, match="'rome' has no vector"):
        windowclf.pretrain(text, **QUICK).neighbours(["rome"])
