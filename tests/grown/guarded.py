"""Memory beside a page that may not be touched: a read or write past it ends the process with SIGSEGV."""

import ctypes
import mmap

PAGE = mmap.PAGESIZE
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mmap.restype = ctypes.c_void_p
LIBC.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
LIBC.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
LIBC.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
NOTHING, READ, READ_WRITE = 0, mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE


class Guarded:
    """`size` bytes with such a page before and behind. They end where the page behind begins, or, with `at_start`, begin
    where the page before ends: only memory of whole pages could do both."""

    def __init__(self, size, at_start=False):
        self.size, self.inner = size, max(PAGE, -(-size // PAGE) * PAGE)
        self.base = LIBC.mmap(None, self.inner + 2 * PAGE, NOTHING, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
        if self.base == ctypes.c_void_p(-1).value:
            raise MemoryError(f"mmap: errno {ctypes.get_errno()}")
        self._allow(READ_WRITE)
        self.address = self.base + PAGE + (0 if at_start else self.inner - size)

    def _allow(self, protection):
        if LIBC.mprotect(self.base + PAGE, self.inner, protection):
            raise OSError(ctypes.get_errno(), "mprotect")

    def write(self, data):
        ctypes.memmove(self.address, bytes(data), self.size)

    def read(self):
        return ctypes.string_at(self.address, self.size)

    def freeze(self):
        """From now on a write ends the process too."""
        self._allow(READ)

    def free(self):
        LIBC.munmap(self.base, self.inner + 2 * PAGE)
