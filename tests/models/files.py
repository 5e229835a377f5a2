"""The content of twenty files of many kinds, made here."""

import base64
import gzip
import io
import json
import struct
import tarfile
import wave
import zipfile
import zlib

import numpy as np

PYTHON = '''"""Counts words."""
import collections
import sys

def main():
    counts = collections.Counter()
    for line in sys.stdin:
        counts.update(word.strip(".,;") for word in line.split())
    for word, count in counts.most_common(10):
        print(f"{count:6d} {word}")

if __name__ == "__main__":
    main()
'''
C = '''#include <stdio.h>
#include <stdlib.h>

/* Prints the primes below a number. */
int main(int argc, char **argv) {
    int limit = argc > 1 ? atoi(argv[1]) : 100;
    for (int n = 2; n < limit; n++) {
        int prime = 1;
        for (int d = 2; d * d <= n && prime; d++) prime = n % d != 0;
        if (prime) printf("%d\\n", n);
    }
    return 0;
}
'''
RUST = '''use std::collections::HashMap;

/// Counts the words of a text.
pub fn count<'a>(text: &'a str) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

fn main() {
    println!("{:?}", count("a rose is a rose"));
}
'''
JAVASCRIPT = '''"use strict";
const fs = require("fs");

async function sizes(paths) {
  const stats = await Promise.all(paths.map((path) => fs.promises.stat(path)));
  return stats.reduce((sum, stat) => sum + stat.size, 0);
}

sizes(process.argv.slice(2)).then((sum) => console.log(`${sum} bytes`));
module.exports = { sizes };
'''
SHELL = '''#!/bin/bash
set -euo pipefail
for file in "$@"; do
    if [[ -f "$file" ]]; then
        echo "$(wc -l < "$file") $file"
    fi
done | sort -rn | head -n 5
'''
SQL = '''CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, born DATE);
INSERT INTO customers (id, name, born) VALUES (1, 'Ada', '1815-12-10'), (2, 'Alan', '1912-06-23');
SELECT name, COUNT(*) AS orders FROM customers JOIN orders ON orders.customer = customers.id
WHERE born < '1900-01-01' GROUP BY name HAVING COUNT(*) > 3 ORDER BY orders DESC;
'''
HTML = '''<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>A page</title><style>p { color: #333; }</style></head>
<body><h1>Welcome</h1><p>This is a <a href="next.html">paragraph</a>.</p><ul><li>one</li><li>two</li></ul></body>
</html>
'''
XML = '''<?xml version="1.0" encoding="UTF-8"?>
<catalog><book id="1"><author>Ada</author><title>Notes</title><price currency="GBP">12.50</price></book>
<book id="2"><author>Alan</author><title>Numbers</title><price currency="GBP">9.00</price></book></catalog>
'''
MARKDOWN = '''# A project

It does *one* thing, and **well**.

## Install

```sh
make && make install
```

- fast
- small, see [the notes](notes.md)

| name | size |
|------|------|
| a    | 1    |
'''
PROSE = ("It was a bright cold day in the valley, and the clocks of the village were striking noon. Nobody came to the "
         "market before the rain had stopped, and those who did said little. ") * 9
INI = "[server]\nhost = localhost\nport = 8080\n\n[log]\n; one of debug, info\nlevel = info\nfile = server.log\n"
PDF = ("%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\n"
       "endobj\n3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>\nendobj\nxref\n0 4\n"
       "0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \n0000000115 00000 n \n"
       "trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n186\n%%EOF\n")


def png(grey):
    """A picture of one byte an element."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.tobytes() for row in grey)
    head = struct.pack(">IIBBBBB", grey.shape[1], grey.shape[0], 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def sound(samples):
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1), out.setsampwidth(2), out.setframerate(8000)
        out.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


def zipped(name, content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def archive(name, content):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as out:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        out.addfile(info, io.BytesIO(content))
    return file.getvalue()


def files():
    """Contents by kind. The kinds that magika has a label for are called by it."""
    rng = np.random.default_rng(1)
    data = rng.integers(0, 256, 3000, "u1")
    table = "id,name,score\n" + "".join(f"{i},name{i},{i * 37 % 101}\n" for i in range(120))
    record = json.dumps({"items": [{"id": i, "ok": i % 3 == 0, "tags": ["a", "b"]} for i in range(40)]}, indent=2)
    texts = {"python": PYTHON, "c": C, "rust": RUST, "javascript": JAVASCRIPT, "shell": SHELL, "sql": SQL, "html": HTML,
             "xml": XML, "markdown": MARKDOWN, "txt": PROSE, "ini": INI, "pdf": PDF, "csv": table, "json": record}
    return {name: text.encode() for name, text in texts.items()} | {
        "png": png(rng.integers(0, 256, (40, 60), "u1")),
        "wav": sound(10000 * np.sin(np.arange(4000) / 9)),
        "gzip": gzip.compress(PROSE.encode() + data.tobytes(), mtime=0),
        "zip": zipped("prose.txt", PROSE + PYTHON),
        "tar": archive("prose.txt", PROSE.encode()),
        "randombytes": data.tobytes(),
    }
