"""Real models on RLX backends: translated from ONNX, and compared with onnxruntime.

    python3 tests/models translate target/models
    python3 tests/models check magika target/models rlx_mlx/librlx_mlx.so --modes eager lazy compiled
    python3 tests/models example magika DIR
    python3 tests/models meaning

`translate` writes what it translates beside the program, where `rlx-run bench model` looks for onnxruntime's. `example` writes
the first step of the first input, and what onnxruntime makes of it, as .npy files: the inputs by name, the outputs by number.
Imports NumPy, onnx, onnxruntime and rlx_host.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from catalogue import MODELS
from inputs import COUNT


def translate(args):
    import onnx

    from program import Unsupported
    from translate import translate
    for model in MODELS.values():
        try:
            folder, loaded = args.models / model.name, model.load()
            translate(model.name, loaded, model.inputs).write(folder)
            onnx.save(loaded, folder / "model.onnx")
        except Unsupported as error:
            sys.exit(f"error: {model.name}: {error}")


def check(args):
    from check import TOLERANCE, check
    model = MODELS[args.model]
    found, worst = check(model, args.models / model.name, args.plugin, args.modes, args.inputs, args.plant)
    for line in found[:10]:
        print(line)
    print(f"{model.name}: {args.inputs} inputs, {len(found)} findings, the largest difference is {worst:.2g} of {TOLERANCE}")
    sys.exit(1 if found else 0)


def example(args):
    from check import session
    from inputs import inputs_of
    model = MODELS[args.model]
    inputs = inputs_of(model.name)[0][0]
    args.folder.mkdir(parents=True, exist_ok=True)
    for name, array in inputs.items():
        np.save(args.folder / f"{name}.npy", array)
    for number, array in enumerate(session(model)(inputs).values()):
        np.save(args.folder / f"output_{number}.npy", array)


def meaning(args):
    from meaning import meanings
    found = meanings()
    for name, (right, count) in found.items():
        print(f"{name}: {right} of {count} inputs are taken for what they are")
    # Not all letters of the font are as models know them.
    sys.exit(0 if all(right >= 0.8 * count for right, count in found.values()) else 1)


def main():
    parser = argparse.ArgumentParser(prog="tests/models")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("translate", help="write every model to a folder of its name")
    command.add_argument("models", type=Path)
    command.set_defaults(run=translate)
    command = commands.add_parser("check", help="run a translated model on a plugin and compare with onnxruntime")
    command.add_argument("model", choices=MODELS)
    command.add_argument("models", type=Path, help="where `translate` wrote")
    command.add_argument("plugin")
    command.add_argument("--modes", nargs="+", default=[""], help="the first is compared, the others must give its bits")
    command.add_argument("--inputs", type=int, default=COUNT, help="how many of them, from the first")
    command.add_argument("--plant", action="store_true", help="make a weight wrong, which must be found")
    command.set_defaults(run=check)
    command = commands.add_parser("example", help="write an input and onnxruntime's outputs for it")
    command.add_argument("model", choices=MODELS)
    command.add_argument("folder", type=Path)
    command.set_defaults(run=example)
    command = commands.add_parser("meaning", help="say how often onnxruntime takes an input for what it is")
    command.set_defaults(run=meaning)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
