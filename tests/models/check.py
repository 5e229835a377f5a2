"""Runs a translated model on a backend plugin and compares what it gives with onnxruntime."""

import numpy as np
import onnxruntime
import rlx_host

from inputs import COUNT, inputs_of
from program import read_safetensors

# Of probabilities this is absolute. A larger value, which only the state of a recurrent model has, may be off by as much
# of itself.
TOLERANCE = 1e-4


def session(model):
    """onnxruntime on the model as it was published: every output by name, for a dictionary of inputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    published = onnxruntime.InferenceSession(model.original, options, providers=["CPUExecutionProvider"])
    always = {name: given for name, given in model.inputs.items() if isinstance(given, np.ndarray)}
    names = [info.name for info in published.get_outputs()]
    return lambda inputs: dict(zip(names, published.run(names, {**always, **inputs})))


def compiled(backend, folder, options, plant=False):
    """The translated model on a backend, in the same form. `plant` makes a weight wrong, which must be found."""
    program = backend.compile((folder / "model.rlxmodel").read_text(), **options)
    weights = read_safetensors(folder / "weights.safetensors")
    if plant:
        largest = max((array for array in weights.values() if array.dtype == "f4"), key=np.size)
        largest[:len(largest) // 2] *= np.float32(1.1)  # a norm may divide by what is common to all
    for info in program.params:
        program.set_param(info.name, weights[info.name])
    names = [info.name for info in program.outputs]
    return lambda inputs: dict(zip(names, program.run(inputs)))


def results(model, run, count=COUNT):
    """The outputs of every step of the first inputs. A step has what the last one carries over: of the same backend, so that
    what is off may add up as it does in use."""
    for steps in inputs_of(model.name)[:count]:
        carried = {}
        for inputs in steps:
            outputs = run({**carried, **inputs})
            carried = {name: outputs[output] for output, name in model.carried.items()}
            yield outputs


def difference(got, want):
    """How far apart two outputs are, in the measure of TOLERANCE. What is not a number is infinitely far from all."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return np.inf
    with np.errstate(all="ignore"):
        off = np.abs(got.astype("f8") - want.astype("f8")) / np.maximum(np.abs(want), 1)
    return np.nan_to_num(off, nan=np.inf).max()


def check(model, folder, plugin, modes, count=COUNT, plant=False):
    """All that is wrong, as lines; and the largest difference. `modes` are those of the plugin, if it has any."""
    backend = rlx_host.load(plugin).create()
    wanted = list(results(model, session(model), count))
    programs = [compiled(backend, folder, {"mode": mode} if mode else {}, plant) for mode in modes]
    runs = [list(results(model, run, count)) for run in programs]
    found, worst = [], 0.0
    for step, want in enumerate(wanted):
        for name in want:
            off = difference(runs[0][step][name], want[name])
            worst = max(worst, off)
            if not off <= TOLERANCE:
                found.append(f"{model.name}: step {step}, output `{name}` is off by {off:.3g}")
            for mode, run in zip(modes, runs):
                if run[step][name].tobytes() != runs[0][step][name].tobytes():
                    found.append(f"{model.name}: step {step}, output `{name}`: modes {modes[0]} and {mode} give other bits")
    return found, worst
