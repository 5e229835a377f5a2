"""A program in the making: its text as .rlxmodel, its weights as safetensors."""

import json
import re
from dataclasses import dataclass
from math import prod

import numpy as np

DTYPES = {"float32": "f32", "int32": "i32", "int64": "i64", "bool": "bool"}
# Constants of up to as many elements stand in the text, where they can be read. The others are parameters.
IN_THE_TEXT = 4


class Unsupported(Exception):
    """A model has something that is not translated."""


@dataclass(frozen=True)
class Value:
    """What a line of the program computes: `%label : dtype[shape]`."""
    label: str
    dtype: str
    shape: tuple

    def __str__(self):
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


class Program:
    def __init__(self, name):
        self.name, self.lines, self.returned = name, [], []
        self.weights, self.constants, self.labels = {}, {}, {}
        # What the nodes that follow are named after.
        self.topic = "v"

    def label(self, name):
        """A label that no other value has."""
        label = re.sub(r"[^\w.]", "_", name, flags=re.ASCII)
        label = label if re.match("[A-Za-z_]", label) else f"_{label}"
        again = self.labels[label] = self.labels.get(label, -1) + 1
        return self.label(f"{label}.{again}") if again else label

    def input(self, name, dtype, shape):
        return self._line(Value(self.label(name), dtype, tuple(shape)), "input")

    def constant(self, array):
        """The value of an array."""
        array = np.asarray(array)
        if str(array.dtype) not in DTYPES:
            raise Unsupported(f"a constant of {array.dtype}")
        key = (array.dtype, array.shape, array.tobytes())
        if key not in self.constants:
            value = Value(self.label("c" if array.size <= IN_THE_TEXT else "w"), DTYPES[str(array.dtype)], array.shape)
            if array.size <= IN_THE_TEXT:
                text = f"const [{', '.join(str(element).lower() for element in array.ravel())}]"
            else:
                text, self.weights[value.label] = "param", np.ascontiguousarray(array)
            self.constants[key] = self._line(value, text)
        return self.constants[key]

    def value(self, operand):
        """An operand that is a value or an array, as a value."""
        return operand if isinstance(operand, Value) else self.constant(operand)

    def add(self, op, operands, shape, dtype=None):
        """A node. Its dtype is that of the first operand, unless another is given."""
        operands = [self.value(operand) for operand in operands]
        value = Value(self.label(self.topic), dtype or operands[0].dtype, tuple(int(extent) for extent in shape))
        return self._line(value, f"{op} {', '.join('%' + operand.label for operand in operands)}")

    def output(self, name, value):
        self.returned.append(f'%{value.label} as "{name}"')

    def _line(self, value, text):
        self.lines.append(f"  %{value.label} = {text} : {value}")
        return value

    def text(self):
        head = ["rlxmodel 1", "opset 1", f'model {{name: "{self.name}", version: "1.0.0"}}', "", "graph @main {"]
        return "\n".join([*head, *self.lines, f"  return {', '.join(self.returned)}", "}", ""])

    def write(self, folder):
        """Writes `model.rlxmodel` and `weights.safetensors`, which is what `rlx-run run` takes."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.rlxmodel").write_text(self.text())
        write_safetensors(folder / "weights.safetensors", self.weights)


def write_safetensors(path, arrays):
    """The format: the length of a header, the header in JSON, padded to 8 bytes, and the elements."""
    names = {"float32": "F32", "int32": "I32", "int64": "I64", "bool": "BOOL"}
    header, end = {}, 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        header[name] = {"dtype": names[str(array.dtype)], "shape": list(array.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in arrays.values():
            file.write(array.tobytes())


def read_safetensors(path):
    """The arrays of a file, by name."""
    kinds = {"F32": "f4", "I32": "i4", "I64": "i8", "BOOL": "?"}
    data = path.read_bytes()
    start = 8 + int.from_bytes(data[:8], "little")
    return {name: np.frombuffer(data, kinds[info["dtype"]], prod(info["shape"]), start + info["data_offsets"][0])
            .reshape(info["shape"]).copy() for name, info in json.loads(data[8:start]).items()}
