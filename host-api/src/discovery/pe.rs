//! Reads a Windows library: processor, sections, exports, imports. The Windows loader checks the rest itself, and refuses
//! instead of faulting.

use super::linkage::{Bytes, Linkage, damaged, ensure, name_of};
use super::refusal::Refusal;
use crate::abi::ENTRY_SYMBOL;
use object::read::pe::PeFile;
use object::{LittleEndian as LE, ReadRef, pe};

#[cfg(target_pointer_width = "64")]
type Headers = pe::ImageNtHeaders64;
#[cfg(not(target_pointer_width = "64"))]
type Headers = pe::ImageNtHeaders32;

/// Checks the library in `file` and reads how it is linked.
pub(super) fn read(file: Bytes<'_>) -> Result<Linkage, Refusal> {
    let headers_at = pe::ImageDosHeader::parse(file).map_err(broken)?.nt_headers_offset();
    // The signature and this header stand before anything that depends on the word size.
    let header: &pe::ImageFileHeader =
        file.read_at(u64::from(headers_at) + 4).map_err(|()| damaged("its PE header is cut short"))?;
    let machine = header.machine.get(LE);
    if machine != MACHINE {
        let (found, expected) = (machine_name(machine), std::env::consts::ARCH.to_owned());
        return Err(Refusal::WrongArchitecture { found, expected });
    }
    if !header.characteristics.get(LE).contains(pe::IMAGE_FILE_DLL) {
        return Err(Refusal::NotShared { found: "an executable".to_owned() });
    }
    let library = PeFile::<Headers, _>::parse(file).map_err(broken)?;
    let size = file.len().map_err(|()| damaged("its size cannot be read"))?;
    for section in library.section_table().iter() {
        let (start, length) = section.pe_file_range();
        let whole = u64::from(start) + u64::from(length) <= size;
        ensure(whole, || format!("section {} reaches past the end of the file", section.raw_name().escape_ascii()))?;
    }
    let entry = ENTRY_SYMBOL.strip_suffix(b"\0").unwrap_or(ENTRY_SYMBOL);
    let mut linkage = Linkage::default();
    if let Some(exports) = library.export_table().map_err(broken)? {
        linkage.has_entry =
            exports.name_iter().any(|(name, _)| exports.name_from_pointer(name).is_ok_and(|name| name == entry));
    }
    if let Some(imports) = library.import_table().map_err(broken)? {
        let mut descriptors = imports.descriptors().map_err(broken)?;
        while let Some(descriptor) = descriptors.next().map_err(broken)? {
            let name = imports.name(descriptor.name.get(LE)).map_err(broken)?;
            linkage.needed.push(name_of(name));
        }
    }
    Ok(linkage)
}

fn broken(error: object::read::Error) -> Refusal {
    damaged(format!("PE: {error}"))
}

/// The processor of this process.
const MACHINE: pe::Machine = if cfg!(target_arch = "x86_64") {
    pe::IMAGE_FILE_MACHINE_AMD64
} else if cfg!(target_arch = "aarch64") {
    pe::IMAGE_FILE_MACHINE_ARM64
} else {
    pe::IMAGE_FILE_MACHINE_I386
};

fn machine_name(machine: pe::Machine) -> String {
    match machine {
        pe::IMAGE_FILE_MACHINE_AMD64 => "x86_64".to_owned(),
        pe::IMAGE_FILE_MACHINE_ARM64 => "aarch64".to_owned(),
        pe::IMAGE_FILE_MACHINE_I386 => "x86".to_owned(),
        pe::Machine(other) => format!("PE machine {other:#x}"),
    }
}
