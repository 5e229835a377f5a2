//! The layout of this process's own ELF files.

use object::NativeEndian;
use object::elf;
use object::read::elf::FileHeader;

/// Libraries of this process have its word size and byte order; others are refused before these types are used.
#[cfg(target_pointer_width = "64")]
pub(super) type Header = elf::FileHeader64<NativeEndian>;
#[cfg(not(target_pointer_width = "64"))]
pub(super) type Header = elf::FileHeader32<NativeEndian>;
pub(super) type ProgramHeader = <Header as FileHeader>::ProgramHeader;
pub(super) type Sym = <Header as FileHeader>::Sym;

pub(super) const NATIVE: NativeEndian = NativeEndian;
pub(super) const WORD: u64 = size_of::<usize>() as u64;
