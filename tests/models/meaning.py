"""Whether the inputs are what the models were made for: what onnxruntime makes of them is what they show.

A comparison on inputs that a model makes nothing of would compare little.
"""

import json

import numpy as np
import onnx
from catalogue import MODELS
from check import results, session
from files import files
from inputs import COUNT
from pictures import PHRASES


def outputs(name):
    """The first output of each step."""
    return [next(iter(step.values())) for step in results(MODELS[name], session(MODELS[name]))]


def kinds_of_files():
    labels = json.loads((MODELS["magika"].path.parent / "config.min.json").read_text())["target_labels_space"]
    return [labels[row.argmax()] == kind for row, kind in zip(outputs("magika"), files())]


def speech():
    """A vowel is speech, more likely than not; of the other sounds none is."""
    loudest = np.reshape(outputs("silero-vad"), (COUNT, -1)).max(1)
    return [(chance > 0.5) == (12 <= number < 17 or number >= 18) for number, chance in enumerate(loudest)]


def pages():
    """Every fifth page has no text."""
    return [(chances.max() > 0.6) == (number % 5 > 0) for number, chances in enumerate(outputs("ocr-detection"))]


def directions():
    """Every other line stands on its head."""
    return [row.argmax() == number % 2 for number, row in enumerate(outputs("ocr-classification"))]


def readings():
    """The letters, without spaces: the likeliest class at each place, once where it stands several times in a row; 0 is no
    letter."""
    metadata = onnx.load(MODELS["ocr-recognition"].path).metadata_props
    letters = next(entry.value for entry in metadata if entry.key == "character").splitlines()
    texts = []
    for chances in outputs("ocr-recognition"):
        classes = chances[0].argmax(-1)
        first = np.flatnonzero(np.diff(classes, prepend=0) * classes)
        texts.append("".join(letters[c - 1] for c in classes[first] if c <= len(letters)).replace(" ", ""))
    return [text == phrase.replace(" ", "") for text, phrase in zip(texts, PHRASES)]


def meanings():
    """How many inputs of each model it takes for what they are, of how many."""
    answers = {"magika": kinds_of_files(), "silero-vad": speech(), "ocr-detection": pages(),
               "ocr-classification": directions(), "ocr-recognition": readings()}
    return {name: (sum(map(bool, right)), len(right)) for name, right in answers.items()}
