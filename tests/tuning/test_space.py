import pytest

from windowclf.config.config import make_config
from windowclf.errors import UsageError
from windowclf.tuning.space import DEFAULT, Searched, parse_space


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate=0.001:0.01:log", Searched(name="rate", low=0.001, high=0.01, log=True)),
        ("dropout=0:0.6", Searched(name="dropout", low=0.0, high=0.6)),
        ("dropout=0:0.6:0.2", Searched(name="dropout", low=0.0, high=0.6, step=0.2)),
        ("window=3:9:2", Searched(name="window", low=3, high=9, step=2)),
        ("hidden=10:300:log", Searched(name="hidden", low=10, high=300, log=True)),
        ("hidden = 100, 200", Searched(name="hidden", choices=[100, 200])),
        ("--word-dropout=0.1,0.2", Searched(name="word_dropout", choices=[0.1, 0.2])),
        ("batch-size=16,all", Searched(name="batch_size", choices=[16, "all"])),
        ("constrained=on,off", Searched(name="constrained", choices=[True, False])),
        ("activation=relu", Searched(name="activation", choices=["relu"])),
    ],
)
def test_what_is_searched(text, expected):
    assert parse_space([text], {}) == [expected]


def test_the_default_leaves_out_what_is_fixed():
    names = [one.name for one in parse_space([], {})]
    assert len(names) == len(DEFAULT)
    assert [one.name for one in parse_space([], {"rate": 0.1, "window": 3})] == [
        name for name in names if name not in ("rate", "window")
    ]


@pytest.mark.parametrize(
    ("texts", "given", "message"),
    [
        (["rate"], {}, "--search rate: expected NAME=LOW:HIGH"),
        (["rate="], {}, "expected NAME=LOW:HIGH"),
        (["rate=1:2:3:4"], {}, "expected NAME=LOW:HIGH"),
        (["rate=a:2"], {}, "expected NAME=LOW:HIGH"),
        (["rate=0.1:inf"], {}, "expected NAME=LOW:HIGH"),
        (["rate=2:1"], {}, "expected LOW below HIGH"),
        (["rate=0:1:log"], {}, "LOW above 0 for log"),
        (["window=3:7:0"], {}, "and a step above 0"),
        (["hidden=10:20.5"], {}, "--search hidden=10:20.5: expected whole numbers"),
        (["hiden=10:20"], {}, "unknown setting 'hiden': expected one of level, loss"),
        (["seed=1,2"], {}, "all trials need the same seed"),
        (["hidden=10,10"], {}, "a value is repeated: expected each value once"),
        (["dropout=0:1"], {}, r"--search dropout=0:1: `dropout`: expected `?float`? < 1.0"),
        (["rate=-1:1"], {}, "--search rate=-1:1: `rate`: expected"),
        (["activation=relu,sine"], {}, "`activation`: expected hard-tanh, logistic, relu, tanh"),
        (["rate=0.1:1", "rate=2:3"], {}, "--search rate is repeated: expected each setting once"),
        (
            ["rate=0.1:1"],
            {"rate": 0.5},
            "--search rate and --rate: a setting is either searched or fixed; give only",
        ),
        (["window=3:7"], {}, "--search would try window=4: `window`: expected an odd number"),
        (
            ["level=word,sentence", "loss=softmax,squared-error"],
            {},
            "would try level=sentence, loss=squared-error: `level='sentence'` needs the loss",
        ),
        (["loss=softmax,ranking"], {"level": "sentence"}, "would try loss=ranking"),
    ],
)
def test_what_cannot_be_searched(texts, given, message):
    with pytest.raises(UsageError, match=message) as raised:
        parse_space(texts, given)
    assert "\n" not in str(raised.value)


def test_all_settings_fixed():
    given = {one.name: 1 for one in parse_space([], {})}
    with pytest.raises(UsageError, match="all settings are fixed"):
        parse_space([], given)


def test_all_values_of_the_default_make_a_config():
    for one in parse_space([], {}):
        for value in one.some_values():
            make_config({one.name: value})
