//! Values that depend on parameters alone, on their way between what computes them once and the lowering that reads them.

use crate::host::linear::Packed;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use std::cell::{Cell, RefCell};

/// A value that depends on parameters alone.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) value: Array,
    /// How errors name what it is for.
    pub(crate) place: String,
    /// What it is of a parameter, if that can be had back from it.
    pub(crate) packed: Option<Packed>,
}

/// What lowering does about values that depend on parameters alone. They come in the same order each time.
#[derive(Debug)]
pub(crate) enum Preparation<'a> {
    /// Makes them, and notes them.
    Noted(RefCell<Vec<Prepared>>),
    /// Has them.
    Given { values: Vec<&'a Array>, next: Cell<usize> },
    /// Makes them.
    None,
}

impl<'a> Preparation<'a> {
    pub(crate) fn noted() -> Self {
        Self::Noted(RefCell::default())
    }

    pub(crate) fn given(values: impl IntoIterator<Item = &'a Array>) -> Self {
        Self::Given { values: values.into_iter().collect(), next: Cell::new(0) }
    }

    /// Whether values come from outside.
    pub(super) fn is_given(&self) -> bool {
        matches!(self, Self::Given { .. })
    }

    /// The next value, which `make` makes where it is not there.
    pub(super) fn take(
        &self,
        place: impl FnOnce() -> String,
        packed: Option<Packed>,
        make: impl FnOnce() -> Result<Array, Error>,
    ) -> Result<Array, Error> {
        match self {
            Self::Noted(list) => {
                let value = make()?;
                list.borrow_mut().push(Prepared { value: value.duplicate()?, place: place(), packed });
                Ok(value)
            }
            Self::Given { values, next } => {
                let at = next.replace(next.get() + 1);
                values.get(at).ok_or_else(|| Error::fault("a prepared value is missing"))?.duplicate()
            }
            Self::None => make(),
        }
    }

    /// What was noted.
    pub(crate) fn into_noted(self) -> Vec<Prepared> {
        match self {
            Self::Noted(list) => list.into_inner(),
            Self::Given { .. } | Self::None => Vec::new(),
        }
    }
}
