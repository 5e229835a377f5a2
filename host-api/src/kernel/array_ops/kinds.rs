//! The kinds that some operations take. Written by `cargo xtask array-ops`. Do not edit.

/// Scales of the NumPy-style transforms below, for N transformed elements: forward 1 and inverse 1/N; forward 1/N and
/// inverse 1; 1/sqrt N both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum FftNorm {
    /// `backward`.
    Backward = 0,
    /// `forward`.
    Forward = 1,
    /// `ortho`.
    Ortho = 2,
}

/// Modes, with the values that `group_size` and `bits` may have; 0 stands for the one named first. Affine: 64, 32 or
/// 128; 4, 1, 2, 3, 5, 6 or 8; scales and biases of the dtype of the matrix: element = scale * number + bias. The
/// others have no biases and u8 scales: mxfp4 (e2m1 elements, e8m0 scales), 32; 4. mxfp8 (e4m3, e8m0): 32; 8. nvfp4
/// (e2m1, e4m3): 16; 4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Quant {
    /// `affine`.
    Affine = 0,
    /// `mxfp4`.
    Mxfp4 = 1,
    /// `mxfp8`.
    Mxfp8 = 2,
    /// `nvfp4`.
    Nvfp4 = 3,
}

/// Elementwise functions of one operand, see [`unary`](super::super::ArrayOps::unary).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Unary {
    /// `relu`.
    Relu = 0,
    /// `sigmoid`.
    Sigmoid = 1,
    /// `tanh`.
    Tanh = 2,
    /// `exp`.
    Exp = 3,
    /// `log`.
    Log = 4,
    /// `sqrt`.
    Sqrt = 5,
    /// `rsqrt`.
    Rsqrt = 6,
    /// `neg`.
    Neg = 7,
    /// `abs`.
    Abs = 8,
    /// `erf`.
    Erf = 9,
    /// half to even.
    Round = 10,
    /// `sin`.
    Sin = 11,
    /// `cos`.
    Cos = 12,
    /// `tan`.
    Tan = 13,
    /// `atan`.
    Atan = 14,
    /// `floor`.
    Floor = 15,
    /// `ceil`.
    Ceil = 16,
    /// `sign`.
    Sign = 17,
    /// `recip`.
    Recip = 18,
    /// `log1p`.
    Log1p = 19,
    /// `expm1`.
    Expm1 = 20,
    /// `asin`.
    Asin = 21,
    /// `acos`.
    Acos = 22,
    /// `sinh`.
    Sinh = 23,
    /// `cosh`.
    Cosh = 24,
    /// `asinh`.
    Asinh = 25,
    /// `acosh`.
    Acosh = 26,
    /// `atanh`.
    Atanh = 27,
    /// `log2`.
    Log2 = 28,
    /// `log10`.
    Log10 = 29,
    /// `erfinv`.
    Erfinv = 30,
    /// `square`.
    Square = 31,
    /// `trunc`.
    Trunc = 32,
    /// this one and the next four give bool.
    Isnan = 33,
    /// `isinf`.
    Isinf = 34,
    /// `isfinite`.
    Isfinite = 35,
    /// `isposinf`.
    Isposinf = 36,
    /// `isneginf`.
    Isneginf = 37,
    /// `conj`.
    Conj = 38,
    /// complex gives f32.
    Real = 39,
    /// complex gives f32, other types 0.
    Imag = 40,
    /// `degrees`.
    Degrees = 41,
    /// `radians`.
    Radians = 42,
}

/// Reductions, see [`reduce`](super::super::ArrayOps::reduce).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Reduce {
    /// `sum`.
    Sum = 0,
    /// `mean`.
    Mean = 1,
    /// `max`.
    Max = 2,
    /// `min`.
    Min = 3,
    /// `prod`.
    Prod = 4,
}

/// How an update meets the element it lands on, see what is said of the operations of scatter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Update {
    /// `set`.
    Set = 0,
    /// `add`.
    Add = 1,
    /// `prod`.
    Prod = 2,
    /// `max`.
    Max = 3,
    /// `min`.
    Min = 4,
}

/// Attention masks, see [`attention`](super::super::ArrayOps::attention).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Mask {
    /// `none`.
    None = 0,
    /// `causal`.
    Causal = 1,
    /// `sliding`.
    Sliding = 2,
    /// `custom`.
    Custom = 3,
}
