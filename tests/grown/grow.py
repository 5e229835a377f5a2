"""Program number N of a seed, always the same one, op by op."""

import warnings

import numpy as np

import ops_control  # noqa: F401, as the next ones: they register their ops
import ops_elementwise  # noqa: F401
import ops_index  # noqa: F401
import ops_nn  # noqa: F401
import ops_reduce  # noqa: F401
import ops_shape
from program import Program, Skip
from registry import OPS, WEIGHTS

NAMES = list(OPS)
CHANCES = np.array([WEIGHTS[name] for name in NAMES], "f8") / sum(WEIGHTS.values())


def grow(seed, number):
    """The program, and which of its nodes are outputs: the last one, and some others."""
    warnings.simplefilter("ignore")  # of means of nothing
    p = Program(np.random.default_rng([seed, number]))
    for _ in range(int(p.rng.integers(1, 4))):
        ops_shape.operand(p, p.dtype(), p.shape())
    wanted = int(p.rng.integers(3, 13))
    for _ in range(12 * wanted):
        before = len(p.nodes)
        try:
            OPS[NAMES[int(p.rng.choice(len(NAMES), p=CHANCES))]](p)
            wanted -= 1
        except Skip:
            del p.nodes[before:]  # operands that were made for it
        if wanted == 0:
            break
    count = int(min(len(p.nodes), p.rng.integers(1, 5)))
    others = p.rng.choice(len(p.nodes), count, replace=False)
    outputs = sorted({len(p.nodes) - 1, *(int(i) for i in others)})
    return p, [p.nodes[i] for i in outputs]
