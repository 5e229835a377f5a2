"""Runs a program in every mode, with operands beside pages that may not be touched, and says what is wrong with the results."""

import ctypes
import itertools
from math import prod

import numpy as np
import rlx_host
from rlx_host.abi import DTYPES, Release, RlxBytes, RlxBytesMut, RlxParamArgs, RlxRunArgs, RlxTensor, c_int64, sized, wire

from dtypes import FLOATS, LARGEST, from_bytes, rounded, size_of, to_bytes
from guarded import Guarded
from program import written

MODES = ("eager", "lazy", "compiled")
UNTOUCHED = b"\xa5"
SHARED, NUMBERS = {}, itertools.count(1)


@Release
def given_back(number):
    # Unmapped at once: whoever still reads it ends the process.
    SHARED.pop(number).free()


def begins_at_page(node):
    """Every fourth value begins at a forbidden page rather than ends at one."""
    return int(node.label[1:]) % 4 == 3


def guarded(node):
    """The bytes of a leaf beside a forbidden page, read-only."""
    memory = Guarded(prod(node.shape) * size_of(node.dtype), begins_at_page(node))
    memory.write(to_bytes(node.value, node.dtype))
    memory.freeze()
    return memory


def set_param(executable, node, memory):
    tensor = RlxTensor(DTYPES.index(node.dtype), len(node.shape), (c_int64 * len(node.shape))(*node.shape),
                       RlxBytes(memory.address, memory.size))
    number = next(NUMBERS)
    SHARED[number] = memory
    rlx_host.abi.check(executable.api.set_param(executable.handle, sized(
        RlxParamArgs, name=wire(node.label), tensor=tensor, release=given_back, release_context=number)))


def run_once(executable, leaves, outputs):
    """The bytes of the outputs."""
    by_name = {node.label: node for node in leaves}
    given = [guarded(by_name[info.name]) for info in executable.inputs]
    taken = [Guarded(prod(node.shape) * size_of(node.dtype), begins_at_page(node)) for node in outputs]
    for memory in taken:
        memory.write(UNTOUCHED * memory.size)
    try:
        rlx_host.abi.check(executable.api.run(executable.handle, sized(
            RlxRunArgs, inputs=(RlxBytes * len(given))(*((m.address, m.size) for m in given)), input_count=len(given),
            outputs=(RlxBytesMut * len(taken))(*((m.address, m.size) for m in taken)), output_count=len(taken))))
        return [memory.read() for memory in taken]
    finally:
        for memory in (*given, *taken):
            memory.free()


def runs(backend, program, outputs, mode, count):
    """The bytes of the outputs of some runs of one executable."""
    executable = backend.compile(program.text(outputs), mode=mode)
    for node in program.leaves("param"):
        if any(info.name == node.label for info in executable.params):
            set_param(executable, node, guarded(node))
    return [run_once(executable, program.leaves("input"), outputs) for _ in range(count)]


def differences(node, got, operands):
    """What is wrong with a node's value, given the values that its operands had: None, or a line."""
    with np.errstate(all="ignore"):
        exact, off = node.compute(*operands)
        want = rounded(exact, node.dtype)
        right = got == want
        if node.dtype in FLOATS:
            wide, exact = got.astype("f8"), np.asarray(exact, "f8")
            right |= np.isnan(got) & np.isnan(want)
            right |= np.abs(wide - exact) <= off
            # What may be off may be so across the largest value.
            right |= np.isinf(wide) & (np.sign(wide) * exact + off >= LARGEST[node.dtype])
    if np.all(right):
        return None
    at = tuple(int(i) for i in np.argwhere(~right)[0])
    allowed = np.broadcast_to(off, got.shape)[at] if node.dtype in FLOATS else 0
    return (f"%{node.label} = {node.text.split(' graph ')[0][:160]} : {written(node.dtype, node.shape)}: {int(np.sum(~right))} "
            f"elements are wrong; {at} is {got[at]!r}, should be {want[at]!r} (may be off by {float(allowed):.3g})")


def findings(backend, program, outputs, plant=""):
    """All that is wrong, as lines. `plant` names a fault to put in, which must be found."""
    found = []
    # Every value, eagerly: each is compared with NumPy's for the operands that the plugin itself computed.
    (everything,) = runs(backend, program, program.nodes, "eager", 1)
    values = {}
    for node, data in zip(program.nodes, everything):
        values[node.label] = from_bytes(data, node.dtype, node.shape)
        if node.compute is None:
            if data != to_bytes(node.value, node.dtype):
                found.append(f"%{node.label} = {node.place}: not the bytes that were given")
        else:
            line = differences(node, altered(values[node.label], plant), [values[i.label] for i in node.inputs])
            found += [line] if line else []
    at = {node.label: i for i, node in enumerate(program.nodes)}
    right = [everything[at[node.label]] for node in outputs]
    for mode in MODES:
        for turn, result in enumerate(runs(backend, program, outputs, mode, 2)):
            if plant == "bits" and (mode, turn) == ("compiled", 1):
                result = [bytes([data[0] ^ 1]) + data[1:] if data else data for data in result]
            for node, want, data in zip(outputs, right, result):
                if data != want:
                    places = np.flatnonzero(np.frombuffer(data, "u1") != np.frombuffer(want, "u1"))
                    found.append(f"%{node.label}: mode {mode}, run {turn + 1}: {len(places)} bytes differ from the values "
                                 f"that eager mode gave one by one, from byte {places[0]} of {len(want)}")
    return found


def altered(values, plant):
    """The plugin's values, or with plant "value" wrong ones."""
    if plant == "value" and values.size:
        values = values.copy()
        values.flat[-1] = not values.flat[-1] if values.dtype == "?" else values.flat[-1] + values.dtype.type(1)
    return values


def touch_guard():
    """What a plugin that reads one element too many does."""
    ctypes.string_at(Guarded(8).address, 9)
