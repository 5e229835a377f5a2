//! Relocations: each makes ld.so write into the image, and some make it call into it.

use super::dynamic::Dynamic;
use super::kinds::{KINDS_LISTED, Kind, kind};
use super::native::{Header, NATIVE, WORD};
use super::segments::{Headers, Image, Span};
use super::symbols::{FUNCTIONS_ARE_CODE, Symbols};
use crate::discovery::linkage::{damaged, ensure};
use crate::discovery::refusal::Refusal;
use object::elf;
use object::read::elf::{FileHeader, Rel as _, Rela as _, RelrIterator, Sym as _};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

type Rel = <Header as FileHeader>::Rel;
type Rela = <Header as FileHeader>::Rela;
type Relr = <Header as FileHeader>::Relr;

/// Most initialisers that one library may have: far more than any has.
const MAX_FUNCTIONS: u64 = 1 << 20;

struct Relocation {
    offset: u64,
    /// Whether it stands among those of calls.
    of_call: bool,
    symbol: u32,
    kind: elf::RelocationType,
    /// `None`: it stands at `offset` itself.
    addend: Option<i64>,
}

impl Relocation {
    fn with_addend(r: &Rela, of_call: bool) -> Self {
        Self {
            offset: r.r_offset(NATIVE).into(),
            of_call,
            symbol: r.r_sym(NATIVE, false),
            kind: r.r_type(NATIVE, false),
            addend: Some(r.r_addend(NATIVE).into()),
        }
    }

    fn without(r: &Rel, of_call: bool) -> Self {
        let (offset, symbol, kind) = (r.r_offset(NATIVE).into(), r.r_sym(NATIVE), r.r_type(NATIVE));
        Self { offset, of_call, symbol, kind, addend: None }
    }

    /// What linkers leave in the place of a relocation that turned out not to be needed.
    fn is_blank(&self) -> bool {
        self.offset == 0 && self.symbol == 0 && self.addend.unwrap_or(0) == 0
    }
}

/// The tables of a library.
#[derive(Default)]
pub(super) struct Relocations<'f> {
    with_addend: &'f [Rela],
    without: &'f [Rel],
    relative: &'f [Relr],
    calls_with_addend: &'f [Rela],
    calls_without: &'f [Rel],
}

impl<'f> Relocations<'f> {
    pub(super) fn read(image: &Image<'f>, dynamic: &Dynamic<'f>) -> Result<Self, Refusal> {
        let outside = || damaged("its relocations lie outside its segments");
        let (rela, rel) = (size_of::<Rela>() as u64, size_of::<Rel>() as u64);
        let mut tables = Self::default();
        let span = dynamic.table(elf::DT_RELA, elf::DT_RELASZ, rela, "relocations")?;
        tables.with_addend = image.values(span.start, span.size / rela).ok_or_else(outside)?;
        let span = dynamic.table(elf::DT_REL, elf::DT_RELSZ, rel, "relocations")?;
        tables.without = image.values(span.start, span.size / rel).ok_or_else(outside)?;
        let span = dynamic.table(elf::DT_RELR, elf::DT_RELRSZ, WORD, "relative relocations")?;
        tables.relative = image.values(span.start, span.size / WORD).ok_or_else(outside)?;
        if dynamic.get(elf::DT_JMPREL).is_some() {
            // ld.so follows null pointers, or aborts, when one of the three is missing or not what it expects.
            let form = dynamic.get(elf::DT_PLTREL);
            let with_addend = form == Some(elf::DT_RELA.0 as u64);
            ensure(with_addend || form == Some(elf::DT_REL.0 as u64), || {
                "its calls have no kind of relocation".to_owned()
            })?;
            // With a size of 0 none would be done, and the first call would go to an address of the file.
            let size = dynamic.get(elf::DT_PLTRELSZ).unwrap_or(0);
            ensure(size > 0, || "its relocations of calls have no size".to_owned())?;
            let entry = if with_addend { rela } else { rel };
            let span = dynamic.table(elf::DT_JMPREL, elf::DT_PLTRELSZ, entry, "relocations of calls")?;
            if with_addend {
                tables.calls_with_addend = image.values(span.start, span.size / rela).ok_or_else(outside)?;
            } else {
                tables.calls_without = image.values(span.start, span.size / rel).ok_or_else(outside)?;
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
        let first = usize::try_from(count).ok().and_then(|n| self.with_addend.get(..n));
        let relative = |r: &Rela| !KINDS_LISTED || kind(r.r_type(NATIVE, false)) == Some(Kind::Relative);
        ensure(first.is_some_and(|f| f.iter().all(relative)), || {
            format!("its first {count} relocations are not relative ones")
        })
    }

    /// How many there are, without those that a word of the relative ones stands for.
    fn len(&self) -> usize {
        self.with_addend.len() + self.without.len() + self.calls_with_addend.len() + self.calls_without.len()
    }

    fn all(&self) -> impl Iterator<Item = Relocation> {
        let with_addend = self.with_addend.iter().map(|r| Relocation::with_addend(r, false));
        let calls = self.calls_with_addend.iter().map(|r| Relocation::with_addend(r, true));
        let without = self.without.iter().map(|r| Relocation::without(r, false));
        let calls_without = self.calls_without.iter().map(|r| Relocation::without(r, true));
        with_addend.chain(calls).chain(without).chain(calls_without)
    }

    /// One more than the highest symbol that a relocation names.
    pub(super) fn symbol_limit(&self) -> u64 {
        self.all().map(|r| u64::from(r.symbol)).max().map_or(0, |highest| highest + 1)
    }

    /// Checks each relocation against the image and the symbols.
    pub(super) fn check(
        &self,
        image: &Image<'f>,
        headers: &Headers,
        dynamic: &Dynamic<'f>,
        symbols: &Symbols<'f>,
    ) -> Result<(), Refusal> {
        let write = !dynamic.relocates_text();
        let mut functions = Functions::new(dynamic)?;
        let mut places = Places { image, write, list: Vec::with_capacity(self.len()) };
        for relocation in self.all() {
            let wrong = |what: &str| damaged(format!("the relocation of address {:#x} {what}", relocation.offset));
            let symbol =
                symbols.get(relocation.symbol).ok_or_else(|| wrong("names a symbol that the library lacks"))?;
            let kind = kind(relocation.kind).ok_or_else(|| wrong("is of an unknown kind"))?;
            if KINDS_LISTED && relocation.of_call && !kind.is_of_calls() {
                return Err(wrong("stands among those of calls and is none"));
            }
            if kind == Kind::Nothing {
                ensure(relocation.is_blank(), || {
                    format!("{:#x} is said to be relocated, and is not", relocation.offset)
                })?;
                continue;
            }
            let place = Span { start: relocation.offset, size: kind.size() };
            places.add(place, kind.is_aligned())?;
            let target = relocation.addend.and_then(|a| u64::try_from(a).ok());
            let own = relocation.symbol == 0 || !symbol.is_undefined(NATIVE);
            let address = u64::from(symbol.st_value(NATIVE)).checked_add_signed(relocation.addend.unwrap_or(0));
            match kind {
                Kind::Relative | Kind::Resolver if relocation.symbol != 0 => {
                    return Err(wrong("needs no symbol, and names one"));
                }
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
                Kind::Slot if relocation.addend.unwrap_or(0) != 0 => return Err(wrong("is beside a symbol")),
                Kind::Address if symbol.st_type() == elf::STT_FUNC && FUNCTIONS_ARE_CODE => {
                    let code = if own { address.is_some_and(|a| image.executes(a)) } else { address == Some(0) };
                    ensure(code, || format!("{:#x} is made to point beside a function", place.start))?;
                }
                Kind::ThreadLocal | Kind::Descriptor => {
                    if relocation.symbol != 0 && symbol.st_type() != elf::STT_TLS {
                        return Err(wrong("names a symbol that is not thread-local"));
                    }
                    // ld.so would divide by the alignment of a block that is not there.
                    let size = headers.thread_local;
                    if own && size.is_none_or(|size| address.is_none_or(|a| a > size)) {
                        return Err(wrong("is about thread-local data that the library lacks"));
                    }
                }
                _ => {}
            }
            functions.relocated(place, || match kind {
                Kind::Relative | Kind::Resolver => {
                    target.or_else(|| word(image, relocation.offset)).is_some_and(|t| image.executes(t))
                }
                // What is not there, and need not be, has the address 0.
                _ if relocation.symbol == 0 || symbol.st_bind() == elf::STB_WEAK && !own => false,
                _ => !own || address.is_some_and(|a| image.executes(a)),
            });
        }
        // Each of these stands for a word of the file; a few bytes of a damaged table can stand for very many.
        let most = image.words();
        for (count, offset) in (1..).zip(RelrIterator::<Header>::new(NATIVE, self.relative).map(u64::from)) {
            ensure(count <= most, || format!("it has more than {most} relative relocations"))?;
            let place = Span { start: offset, size: WORD };
            places.add(place, true)?;
            functions.relocated(place, || word(image, offset).is_some_and(|t| image.executes(t)));
        }
        functions.check()?;
        places.check(&dynamic.tables(headers.dynamic, symbols.len()))
    }
}

/// The places that are relocated.
struct Places<'a, 'f> {
    image: &'a Image<'f>,
    /// Whether each has to be writable.
    write: bool,
    list: Vec<Span>,
}

impl Places<'_, '_> {
    fn add(&mut self, place: Span, aligned: bool) -> Result<(), Refusal> {
        let start = place.start;
        ensure(self.image.maps(place, self.write), || format!("{start:#x} is relocated and may not be written"))?;
        ensure(!aligned || start.is_multiple_of(WORD), || format!("{start:#x} is relocated and is no word"))?;
        self.list.push(place);
        Ok(())
    }

    /// Whether they are apart from each other and from the tables that ld.so reads meanwhile.
    fn check(mut self, tables: &[Span]) -> Result<(), Refusal> {
        // Each table comes in order: the stable sort finds the runs and merges them.
        self.list.sort_by_key(|place| place.start);
        let twice = self.list.windows(2).find(|pair| pair[0].meets(pair[1]));
        ensure(twice.is_none(), || format!("{:#x} is relocated twice", twice.map_or(0, |pair| pair[1].start)))?;
        for table in tables.iter().filter(|table| table.size > 0) {
            let after = self.list.partition_point(|place| place.start < table.start);
            let near = &self.list[after.saturating_sub(1)..self.list.len().min(after + 1)];
            let inside = near.iter().find(|place| place.meets(*table));
            ensure(inside.is_none(), || {
                format!("{:#x} is relocated and is part of a table of the linker", inside.map_or(0, |p| p.start))
            })?;
        }
        Ok(())
    }
}

/// The word that the file holds for `address`.
fn word(image: &Image<'_>, address: u64) -> Option<u64> {
    let bytes = image.bytes(Span { start: address, size: WORD })?;
    Some(usize::from_ne_bytes(bytes.try_into().ok()?) as u64)
}

/// The initialisers and finalisers, and whether each is relocated to code: ld.so calls them all.
struct Functions {
    slots: BTreeMap<u64, bool>,
    /// From the first slot to the last. Few relocations are about one of them.
    range: Option<RangeInclusive<u64>>,
}

impl Functions {
    fn new(dynamic: &Dynamic<'_>) -> Result<Self, Refusal> {
        let initialisers = dynamic.table(elf::DT_INIT_ARRAY, elf::DT_INIT_ARRAYSZ, WORD, "initialisers")?;
        let finalisers = dynamic.table(elf::DT_FINI_ARRAY, elf::DT_FINI_ARRAYSZ, WORD, "finalisers")?;
        let count = (initialisers.size / WORD).max(finalisers.size / WORD);
        ensure(count <= MAX_FUNCTIONS, || format!("it has {count} initialisers or finalisers"))?;
        // Their spans lie in the file, so the addresses do not overflow.
        let slots: BTreeMap<_, _> = [initialisers, finalisers]
            .into_iter()
            .flat_map(|span| (0..span.size / WORD).map(move |slot| (span.start + slot * WORD, false)))
            .collect();
        let range = slots.first_key_value().zip(slots.last_key_value()).map(|(first, last)| *first.0..=*last.0);
        Ok(Self { slots, range })
    }

    fn relocated(&mut self, place: Span, code: impl FnOnce() -> bool) {
        if self.range.as_ref().is_some_and(|range| range.contains(&place.start))
            && let Some(slot) = self.slots.get_mut(&place.start)
        {
            *slot = code();
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        match self.slots.iter().find(|(_, code)| !**code) {
            None => Ok(()),
            Some((address, _)) => Err(damaged(format!("the initialiser or finaliser at {address:#x} is not code"))),
        }
    }
}
