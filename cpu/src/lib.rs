//! Kernels for the processor: slices in, slices out. They know nothing of MLX or RLX.
//!
//! MLX's own CPU operations are made for plain x86-64, work on one element at a time, and add one after the other in the dtype
//! of the operand, so that sums lose digits as they get longer. Here all floats are computed in f64, in loops that the
//! compiler turns into vector code for the processor at hand (crate pulp chooses among AVX-512, AVX2, NEON and the portable form), and
//! rounded once. Only f64 itself has no wider dtype: its sums are compensated.
//!
//! * [`Float`], [`Integer`]: element types.
//! * [`unary`]: functions of one element; [`math`]: those that vector code can compute.
//! * [`reduce`], [`scan`]: sums, products and means along an axis, whole and running.
//! * [`fma`]: products with a sum.
//! * [`softmax`], [`norm`], [`cross_entropy`]: rows.
//! * [`cast`](mod@cast): conversions; [`halves`]: of single halves.
//!
//! Their loops are closures that give away what they have borrowed (`let y = y;`). One that could be called twice would be called
//! through a function that is compiled for any processor, and where that is not inlined, the loop is neither.
//!
//! Those for speed are within 2 units in the last place instead:
//!
//! * [`vector`]: functions of one element, softmax and norms in vectors of f32.
//! * [`elements`]: chains of elementwise steps, in one pass.
//! * [`gemm`]: products of floats with packed weights, and what follows them.
//! * [`conv`]: convolutions, and what follows them.
//! * [`pool`]: the largest and the smallest of windows.
//! * [`attention`]: without the matrix of all scores.
//! * [`threads`]: the threads that all of them share.

pub mod attention;
pub mod cast;
pub mod conv;
pub mod cross_entropy;
pub mod elements;
mod float;
pub mod fma;
pub mod gemm;
pub mod halves;
mod integer;
pub mod math;
pub mod norm;
mod pairwise;
pub mod pool;
pub mod reduce;
pub mod scan;
pub mod softmax;
pub mod sum;
pub mod threads;
pub mod unary;
pub mod vector;

pub use float::{Float, round_to_odd};
pub use integer::Integer;

/// Elements that are converted at once: their f64 values stay in the first-level cache.
const CHUNK: usize = 256;

/// An array as the axes before one, that axis, and those behind it: row-major, like the array itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Along {
    /// The product of the extents before the axis.
    pub outer: usize,
    /// The extent of the axis.
    pub extent: usize,
    /// The product of the extents behind the axis.
    pub inner: usize,
}

impl Along {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.outer * self.extent * self.inner
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
