"""The dtypes of the IR as NumPy sees them.

NumPy has no bfloat16: a bf16 array is held as float32 whose values bf16 has, and only its bytes have two bytes an element.
"""

import numpy as np

# name: how NumPy holds it, bytes on the wire
NUMPY = {"f32": "f4", "f16": "f2", "bf16": "f4", "f64": "f8", "i8": "i1", "i16": "i2", "i32": "i4", "i64": "i8",
         "u8": "u1", "u32": "u4", "bool": "?"}
FLOATS = ("f32", "f16", "bf16", "f64")
HALVES = ("f16", "bf16")
SIGNED = ("i8", "i16", "i32", "i64")
INTEGERS = (*SIGNED, "u8", "u32")
# Distance from 1 to the next value, the largest finite value, the smallest positive one.
EPSILON = {"f32": 2.0**-23, "f16": 2.0**-10, "bf16": 2.0**-7, "f64": 2.0**-52}
LARGEST = {"f32": (2 - 2.0**-23) * 2.0**127, "f16": 65504.0, "bf16": (2 - 2.0**-7) * 2.0**127,
           "f64": float(np.finfo("f8").max)}
SMALLEST = {"f32": 2.0**-149, "f16": 2.0**-24, "bf16": 2.0**-133, "f64": 5e-324}


def size_of(dtype):
    return 2 if dtype == "bf16" else np.dtype(NUMPY[dtype]).itemsize


def to_bf16(values):
    """float32 values that bf16 has: rounded to nearest, ties to even."""
    exact = np.ascontiguousarray(values, "f4")
    bits = exact.view("u4")
    rounded = ((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)).view("f4")
    return np.where(np.isnan(exact), np.float32(np.nan), rounded).reshape(np.shape(values))


def rounded(values, dtype):
    """Values in a dtype: floats to nearest, integers modulo 2^bits."""
    with np.errstate(all="ignore"):
        return to_bf16(values) if dtype == "bf16" else np.asarray(values).astype(NUMPY[dtype])


def to_bytes(array, dtype):
    if dtype == "bf16":
        return (np.ascontiguousarray(array, "f4").view("u4") >> np.uint32(16)).astype("u2").tobytes()
    return np.ascontiguousarray(array, NUMPY[dtype]).tobytes()


def from_bytes(data, dtype, shape):
    if dtype == "bf16":
        wide = np.frombuffer(data, "u2").astype("u4") << np.uint32(16)
        return wide.view("f4").reshape(shape)
    return np.frombuffer(data, NUMPY[dtype]).reshape(shape)
