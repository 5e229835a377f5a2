//! The dynamic section: where ld.so finds everything else.

use super::native::{Header, NATIVE, Sym, WORD};
use super::segments::{Image, Span, known_number};
use crate::discovery::linkage::{damaged, ensure, name_of};
use crate::discovery::refusal::Refusal;
use object::elf::{self, DynamicTag};
use object::read::elf::{Dyn as _, FileHeader};
use std::collections::HashMap;
use std::ffi::OsString;

/// Most entries of the section: far more than any library has.
const MAX_ENTRIES: u64 = 4096;
/// Longest string: longer than the names that compilers make.
const MAX_STRING: usize = 256 << 10;

/// Tables that are named by an address and a size: with one of the two alone, ld.so follows a null pointer.
const PAIRS: [(DynamicTag, DynamicTag, &str); 11] = [
    (elf::DT_STRTAB, elf::DT_STRSZ, "strings"),
    (elf::DT_SYMTAB, elf::DT_SYMENT, "symbols"),
    (elf::DT_RELA, elf::DT_RELASZ, "relocations"),
    (elf::DT_RELA, elf::DT_RELAENT, "relocations"),
    (elf::DT_REL, elf::DT_RELSZ, "relocations"),
    (elf::DT_REL, elf::DT_RELENT, "relocations"),
    (elf::DT_RELR, elf::DT_RELRSZ, "relative relocations"),
    (elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ, "initialisers"),
    (elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ, "finalisers"),
    (elf::DT_VERNEED, elf::DT_VERNEEDNUM, "needed versions"),
    (elf::DT_VERDEF, elf::DT_VERDEFNUM, "defined versions"),
];

/// Tags that stand in a section at most once.
const SINGLE: [DynamicTag; 16] = [
    elf::DT_PLTREL,
    elf::DT_JMPREL,
    elf::DT_PLTRELSZ,
    elf::DT_PLTGOT,
    elf::DT_HASH,
    elf::DT_GNU_HASH,
    elf::DT_INIT,
    elf::DT_FINI,
    elf::DT_SONAME,
    elf::DT_RPATH,
    elf::DT_RUNPATH,
    elf::DT_FLAGS,
    elf::DT_FLAGS_1,
    elf::DT_VERSYM,
    elf::DT_RELACOUNT,
    elf::DT_RELRENT,
];

/// Tags whose value is the offset of a string.
const STRINGS: [DynamicTag; 6] =
    [elf::DT_NEEDED, elf::DT_SONAME, elf::DT_RPATH, elf::DT_RUNPATH, elf::DT_AUXILIARY, elf::DT_FILTER];

pub(super) struct Dynamic<'f> {
    entries: Vec<(DynamicTag, u64)>,
    single: HashMap<DynamicTag, u64>,
    strings: &'f [u8],
}

impl<'f> Dynamic<'f> {
    pub(super) fn read(image: &Image<'f>, span: Span) -> Result<Self, Refusal> {
        let count = span.size / size_of::<<Header as FileHeader>::Dyn>() as u64;
        ensure(count <= MAX_ENTRIES, || format!("its dynamic section has {count} entries"))?;
        let all: &[<Header as FileHeader>::Dyn] =
            image.values(span.start, count).ok_or_else(|| damaged("its dynamic section is not in the file"))?;
        let entries: Vec<(DynamicTag, u64)> =
            all.iter().map(|d| (d.tag(NATIVE), d.val(NATIVE))).take_while(|(tag, _)| *tag != elf::DT_NULL).collect();
        ensure(entries.len() < all.len(), || "its dynamic section has no end".to_owned())?;
        let single: HashMap<DynamicTag, u64> = entries.iter().copied().collect();
        let mut dynamic = Self { entries, single, strings: &[] };
        dynamic.check_shape()?;
        dynamic.strings = dynamic.string_table(image)?;
        dynamic.check_code(image)?;
        Ok(dynamic)
    }

    /// The value of `tag`.
    pub(super) fn get(&self, tag: DynamicTag) -> Option<u64> {
        self.single.get(&tag).copied()
    }

    pub(super) fn flags_1(&self) -> elf::DynamicFlags1 {
        elf::DynamicFlags1(self.get(elf::DT_FLAGS_1).unwrap_or(0) as _)
    }

    /// Whether relocations may change segments that are otherwise read-only.
    pub(super) fn relocates_text(&self) -> bool {
        let flags = elf::DynamicFlags(self.get(elf::DT_FLAGS).unwrap_or(0) as _);
        flags.contains(elf::DF_TEXTREL) || self.get(elf::DT_TEXTREL).is_some()
    }

    /// The table at the address in `tag` of as many bytes as `size` says, in entries of `entry` bytes.
    pub(super) fn table(&self, tag: DynamicTag, size: DynamicTag, entry: u64, name: &str) -> Result<Span, Refusal> {
        let (start, size) = (self.get(tag).unwrap_or(0), self.get(size).unwrap_or(0));
        ensure(size % entry == 0, || format!("its {name} take {size} bytes, not a multiple of {entry}"))?;
        Ok(Span { start, size })
    }

    /// The tables that ld.so reads while it relocates a library of so many symbols: they may lie in segments that can be
    /// written. `own` is the section itself.
    pub(super) fn tables(&self, own: Span, symbols: u64) -> Vec<Span> {
        let size = |tag| self.get(tag).unwrap_or(0);
        let tables = [
            (elf::DT_STRTAB, size(elf::DT_STRSZ)),
            (elf::DT_SYMTAB, symbols * size_of::<Sym>() as u64),
            (elf::DT_VERSYM, symbols * size_of::<u16>() as u64),
            (elf::DT_RELA, size(elf::DT_RELASZ)),
            (elf::DT_REL, size(elf::DT_RELSZ)),
            (elf::DT_RELR, size(elf::DT_RELRSZ)),
            (elf::DT_JMPREL, size(elf::DT_PLTRELSZ)),
        ];
        let spans = tables.into_iter().filter_map(|(start, size)| Some(Span { start: self.get(start)?, size }));
        spans.chain([own]).collect()
    }

    /// The string at `offset` of the string table.
    pub(super) fn string(&self, offset: u64) -> Option<&'f [u8]> {
        let rest = self.strings.get(usize::try_from(offset).ok()?..)?;
        let end = rest.iter().take(MAX_STRING).position(|byte| *byte == 0)?;
        rest.get(..end)
    }

    /// Strings of all entries with `tag`.
    pub(super) fn strings_of(&self, tag: DynamicTag) -> Result<Vec<&'f [u8]>, Refusal> {
        let offsets = self.entries.iter().filter(|(t, _)| *t == tag).map(|(_, offset)| *offset);
        offsets
            .map(|offset| {
                let lacks = || damaged(format!("its dynamic section names string {offset}, which it lacks"));
                self.string(offset).ok_or_else(lacks)
            })
            .collect()
    }

    /// The folders that `tag` lists, if it is there.
    pub(super) fn path_list(&self, tag: DynamicTag) -> Result<Option<Vec<OsString>>, Refusal> {
        let list = self.strings_of(tag)?.pop();
        Ok(list.map(|l| l.split(|byte| *byte == b':').filter(|p| !p.is_empty()).map(name_of).collect()))
    }

    fn check_shape(&self) -> Result<(), Refusal> {
        let pairs = PAIRS.iter().flat_map(|(address, size, _)| [*address, *size]);
        let mut seen = HashMap::new();
        for (tag, _) in &self.entries {
            ensure(known_number(tag.0 as u64), || format!("its dynamic section has the unknown tag {:#x}", tag.0))?;
            *seen.entry(*tag).or_insert(0_u32) += 1;
        }
        for tag in pairs.chain(SINGLE) {
            ensure(seen.get(&tag).is_none_or(|n| *n == 1), || {
                format!("its dynamic section has tag {:#x} twice", tag.0)
            })?;
        }
        for (address, size, name) in PAIRS {
            let (address, size) = (self.get(address), self.get(size));
            let whole = address.is_some() == size.is_some() || (address.is_none() && size == Some(0));
            ensure(whole, || format!("its table of {name} has an address or a size, not both"))?;
        }
        let entries = [
            (elf::DT_SYMENT, size_of::<Sym>()),
            (elf::DT_RELAENT, size_of::<<Header as FileHeader>::Rela>()),
            (elf::DT_RELENT, size_of::<<Header as FileHeader>::Rel>()),
            (elf::DT_RELRENT, size_of::<<Header as FileHeader>::Relr>()),
        ];
        for (tag, expected) in entries {
            let stated = self.get(tag);
            ensure(stated.is_none_or(|s| s == expected as u64), || {
                format!("a table has entries of {} bytes, not {expected}", stated.unwrap_or(0))
            })?;
        }
        ensure(self.get(elf::DT_SYMTAB).is_some(), || "it has no dynamic symbol table".to_owned())?;
        ensure(self.get(elf::DT_STRTAB).is_some(), || "it has no dynamic string table".to_owned())?;
        let hash = self.get(elf::DT_HASH).or(self.get(elf::DT_GNU_HASH));
        ensure(hash.is_some(), || "it has no symbol hash table".to_owned())
    }

    fn string_table(&self, image: &Image<'f>) -> Result<&'f [u8], Refusal> {
        let span = self.table(elf::DT_STRTAB, elf::DT_STRSZ, 1, "strings")?;
        let strings = image.bytes(span).ok_or_else(|| damaged("its string table lies outside its segments"))?;
        ensure(strings.last() == Some(&0), || "its string table does not end with a NUL".to_owned())?;
        for (tag, offset) in &self.entries {
            let known = !STRINGS.contains(tag) || *offset < span.size;
            ensure(known, || format!("its dynamic section names string {offset} of {}", span.size))?;
        }
        Ok(strings)
    }

    /// Functions that ld.so calls, and the table that it may write to.
    fn check_code(&self, image: &Image<'f>) -> Result<(), Refusal> {
        for (tag, name) in [(elf::DT_INIT, "initialiser"), (elf::DT_FINI, "finaliser")] {
            let address = self.get(tag);
            ensure(address.is_none_or(|a| image.executes(a)), || format!("its {name} is not code"))?;
        }
        for (tag, size, name) in [
            (elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ, "initialisers"),
            (elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ, "finalisers"),
        ] {
            let span = self.table(tag, size, WORD, name)?;
            ensure(span.size == 0 || image.bytes(span).is_some(), || format!("its {name} lie outside its segments"))?;
        }
        let got = self.get(elf::DT_PLTGOT).map(|start| Span { start, size: WORD });
        ensure(got.is_none_or(|g| image.maps(g, false)), || {
            "its global offset table lies outside its segments".to_owned()
        })
    }
}
