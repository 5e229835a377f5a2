"""What the programs leave out, each with its reason: inputs on which the plugin is known to be inexact, or on which no value
is right. Everything else is compared. A row goes when the plugin computes what it names."""

import numpy as np

from program import Skip

REASONS = {
    "large operands": "products, and what is composed of them, leave f32's range on the way: magnitudes up to LARGE",
    "order of factors": "the order of a product decides whether it leaves the range in between: factors that cannot do so",
    "place of nothing": "ArgMax and ArgMin along an axis of extent 0 have no value, and are refused: none",
    "float remainder": "of |a / b| above 2^20, where one rounding of the quotient is more than 1",
}

# Magnitudes of floats that ops take.
LARGE = 64.0


def tame(*arrays):
    """Whether all values are finite and of ordinary size."""
    return all(array.size == 0 or bool(np.all(np.abs(array.astype("f8")) <= LARGE)) for array in arrays)


def exclude(name, met):
    """Leaves the op out where the condition of this row is met."""
    assert name in REASONS, name
    if met:
        raise Skip
