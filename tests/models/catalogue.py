"""The models: where each lies in its package, and for which shapes it is translated."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime

# The packages of the models lie beside those that are imported.
SITE = Path(onnxruntime.__file__).parent.parent


@dataclass
class Model:
    name: str
    file: str
    # What each input is: the shape that it always has, or the value.
    inputs: dict
    # Outputs that become inputs of the next step, such as the state of what listens.
    carried: dict = field(default_factory=dict)

    @property
    def path(self):
        return SITE / self.file


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
]}
