//! Samples, and the libraries of this process: its own loader is the oracle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use super::sample::{Sample, header};
use crate::discovery::library;
use crate::discovery::linkage::Linkage;
use crate::discovery::refusal::Refusal;
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use object::elf;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

/// Opens only what is loaded already.
const RTLD_NOLOAD: i32 = 4;

const ENTRY: &str = "rlx_backend_entry";

fn read(bytes: &[u8]) -> Result<Linkage, Refusal> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sample.so");
    std::fs::write(&file, bytes).unwrap();
    library::read(&file)
}

fn damage(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(Refusal::Damaged { detail }) => detail,
        other => panic!("not seen as damaged: {other:?}"),
    }
}

fn open(file: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: samples have no initialisers.
    unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) }
}

/// The libraries of this process.
fn mapped() -> Vec<PathBuf> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])));
    let mut libraries: Vec<PathBuf> = paths.filter(|p| p.to_string_lossy().contains(".so")).collect();
    libraries.sort();
    libraries.dedup();
    libraries
}

/// The smallest library of this process.
fn small() -> Vec<u8> {
    let sizes = mapped().into_iter().map(|file| (file.metadata().unwrap().len(), file));
    std::fs::read(sizes.min().unwrap().1).unwrap()
}

#[test]
fn the_loader_takes_what_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libsample.so");
    for exports in [None, Some(ENTRY)] {
        let bytes = Sample { name: Some("libsample.so"), exports, ..Sample::default() }.build();
        let linkage = read(&bytes).unwrap();
        assert_eq!(linkage.has_entry, exports.is_some());
        assert_eq!(linkage.name.as_deref(), Some("libsample.so".as_ref()));
        std::fs::write(&file, bytes).unwrap();
        let library = open(&file).unwrap();
        // SAFETY: the function takes nothing and returns.
        let found = unsafe { library.get::<unsafe extern "C" fn()>(ENTRY) };
        assert_eq!(found.is_ok(), exports.is_some());
    }
}

#[test]
fn libraries_of_this_process_are_sound_and_name_what_is_loaded() {
    let libraries = mapped();
    assert!(libraries.len() >= 2, "{libraries:?}");
    for file in libraries {
        let linkage = library::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        assert!(!linkage.has_entry);
        for name in linkage.needed.iter().chain(&linkage.name).chain(&linkage.version_files) {
            // SAFETY: opens nothing that is not open.
            let loaded = unsafe { Library::open(Some(name), RTLD_NOW | RTLD_NOLOAD) };
            assert!(loaded.is_ok(), "{} names {}", file.display(), name.display());
        }
    }
}

#[test]
fn other_kinds_of_file_are_named() {
    let exe = std::env::current_exe().unwrap();
    assert_eq!(library::read(&exe).unwrap_err(), Refusal::NotShared { found: "an executable".to_owned() });
    for (kind, found) in [
        (elf::ET_EXEC, "an executable"),
        (elf::ET_REL, "an object file"),
        (elf::ET_CORE, "a core dump"),
        (elf::FileType(77), "an ELF file of type 77"),
    ] {
        assert_eq!(read(&header(kind, 0)).unwrap_err(), Refusal::NotShared { found: found.to_owned() });
    }
}

#[test]
fn other_processors_are_named() {
    let native = header(elf::ET_DYN, 0);
    let with = |at: usize, value: u8| {
        let mut bytes = native.clone();
        bytes[at] = value;
        match read(&bytes).unwrap_err() {
            Refusal::WrongArchitecture { found, expected } => {
                assert_eq!(expected, std::env::consts::ARCH);
                found
            }
            other => panic!("{other}"),
        }
    };
    assert!(with(4, 1).contains("32-bit"));
    assert!(with(5, 2).contains("big-endian"));
    assert_eq!(with(18, 243), "riscv (64-bit, little-endian)");
    assert_eq!(with(18, 22), "s390x (64-bit, little-endian)");
    assert!(with(18, 199).contains("ELF machine"));
}

#[test]
fn damaged_headers_are_found() {
    let sound = Sample { exports: Some(ENTRY), ..Sample::default() }.build();
    let with = |at: usize, value: &[u8]| {
        let mut bytes = sound.clone();
        bytes[at..at + value.len()].copy_from_slice(value);
        damage(&bytes)
    };
    assert!(damage(b"\x7fELF").contains("cut short"));
    assert!(damage(&sound[..40]).contains("cut short"));
    assert!(damage(&sound[..70]).contains("program headers"));
    assert!(damage(&header(elf::ET_DYN, 0)).contains("0 program headers"));
    assert!(with(4, &[3]).contains("class"));
    assert!(with(5, &[0]).contains("byte order"));
    assert!(with(6, &[2]).contains("version"));
    assert!(with(7, &[200]).contains("system 200"));
    assert!(with(12, &[1]).contains("none may be"));
    assert!(with(20, &[2]).contains("version"));
    assert!(with(52, &[63]).contains("63 bytes"));
    assert!(with(54, &[55]).contains("program headers"));
    assert!(with(40, &[1, 0, 0, 0, 0, 0, 0, 1]).contains("section"));
    let (first, second, dynamic) = (64, 64 + 56, 64 + 2 * 56);
    assert!(with(first + 3, &[1]).contains("unknown kind"));
    assert!(with(first + 4, &[2]).contains("may not be read"));
    assert!(with(first + 36, &[1]).contains("the file has"));
    assert!(with(first + 40, &[1, 0]).contains("larger in the file"));
    assert!(with(first + 45, &[2]).contains("bytes of memory"));
    assert!(with(first + 48, &[3]).contains("aligned to"));
    assert!(with(second + 16, &[8]).contains("not aligned like"));
    assert!(with(second + 16, &[0, 0, 0]).contains("overlaps"));
    assert!(with(second + 8, &[0, 0, 0]).contains("same bytes"));
    assert!(with(second + 4, &[4]).contains("may not be written"));
    assert!(with(dynamic, &[0]).contains("no dynamic section"));
    assert!(with(dynamic + 16, &[8]).contains("outside its segments"));
}

#[test]
fn damaged_tables_are_found() {
    let sample = Sample { exports: Some(ENTRY), name: Some("libsample.so"), ..Sample::default() };
    let sound = sample.build();
    let dynamic = 0x1_0000;
    // Entries of the dynamic section: name, hash, symbols, size of one, strings, size of all, end.
    let (name, hash, symbols, strings, last) = (0, 1, 2, 4, 6);
    let with = |entry: usize, tag: u64, value: Option<u64>| {
        let mut bytes = sound.clone();
        let at = dynamic + 16 * entry;
        bytes[at..at + 8].copy_from_slice(&tag.to_ne_bytes());
        if let Some(value) = value {
            bytes[at + 8..at + 16].copy_from_slice(&value.to_ne_bytes());
        }
        damage(&bytes)
    };
    assert!(with(last, 0x6000_0010, None).contains("no end"));
    assert!(with(name, 0x100_0000_000e, None).contains("unknown tag"));
    assert!(with(name, 5, None).contains("twice"));
    assert!(with(symbols, 0x6000_0010, None).contains("symbols has an address or a size"));
    assert!(with(symbols + 1, 11, Some(16)).contains("entries of 16 bytes"));
    assert!(with(strings, 0x6000_0010, None).contains("strings has an address or a size"));
    assert!(with(hash, 0x6000_0010, None).contains("no symbol hash table"));
    assert!(with(name, 14, Some(1 << 20)).contains("names string"));
    assert!(with(name, 12, Some(dynamic as u64)).contains("initialiser is not code"));
    assert!(with(name, 3, Some(1 << 30)).contains("global offset table"));
    assert!(with(hash, 4, Some(1 << 30)).contains("hash table is broken"));
    assert!(with(symbols, 6, Some(1 << 30)).contains("symbol table lies outside"));
    assert!(with(strings, 5, Some(1 << 30)).contains("string table lies outside"));
    assert!(with(strings + 1, 10, Some(3)).contains("end with a NUL"));
    assert!(with(name, 23, Some(64)).contains("kind of relocation"));
    assert!(with(name, 7, Some(64)).contains("relocations has an address or a size"));
}

#[test]
fn a_hash_chain_in_circles_is_found() {
    let mut bytes = Sample { exports: Some(ENTRY), ..Sample::default() }.build();
    let hash = 64 + 3 * 56;
    // The chain of the first symbol: bucket count, chain count, bucket, chain of the null symbol, chain of the first.
    bytes[hash + 16] = 1;
    assert!(damage(&bytes).contains("without end"));
    bytes[hash + 16] = 9;
    assert!(damage(&bytes).contains("without end"));
}

#[test]
fn every_cut_is_found() {
    let sound = small();
    read(&sound).unwrap();
    for end in (1..sound.len()).step_by(997).chain([sound.len() - 1]) {
        assert!(read(&sound[..end]).is_err(), "cut to {end} of {} bytes", sound.len());
    }
}

/// A library of this process with relocations of calls, to be damaged. Its tables lie at the start of the file, where
/// addresses are offsets.
struct Victim {
    bytes: Vec<u8>,
    tags: std::collections::HashMap<u64, u64>,
}

impl Victim {
    fn new() -> Self {
        let victims = mapped().into_iter().map(|file| Self::of(std::fs::read(file).unwrap()));
        victims
            .filter(|v| v.tags.contains_key(&23))
            .min_by_key(|v| v.bytes.len())
            .expect("a library that calls another")
    }

    fn of(bytes: Vec<u8>) -> Self {
        let mut victim = Self { bytes, tags: Default::default() };
        let programs = victim.word(32) as usize;
        let headers = (0..usize::from(victim.bytes[56])).map(|i| programs + 56 * i);
        let dynamic = headers.into_iter().find(|at| victim.bytes[*at] == 2).unwrap();
        let (start, size) = (victim.word(dynamic + 8) as usize, victim.word(dynamic + 32) as usize);
        for entry in (start..start + size).step_by(16) {
            victim.tags.insert(victim.word(entry), victim.word(entry + 8));
        }
        victim
    }

    fn word(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.bytes[at..at + 8].try_into().unwrap())
    }

    /// Offset of the first relocation of a call through a symbol.
    fn call(&self) -> usize {
        let (start, size) = (self.tags[&23] as usize, self.tags[&2] as usize);
        let mut entries = (start..start + size).step_by(24);
        entries.find(|at| self.word(at + 8) >> 32 != 0).expect("a call of a symbol")
    }

    /// Offset of the first symbol after the null symbol that is a function, and undefined or not.
    fn function(&self, undefined: bool) -> usize {
        let start = self.tags[&6] as usize;
        let symbols = (start + 24..self.tags[&5] as usize).step_by(24);
        let is_function = |at: &usize| self.bytes[at + 4] & 15 == 2;
        let section = |at: usize| u16::from_ne_bytes([self.bytes[at + 6], self.bytes[at + 7]]);
        symbols.filter(is_function).find(|at| (section(*at) == 0) == undefined).expect("a function")
    }

    /// The verdict after these bytes are put at `at`.
    #[track_caller]
    fn assert_damaged(&self, at: usize, bytes: &[u8], words: &str) {
        assert!(read(&self.bytes).is_ok(), "sound before");
        let mut damaged = self.bytes.clone();
        damaged[at..at + bytes.len()].copy_from_slice(bytes);
        let detail = damage(&damaged);
        assert!(detail.contains(words), "{detail}");
    }
}

/// Kinds of relocation that do nothing, that are a slot of a call, and that are an address of the library itself.
const NONE: u32 = 0;
const RELATIVE: u32 = if cfg!(target_arch = "aarch64") { 1027 } else { 8 };

#[test]
fn a_function_symbol_outside_the_code_is_damage() {
    let victim = Victim::new();
    let function = victim.function(false);
    let dynamic_string_table = victim.tags[&5];
    victim.assert_damaged(function + 8, &dynamic_string_table.to_ne_bytes(), "outside the library's code");
    // Absolute, and common.
    for section in [0xfff1_u16, 0xfff2] {
        victim.assert_damaged(function + 6, &section.to_ne_bytes(), "outside the library's code");
    }
}

#[test]
fn a_slot_of_a_call_at_an_odd_address_or_over_another_is_damage() {
    let victim = Victim::new();
    let call = victim.call();
    let place = victim.word(call);
    for shift in 1..8 {
        victim.assert_damaged(call, &(place + shift).to_ne_bytes(), "is no word");
    }
    let next = victim.word(call + 24);
    victim.assert_damaged(call, &next.to_ne_bytes(), "relocated twice");
    victim.assert_damaged(call + 16, &8_u64.to_ne_bytes(), "is beside a symbol");
}

#[test]
fn a_relocation_that_does_nothing_among_those_of_calls_is_damage() {
    let victim = Victim::new();
    for kind in [NONE, RELATIVE] {
        victim.assert_damaged(victim.call() + 8, &kind.to_ne_bytes(), "among those of calls and is none");
    }
}

#[test]
fn relocations_of_calls_without_a_size_are_damage() {
    let victim = Victim::new();
    let size = 8
        + (0..victim.bytes.len() - 8)
            .step_by(8)
            .find(|at| {
                let next = victim.bytes.get(at + 8..at + 16).is_some();
                next && victim.word(*at) == 2 && victim.word(at + 8) == victim.tags[&2]
            })
            .expect("the entry of the dynamic section");
    victim.assert_damaged(size, &[0; 8], "have no size");
}

#[test]
fn a_relocation_elsewhere_that_does_nothing_is_blank_or_damage() {
    let victim = Victim::new();
    // Relative ones come first.
    let last = (victim.tags[&7] + victim.tags[&8]) as usize - 24;
    victim.assert_damaged(last + 8, &NONE.to_ne_bytes(), "is said to be relocated, and is not");
    let mut blank = victim.bytes.clone();
    blank[last..last + 24].fill(0);
    read(&blank).unwrap();
    victim.assert_damaged(last + 8, &RELATIVE.to_ne_bytes(), "needs no symbol");
}

#[test]
fn a_relocation_of_the_linkers_own_tables_is_damage() {
    let victim = Victim::new();
    let programs = victim.word(32) as usize;
    let mut headers = (0..usize::from(victim.bytes[56])).map(|i| programs + 56 * i);
    let dynamic = headers.find(|at| victim.bytes[*at] == 2).unwrap();
    let address = victim.word(dynamic + 16) + 8;
    victim.assert_damaged(victim.call(), &address.to_ne_bytes(), "part of a table of the linker");
}

#[test]
fn an_undefined_symbol_without_a_name_or_bound_to_its_own_library_is_damage() {
    let victim = Victim::new();
    let symbol = victim.function(true);
    victim.assert_damaged(symbol, &[0; 4], "has no name");
    let bound = "bound to the library itself";
    victim.assert_damaged(symbol + 4, &[0x02], bound);
    for visibility in [1, 2] {
        victim.assert_damaged(symbol + 5, &[visibility], bound);
    }
    victim.assert_damaged(symbol + 8, &[1], bound);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_kill(bytes in prop::collection::vec(any::<u8>(), 1..600), class in 1_u8..3, data in 1_u8..3) {
        let mut library = header(elf::ET_DYN, 3);
        (library[4], library[5]) = (class, data);
        library.extend(&bytes);
        prop_assert!(read(&library).is_err());
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn no_change_to_a_library_kills(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        near_start in any::<bool>(),
    ) {
        let mut library = small();
        let reach = if near_start { 0x800 } else { library.len() };
        for (place, value) in places {
            library[place.index(reach)] = value;
        }
        // Damage to code and data cannot be seen: only that a verdict comes counts here.
        let _ = read(&library);
    }

    #[test]
    fn no_change_to_a_sample_kills(
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        in_dynamic in any::<bool>(),
    ) {
        let mut library = Sample { exports: Some(ENTRY), needed: &["liba.so"], ..Sample::default() }.build();
        let (start, reach) = if in_dynamic { (0x1_0000, library.len() - 0x1_0000) } else { (0, 0x180) };
        for (place, value) in places {
            library[start + place.index(reach)] = value;
        }
        let _ = read(&library);
    }
}
