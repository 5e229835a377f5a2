"""Twenty inputs of each model, always the same. An input is a list of steps, each a dictionary of arrays."""

import numpy as np

from files import files
from pictures import PHRASES, line, page
from sounds import sounds

COUNT = 20


def of_magika():
    """What magika looks at: 1024 bytes from each end, without the white space there, padded with 256."""
    def ends(content):
        head, tail = content.lstrip()[:1024], content.rstrip()[-1024:]
        none = [256]
        return [*head, *none * (1024 - len(head)), *none * (1024 - len(tail)), *tail]
    return [[{"bytes": np.array([ends(content)], "i4")}] for content in files().values()]


def of_silero():
    """Eight windows of a sound in a row, each with the 64 samples before it. The state starts at zero."""
    def windows(sound):
        behind = np.concatenate([np.zeros(64, "f4"), sound])
        return [{"input": behind[None, start:start + 576]} for start in range(0, len(sound), 512)]
    given = [windows(sound) for sound in sounds()]
    for steps in given:
        steps[0]["state"] = np.zeros((2, 1, 128), "f4")
    return given


def pixels(picture):
    """A grey picture as the OCR models take it: three channels from -1 to 1."""
    return np.broadcast_to(picture.astype("f4") * 2 - 1, (1, 3, *picture.shape)).copy()


def of_detection():
    return [[{"x": pixels(page(160, 320, number))}] for number in range(COUNT)]


def of_classification():
    """Every other line stands on its head."""
    lines = [line(48, 192, phrase, number) for number, phrase in enumerate(PHRASES)]
    return [[{"x": pixels(picture[::-1, ::-1] if number % 2 else picture)}] for number, picture in enumerate(lines)]


def of_recognition():
    return [[{"x": pixels(line(48, 320, phrase, number))}] for number, phrase in enumerate(PHRASES)]


def of_resnet():
    """Noise: what a picture shows says nothing to weights that are made up."""
    rng = np.random.default_rng(224)
    return [[{"x": rng.standard_normal((1, 3, 224, 224), "f4")}] for _ in range(COUNT)]


INPUTS = {"magika": of_magika, "silero-vad": of_silero, "ocr-detection": of_detection,
          "ocr-classification": of_classification, "ocr-recognition": of_recognition,
          "resnet-50": of_resnet}


def inputs_of(name):
    """The inputs of a model."""
    given = INPUTS[name]()
    assert len(given) == COUNT, f"{name} has {len(given)} inputs"
    return given
