//! Where things stand in a little-endian 64-bit ELF file, and changes to them.

use std::ops::Range;

/// Offsets in the ELF header.
pub(crate) const CLASS: usize = 4;
pub(crate) const DATA: usize = 5;
pub(crate) const TYPE: usize = 16;
pub(crate) const MACHINE: usize = 18;

/// Offsets in a symbol.
pub(crate) const SYMBOL_INFO: usize = 4;
pub(crate) const SYMBOL_SECTION: usize = 6;
pub(crate) const SYMBOL_VALUE: usize = 8;

const DYNSYM: u32 = 11;
const PT_DYNAMIC: u32 = 2;

fn at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    bytes[offset..offset + N].try_into().unwrap()
}

fn u16_at(bytes: &[u8], offset: usize) -> usize {
    u16::from_le_bytes(at(bytes, offset)).into()
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(at(bytes, offset))
}

fn u64_at(bytes: &[u8], offset: usize) -> usize {
    u64::from_le_bytes(at(bytes, offset)).try_into().unwrap()
}

/// `bytes` with a 16-bit value at `offset`.
pub(crate) fn with_u16(mut bytes: Vec<u8>, offset: usize, value: u16) -> Vec<u8> {
    bytes[offset..offset + 2].copy_from_slice(&value.to_le_bytes());
    bytes
}

/// `bytes` with one byte at `offset`.
pub(crate) fn with_byte(mut bytes: Vec<u8>, offset: usize, value: u8) -> Vec<u8> {
    bytes[offset] = value;
    bytes
}

/// `bytes` with every `from` replaced by `to`, which is as long.
pub(crate) fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
    assert!(!places.is_empty(), "nothing to replace");
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    bytes
}

/// The section header table.
pub(crate) fn section_headers(bytes: &[u8]) -> Range<usize> {
    let start = u64_at(bytes, 40);
    start..start + u16_at(bytes, 58) * u16_at(bytes, 60)
}

/// The ELF header with the program headers behind it.
pub(crate) fn program_headers(bytes: &[u8]) -> Range<usize> {
    0..u64_at(bytes, 32) + u16_at(bytes, 54) * u16_at(bytes, 56)
}

/// The dynamic section.
pub(crate) fn dynamic_section(bytes: &[u8]) -> Range<usize> {
    let (table, size) = (u64_at(bytes, 32), u16_at(bytes, 54));
    let header = (0..u16_at(bytes, 56)).map(|n| table + n * size).find(|&at| u32_at(bytes, at) == PT_DYNAMIC).unwrap();
    let start = u64_at(bytes, header + 8);
    start..start + u64_at(bytes, header + 32)
}

/// Offset of the dynamic symbol `name`.
pub(crate) fn dynamic_symbol(bytes: &[u8], name: &str) -> usize {
    let (table, size) = (u64_at(bytes, 40), u16_at(bytes, 58));
    let section = |n: usize| table + n * size;
    let symbols = (0..u16_at(bytes, 60)).map(section).find(|&at| u32_at(bytes, at + 4) == DYNSYM).unwrap();
    let strings = u64_at(bytes, section(u32_at(bytes, symbols + 40) as usize) + 24);
    let (start, length) = (u64_at(bytes, symbols + 24), u64_at(bytes, symbols + 32));
    let is_it = |at: &usize| {
        let text = &bytes[strings + u32_at(bytes, *at) as usize..];
        text.strip_prefix(name.as_bytes()).is_some_and(|rest| rest[0] == 0)
    };
    (start..start + length).step_by(24).find(is_it).unwrap()
}
