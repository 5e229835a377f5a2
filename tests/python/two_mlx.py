"""Two MLX libraries in one process: the one of the wheel `mlx`, and the plugin's own.

two_mlx.py ORDER PLUGIN MODEL prints a JSON report. ORDER is what is loaded first, `mlx` or `plugin`; `alone` does the
same with the wheel and loads no plugin.
"""

import ctypes
import json
import os
import sys

ORDER, PLUGIN, MODEL = sys.argv[1:]
# A function; the seed of MLX's default random state and a variable of the C++ library, both of unique binding in a wheel.
SYMBOLS = ["_ZN3mlx4core7versionEv", "_ZZN3mlx4core6random11KeySequence8default_EvE9time_seed",
           "_ZZNSt19_Sp_make_shared_tag5_S_tiEvE5__tag"]
program = None
outputs = []
info = {}


def load_plugin():
    global program
    import rlx_host
    plugin = rlx_host.load(PLUGIN)
    info["plugin_engine_version"] = rlx_host.read(plugin.info.engine_version)
    with open(MODEL, encoding="utf-8") as file:
        program = plugin.create().compile(file.read())


def run_plugin():
    if program is not None:
        outputs.append([array.ravel().tolist() for array in program.run()])


def use_mlx():
    """Numbers that depend on MLX's default stream and random state, and on BLAS and LAPACK."""
    uniform = mx.random.uniform(shape=(8, 8))
    normal = mx.random.normal(shape=(8, 8))
    inverse = mx.linalg.inv(uniform + 8 * mx.eye(8), stream=mx.cpu)
    return [array.tolist() for array in (uniform, normal, uniform @ normal, inverse)]


def defaults():
    return [str(mx.default_device()), str(mx.default_stream(mx.default_device()))]


def mapped():
    """The files of MLX in this process."""
    with open("/proc/self/maps", encoding="utf-8") as maps:
        files = {line.split(maxsplit=5)[-1].strip() for line in maps}
    return sorted(file for file in files if os.path.basename(file).startswith("libmlx"))


class DlInfo(ctypes.Structure):
    _fields_ = [("file", ctypes.c_char_p), ("base", ctypes.c_void_p), ("symbol", ctypes.c_char_p),
                ("address", ctypes.c_void_p)]


def shared(files):
    """What the dynamic linker takes from one library for another."""
    found = []
    for file in files:
        for name in SYMBOLS:
            info = DlInfo()
            address = ctypes.addressof(ctypes.c_char.in_dll(ctypes.CDLL(file), name))
            if not ctypes.CDLL(None).dladdr(ctypes.c_void_p(address), ctypes.byref(info)):
                found.append(f"{name} of {file} is nowhere")
            elif os.path.realpath(info.file.decode()) != file:
                found.append(f"{name} of {file} is that of {info.file.decode()}")
    return found


if ORDER == "plugin":
    load_plugin()
    run_plugin()
import mlx.core as mx
mx.random.seed(7)
numbers = [use_mlx()]
before = defaults()
if ORDER == "mlx":
    load_plugin()
run_plugin()
numbers.append(use_mlx())
run_plugin()
numbers.append(use_mlx())
libraries = mapped()
json.dump({**info, "mlx_version": mx.__version__, "numbers": numbers, "defaults": [before, defaults()],
           "outputs": outputs, "libraries": libraries, "shared": shared(libraries)}, sys.stdout)
