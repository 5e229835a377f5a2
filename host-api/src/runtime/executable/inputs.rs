//! The inputs of one run: what the caller gave, completed with what is kept.

use super::handles::Handles;
use crate::runtime::boundary::Boundary;
use crate::runtime::convert::{convert, from_f32};
use crate::{DType, Error, Executable};
use std::borrow::Cow;

/// Argument lists of a run, reused by the next; empty between runs.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) values: Vec<Cow<'static, [u8]>>,
    pub(super) views: Vec<&'static [u8]>,
    pub(super) buffers: Vec<Option<&'static mut [u8]>>,
}

/// The memory of `list`, for elements of another lifetime.
pub(super) fn recycle<A, B>(list: Vec<A>) -> Vec<B> {
    // The standard library collects in place where sizes and alignments agree.
    list.into_iter().filter_map(|_| None).collect()
}

/// What a caller of a run may give.
pub(super) enum Given<'c, 'v> {
    Named(&'c [(&'c str, &'v [f32])]),
    Typed(&'c [(&'c str, &'v [u8], rlx_ir::DType)]),
    InOrder(&'c [&'v [f32]]),
}

/// The values of a run in the program's order and dtypes; empty for one that is on the device.
pub(super) type Values<'v> = Vec<Cow<'v, [u8]>>;

/// What completes the inputs that a caller gives.
#[derive(Clone, Copy)]
pub(super) struct Kept<'k> {
    pub(super) boundary: &'k Boundary,
    pub(super) handles: &'k Handles,
    /// Whether the plugin can keep inputs on the device.
    pub(super) resident: bool,
}

impl<'k> Kept<'k> {
    /// Fills `values`, which is empty. A value that has the right dtype is not copied; an empty one counts as left out.
    ///
    /// # Errors
    /// As [`Boundary::place_named`], [`Boundary::place_in_order`] and [`Boundary::complete`].
    pub(super) fn fill(
        self,
        executable: &Executable,
        given: &Given<'_, 'k>,
        values: &mut Values<'k>,
    ) -> Result<(), Error> {
        let Self { boundary, handles, resident } = self;
        values.resize(boundary.input_infos().len(), Cow::Borrowed(&[]));
        let f32_as = |data, dtype: DType| Ok(from_f32(data, dtype));
        match given {
            Given::Named(given) => boundary.place_named(given.iter().copied(), f32_as, values)?,
            Given::Typed(given) => {
                let given = given.iter().map(|&(name, data, dtype)| (name, (data, dtype.into())));
                boundary.place_named(given, |(data, from), to| convert(data, from, to), values)?;
            }
            Given::InOrder(given) => boundary.place_in_order(given.iter().copied(), f32_as, values)?,
        }
        boundary.complete(values, |index, info| {
            if let Some(kept) = handles.on_host(&info.name) {
                return Ok(Some(from_f32(kept, info.dtype)));
            }
            let on_device = resident && executable.is_resident(index)?;
            Ok(on_device.then_some(Cow::Borrowed(&[])))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_keeps_its_memory_for_the_next_run() {
        let list: Vec<Cow<'static, [u8]>> = vec![Cow::Owned(vec![1]), Cow::Borrowed(&[2])];
        let (memory, capacity) = (list.as_ptr().addr(), list.capacity());
        let list: Vec<Cow<'_, [u8]>> = recycle(list);
        assert_eq!((list.as_ptr().addr(), list.capacity(), list.len()), (memory, capacity, 0));
    }
}
