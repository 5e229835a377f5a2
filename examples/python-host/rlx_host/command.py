"""The command `rlx-run` of the wheel: hands over to the program that came with this package, which finds the plugin beside
itself."""

import os
import sys


def main() -> None:
    """Becomes the program."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin", "rlx-run")
    os.execv(program, [program, *sys.argv[1:]])
