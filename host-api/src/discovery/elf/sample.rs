//! Writes small shared libraries for tests: two segments, a symbol, a hash table, a dynamic section. The system's loader
//! opens them.

use super::MACHINE;
use object::elf;

/// What the library is to say.
#[derive(Default, Clone)]
pub(in crate::discovery) struct Sample<'a> {
    pub(in crate::discovery) name: Option<&'a str>,
    pub(in crate::discovery) needed: &'a [&'a str],
    pub(in crate::discovery) rpath: Option<&'a str>,
    pub(in crate::discovery) runpath: Option<&'a str>,
    /// The function that it exports.
    pub(in crate::discovery) exports: Option<&'a str>,
}

/// Bytes of the ELF header, of a program header, of a symbol and of an entry of the dynamic section.
const HEADER: usize = 64;
const PROGRAM: usize = 56;
const SYMBOL: usize = 24;
/// Segments are aligned to the largest page.
const PAGE: usize = 0x1_0000;

impl Sample<'_> {
    /// The file, for this process's processor.
    pub(in crate::discovery) fn build(&self) -> Vec<u8> {
        let mut strings = vec![0_u8];
        let mut string = |text: &str| {
            let offset = strings.len() as u64;
            strings.extend(text.as_bytes());
            strings.push(0);
            offset
        };
        let mut dynamic: Vec<(elf::DynamicTag, u64)> =
            self.needed.iter().map(|name| (elf::DT_NEEDED, string(name))).collect();
        dynamic.extend(self.name.map(|name| (elf::DT_SONAME, string(name))));
        dynamic.extend(self.rpath.map(|path| (elf::DT_RPATH, string(path))));
        dynamic.extend(self.runpath.map(|path| (elf::DT_RUNPATH, string(path))));
        let exported = self.exports.map(string);

        let mut file = vec![0_u8; HEADER + 3 * PROGRAM];
        // One bucket, and a chain from the one symbol to the end.
        let count = 1 + u32::from(exported.is_some());
        let hash = file.len() as u64;
        put(
            &mut file,
            &[1, count, count - 1, 0, 0][..3 + count as usize].iter().map(|w| u64::from(*w)).collect::<Vec<_>>(),
            4,
        );
        file.resize(file.len().next_multiple_of(8), 0);
        let symbols = file.len() as u64;
        file.resize(file.len() + SYMBOL, 0);
        let symbol = file.len();
        file.resize(symbol + if exported.is_some() { SYMBOL } else { 0 }, 0);
        let names = file.len() as u64;
        file.extend(&strings);
        file.resize(file.len().next_multiple_of(16), 0);
        let code = file.len() as u64;
        // A function that returns.
        file.extend(if cfg!(target_arch = "aarch64") { [0xc0, 0x03, 0x5f, 0xd6] } else { [0xc3; 4] });
        if let Some(name) = exported {
            let info = u64::from(elf::STB_GLOBAL.0) << 4 | u64::from(elf::STT_FUNC.0);
            let mut bytes = Vec::new();
            put(&mut bytes, &[name], 4);
            put(&mut bytes, &[info, 0], 1);
            put(&mut bytes, &[1], 2);
            put(&mut bytes, &[code, 4], 8);
            file[symbol..].split_at_mut(SYMBOL).0.copy_from_slice(&bytes);
        }
        let text = file.len() as u64;
        file.resize(PAGE, 0);
        dynamic.extend([
            (elf::DT_HASH, hash),
            (elf::DT_SYMTAB, symbols),
            (elf::DT_SYMENT, SYMBOL as u64),
            (elf::DT_STRTAB, names),
            (elf::DT_STRSZ, strings.len() as u64),
            (elf::DT_NULL, 0),
        ]);
        for (tag, value) in &dynamic {
            put(&mut file, &[tag.0 as u64, *value], 8);
        }
        let size = (file.len() - PAGE) as u64;
        let programs = [
            program(elf::PT_LOAD, elf::PF_R.0 | elf::PF_X.0, 0, text, PAGE as u64),
            program(elf::PT_LOAD, elf::PF_R.0 | elf::PF_W.0, PAGE as u64, size, PAGE as u64),
            program(elf::PT_DYNAMIC, elf::PF_R.0 | elf::PF_W.0, PAGE as u64, size, 8),
        ];
        file[..HEADER].copy_from_slice(&header(elf::ET_DYN, programs.len() as u64));
        file[HEADER..HEADER + 3 * PROGRAM].copy_from_slice(&programs.concat());
        file
    }
}

/// An ELF header of this process's processor, with `programs` program headers behind it.
pub(in crate::discovery) fn header(kind: elf::FileType, programs: u64) -> Vec<u8> {
    let little = cfg!(target_endian = "little");
    let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, if little { 1 } else { 2 }, 1];
    bytes.resize(16, 0);
    put(&mut bytes, &[u64::from(kind.0), u64::from(MACHINE.0)], 2);
    put(&mut bytes, &[1], 4);
    put(&mut bytes, &[0, HEADER as u64, 0], 8);
    put(&mut bytes, &[0], 4);
    put(&mut bytes, &[HEADER as u64, PROGRAM as u64, programs, 0, 0, 0], 2);
    bytes
}

fn program(kind: elf::ProgramType, flags: u32, offset: u64, size: u64, align: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, &[u64::from(kind.0), u64::from(flags)], 4);
    put(&mut bytes, &[offset, offset, offset, size, size, align], 8);
    bytes
}

/// Appends numbers of `size` bytes each.
fn put(bytes: &mut Vec<u8>, numbers: &[u64], size: usize) {
    for number in numbers {
        if cfg!(target_endian = "little") {
            bytes.extend(&number.to_le_bytes()[..size]);
        } else {
            bytes.extend(&number.to_be_bytes()[8 - size..]);
        }
    }
}
