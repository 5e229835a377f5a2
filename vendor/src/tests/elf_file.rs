//! The smallest shared library that has dynamic symbols.

use object::elf::{self, STT_OBJECT, STT_TLS, Sym64};
use object::{LittleEndian, U16, U32, U64, pod};

/// A 64-bit ELF file of nothing but two dynamic symbols of this binding: a thread-local variable and another.
pub(super) fn library(binding: elf::SymbolBind) -> Vec<u8> {
    let le = LittleEndian;
    let mut symbols = [STT_TLS, STT_OBJECT].map(|kind| {
        let mut symbol = Sym64::<LittleEndian>::default();
        symbol.set_st_info(binding, kind);
        symbol
    });
    symbols[1].st_value = U64::new(le, 7);
    let symbols = pod::bytes_of_slice(&symbols);
    let header_size = size_of::<elf::FileHeader64<LittleEndian>>();
    let section = elf::SectionHeader64::<LittleEndian> {
        sh_name: U32::default(),
        sh_type: U32::new(le, elf::SHT_DYNSYM),
        sh_flags: U64::default(),
        sh_addr: U64::default(),
        sh_offset: U64::new(le, header_size as u64),
        sh_size: U64::new(le, symbols.len() as u64),
        sh_link: U32::default(),
        sh_info: U32::default(),
        sh_addralign: U64::new(le, 8),
        sh_entsize: U64::new(le, size_of::<Sym64<LittleEndian>>() as u64),
    };
    let header = elf::FileHeader64::<LittleEndian> {
        e_ident: elf::Ident {
            magic: elf::ELFMAG,
            class: elf::ELFCLASS64,
            data: elf::ELFDATA2LSB,
            version: elf::EV_CURRENT,
            os_abi: elf::ELFOSABI_SYSV,
            abi_version: 0,
            padding: [0; 7],
        },
        e_type: U16::new(le, elf::ET_DYN),
        e_machine: U16::new(le, elf::EM_X86_64),
        e_version: U32::new(le, u32::from(elf::EV_CURRENT.0)),
        e_entry: U64::default(),
        e_phoff: U64::default(),
        e_shoff: U64::new(le, (header_size + symbols.len()) as u64),
        e_flags: U32::default(),
        e_ehsize: U16::new(le, header_size as u16),
        e_phentsize: U16::default(),
        e_phnum: U16::default(),
        e_shentsize: U16::new(le, size_of_val(&section) as u16),
        e_shnum: U16::new(le, 1),
        e_shstrndx: U16::default(),
    };
    [pod::bytes_of(&header), symbols, pod::bytes_of(&section)].concat()
}
