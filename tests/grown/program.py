"""A program under growth: nodes with the NumPy value of each beside it, and its text as .rlxmodel."""

import base64
from dataclasses import dataclass, field
from math import prod
from typing import Callable

import numpy as np

from dtypes import FLOATS, INTEGERS, NUMPY, rounded, to_bytes

EXTENTS, WEIGHTS = (0, 1, 2, 65), (0.13, 0.25, 0.35, 0.27)
# The most elements of a value, so that 20,000 programs take minutes.
MOST = 65 * 65 * 2


class Skip(Exception):
    """An op cannot be added here."""


@dataclass
class Node:
    """A value. `compute` takes the values of `inputs` and gives the right value with how far off one may be; leaves have
    none. `place` is where the value of a leaf comes from."""
    label: str
    dtype: str
    shape: tuple
    text: str
    value: np.ndarray
    inputs: list = field(default_factory=list)
    compute: Callable | None = None
    place: str = "op"


class Program:
    def __init__(self, rng):
        self.rng = rng
        self.nodes = []

    def shape(self, least=0, most=4, extents=EXTENTS, weights=WEIGHTS):
        """A shape of a rank from `least` to `most`, not too large."""
        rank = int(self.rng.integers(least, most + 1))
        chance = np.array(weights) / sum(weights)
        while True:
            shape = tuple(int(extent) for extent in self.rng.choice(extents, rank, p=chance))
            if prod(shape) <= MOST:
                return shape

    def extent(self):
        return int(self.rng.choice(EXTENTS, p=WEIGHTS))

    def dtype(self, among=(*FLOATS, *INTEGERS, "bool")):
        return str(self.rng.choice(among, p=None if "f32" not in among else self._mostly_f32(among)))

    @staticmethod
    def _mostly_f32(among):
        weights = np.array([4.0 if dtype == "f32" else 1.0 for dtype in among])
        return weights / weights.sum()

    def chance(self, share):
        return bool(self.rng.random() < share)

    def pick(self, *dtypes, rank=0):
        """A value that there is, of one of the dtypes and at least the rank; rather one of the last."""
        fitting = [node for node in self.nodes if node.dtype in dtypes and len(node.shape) >= rank]
        if not fitting:
            raise Skip
        return fitting[-1 - min(int(self.rng.exponential(2.5)), len(fitting) - 1)]

    def axis(self, node):
        if not node.shape:
            raise Skip
        return int(self.rng.integers(len(node.shape)))

    def values(self, dtype, shape):
        """Numbers of ordinary size; whole ones often, so that there are ties."""
        if dtype == "bool":
            return self.rng.random(shape) < 0.5
        if dtype in FLOATS:
            values = self.rng.normal(0, 2, shape)
            return rounded(np.round(values) if self.chance(0.2) else values, dtype)
        info = np.iinfo(NUMPY[dtype])
        low, high = (info.min, info.max) if self.chance(0.15) else (max(info.min, -9), 9)
        return self.rng.integers(low, high, shape, NUMPY[dtype], endpoint=True)

    def leaf(self, dtype, shape, values=None, place=None):
        """An input, a parameter or a constant. Parameters are the operands that the plugin uses in place."""
        value = rounded(self.values(dtype, shape) if values is None else values, dtype).reshape(shape)
        place = place or str(self.rng.choice(["param", "input", "const"], p=[0.5, 0.3, 0.2]))
        text = place
        if place == "const":
            text = f'Constant{{data: b64"{base64.b64encode(to_bytes(value, dtype)).decode()}"}}'
        return self._keep(Node(f"v{len(self.nodes)}", dtype, tuple(shape), text, value, place=place))

    def add(self, text, inputs, dtype, shape, compute):
        """A node. The shape is the op's: an oracle that gives another is wrong itself."""
        if prod(shape) > MOST:
            raise Skip
        with np.errstate(all="ignore"):
            want, _ = compute(*(node.value for node in inputs))
        assert want.shape == tuple(shape), f"{text}: the oracle gives {want.shape}, not {shape}"
        return self._keep(Node(f"v{len(self.nodes)}", dtype, tuple(shape), text, rounded(want, dtype), list(inputs), compute))

    def _keep(self, node):
        self.nodes.append(node)
        return node

    def text(self, outputs):
        """The program with these nodes as outputs, each under its label."""
        lines = [f"  %{node.label} = {' '.join([node.text, ', '.join('%' + i.label for i in node.inputs)]).strip()} : "
                 f"{written(node.dtype, node.shape)}" for node in self.nodes]
        returned = ", ".join(f"%{node.label} as {node.label}" for node in outputs)
        return "\n".join(["rlxmodel 1", "opset 1", "graph @grown {", *lines, f"  return {returned}", "}", ""])

    def leaves(self, place):
        return [node for node in self.nodes if node.place == place]


def written(dtype, shape):
    return f"{dtype}[{', '.join(map(str, shape))}]"
