//! Reads a Mach-O library, universal or not: processor, load commands, exports. dyld checks the rest itself, and refuses
//! instead of faulting.

use super::linkage::{Bytes, Linkage, damaged, ensure, name_of};
use super::refusal::Refusal;
use crate::abi::ENTRY_SYMBOL;
use object::macho::{self, CpuType, FatArch32, FatArch64, FileType, MachHeader64, SegmentCommand64};
use object::read::macho::{FatArch as _, LoadCommandData, MachHeader as _, MachOFatFile, Nlist as _};
use object::{BigEndian, LittleEndian, ReadRef};

/// Every Mach-O processor that is still built for is 64-bit and little-endian.
type Header = MachHeader64<LittleEndian>;
const LE: LittleEndian = LittleEndian;

/// The processor of this process.
const CPU: CpuType = if cfg!(target_arch = "aarch64") { macho::CPU_TYPE_ARM64 } else { macho::CPU_TYPE_X86_64 };

/// Checks the library in `file` and reads how it is linked.
pub(super) fn read(file: Bytes<'_>) -> Result<Linkage, Refusal> {
    let magic: &object::U32<BigEndian> = file.read_at(0).map_err(|()| damaged("its Mach-O header is cut short"))?;
    let ranges: Vec<(CpuType, (u64, u64))> = match magic.get(BigEndian) {
        macho::FAT_MAGIC => {
            let fat = MachOFatFile::<FatArch32>::parse(file).map_err(broken)?;
            fat.arches().iter().map(|a| (a.cputype(), a.file_range())).collect()
        }
        macho::FAT_MAGIC_64 => {
            let fat = MachOFatFile::<FatArch64>::parse(file).map_err(broken)?;
            fat.arches().iter().map(|a| (a.cputype(), a.file_range())).collect()
        }
        _ => return read_one(file),
    };
    let Some((_, (offset, size))) = ranges.iter().find(|(cpu, _)| *cpu == CPU) else {
        let found: Vec<String> = ranges.iter().map(|(cpu, _)| cpu_name(*cpu)).collect();
        return Err(other_processor(found.join(", ")));
    };
    let end = offset.checked_add(*size);
    let whole = file.len().is_ok_and(|length| end.is_some_and(|end| end <= length));
    ensure(whole, || "its part for this processor reaches past the end of the file".to_owned())?;
    read_one(file.range(*offset, *size))
}

fn broken(error: object::read::Error) -> Refusal {
    damaged(format!("Mach-O: {error}"))
}

fn other_processor(found: String) -> Refusal {
    Refusal::WrongArchitecture { found, expected: std::env::consts::ARCH.to_owned() }
}

fn cpu_name(cpu: CpuType) -> String {
    match cpu {
        macho::CPU_TYPE_ARM64 => "aarch64".to_owned(),
        macho::CPU_TYPE_X86_64 => "x86_64".to_owned(),
        macho::CPU_TYPE_X86 => "x86".to_owned(),
        macho::CPU_TYPE_ARM => "arm".to_owned(),
        CpuType(other) => format!("Mach-O processor {other:#x}"),
    }
}

fn read_one<'f>(file: impl ReadRef<'f>) -> Result<Linkage, Refusal> {
    let header = Header::parse(file, 0).map_err(broken)?;
    let cpu = header.cputype(LE);
    if !header.is_little_endian() || cpu != CPU {
        return Err(other_processor(cpu_name(cpu)));
    }
    match header.filetype(LE) {
        macho::MH_DYLIB | macho::MH_BUNDLE => {}
        macho::MH_EXECUTE => return Err(Refusal::NotShared { found: "an executable".to_owned() }),
        macho::MH_OBJECT => return Err(Refusal::NotShared { found: "an object file".to_owned() }),
        FileType(other) => return Err(Refusal::NotShared { found: format!("a Mach-O file of type {other}") }),
    }
    let mut linkage = Linkage::default();
    let mut commands = header.load_commands(LE, file, 0).map_err(broken)?;
    let (mut trie, mut symbols) = (None, None);
    while let Some(command) = commands.next().map_err(broken)? {
        check_segment(&command, file)?;
        read_linkage(&command, &mut linkage)?;
        if let Some(info) = command.dyld_info().map_err(broken)? {
            trie = Some((info.export_off.get(LE), info.export_size.get(LE)));
        } else if let Some(data) = command.dyld_exports_trie().map_err(broken)? {
            trie = Some((data.dataoff.get(LE), data.datasize.get(LE)));
        } else if let Some(table) = command.symtab().map_err(broken)? {
            symbols = Some(table.symbols::<Header, _>(LE, file).map_err(broken)?);
        }
    }
    let entry = [b"_", ENTRY_SYMBOL.strip_suffix(b"\0").unwrap_or(ENTRY_SYMBOL)].concat();
    linkage.has_entry = match trie {
        Some((offset, size)) => {
            let trie =
                file.read_bytes_at(offset.into(), size.into()).map_err(|()| damaged("its exports are cut short"))?;
            exports(trie, &entry).ok_or_else(|| damaged("its exports are broken"))?
        }
        None => symbols.is_some_and(|table| {
            let names = table.strings();
            table.iter().any(|s| s.is_definition() && names.get(s.n_strx(LE)).is_ok_and(|name| name == entry))
        }),
    };
    Ok(linkage)
}

fn check_segment<'f>(command: &LoadCommandData<'f, LittleEndian>, file: impl ReadRef<'f>) -> Result<(), Refusal> {
    let Some((segment, _)): Option<(&SegmentCommand64<_>, _)> = command.segment_64().map_err(broken)? else {
        return Ok(());
    };
    let end = segment.fileoff.get(LE).checked_add(segment.filesize.get(LE));
    let whole = file.len().is_ok_and(|length| end.is_some_and(|end| end <= length));
    ensure(whole, || "a segment reaches past the end of the file".to_owned())
}

fn read_linkage(command: &LoadCommandData<'_, LittleEndian>, linkage: &mut Linkage) -> Result<(), Refusal> {
    let string = |text| command.string(LE, text).map(name_of).map_err(broken);
    match command.cmd() {
        macho::LC_LOAD_DYLIB | macho::LC_REEXPORT_DYLIB | macho::LC_LOAD_UPWARD_DYLIB => {
            let library: &macho::DylibCommand<LittleEndian> = command.data().map_err(broken)?;
            linkage.needed.push(string(library.dylib.name)?);
        }
        macho::LC_ID_DYLIB => {
            let library: &macho::DylibCommand<LittleEndian> = command.data().map_err(broken)?;
            linkage.name = Some(string(library.dylib.name)?);
        }
        macho::LC_RPATH => {
            let path: &macho::RpathCommand<LittleEndian> = command.data().map_err(broken)?;
            linkage.rpath.push(string(path.path)?);
        }
        _ => {}
    }
    Ok(())
}

/// Whether the trie of exports holds `name`: each edge spells a part of it. `None`: the trie is broken.
fn exports(trie: &[u8], mut name: &[u8]) -> Option<bool> {
    if trie.is_empty() {
        return Some(false);
    }
    let mut node = trie;
    loop {
        let size = uleb128(&mut node)?;
        if name.is_empty() {
            return Some(!node.get(..usize::try_from(size).ok()?)?.is_empty());
        }
        let mut edges = node.get(usize::try_from(size).ok()?..)?;
        let count = *edges.split_off_first()?;
        let mut next = None;
        for _ in 0..count {
            let end = edges.iter().position(|byte| *byte == 0)?;
            let label = edges.get(..end)?;
            edges = edges.get(end + 1..)?;
            let child = uleb128(&mut edges)?;
            // An empty edge would let the walk go in circles.
            if let Some(rest) = name.strip_prefix(label).filter(|_| !label.is_empty()) {
                next = Some((child, rest));
                break;
            }
        }
        let Some((child, rest)) = next else { return Some(false) };
        node = trie.get(usize::try_from(child).ok()?..)?;
        name = rest;
    }
}

/// Takes a number in the variable-length form of the trie off the front of `bytes`.
fn uleb128(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = *bytes.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A trie with one export, `_rlx`, whose edges are `_r` and `lx`.
    const TRIE: &[u8] = &[0, 1, b'_', b'r', 0, 6, 0, 1, b'l', b'x', 0, 12, 2, 0, 0x10, 0];

    #[test]
    fn the_trie_is_walked_by_its_edges() {
        assert_eq!(exports(TRIE, b"_rlx"), Some(true));
        assert_eq!(exports(TRIE, b"_rl"), Some(false));
        assert_eq!(exports(TRIE, b"_rlx_more"), Some(false));
        assert_eq!(exports(TRIE, b"_other"), Some(false));
        assert_eq!(exports(b"", b"_rlx"), Some(false));
    }

    #[test]
    fn a_broken_trie_ends() {
        for end in 1..TRIE.len() - 1 {
            assert_ne!(exports(&TRIE[..end], b"_rlx"), Some(true), "cut at {end}");
        }
        // An edge that leads back to the root.
        assert_eq!(exports(&[0, 1, b'a', 0, 0], b"aaaaaaaa"), Some(false));
        assert_eq!(exports(&[0, 1, 0, 0], b"a"), Some(false));
        assert_eq!(uleb128(&mut &[0x80_u8; 12][..]), None);
    }
}
