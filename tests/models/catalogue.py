"""The models: where each lies in its package, or what makes it, and for which shapes it is translated."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from resnet import resnet

# The packages of the models lie beside those that are imported.
SITE = Path(onnxruntime.__file__).parent.parent


@dataclass
class Model:
    name: str
    # Where it lies among the packages, or the function that makes it.
    source: str | Callable[[], onnx.ModelProto]
    # What each input is: the shape that it always has, or the value.
    inputs: dict
    # Outputs that become inputs of the next step, such as the state of what listens.
    carried: dict = field(default_factory=dict)

    @property
    def path(self):
        """The file of a model that is published."""
        return SITE / self.source

    @property
    def original(self):
        """What onnxruntime opens: the file, or the bytes that there would be in it."""
        return self.source().SerializeToString() if callable(self.source) else str(self.path)

    def load(self):
        """The model, with those of its inputs that always have one value: it need not be given."""
        model = self.source() if callable(self.source) else onnx.load(self.path)
        always = {name: given for name, given in self.inputs.items() if isinstance(given, np.ndarray)}
        model.graph.initializer.extend(numpy_helper.from_array(given, name) for name, given in always.items())
        return model


OCR = "rapidocr_onnxruntime/models"
MODELS = {model.name: model for model in [
    # The type of a file, from 1024 bytes of its beginning and 1024 of its end.
    Model("magika", "magika/models/standard_v3_3/model.onnx", {"bytes": (1, 2048)}),
    # Whether a window of 512 samples is speech, with 64 samples before it, at 16 kHz.
    Model("silero-vad", "silero_vad/data/silero_vad.onnx",
          {"input": (1, 576), "state": (2, 1, 128), "sr": np.array(16000, "i8")}, {"stateN": "state"}),
    # Where a picture has text; whether a line of text stands on its head; what it says.
    Model("ocr-detection", f"{OCR}/ch_PP-OCRv4_det_infer.onnx", {"x": (1, 3, 160, 320)}),
    Model("ocr-classification", f"{OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx", {"x": (1, 3, 48, 192)}),
    Model("ocr-recognition", f"{OCR}/ch_PP-OCRv4_rec_infer.onnx", {"x": (1, 3, 48, 320)}),
    # What a picture shows, if its weights were not made up.
    Model("resnet-50", resnet, {"x": (1, 3, 224, 224)}),
]}
