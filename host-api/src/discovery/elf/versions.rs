//! Symbol versions: the table that ld.so builds from two lists, and the index into it that each symbol has.

use super::dynamic::Dynamic;
use super::native::NATIVE;
use super::segments::Image;
use crate::discovery::linkage::{damaged, ensure, name_of};
use crate::discovery::refusal::Refusal;
use object::elf;
use object::pod::Pod;
use object::{NativeEndian, U16};
use std::ffi::OsString;

/// Versions are numbered in 15 bits.
const INDEX: u16 = 0x7fff;

/// Checks the version tables of a library with `symbols` symbols. Gives the libraries of which it needs versions: ld.so
/// aborts the process when one of those is not loaded.
pub(super) fn check(image: &Image<'_>, dynamic: &Dynamic<'_>, symbols: u64) -> Result<Vec<OsString>, Refusal> {
    let needed = needed(image, dynamic).ok_or_else(|| damaged("its list of needed versions is broken"))?;
    let defined = defined(image, dynamic).ok_or_else(|| damaged("its list of defined versions is broken"))?;
    let highest = needed.highest.max(defined);
    if highest > 0
        && let Some(start) = dynamic.get(elf::DT_VERSYM)
    {
        let indices: &[U16<NativeEndian>] =
            image.values(start, symbols).ok_or_else(|| damaged("its symbol versions lie outside its segments"))?;
        let known = |v: &U16<NativeEndian>| v.get(NATIVE) & INDEX <= highest.max(1);
        let odd = indices.iter().position(|v| !known(v));
        ensure(odd.is_none(), || format!("symbol {} has an unknown version", odd.unwrap_or(0)))?;
    }
    ensure(highest == 0 || dynamic.get(elf::DT_VERSYM).is_some(), || "its symbols have no versions".to_owned())?;
    Ok(needed.files)
}

#[derive(Default)]
struct Needed {
    files: Vec<OsString>,
    highest: u16,
}

fn at<'f, T: Pod>(image: &Image<'f>, address: u64) -> Option<&'f T> {
    image.values(address, 1)?.first()
}

/// Walks `DT_VERNEED`. `None`: it leads outside, or its counts are wrong.
fn needed(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Option<Needed> {
    let mut needed = Needed::default();
    let Some(mut address) = dynamic.get(elf::DT_VERNEED) else { return Some(needed) };
    let files = dynamic.get(elf::DT_VERNEEDNUM)?;
    let mut versions = 0_u16;
    for left in (0..files).rev() {
        let file: &elf::Verneed<NativeEndian> = at(image, address)?;
        let name = dynamic.string(file.vn_file.get(NATIVE).into()).filter(|n| !n.is_empty())?;
        needed.files.push(name_of(name));
        let mut version_at = address.checked_add(file.vn_aux.get(NATIVE).into())?;
        let count = file.vn_cnt.get(NATIVE);
        if file.vn_version.get(NATIVE) != elf::VER_NEED_CURRENT || count == 0 {
            return None;
        }
        for left in (0..count).rev() {
            let version: &elf::Vernaux<NativeEndian> = at(image, version_at)?;
            let name = dynamic.string(version.vna_name.get(NATIVE).into())?;
            let next = version.vna_next.get(NATIVE);
            if elf::hash(name) != version.vna_hash.get(NATIVE) || (next == 0) != (left == 0) {
                return None;
            }
            // As many versions as there are numbers for them: this bounds the walk.
            versions = versions.checked_add(1).filter(|n| *n <= INDEX)?;
            needed.highest = needed.highest.max(version.vna_other.get(NATIVE).0 & INDEX);
            version_at = version_at.checked_add(next.into())?;
        }
        let next = file.vn_next.get(NATIVE);
        if (next == 0) != (left == 0) {
            return None;
        }
        address = address.checked_add(next.into())?;
    }
    (files > 0).then_some(needed)
}

/// Walks `DT_VERDEF`; gives the highest number defined. `None`: it leads outside, or its counts are wrong.
fn defined(image: &Image<'_>, dynamic: &Dynamic<'_>) -> Option<u16> {
    let Some(mut address) = dynamic.get(elf::DT_VERDEF) else { return Some(0) };
    let count = dynamic.get(elf::DT_VERDEFNUM).filter(|n| (1..=u64::from(INDEX)).contains(n))?;
    let mut highest = 0;
    for left in (0..count).rev() {
        let version: &elf::Verdef<NativeEndian> = at(image, address)?;
        let name: &elf::Verdaux<NativeEndian> = at(image, address.checked_add(version.vd_aux.get(NATIVE).into())?)?;
        let text = dynamic.string(name.vda_name.get(NATIVE).into())?;
        let next = version.vd_next.get(NATIVE);
        if version.vd_version.get(NATIVE) != elf::VER_DEF_CURRENT
            || elf::hash(text) != version.vd_hash.get(NATIVE)
            || (next == 0) != (left == 0)
        {
            return None;
        }
        highest = highest.max(version.vd_ndx.get(NATIVE).0 & INDEX);
        address = address.checked_add(next.into())?;
    }
    Some(highest)
}
