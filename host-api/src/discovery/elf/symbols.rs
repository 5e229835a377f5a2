//! The dynamic symbol table, and the entry symbol in it.

use super::dynamic::Dynamic;
use super::hash;
use super::native::{NATIVE, Sym};
use super::segments::{Image, TABLE_LIMIT};
use crate::abi::ENTRY_SYMBOL;
use crate::discovery::linkage::{damaged, ensure};
use crate::discovery::refusal::Refusal;
use object::elf;
use object::read::elf::Sym as _;

pub(super) struct Symbols<'f> {
    table: &'f [Sym],
    names: Vec<&'f [u8]>,
}

impl<'f> Symbols<'f> {
    /// Reads and checks the symbols. `referenced` is one more than the highest symbol that a relocation names: the table
    /// does not state its own length, and where nothing is exported the hash table does not tell it either.
    pub(super) fn read(
        image: &Image<'f>,
        dynamic: &Dynamic<'f>,
        thread_local: Option<u64>,
        referenced: u64,
    ) -> Result<Self, Refusal> {
        let hashed = hash::symbol_count(image, dynamic)?;
        let count = hashed.unwrap_or(referenced).max(1);
        ensure(referenced <= count, || {
            format!("a relocation names symbol {}, it has {count}", referenced.saturating_sub(1))
        })?;
        let start = dynamic.get(elf::DT_SYMTAB).unwrap_or(0);
        let table: &[Sym] =
            image.values(start, count).ok_or_else(|| damaged("its symbol table lies outside its segments"))?;
        let mut names = Vec::with_capacity(table.len());
        let mut length = 0;
        for (index, symbol) in table.iter().enumerate() {
            let name = dynamic.string(symbol.st_name(NATIVE).into());
            let name = name.ok_or_else(|| damaged(format!("symbol {index} has no name")))?;
            // Names may share their ends; a damaged table can make each as long as all of it.
            length += name.len() as u64;
            ensure(length <= TABLE_LIMIT, || format!("the names of its {count} symbols are too long"))?;
            names.push(name);
            // The first symbol stands for none.
            if index > 0 {
                let checked = check(symbol, name, image, thread_local);
                checked.map_err(|what| damaged(format!("symbol {index} {what}")))?;
            }
        }
        hash::check(image, dynamic, &names)?;
        Ok(Self { table, names })
    }

    pub(super) fn len(&self) -> u64 {
        self.table.len() as u64
    }

    pub(super) fn get(&self, index: u32) -> Option<&'f Sym> {
        self.table.get(index as usize)
    }

    /// Whether the plugin entry is exported.
    pub(super) fn define_entry(&self, image: &Image<'_>) -> bool {
        let entry = ENTRY_SYMBOL.strip_suffix(b"\0").unwrap_or(ENTRY_SYMBOL);
        self.table.iter().zip(&self.names).any(|(symbol, name)| {
            *name == entry
                && symbol.st_bind() != elf::STB_LOCAL
                && matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_NOTYPE | elf::STT_GNU_IFUNC)
                && !symbol.is_undefined(NATIVE)
                && image.executes(symbol.st_value(NATIVE).into())
        })
    }
}

/// What is wrong with a symbol.
fn check(symbol: &Sym, name: &[u8], image: &Image<'_>, thread_local: Option<u64>) -> Result<(), &'static str> {
    let function = matches!(symbol.st_type(), elf::STT_FUNC | elf::STT_GNU_IFUNC);
    let section = symbol.st_shndx(NATIVE);
    if section == elf::SHN_UNDEF {
        // ld.so seeks those alone that have a name and neither a value nor a bond to the library itself. For the others it
        // takes an address in the library, its start mostly, and the first call goes there.
        let own = matches!(symbol.st_visibility(), elf::STV_HIDDEN | elf::STV_INTERNAL);
        let found_here = symbol.st_bind() == elf::STB_LOCAL || own || u64::from(symbol.st_value(NATIVE)) != 0;
        return match (name.is_empty(), found_here) {
            (true, _) => Err("is sought elsewhere and has no name"),
            (_, true) => Err("is sought elsewhere and bound to the library itself"),
            _ => Ok(()),
        };
    }
    if section == elf::SHN_ABS || section == elf::SHN_COMMON {
        return if function { Err("is a function outside the library's code") } else { Ok(()) };
    }
    let value = symbol.st_value(NATIVE).into();
    let sound = match symbol.st_type() {
        elf::STT_TLS => thread_local.is_some_and(|size| value <= size),
        // ld.so calls resolvers while it relocates, and initialisers call the other functions.
        elf::STT_FUNC | elf::STT_GNU_IFUNC if FUNCTIONS_ARE_CODE => {
            return if image.executes(value) { Ok(()) } else { Err("is a function outside the library's code") };
        }
        _ => image.spans(value),
    };
    if sound { Ok(()) } else { Err("points outside the library") }
}

/// Whether the value of a function symbol is the address of its code. An older convention of 64-bit PowerPC has
/// descriptors of functions in the data.
pub(super) const FUNCTIONS_ARE_CODE: bool = !cfg!(target_arch = "powerpc64");
