//! The kinds of relocation that position-independent libraries of this processor have.

use super::native::WORD;
use object::elf::{self, RelocationType};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Nothing,
    /// The address of a symbol, or of none.
    Address,
    /// The address of a symbol, for calls and references through a table.
    Slot,
    /// An address in the library itself.
    Relative,
    /// The answer of a function that is called while relocating.
    Resolver,
    /// A word about thread-local data.
    ThreadLocal,
    /// Two words about thread-local data.
    Descriptor,
}

impl Kind {
    /// How many bytes are written.
    pub(super) const fn size(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Address | Self::Slot | Self::Relative | Self::Resolver | Self::ThreadLocal => WORD,
            Self::Descriptor => 2 * WORD,
        }
    }

    /// Whether it may stand among the relocations of calls.
    pub(super) const fn is_of_calls(self) -> bool {
        matches!(self, Self::Slot | Self::Resolver | Self::Descriptor)
    }

    /// Whether what it writes is a word of a table. Addresses may also stand in packed data.
    pub(super) const fn is_aligned(self) -> bool {
        KINDS_LISTED && matches!(self, Self::Slot | Self::Resolver | Self::ThreadLocal | Self::Descriptor)
    }
}

/// Whether the kinds of this processor are known here.
pub(super) const KINDS_LISTED: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// What `relocation` does; `None` if this processor has no such kind. On processors whose kinds are not listed here
/// each counts as an address.
pub(super) fn kind(relocation: RelocationType) -> Option<Kind> {
    if cfg!(target_arch = "x86_64") {
        x86_64(relocation)
    } else if cfg!(target_arch = "aarch64") {
        aarch64(relocation)
    } else {
        Some(Kind::Address)
    }
}

fn x86_64(relocation: RelocationType) -> Option<Kind> {
    Some(match relocation {
        elf::R_X86_64_NONE => Kind::Nothing,
        elf::R_X86_64_64 | elf::R_X86_64_SIZE64 => Kind::Address,
        elf::R_X86_64_GLOB_DAT | elf::R_X86_64_JUMP_SLOT => Kind::Slot,
        elf::R_X86_64_RELATIVE => Kind::Relative,
        elf::R_X86_64_IRELATIVE => Kind::Resolver,
        elf::R_X86_64_DTPMOD64 | elf::R_X86_64_DTPOFF64 | elf::R_X86_64_TPOFF64 => Kind::ThreadLocal,
        elf::R_X86_64_TLSDESC => Kind::Descriptor,
        _ => return None,
    })
}

fn aarch64(relocation: RelocationType) -> Option<Kind> {
    Some(match relocation {
        elf::R_AARCH64_NONE => Kind::Nothing,
        elf::R_AARCH64_ABS64 => Kind::Address,
        elf::R_AARCH64_GLOB_DAT | elf::R_AARCH64_JUMP_SLOT => Kind::Slot,
        elf::R_AARCH64_RELATIVE => Kind::Relative,
        elf::R_AARCH64_IRELATIVE => Kind::Resolver,
        elf::R_AARCH64_TLS_DTPMOD | elf::R_AARCH64_TLS_DTPREL | elf::R_AARCH64_TLS_TPREL => Kind::ThreadLocal,
        elf::R_AARCH64_TLSDESC => Kind::Descriptor,
        _ => return None,
    })
}
