"""The ops that programs grow by."""

from dtypes import FLOATS, INTEGERS

ANY = (*FLOATS, *INTEGERS, "bool")
OPS, WEIGHTS = {}, {}


def op(name, weight=1):
    """Registers a function that adds the op to a program, or raises Skip."""
    def register(function):
        OPS[name], WEIGHTS[name] = function, weight
        return function
    return register
