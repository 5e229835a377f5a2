//! Reads an ELF shared library the way the system's loader does, and refuses what that loader would trip over.
//!
//! ld.so trusts the files that it maps: a damaged header, symbol or relocation makes it fault or abort inside the process
//! that opens the library. So what it reads before any code of the library runs is checked here first, from the file, with
//! nothing mapped: headers and segments, the dynamic section, symbols and their hash tables, versions, relocations.
//! Damage inside code and data is not visible to it; the hashes of the manifest find that.
#![allow(clippy::useless_conversion, reason = "words of the file are widened to 64 bits where they are narrower")]

mod dynamic;
mod hash;
mod kinds;
mod native;
mod notes;
mod relocations;
mod segments;
mod symbols;
mod versions;

use super::linkage::{Bytes, Linkage, damaged, ensure, name_of};
use super::refusal::Refusal;
use dynamic::Dynamic;
use native::{Header, NATIVE};
use object::ReadRef;
use object::elf;
use object::read::elf::FileHeader;
use relocations::Relocations;
use symbols::Symbols;

/// Checks the library in `file` and reads how it is linked.
pub(super) fn read(file: Bytes<'_>) -> Result<Linkage, Refusal> {
    check_target(file)?;
    let header: &Header = file.read_at(0).map_err(|()| damaged("its ELF header is cut short"))?;
    if let Some(found) = other_kind(header.e_type(NATIVE)) {
        return Err(Refusal::NotShared { found });
    }
    let (image, headers) = segments::read(header, file)?;
    let dynamic = Dynamic::read(&image, headers.dynamic)?;
    let executable =
        dynamic.flags_1().contains(elf::DF_1_PIE) || (headers.has_interpreter && dynamic.get(elf::DT_DEBUG).is_some());
    if executable {
        return Err(Refusal::NotShared { found: "an executable".to_owned() });
    }
    let relocations = Relocations::read(&image, &dynamic)?;
    let symbols = Symbols::read(&image, &dynamic, headers.thread_local, relocations.symbol_limit())?;
    let version_files = versions::check(&image, &dynamic, symbols.len())?;
    relocations.check(&image, &headers, &dynamic, &symbols)?;
    let mut needed: Vec<_> = dynamic.strings_of(elf::DT_NEEDED)?.into_iter().map(name_of).collect();
    needed.extend(notes::required(header, file)?);
    Ok(Linkage {
        needed,
        name: dynamic.strings_of(elf::DT_SONAME)?.pop().map(name_of),
        rpath: dynamic.path_list(elf::DT_RPATH)?.unwrap_or_default(),
        runpath: dynamic.path_list(elf::DT_RUNPATH)?,
        version_files,
        has_entry: symbols.define_entry(&image),
    })
}

/// Whether `file` is for this processor: ld.so passes over libraries of others in system folders.
pub(super) fn fits(file: Bytes<'_>) -> bool {
    check_target(file).is_ok()
}

/// The fields of the header that say for what machine the file is, before its layout is relied on.
fn check_target(file: Bytes<'_>) -> Result<(), Refusal> {
    // `e_ident`, `e_type`, `e_machine`: the same places in both classes.
    let start: &[u8; 20] = file
        .read_bytes_at(0, 20)
        .ok()
        .and_then(|b| b.try_into().ok())
        .ok_or_else(|| damaged("its ELF header is cut short"))?;
    let (class, data, version, os) = (start[4], start[5], start[6], start[7]);
    let bits = match class {
        1 => 32,
        2 => 64,
        other => return Err(damaged(format!("its ELF class is {other}, neither 32 nor 64 bit"))),
    };
    let machine: fn([u8; 2]) -> u16 = match data {
        1 => u16::from_le_bytes,
        2 => u16::from_be_bytes,
        other => return Err(damaged(format!("its ELF byte order is {other}, neither little nor big endian"))),
    };
    let machine = machine([start[18], start[19]]);
    let big = data == 2;
    let native = MACHINE == elf::EM_NONE || machine == MACHINE.0;
    if !native || bits != usize::BITS || big != cfg!(target_endian = "big") {
        let order = if big { "big" } else { "little" };
        let found = format!("{} ({bits}-bit, {order}-endian)", machine_name(machine));
        return Err(Refusal::WrongArchitecture { found, expected: std::env::consts::ARCH.to_owned() });
    }
    ensure(version == elf::EV_CURRENT.0, || format!("its ELF version is {version}, not 1"))?;
    let systems =
        [elf::ELFOSABI_SYSV, elf::ELFOSABI_GNU, elf::ELFOSABI_FREEBSD, elf::ELFOSABI_OPENBSD, elf::ELFOSABI_NETBSD];
    ensure(systems.iter().any(|known| known.0 == os), || format!("its ELF header names the unknown system {os}"))?;
    let plain = start[9..16] == [0; 7] && (os != elf::ELFOSABI_SYSV.0 || start[8] == 0);
    ensure(plain, || "its ELF header has bytes where none may be".to_owned())
}

/// The machine of this process; `EM_NONE` where it is not listed, which lets all pass.
const MACHINE: elf::Machine = if cfg!(target_arch = "x86_64") {
    elf::EM_X86_64
} else if cfg!(target_arch = "aarch64") {
    elf::EM_AARCH64
} else if cfg!(target_arch = "riscv64") {
    elf::EM_RISCV
} else if cfg!(target_arch = "powerpc64") {
    elf::EM_PPC64
} else if cfg!(target_arch = "s390x") {
    elf::EM_S390
} else if cfg!(target_arch = "loongarch64") {
    elf::EM_LOONGARCH
} else if cfg!(target_arch = "x86") {
    elf::EM_386
} else if cfg!(target_arch = "arm") {
    elf::EM_ARM
} else {
    elf::EM_NONE
};

fn machine_name(machine: u16) -> String {
    match elf::Machine(machine) {
        elf::EM_X86_64 => "x86_64",
        elf::EM_AARCH64 => "aarch64",
        elf::EM_RISCV => "riscv",
        elf::EM_PPC64 => "powerpc64",
        elf::EM_S390 => "s390x",
        elf::EM_LOONGARCH => "loongarch",
        elf::EM_386 => "x86",
        elf::EM_ARM => "arm",
        elf::Machine(other) => return format!("ELF machine {other}"),
    }
    .to_owned()
}

/// What a file of type `kind` is, when it is no shared library.
fn other_kind(kind: elf::FileType) -> Option<String> {
    Some(match kind {
        elf::ET_DYN => return None,
        elf::ET_EXEC => "an executable".to_owned(),
        elf::ET_REL => "an object file".to_owned(),
        elf::ET_CORE => "a core dump".to_owned(),
        elf::FileType(other) => format!("an ELF file of type {other}"),
    })
}

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
pub(super) mod sample;
#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests;
