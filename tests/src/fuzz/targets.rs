//! The parsers, and faults planted to see that a session notices them.

use rlx_host_api::author::CompileRequest;
use rlx_host_api::discovery::{Manifest, parsers};
use std::fs;
use std::path::Path;

/// A parser that is given any bytes.
#[derive(Debug)]
pub struct Target {
    /// Its name, also that of its corpus.
    pub name: &'static str,
    /// Words of its format.
    pub(super) words: &'static [&'static str],
    /// Parses the bytes; the path is a file to put them into.
    pub(super) run: fn(&[u8], &Path),
}

/// The parsers of files that others made.
pub static TARGETS: [Target; 6] = [
    Target {
        name: "rlxmodel",
        words: &[
            "%x",
            "graph @g {",
            "return",
            "const [",
            "input",
            "param",
            "var",
            "Narrow{axis: ",
            "If{then_branch: ",
            "b64\"",
            "\"\"\"\n",
            "//",
            " as ",
            "nan(0x7fc00000)",
            "?0",
            "seq*16-16",
            "(seq)/256+1",
            "dims {seq: 0}",
            "model {",
            "f32[",
            "#{",
            "none",
            "\\u{",
            "origin {",
        ],
        run: |bytes, _| {
            if let Ok(program) = std::str::from_utf8(bytes) {
                // An error is an answer, too.
                let _ = CompileRequest { program, graph: None, options: Vec::new() }.read_graph();
            }
        },
    },
    Target {
        name: "manifest",
        words: &[
            "[[file]]\n",
            "[abi]\n",
            "path = \"",
            "../",
            "'''",
            "\"\"\"",
            "\\u0000",
            "1979-05-27T07:32:00Z",
            "= [",
            "{a.b = ",
        ],
        run: |bytes, file| {
            put(bytes, file);
            let _ = Manifest::read(file);
        },
    },
    Target {
        name: "elf",
        words: &[],
        run: |bytes, file| {
            put(bytes, file);
            let _ = parsers::elf(file);
        },
    },
    Target {
        name: "macho",
        words: &[],
        run: |bytes, file| {
            put(bytes, file);
            let _ = parsers::macho(file);
        },
    },
    Target {
        name: "npy",
        words: &["'descr': ", "'<f4'", "'fortran_order': True", "'shape': (", "[", "(", "{", "'", "\\"],
        run: |mut bytes, _| {
            let length = bytes.len() as u64;
            if let Ok((_, start)) = rlx_run::npy::Header::read(&mut bytes) {
                assert!(start <= length, "the data starts at byte {start} of {length}");
            }
        },
    },
    Target {
        name: "safetensors",
        words: &[
            "\"dtype\":\"F32\"",
            "\"shape\":[",
            "\"data_offsets\":[0,8]",
            "\"__metadata__\":{",
            "[",
            "{",
            "\\u0000",
            "-",
            "e9",
        ],
        run: |bytes, _| {
            for (name, entry) in rlx_run::params::index(bytes).unwrap_or_default() {
                assert!(bytes.get(entry.range.clone()).is_some(), "`{name}` lies at {:?}", entry.range);
            }
        },
    },
];

/// Targets with a fault that one input in a few hundred meets.
static PLANTED: [Target; 4] = [
    Target { name: "planted-panic", words: &[], run: |bytes, _| assert!(!is_met(bytes), "as planted") },
    Target {
        name: "planted-abort",
        words: &[],
        run: |bytes, _| {
            if is_met(bytes) {
                std::process::abort()
            }
        },
    },
    Target {
        name: "planted-hang",
        words: &[],
        run: |bytes, _| {
            while is_met(bytes) {
                std::thread::yield_now();
            }
        },
    },
    Target {
        name: "planted-allocation",
        words: &[],
        run: |bytes, _| {
            if is_met(bytes) {
                // Filled, so that it is not left out.
                drop(std::hint::black_box(vec![1_u8; 4 << 30]));
            }
        },
    },
];

fn is_met(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first >= 0x80)
}

/// Any target by its name, one with a planted fault too.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().chain(&PLANTED).find(|target| target.name == name)
}

fn put(bytes: &[u8], file: &Path) {
    fs::write(file, bytes).expect("a file in a folder of this run");
}
