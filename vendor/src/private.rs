//! Private names for the shared libraries of a Linux wheel.
//!
//! A process may hold another copy of such a library already: a Python program that has imported MLX has a `libmlx.so`.
//! The dynamic linker then gives a plugin the loaded library of that name rather than the file beside it, whatever its
//! version; and symbols of GNU's unique binding, such as MLX's default random state, become one in the whole process
//! even between libraries of different names. So each library here is a copy whose name ends in the hash of its wheel,
//! which finds what it needs under such names beside itself, and which has no unique symbols. That covers BLAS, LAPACK
//! and the Fortran runtime too: LAPACK calls functions that the plugin exports, and nobody else's LAPACK should.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::elf::{FileHeader64, SHT_DYNSYM, STB_GLOBAL, STB_GNU_UNIQUE, Sym64};
use object::read::elf::{FileHeader, SectionHeader};
use object::{LittleEndian, pod};

use crate::Error;
use crate::mlx::BundleFile;

/// A folder of libraries with private names.
#[derive(Debug)]
pub(crate) struct PrivateLibraries {
    pub(crate) folder: PathBuf,
    /// What the names end in.
    pub(crate) tag: String,
}

impl PrivateLibraries {
    /// `libmlx.so` becomes `libmlx-<tag>.so`.
    pub(crate) fn file_name(&self, name: &str) -> String {
        let (stem, version) = name.split_once(".so").unwrap_or((name, ""));
        format!("{stem}-{}.so{version}", self.tag)
    }

    /// `mlx` becomes `mlx-<tag>`.
    pub(crate) fn link_name(&self, name: &str) -> String {
        format!("{name}-{}", self.tag)
    }

    /// Makes the private copies of `libraries` in the folder, which must exist. Each is named by `to`.
    pub(crate) fn make(&self, libraries: &[BundleFile], patchelf: &Path) -> Result<(), Error> {
        let names: Vec<(String, String)> = libraries
            .iter()
            .map(|library| library.to.to_string_lossy().into_owned())
            .map(|name| (self.file_name(&name), name))
            .collect();
        for (library, (private, _)) in libraries.iter().zip(&names) {
            let copy = self.folder.join(private);
            fs::copy(&library.from, &copy).map_err(Error::io("copy", &library.from))?;
            let mut command = Command::new(patchelf);
            command.args(["--set-soname", private, "--force-rpath", "--set-rpath", "$ORIGIN"]);
            for (private, name) in &names {
                command.args(["--replace-needed", name, private]);
            }
            run(command.arg(&copy), &copy)?;
            make_symbols_global(&copy)?;
        }
        Ok(())
    }
}

fn run(patchelf: &mut Command, library: &Path) -> Result<(), Error> {
    let failed = |reason: String| Error::Patchelf { library: library.to_path_buf(), reason };
    let output = patchelf.output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let says = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
    Err(failed(if says.is_empty() { output.status.to_string() } else { says }))
}

/// Gives the unique symbols of a library the ordinary global binding, in place.
fn make_symbols_global(library: &Path) -> Result<(), Error> {
    let mut file = fs::read(library).map_err(Error::io("read", library))?;
    let not_elf = |reason: &str| Error::NotElf { library: library.to_path_buf(), reason: reason.to_owned() };
    let range = dynamic_symbols(&file).map_err(|error| not_elf(&error.to_string()))?;
    let table = file.get_mut(range).ok_or_else(|| not_elf("its table of dynamic symbols lies outside the file"))?;
    let symbols = pod::slice_from_all_bytes_mut::<Sym64<LittleEndian>>(table)
        .map_err(|()| not_elf("its table of dynamic symbols has an odd size"))?;
    for symbol in symbols {
        if symbol.st_bind() == STB_GNU_UNIQUE {
            symbol.set_st_info(STB_GLOBAL, symbol.st_type());
        }
    }
    fs::write(library, file).map_err(Error::io("write", library))
}

/// Where the table of dynamic symbols lies in a file. Every target that MLX has wheels for is 64-bit little endian.
fn dynamic_symbols(file: &[u8]) -> object::Result<Range<usize>> {
    let header = FileHeader64::<LittleEndian>::parse(file)?;
    let endian = header.endian()?;
    let sections = header.section_headers(endian, file)?;
    let table = sections.iter().find(|section| section.sh_type(endian) == SHT_DYNSYM);
    let range = table.and_then(|table| table.file_range(endian)).unwrap_or_default();
    Ok(range.0 as usize..range.0.saturating_add(range.1) as usize)
}
