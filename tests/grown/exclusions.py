"""What the programs leave out, each with its reason: inputs on which the plugin is known to be inexact, or on which no value
is right. Everything else is compared. A row goes when the plugin computes what it names."""

import numpy as np

from program import Skip

REASONS = {
    "integer mean": "computed in f32 or in the operand's own type",
    "integer bounds": "Clamp's bounds are floats, cast to the integer type: only bounds that it has",
    "f64 through f32": "activations but the simple ones, norms, Softmax, Attention and Rope of f64 have f32's accuracy",
    "half sums": "sums, means and running sums of half types add in the half type: n roundings are allowed for",
    "large scores": "scores of halves leave the half range: small ones only",
    "two dtypes": "operands of two dtypes are computed in the narrower: one dtype only",
    "another dtype": "a result declared in another dtype than the op's is cast: the op's own, but for indices",
    "early overflow": "Exp above 88 in f32, HardSwish near the largest: magnitudes up to LARGE",
    "early underflow": "what exponentials of f32 give below the smallest normal number is 0",
    "order of factors": "the order of a product decides whether it leaves the range in between: factors that cannot do so",
    "sign of NaN": "Sign(NaN) is 0: no NaN",
    "integer powers": "negative exponents of integers: none",
    "wide shifts": "a shift by the width or more, or by less than 0: none",
    "extreme of nothing": "Max, Min, ArgMax, ArgMin along an axis of extent 0 are refused: none",
    "norms over several axes": "refused: one axis",
    "bits of floats": "go through i32: integers only",
    "erf near 0": "absolute accuracy only",
    "float to integer outside": "C++ leaves it undefined: in range and finite only",
    "no key to attend to": "the mean over nothing: each query has a key, and there is at least one",
    "float remainder": "of |a / b| above 2^20, where one rounding of the quotient is more than 1",
}

# Magnitudes of floats that ops take.
LARGE = 64.0


def tame(*arrays):
    """Whether all values are finite and of ordinary size."""
    return all(array.size == 0 or bool(np.all(np.abs(array.astype("f8")) <= LARGE)) for array in arrays)


def finite(*arrays):
    return all(bool(np.all(np.isfinite(array.astype("f8")))) for array in arrays)


def exclude(name, met):
    """Leaves the op out where the condition of this row is met."""
    assert name in REASONS, name
    if met:
        raise Skip
