//! The program headers: what ld.so maps, and where the file holds it.

use super::native::{Header, NATIVE, ProgramHeader, WORD};
use crate::discovery::linkage::{Bytes, damaged, ensure};
use crate::discovery::refusal::Refusal;
use object::ReadRef;
use object::elf;
use object::pod::Pod;
use object::read::elf::{FileHeader, ProgramHeader as _, SectionHeader as _};

/// Largest address of an image: more than any library takes, little enough that sums of addresses cannot overflow.
const ADDRESS_LIMIT: u64 = 1 << 40;
/// Largest block of thread-local data: libc aborts the process when it cannot allocate one.
const THREAD_LOCAL_LIMIT: u64 = 1 << 30;
/// The largest size of a page that Linux uses.
const LARGEST_PAGE: u64 = 64 << 10;
/// Largest table that is read in one piece.
pub(super) const TABLE_LIMIT: u64 = 256 << 20;

/// A range of addresses or of file offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) size: u64,
}

impl Span {
    fn end(self) -> Option<u64> {
        self.start.checked_add(self.size)
    }

    /// Whether the two have a byte in common; neither is empty.
    pub(super) fn meets(self, other: Span) -> bool {
        self.start < other.end().unwrap_or(u64::MAX) && other.start < self.end().unwrap_or(u64::MAX)
    }

    pub(super) fn holds(self, other: Span) -> bool {
        match (self.end(), other.end()) {
            (Some(end), Some(other_end)) => self.start <= other.start && other_end <= end,
            _ => false,
        }
    }
}

/// One `PT_LOAD`.
#[derive(Debug)]
struct Segment {
    offset: u64,
    file: Span,
    memory: Span,
    readable: bool,
    writable: bool,
    executable: bool,
}

/// The library as it will lie in memory.
pub(super) struct Image<'f> {
    file: Bytes<'f>,
    /// In the order of their addresses, without overlap.
    segments: Vec<Segment>,
}

/// What the other program headers say.
pub(super) struct Headers {
    pub(super) dynamic: Span,
    /// Size of the thread-local block, if the library has one.
    pub(super) thread_local: Option<u64>,
    pub(super) has_interpreter: bool,
}

impl<'f> Image<'f> {
    fn segment(&self, address: u64) -> Option<&Segment> {
        let after = self.segments.partition_point(|s| s.memory.start <= address);
        self.segments.get(after.checked_sub(1)?)
    }

    /// How many bytes from `address` on the file holds and the process may read.
    pub(super) fn available(&self, address: u64) -> u64 {
        let segment = self.segment(address).filter(|s| s.readable);
        segment.and_then(|s| s.file.end()?.checked_sub(address)).unwrap_or(0)
    }

    /// Where the file holds `span`, if it does as a whole.
    fn offset(&self, span: Span) -> Option<u64> {
        let segment = self.segment(span.start)?;
        if !segment.file.holds(span) {
            return None;
        }
        span.start.checked_sub(segment.file.start)?.checked_add(segment.offset)
    }

    /// The bytes of `span`, if the file holds them and the process may read them.
    pub(super) fn bytes(&self, span: Span) -> Option<&'f [u8]> {
        if span.size == 0 {
            return Some(&[]);
        }
        if span.size > TABLE_LIMIT || self.available(span.start) < span.size {
            return None;
        }
        self.file.read_bytes_at(self.offset(span)?, span.size).ok()
    }

    /// `count` values at `address`, on the same condition as [`Self::bytes`].
    pub(super) fn values<T: Pod>(&self, address: u64, count: u64) -> Option<&'f [T]> {
        let size = count.checked_mul(size_of::<T>() as u64)?;
        let bytes = self.bytes(Span { start: address, size })?;
        object::pod::slice_from_all_bytes(bytes).ok()
    }

    /// How many words the file holds of the image.
    pub(super) fn words(&self) -> u64 {
        // The segments are apart and inside the file, so the sum does not overflow.
        self.segments.iter().map(|s| s.file.size).sum::<u64>() / WORD
    }

    /// Whether `span` lies in memory of the image; writable memory, if `write` asks for that.
    pub(super) fn maps(&self, span: Span, write: bool) -> bool {
        self.segment(span.start).is_some_and(|s| s.memory.holds(span) && (s.writable || !write))
    }

    /// Whether `span`, which is made read-only after relocation, lies in one writable segment. Linkers round its end up
    /// to a page. Its size in the file does not count: post-link optimisers leave that as it was.
    fn protects(&self, span: Span) -> bool {
        let after = self.segments.partition_point(|s| s.memory.start <= span.start);
        let segment = after.checked_sub(1).and_then(|index| self.segments.get(index)).filter(|s| s.writable);
        let (Some(end), Some(limit)) = (span.end(), segment.and_then(|s| s.memory.end())) else { return false };
        let next = self.segments.get(after).map_or(u64::MAX, |s| s.memory.start);
        span.start < limit && end <= limit.next_multiple_of(LARGEST_PAGE).min(next)
    }

    /// Whether `address` is inside executable bytes of the file.
    pub(super) fn executes(&self, address: u64) -> bool {
        self.segment(address).is_some_and(|s| s.executable && s.file.holds(Span { start: address, size: 1 }))
    }

    /// Whether `address` lies between the first and the end of the last segment, the end included: symbols such as
    /// `_end` point there.
    pub(super) fn spans(&self, address: u64) -> bool {
        let start = self.segments.first().map_or(0, |s| s.memory.start);
        let end = self.segments.last().and_then(|s| s.memory.end()).unwrap_or(0);
        (start..=end).contains(&address)
    }

    fn add(&mut self, header: &ProgramHeader, index: usize, size: u64) -> Result<(), Refusal> {
        let word = |w: <Header as FileHeader>::Word| u64::from(w);
        let offset = word(header.p_offset(NATIVE));
        let file = Span { start: word(header.p_vaddr(NATIVE)), size: word(header.p_filesz(NATIVE)) };
        let memory = Span { start: file.start, size: word(header.p_memsz(NATIVE)) };
        let align = word(header.p_align(NATIVE)).max(1);
        let flags = header.p_flags(NATIVE);
        ensure(offset.checked_add(file.size).is_some_and(|end| end <= size), || {
            format!("segment {index} reaches to byte {}, the file has {size}", offset.saturating_add(file.size))
        })?;
        ensure(file.size <= memory.size, || format!("segment {index} is larger in the file than in memory"))?;
        ensure(memory.end().is_some_and(|end| end <= ADDRESS_LIMIT), || {
            format!("segment {index} takes {} bytes of memory at {:#x}", memory.size, memory.start)
        })?;
        ensure(align.is_power_of_two() && align <= ADDRESS_LIMIT, || {
            format!("segment {index} is aligned to {align} bytes")
        })?;
        ensure(file.start % align == offset % align, || {
            format!("segment {index} is not aligned like its bytes in the file")
        })?;
        let (readable, writable, executable) =
            (flags.contains(elf::PF_R), flags.contains(elf::PF_W), flags.contains(elf::PF_X));
        ensure(readable || (executable && !writable), || format!("segment {index} may not be read"))?;
        let previous = self.segments.last().and_then(|s| s.memory.end()).unwrap_or(0);
        ensure(previous <= memory.start, || format!("segment {index} overlaps the one before it"))?;
        self.segments.push(Segment { offset, file, memory, readable, writable, executable });
        Ok(())
    }

    /// No byte of the file belongs to two segments: a segment whose offset is damaged covers another's bytes.
    fn check_file_ranges(&self) -> Result<(), Refusal> {
        let mut ranges: Vec<Span> =
            self.segments.iter().map(|s| Span { start: s.offset, size: s.file.size }).filter(|r| r.size > 0).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        let apart = |pair: &[Span]| pair[0].end().is_some_and(|end| end <= pair[1].start);
        ensure(ranges.windows(2).all(apart), || "two of its segments are the same bytes of the file".to_owned())
    }
}

/// Reads the program headers, and checks that the file holds what they and the section headers name.
pub(super) fn read<'f>(header: &Header, file: Bytes<'f>) -> Result<(Image<'f>, Headers), Refusal> {
    let size = file.len().map_err(|()| damaged("its size cannot be read"))?;
    let version = header.e_version(NATIVE);
    ensure(version == u32::from(elf::EV_CURRENT.0), || format!("its ELF version is {version}, not 1"))?;
    let header_size = usize::from(header.e_ehsize(NATIVE));
    ensure(header_size == size_of::<Header>(), || format!("its ELF header states {header_size} bytes"))?;
    let count = header.e_phnum(NATIVE);
    ensure(count != 0 && count < elf::PN_XNUM, || format!("it has {count} program headers"))?;
    let programs = header.program_headers(NATIVE, file).map_err(|e| damaged(format!("program headers: {e}")))?;
    ensure(!programs.is_empty(), || "it has no program headers".to_owned())?;
    check_sections(header, file, size)?;
    let mut image = Image { file, segments: Vec::new() };
    for (index, program) in programs.iter().enumerate() {
        let kind = program.p_type(NATIVE);
        ensure(known_number(kind.0.into()), || format!("program header {index} is of an unknown kind"))?;
        if kind == elf::PT_LOAD && u64::from(program.p_memsz(NATIVE)) != 0 {
            image.add(program, index, size)?;
        }
    }
    image.check_file_ranges()?;
    let mut others = Others {
        table: Span { start: header.e_phoff(NATIVE).into(), size: size_of_val(programs) as u64 },
        dynamic: None,
        thread_local: None,
        has_interpreter: false,
    };
    programs.iter().try_for_each(|program| others.add(program, &image))?;
    let dynamic = others.dynamic.ok_or_else(|| damaged("it has no dynamic section"))?;
    let (thread_local, has_interpreter) = (others.thread_local, others.has_interpreter);
    Ok((image, Headers { dynamic, thread_local, has_interpreter }))
}

/// The headers that describe parts of the segments, as far as they are read.
struct Others {
    /// Where the file holds the program headers.
    table: Span,
    dynamic: Option<Span>,
    thread_local: Option<u64>,
    has_interpreter: bool,
}

impl Others {
    fn add(&mut self, header: &ProgramHeader, image: &Image<'_>) -> Result<(), Refusal> {
        let kind = header.p_type(NATIVE);
        let (offset, size) = header.file_range(NATIVE);
        let span = Span { start: header.p_vaddr(NATIVE).into(), size };
        let memory = Span { start: span.start, size: header.p_memsz(NATIVE).into() };
        let name = match kind {
            elf::PT_DYNAMIC => "dynamic section",
            elf::PT_TLS => "thread-local data",
            elf::PT_PHDR => "program header table",
            elf::PT_INTERP => "interpreter's name",
            elf::PT_NOTE => "notes",
            elf::PT_GNU_PROPERTY => "properties",
            elf::PT_GNU_EH_FRAME => "unwind table",
            elf::PT_GNU_RELRO => {
                let sound = memory.size == 0 || image.protects(memory);
                return ensure(sound, || "its relocated data lies in a segment that may not be written".to_owned());
            }
            _ => return Ok(()),
        };
        ensure(size == 0 || image.offset(span) == Some(offset), || format!("its {name} lies outside its segments"))?;
        let whole = if kind == elf::PT_TLS { size <= memory.size } else { size == memory.size };
        ensure(whole, || format!("its {name} takes {size} bytes in the file and {} in memory", memory.size))?;
        match kind {
            elf::PT_DYNAMIC => {
                ensure(self.dynamic.replace(span).is_none(), || format!("it has a second {name}"))?;
                // ld.so stores addresses into a section that it is told to be writable.
                let write = header.p_flags(NATIVE).contains(elf::PF_W);
                ensure(image.maps(span, write), || format!("its {name} lies in a segment that may not be written"))
            }
            elf::PT_TLS => {
                // ld.so takes no notice of an empty block, and divides by the alignment of any other.
                if memory.size == 0 {
                    return Ok(());
                }
                let align = u64::from(header.p_align(NATIVE));
                let sound = align.is_power_of_two() && align.max(memory.size) < THREAD_LOCAL_LIMIT;
                ensure(sound, || format!("its {name} takes {} bytes, aligned to {align}", memory.size))?;
                ensure(self.thread_local.replace(memory.size).is_none(), || format!("it has a second block of {name}"))
            }
            // Unwinders read the table where this says that it is.
            elf::PT_PHDR => ensure(Span { start: offset, size } == self.table, || {
                format!("its {name} is not where it is said to be")
            }),
            elf::PT_INTERP => {
                self.has_interpreter = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a type of program header, or a tag of the dynamic section, lies in a range that ELF gives out: the general
/// one, of which little is used, or that of systems and processors.
pub(super) fn known_number(number: u64) -> bool {
    matches!(number, 0..=0xff | 0x6000_0000..=0x7fff_ffff)
}

/// Section headers are of no use to ld.so, but stand last in most files: what is cut off shows here.
fn check_sections(header: &Header, file: Bytes<'_>, size: u64) -> Result<(), Refusal> {
    let sections = header.section_headers(NATIVE, file).map_err(|e| damaged(format!("section headers: {e}")))?;
    if sections.is_empty() {
        return Ok(());
    }
    let names = header.shstrndx(NATIVE, file).unwrap_or(0);
    ensure((names as usize) < sections.len(), || format!("section names are in section {names}, which it lacks"))?;
    for (index, section) in sections.iter().enumerate() {
        let end = section.file_range(NATIVE).map_or(Some(0), |(offset, bytes)| offset.checked_add(bytes));
        ensure(end.is_some_and(|end| end <= size), || format!("section {index} reaches past the end of the file"))?;
    }
    Ok(())
}
