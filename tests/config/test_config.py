import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from windowclf.config.config import Config, make_config
from windowclf.errors import UsageError

STRUCT_FIELDS = msgspec.structs.fields(Config)
FIELDS = [field.name for field in STRUCT_FIELDS]
COUNTS = ["window", "feature_dimensions", "batch_size", "epochs", "patience"]
SHARES = ["dropout", "hidden_dropout", "word_dropout", "momentum"]
CHOICES = ["level", "loss", "activation", "init", "optimizer", "schedule"]


def refused(settings):
    with pytest.raises(UsageError) as caught:
        make_config(settings)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_defaults_are_within_their_own_bounds():
    assert make_config(msgspec.to_builtins(Config())) == make_config({}) == Config()


def values(kind):
    """Make a strategy for what a type of msgspec takes, bounds and all."""
    match kind:
        case inspect.Metadata():
            return values(kind.type)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.StrType():
            return st.text()
        case inspect.LiteralType():
            return st.sampled_from(kind.values)
        case inspect.IntType():
            return st.integers(kind.ge, kind.le)
        case inspect.FloatType():
            exclusive = {"exclude_min": kind.gt is not None, "exclude_max": kind.lt is not None}
            least, most = (
                b if a is None else a for a, b in [(kind.ge, kind.gt), (kind.le, kind.lt)]
            )
            return st.floats(least, most, **exclusive, allow_nan=False, allow_infinity=False)
        case inspect.UnionType():
            return st.one_of(*map(values, kind.types))
        case inspect.VarTupleType():
            return st.lists(values(kind.item_type), min_size=kind.min_length or 0, max_size=3).map(
                tuple
            )


STRATEGIES = {field.name: values(inspect.type_info(field.type)) for field in STRUCT_FIELDS} | {
    "window": st.integers(0, 400).map(lambda c: 2 * c + 1),
    # What goes with what is tested below.
    "level": st.just("word"),
    "loss": st.sampled_from(["softmax", "max-margin", "squared-error"]),
    "positive": st.none(),
    "batch_of": st.just("sentences"),
    "hidden": st.lists(st.integers(1, 2**18 // 1001), min_size=1, max_size=3).map(tuple),
    "teachers": st.just(0),
}


@given(st.fixed_dictionaries({}, optional=STRATEGIES))
def test_settings_survive_json(settings):
    config = make_config(settings)
    assert {name: getattr(config, name) for name in settings} == settings
    text = msgspec.json.encode(config)
    assert msgspec.json.decode(text, type=Config) == config
    assert make_config(json.loads(text)) == config


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in COUNTS for value in (0, -1, 1.5, "3", None)],
        *[(name, value) for name in SHARES for value in (-0.01, 1, 1.5, "0.5", float("nan"))],
        *[(name, value) for name in CHOICES for value in ("", "nothing", 1)],
        *[("rate", value) for value in (0, -1e-3, "fast", float("nan"))],
        *[("hidden", value) for value in (0, [], [10, 0], [1.5], True, "9")],
        *[("features", value) for value in ("case", ["prefix"], ["suffix0"], ["prefix12"], [1])],
        *[("vocabulary", value) for value in (-1, 0.5)],
        *[("seed", value) for value in (-1, 0.5)],
        *[(name, value) for name in ("freeze_vectors", "constrained") for value in (1, "yes")],
    ],
)
def test_what_is_out_of_bounds_is_refused_by_name(name, value):
    message = refused({"epochs": 3, name: value})
    assert message.startswith(f"`{name}`: ")
    assert "got" in message or repr(value) in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, 1) for name in COUNTS],
        *[(name, value) for name in SHARES for value in (0, 0.999)],
        ("rate", 1e-300),
        ("hidden", (1, 1)),
        ("features", ()),
        ("features", ("prefix1", "suffix5")),
        ("vocabulary", 0),
        ("seed", 0),
    ],
)
def test_the_bounds_themselves_are_in_order(name, value):
    assert getattr(make_config({name: value}), name) == value


@pytest.mark.parametrize("window", [2, 4, 100])
def test_an_even_window_has_no_centre(window):
    assert refused({"window": window}) == f"`window`: expected an odd number, got {window}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"window": 1_003, "hidden": 1}, "window of 1,003 and layers of 1 units"),
        ({"hidden": 2**16 + 1, "window": 1}, "window of 1 and layers of 65,537 units"),
        ({"hidden": (3, 2**16 + 1)}, "window of 5 and layers of 65,537 units"),
        ({"window": 5, "hidden": 52_429}, "window of 5 and layers of 52,429 units"),
    ],
)
def test_a_network_that_no_model_could_be_read_with(settings, said):
    assert f"a {said}: expected at most 1,001 and 65,536, and 262,144 window by" in refused(
        settings
    )


def test_the_widest_networks():
    for settings in ({"window": 1_001, "hidden": 261}, {"hidden": 52_428}, {"hidden": (3, 2**16)}):
        make_config(settings)


def test_a_single_value_and_a_list_serve_for_a_tuple():
    config = make_config({"hidden": 7, "features": "shape"})
    assert config.hidden == (7,)
    assert config.features == ("shape",)
    assert make_config({"hidden": [7, 3]}).hidden == (7, 3)


@pytest.mark.parametrize("name", ["windw", "learning_rate", "", "Window"])
def test_unknown_names_list_the_known_ones(name):
    message = refused({name: 5})
    assert message.startswith(f"unknown setting {name!r}: expected one of ")
    assert message.endswith(", ".join(FIELDS))


def test_settings_that_do_not_go_together():
    message = refused({"level": "sentence", "loss": "squared-error"})
    assert "`level='sentence'`" in message
    assert "squared-error" in message
    assert "softmax or max-margin" in message
