//! Relocations: each makes ld.so write into the image, and some make it call into it.

use super::dynamic::Dynamic;
use super::kinds::{KINDS_LISTED, Kind, kind};
use super::segments::{Image, Span};
use super::symbols::Symbols;
use super::{Header, NATIVE, WORD};
use crate::discovery::inspect::{damaged, ensure};
use crate::discovery::refusal::Refusal;
use object::elf;
use object::read::elf::{FileHeader, Rel as _, Rela as _, RelrIterator, Sym as _};
use std::collections::HashMap;

type Rel = <Header as FileHeader>::Rel;
type Rela = <Header as FileHeader>::Rela;
type Relr = <Header as FileHeader>::Relr;

/// Most initialisers that one library may have: far more than any has.
const MAX_FUNCTIONS: u64 = 1 << 20;

struct Relocation {
    offset: u64,
    symbol: u32,
    kind: elf::RelocationType,
    /// `None`: it stands at `offset` itself.
    addend: Option<i64>,
}

impl Relocation {
    fn with_addend(r: &Rela) -> Self {
        Self {
            offset: r.r_offset(NATIVE).into(),
            symbol: r.r_sym(NATIVE, false),
            kind: r.r_type(NATIVE, false),
            addend: Some(r.r_addend(NATIVE).into()),
        }
    }

    fn without(r: &Rel) -> Self {
        Self { offset: r.r_offset(NATIVE).into(), symbol: r.r_sym(NATIVE), kind: r.r_type(NATIVE), addend: None }
    }
}

/// The tables of a library.
pub(super) struct Relocations<'f> {
    with_addend: Vec<&'f [Rela]>,
    without: Vec<&'f [Rel]>,
    relative: &'f [Relr],
}

impl<'f> Relocations<'f> {
    pub(super) fn read(image: &Image<'f>, dynamic: &Dynamic<'f>) -> Result<Self, Refusal> {
        let outside = || damaged("its relocations lie outside its segments");
        let (rela, rel) = (size_of::<Rela>() as u64, size_of::<Rel>() as u64);
        let mut tables = Self { with_addend: Vec::new(), without: Vec::new(), relative: &[] };
        let span = dynamic.table(elf::DT_RELA, elf::DT_RELASZ, rela, "relocations")?;
        tables.with_addend.push(image.values(span.start, span.size / rela).ok_or_else(outside)?);
        let span = dynamic.table(elf::DT_REL, elf::DT_RELSZ, rel, "relocations")?;
        tables.without.push(image.values(span.start, span.size / rel).ok_or_else(outside)?);
        let span = dynamic.table(elf::DT_RELR, elf::DT_RELRSZ, WORD, "relative relocations")?;
        tables.relative = image.values(span.start, span.size / WORD).ok_or_else(outside)?;
        if dynamic.get(elf::DT_JMPREL).is_some() {
            // ld.so follows null pointers, or aborts, when one of the three is missing or not what it expects.
            let form = dynamic.get(elf::DT_PLTREL);
            let with_addend = form == Some(elf::DT_RELA.0 as u64);
            ensure(with_addend || form == Some(elf::DT_REL.0 as u64), || {
                "its calls have no kind of relocation".to_owned()
            })?;
            ensure(dynamic.get(elf::DT_PLTRELSZ).is_some(), || "its relocations of calls have no size".to_owned())?;
            let entry = if with_addend { rela } else { rel };
            let span = dynamic.table(elf::DT_JMPREL, elf::DT_PLTRELSZ, entry, "relocations of calls")?;
            if with_addend {
                tables.with_addend.push(image.values(span.start, span.size / rela).ok_or_else(outside)?);
            } else {
                tables.without.push(image.values(span.start, span.size / rel).ok_or_else(outside)?);
            }
        } else {
            let size = dynamic.get(elf::DT_PLTRELSZ).unwrap_or(0);
            ensure(size == 0, || "its relocations of calls have a size and no address".to_owned())?;
        }
        tables.check_relative_count(dynamic)?;
        Ok(tables)
    }

    /// ld.so takes the first `DT_RELACOUNT` relocations as relative ones without looking at them.
    fn check_relative_count(&self, dynamic: &Dynamic<'_>) -> Result<(), Refusal> {
        let Some(count) = dynamic.get(elf::DT_RELACOUNT) else { return Ok(()) };
        let all = self.with_addend.first().copied().unwrap_or_default();
        let first = usize::try_from(count).ok().and_then(|n| all.get(..n));
        let relative = |r: &Rela| !KINDS_LISTED || kind(r.r_type(NATIVE, false)) == Some(Kind::Relative);
        ensure(first.is_some_and(|f| f.iter().all(relative)), || {
            format!("its first {count} relocations are not relative ones")
        })
    }

    fn all(&self) -> impl Iterator<Item = Relocation> {
        let with_addend = self.with_addend.iter().copied().flatten().map(Relocation::with_addend);
        with_addend.chain(self.without.iter().copied().flatten().map(Relocation::without))
    }

    /// One more than the highest symbol that a relocation names.
    pub(super) fn symbol_limit(&self) -> u64 {
        self.all().map(|r| u64::from(r.symbol)).max().map_or(0, |highest| highest + 1)
    }

    /// Checks each relocation against the image and the symbols.
    pub(super) fn check(&self, image: &Image<'f>, dynamic: &Dynamic<'f>, symbols: &Symbols<'f>) -> Result<(), Refusal> {
        let write = !dynamic.relocates_text();
        let mut functions = Functions::new(dynamic)?;
        let mut places = Vec::new();
        for relocation in self.all() {
            let wrong = |what: &str| damaged(format!("the relocation of address {:#x} {what}", relocation.offset));
            let symbol =
                symbols.get(relocation.symbol).ok_or_else(|| wrong("names a symbol that the library lacks"))?;
            let kind = kind(relocation.kind).ok_or_else(|| wrong("is of an unknown kind"))?;
            if kind == Kind::Nothing {
                continue;
            }
            let place = Span { start: relocation.offset, size: kind.size() };
            ensure(image.maps(place, write), || format!("{:#x} is relocated and may not be written", place.start))?;
            let target = relocation.addend.and_then(|a| u64::try_from(a).ok());
            let thread_local = relocation.symbol == 0 || symbol.st_type() == elf::STT_TLS;
            match kind {
                Kind::Relative => {
                    let inside = relocation.addend.is_none() || target.is_some_and(|t| image.spans(t));
                    ensure(inside, || format!("{:#x} is made to point outside the library", place.start))?;
                }
                // ld.so calls this address.
                Kind::Resolver => {
                    let code = relocation.addend.is_none() || target.is_some_and(|t| image.executes(t));
                    ensure(code, || format!("{:#x} is made to point to code that is none", place.start))?;
                }
                Kind::Slot if relocation.symbol == 0 => return Err(wrong("names no symbol")),
                Kind::ThreadLocal if !thread_local => return Err(wrong("names a symbol that is not thread-local")),
                _ => {}
            }
            functions.relocated(relocation.offset, || match kind {
                Kind::Relative | Kind::Resolver => {
                    target.or_else(|| word(image, relocation.offset)).is_some_and(|t| image.executes(t))
                }
                _ => symbol.is_undefined(NATIVE) || image.executes(symbol.st_value(NATIVE).into()),
            });
            places.push(place.start);
        }
        // Each of these stands for a word of the file; a few bytes of a damaged table can stand for very many.
        let most = image.words();
        for (count, offset) in (1..).zip(RelrIterator::<Header>::new(NATIVE, self.relative).map(u64::from)) {
            ensure(count <= most, || format!("it has more than {most} relative relocations"))?;
            let place = Span { start: offset, size: WORD };
            ensure(image.maps(place, write), || format!("{offset:#x} is relocated and may not be written"))?;
            functions.relocated(offset, || word(image, offset).is_some_and(|t| image.executes(t)));
        }
        functions.check()?;
        places.sort_unstable();
        let twice = places.windows(2).find(|pair| pair[0] == pair[1]);
        ensure(twice.is_none(), || format!("{:#x} is relocated twice", twice.map_or(0, |pair| pair[0])))
    }
}

/// The word that the file holds for `address`.
fn word(image: &Image<'_>, address: u64) -> Option<u64> {
    let bytes = image.bytes(Span { start: address, size: WORD })?;
    Some(usize::from_ne_bytes(bytes.try_into().ok()?) as u64)
}

/// The initialisers and finalisers, and whether each is relocated to code: ld.so calls them all.
struct Functions {
    slots: HashMap<u64, bool>,
}

impl Functions {
    fn new(dynamic: &Dynamic<'_>) -> Result<Self, Refusal> {
        let initialisers = dynamic.table(elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ, WORD, "initialisers")?;
        let finalisers = dynamic.table(elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ, WORD, "finalisers")?;
        let count = (initialisers.size / WORD).max(finalisers.size / WORD);
        ensure(count <= MAX_FUNCTIONS, || format!("it has {count} initialisers or finalisers"))?;
        // Their spans lie in the file, so the addresses do not overflow.
        let slots = [initialisers, finalisers]
            .into_iter()
            .flat_map(|span| (0..span.size / WORD).map(move |slot| (span.start + slot * WORD, false)))
            .collect();
        Ok(Self { slots })
    }

    fn relocated(&mut self, address: u64, code: impl FnOnce() -> bool) {
        if let Some(slot) = self.slots.get_mut(&address) {
            *slot = code();
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        let bad = self.slots.iter().filter(|(_, code)| !**code);
        match bad.map(|(address, _)| *address).min() {
            None => Ok(()),
            Some(address) => Err(damaged(format!("the initialiser or finaliser at {address:#x} is not code"))),
        }
    }
}
