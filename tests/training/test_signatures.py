"""No function of training has more than five parameters, so none hands on all that it was given."""

import inspect
import pkgutil
from importlib import import_module

import pytest

import windowclf.training
from windowclf import WindowClassifier
from windowclf.training.loop import Training

MOST = 5
MODULES = [
    import_module(f"windowclf.training.{module.name}")
    for module in pkgutil.iter_modules(windowclf.training.__path__)
]


def functions_of(module):
    """The functions and methods that a module defines, by name."""
    for name, value in vars(module).items():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            for method, found in vars(value).items():
                found = getattr(found, "__func__", found)
                # Not the __init__ that a dataclass makes.
                if inspect.isfunction(found) and found.__code__.co_filename == module.__file__:
                    yield f"{name}.{method}", found


def count(function):
    return len([name for name in inspect.signature(function).parameters if name != "self"])


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_functions_of_training(module):
    assert {name: count(found) for name, found in functions_of(module) if count(found) > MOST} == {}


def test_functions_and_methods_are_counted():
    counts = {name: count(found) for module in MODULES for name, found in functions_of(module)}
    assert counts["fit"] == 4
    assert counts["Training.__init__"] == 5
    assert count(Training.run) == counts["Training.run"] == 2
    assert "TrainingData.__init__" not in counts
    assert len(counts) > 40


def test_the_public_fit():
    parameters = list(inspect.signature(WindowClassifier.fit).parameters)
    data, options = ["self", "train", "dev", "scheme"], set(parameters)
    others = {
        "vectors",
        "gazetteers",
        "clusters",
        "names",
        "unlabelled",
        "trained_teachers",
        "base_model",
        "keep_labels",
        "listener",
        "threads",
        "checkpoints",
        "progress",
    }
    assert options - set(data) == others
