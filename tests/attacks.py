"""What attackers do to a model folder who make its checksums right again."""

import json

import numpy as np
from safetensors.numpy import load, save

from model_folders import change_manifest, path_of, replace


def lexicon_of(folder):
    return json.loads(path_of(folder, "lexicon").read_bytes())


def with_lexicon(change):
    def attack(folder):
        values = lexicon_of(folder)
        replace(folder, "lexicon", json.dumps(change(values)).encode())

    return attack


def with_manifest(change):
    return lambda folder: change_manifest(folder, change)


def with_arrays(change):
    def attack(folder):
        arrays = load(path_of(folder, "parameters").read_bytes())
        change(arrays)
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        replace(folder, "parameters", save(arrays))

    return attack
