//! Two hundred random truncations and bit flips over the files of the staged MLX plugin. With the manifest each is found
//! by size or hash, before anything is opened. Without it each inspection ends with a verdict, in a process of its own.

use crate::bundle::Mlx;
use crate::elf;
use crate::folder::{assert_not_mapped, assert_verdict};
use rlx_host_api::discovery::{MANIFEST_FILE, Registry, SearchPath};
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::process::Command;

const SEED: u64 = 0x5eed_0004;
const COUNT: usize = 200;

/// splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// To this many bytes.
    Truncated(u64),
    /// This bit, counted from the start of the file.
    Flipped(u64),
}

#[derive(Debug, Clone)]
struct Damage {
    file: String,
    kind: Kind,
}

/// The damages of this test, the same in every run: a third are truncations, a third flips anywhere, and a third flips
/// in what the system's loader reads first.
fn damages(mlx: &Mlx) -> Vec<Damage> {
    let mut random = Random(SEED);
    let files: Vec<(String, Vec<u8>)> =
        mlx.files().into_iter().map(|name| (name.clone(), fs::read(mlx.file(&name)).unwrap())).collect();
    let one = |number: usize| {
        let (file, bytes) = &files[random.below(files.len() as u64) as usize];
        let mut flip = |from: usize, to: usize| {
            Kind::Flipped(8 * from as u64 + random.below(8 * (to.min(bytes.len()) - from) as u64))
        };
        let kind = match number % 9 {
            0..3 => Kind::Truncated(random.below(bytes.len() as u64)),
            3..6 => flip(0, bytes.len()),
            6 => flip(0, elf::program_headers(bytes).end),
            7 => flip(elf::dynamic_section(bytes).start, elf::dynamic_section(bytes).end),
            _ if number.is_multiple_of(2) => flip(0, 4096),
            _ => flip(elf::section_headers(bytes).start, elf::section_headers(bytes).end),
        };
        Damage { file: file.clone(), kind }
    };
    (0..COUNT).map(one).collect()
}

impl Damage {
    /// Does it, runs `body`, and undoes it.
    fn with<T>(&self, mlx: &Mlx, body: impl FnOnce() -> T) -> T {
        let path = mlx.file(&self.file);
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        match self.kind {
            Kind::Truncated(length) => {
                let mut lost = vec![0; (file.metadata().unwrap().len() - length) as usize];
                file.read_exact_at(&mut lost, length).unwrap();
                file.set_len(length).unwrap();
                let result = body();
                file.write_all_at(&lost, length).unwrap();
                result
            }
            Kind::Flipped(bit) => {
                let flip = || {
                    let mut byte = [0];
                    file.read_exact_at(&mut byte, bit / 8).unwrap();
                    file.write_all_at(&[byte[0] ^ (1 << (bit % 8))], bit / 8).unwrap();
                };
                flip();
                let result = body();
                flip();
                result
            }
        }
    }

    /// Whether it changes what says that the file is a library of this machine, or where its program headers are.
    fn is_fatal(&self) -> bool {
        match self.kind {
            Kind::Truncated(_) => true,
            // Magic number, class and byte order; type and machine; offset and size of the program headers.
            Kind::Flipped(bit) => matches!(bit / 8, 0..6 | 16..20 | 32..40 | 54..56),
        }
    }
}

#[test]
fn with_the_manifest_every_damage_is_found_before_anything_is_opened() {
    let mlx = Mlx::copied();
    let registry = Registry::new(SearchPath::new([mlx.root().to_path_buf()]));
    let [candidate] = &registry.inspect()[..] else { panic!("one plugin is staged") };
    assert_verdict(candidate, "loadable", &[]);
    for damage in damages(&mlx) {
        let candidates = damage.with(&mlx, || registry.scan());
        let [candidate] = &candidates[..] else { panic!("{damage:?}: {candidates:#?}") };
        let expected = match damage.kind {
            Kind::Truncated(_) => "bytes, listed are",
            Kind::Flipped(_) => "its SHA-256 is",
        };
        assert_verdict(candidate, "listed-file-differs", &[&damage.file, expected]);
        assert_not_mapped(mlx.root());
    }
}

#[test]
fn without_the_manifest_no_damage_ends_the_process_that_looks() {
    let mlx = Mlx::copied();
    fs::remove_file(mlx.file(MANIFEST_FILE)).unwrap();
    let look = |damage: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_inspect-plugins")).arg(mlx.root()).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stderr.is_empty(), "{damage}: {}\n{stderr}", output.status);
        let text = String::from_utf8(output.stdout).unwrap();
        let fields: Vec<&str> = text.trim_end_matches('\n').split('\t').collect();
        let [path, code, reason] = fields[..] else { panic!("{damage}: not one verdict: {text}") };
        assert_eq!(path, mlx.file("librlx_mlx.so").to_str().unwrap(), "{damage}");
        (code.to_owned(), reason.to_owned())
    };
    assert_eq!(look("none").0, "loadable");
    for damage in damages(&mlx) {
        let shown = format!("seed {SEED:#x}, {damage:?}");
        let (code, reason) = damage.with(&mlx, || look(&shown));
        assert_eq!(code == "loadable", reason.is_empty(), "{shown}: {code}: {reason}");
        assert!(!damage.is_fatal() || code != "loadable", "{shown} is not found");
        if code != "loadable" && damage.file != "librlx_mlx.so" {
            // A flip in the name of a needed library makes it another, sound one.
            assert!(code == "bad-library" || code == "missing-library", "{shown}: {code}: {reason}");
            assert!(reason.contains(&damage.file), "{shown}: {reason}");
        }
    }
    assert_eq!(look("all undone").0, "loadable");
}
