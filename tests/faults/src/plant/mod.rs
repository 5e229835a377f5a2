//! Faults that are planted in a graph, each a mistake that backends make.

mod attention;
mod elementwise;
mod index;
mod norm;
mod reduce;
mod shape;
mod windows;

use crate::draft::Plant;

/// All of them, by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, Plant)> {
    let families: [&[(&str, Plant)]; 7] = [
        attention::FAULTS,
        elementwise::FAULTS,
        index::FAULTS,
        norm::FAULTS,
        reduce::FAULTS,
        shape::FAULTS,
        windows::FAULTS,
    ];
    families.into_iter().flatten().copied()
}
