//! The hash tables through which ld.so finds symbols: it walks them without looking at their bounds.

use super::dynamic::Dynamic;
use super::native::{NATIVE, Sym, WORD};
use super::segments::{Image, TABLE_LIMIT};
use crate::discovery::linkage::{damaged, ensure};
use crate::discovery::refusal::Refusal;
use object::elf;
use object::{NativeEndian, U32};

/// Entries of a hash chain that are read at once while its end is sought.
const CHUNK: u64 = 1024;

/// A `DT_GNU_HASH` table up to its chains, whose length it does not state.
struct Gnu<'f> {
    /// First symbol that the table holds; those before it are not exported.
    first: u32,
    shift: u32,
    bloom: &'f [u8],
    buckets: &'f [U32<NativeEndian>],
    chains: u64,
}

impl<'f> Gnu<'f> {
    fn read(image: &Image<'f>, address: u64) -> Option<Self> {
        let header: &elf::GnuHashHeader<NativeEndian> = image.values(address, 1)?.first()?;
        let (buckets, bloom) = (header.bucket_count.get(NATIVE), header.bloom_count.get(NATIVE));
        let (first, shift) = (header.symbol_base.get(NATIVE), header.bloom_shift.get(NATIVE));
        if buckets == 0 || !bloom.is_power_of_two() || shift >= u32::BITS {
            return None;
        }
        let bloom_start = address.checked_add(size_of_val(header) as u64)?;
        let bloom_size = u64::from(bloom).checked_mul(WORD)?;
        let bucket_start = bloom_start.checked_add(bloom_size)?;
        let bloom = image.values(bloom_start, bloom_size)?;
        let buckets: &[U32<NativeEndian>] = image.values(bucket_start, buckets.into())?;
        Some(Self { first, shift, bloom, buckets, chains: bucket_start.checked_add(size_of_val(buckets) as u64)? })
    }

    /// Where the chain entry of symbol `index` lies.
    fn chain(&self, index: u64) -> Option<u64> {
        index.checked_sub(self.first.into())?.checked_mul(4)?.checked_add(self.chains)
    }

    /// One more than the last symbol that is hashed; `None` in the inner place when none is.
    fn symbol_count(&self, image: &Image<'f>) -> Option<Option<u64>> {
        let Some(last) = self.buckets.iter().map(|b| b.get(NATIVE)).filter(|b| *b != 0).max() else {
            return Some(None);
        };
        let mut index = u64::from(last);
        while index < TABLE_LIMIT / size_of::<Sym>() as u64 {
            let address = self.chain(index)?;
            let count = CHUNK.min(image.available(address) / 4);
            let chunk: &[U32<NativeEndian>] = image.values(address, count).filter(|c| !c.is_empty())?;
            match chunk.iter().position(|hash| hash.get(NATIVE) & 1 == 1) {
                Some(end) => return Some(Some(index + end as u64 + 1)),
                None => index += count,
            }
        }
        None
    }

    /// Whether each symbol stands in the bucket of its name's hash, and each is found there.
    fn holds(&self, image: &Image<'f>, names: &[&'f [u8]]) -> Option<bool> {
        let count = (names.len() as u64).saturating_sub(self.first.into());
        let chains: &[U32<NativeEndian>] = image.values(self.chains, count)?;
        let mut reached = 0;
        for (bucket, start) in self.buckets.iter().enumerate().filter(|(_, b)| b.get(NATIVE) != 0) {
            let start = start.get(NATIVE).checked_sub(self.first)? as usize;
            let mut position = start;
            loop {
                let stored = chains.get(position)?.get(NATIVE);
                let hash = elf::gnu_hash(names.get(self.first as usize + position)?);
                let here = hash as usize % self.buckets.len() == bucket && (hash ^ stored) < 2;
                if !here || !self.may_hold(hash) {
                    return Some(false);
                }
                position += 1;
                if stored & 1 == 1 {
                    break;
                }
            }
            reached += position - start;
        }
        Some(reached == chains.len())
    }

    /// Whether the Bloom filter lets `hash` through.
    fn may_hold(&self, hash: u32) -> bool {
        let bits = WORD as usize * 8;
        let words = self.bloom.len() / WORD as usize;
        let word = (hash as usize / bits) % words;
        [hash, hash >> self.shift].iter().all(|h| {
            let bit = *h as usize % bits;
            let byte = if cfg!(target_endian = "big") { WORD as usize - 1 - bit / 8 } else { bit / 8 };
            self.bloom.get(word * WORD as usize + byte).is_some_and(|b| b >> (bit % 8) & 1 == 1)
        })
    }
}

/// A `DT_HASH` table.
struct SysV<'f> {
    buckets: &'f [U32<NativeEndian>],
    chains: &'f [U32<NativeEndian>],
}

impl<'f> SysV<'f> {
    fn read(image: &Image<'f>, address: u64) -> Option<Self> {
        let header: &elf::HashHeader<NativeEndian> = image.values(address, 1)?.first()?;
        let (buckets, chains) = (header.bucket_count.get(NATIVE), header.chain_count.get(NATIVE));
        let start = address.checked_add(size_of_val(header) as u64)?;
        let chain_start = start.checked_add(u64::from(buckets) * 4)?;
        let table =
            Self { buckets: image.values(start, buckets.into())?, chains: image.values(chain_start, chains.into())? };
        (!table.buckets.is_empty()).then_some(table)
    }

    /// Whether each chain ends: a symbol belongs to one chain, so none is met twice.
    fn ends(&self) -> bool {
        let mut met = vec![false; self.chains.len()];
        self.buckets.iter().all(|bucket| {
            let mut index = bucket.get(NATIVE) as usize;
            while index != 0 {
                match (met.get_mut(index), self.chains.get(index)) {
                    (Some(met), Some(next)) if !*met => {
                        *met = true;
                        index = next.get(NATIVE) as usize;
                    }
                    _ => return false,
                }
            }
            true
        })
    }
}

fn broken() -> Refusal {
    damaged("its symbol hash table is broken")
}

fn gnu<'f>(image: &Image<'f>, dynamic: &Dynamic<'f>) -> Result<Option<Gnu<'f>>, Refusal> {
    dynamic.get(elf::DT_GNU_HASH).map(|a| Gnu::read(image, a).ok_or_else(broken)).transpose()
}

fn sysv<'f>(image: &Image<'f>, dynamic: &Dynamic<'f>) -> Result<Option<SysV<'f>>, Refusal> {
    dynamic.get(elf::DT_HASH).map(|a| SysV::read(image, a).ok_or_else(broken)).transpose()
}

/// How many symbols the library has, where its hash tables tell.
pub(super) fn symbol_count(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Result<Option<u64>, Refusal> {
    if let Some(table) = sysv(image, dynamic)? {
        return Ok(Some(table.chains.len() as u64));
    }
    match gnu(image, dynamic)? {
        Some(table) => table.symbol_count(image).ok_or_else(broken),
        None => Ok(None),
    }
}

/// Checks the hash tables against the names of the symbols, one for each.
pub(super) fn check<'f>(image: &Image<'f>, dynamic: &Dynamic<'f>, names: &[&'f [u8]]) -> Result<(), Refusal> {
    if let Some(table) = sysv(image, dynamic)? {
        ensure(table.ends(), || "its symbol hash table has a chain without end".to_owned())?;
    }
    if let Some(table) = gnu(image, dynamic)?
        && table.symbol_count(image).ok_or_else(broken)?.is_some()
    {
        let right = table.holds(image, names).ok_or_else(broken)?;
        ensure(right, || "its symbol hash table does not fit its symbols".to_owned())?;
    }
    Ok(())
}
