//! How far from the closed form a value may be, in one table, with the reason for each.
//!
//! The definition of an op is its value in real numbers, rounded to the declared dtype. A tolerance is what computing in
//! finitely many digits may add:
//!
//! * the unit is one in the last place (ulp) of the expected value, or of the *scale* that an oracle gives where terms
//!   cancel: the sum of the terms' sizes, which no order of computing does better than;
//! * f32 and f64 values may be `ulps + per_doubling · log2(n) + per_term · n` units off, n the number of terms;
//! * f16 and bf16 values are computed in f32 and rounded once: half a unit of their own, and the f32 tolerance in units of
//!   f32;
//! * the closed forms are computed in f64, so that for f64 one more unit is theirs;
//! * integers, bools and moved elements are exact.

/// How far a value may be off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// What it is for.
    pub what: &'static str,
    /// Units for any number of terms.
    pub ulps: f64,
    /// More for each doubling of the number of terms.
    pub per_doubling: f64,
    /// More for each term.
    pub per_term: f64,
    /// The reason.
    pub why: &'static str,
}

const fn fixed(what: &'static str, ulps: f64, why: &'static str) -> Tolerance {
    Tolerance { what, ulps, per_doubling: 0.0, per_term: 0.0, why }
}

const fn sums(what: &'static str, ulps: f64, per_doubling: f64, why: &'static str) -> Tolerance {
    Tolerance { what, ulps, per_doubling, per_term: 0.0, why }
}

/// Nothing is computed, or the result is an integer.
pub const EXACT: Tolerance = fixed("exact", 0.0, "elements are moved, chosen or compared, none is computed");
/// One IEEE operation.
pub const ROUNDED: Tolerance = fixed("one IEEE operation", 0.5, "IEEE 754 rounds +, -, *, / and sqrt correctly");
/// A few IEEE operations one after another.
pub const FEW: Tolerance = fixed("a few IEEE operations", 2.0, "three or four correctly rounded operations in a row");
/// rsqrt, of two roundings.
pub const RSQRT: Tolerance = fixed("rsqrt", 2.0, "OpenCL's full profile allows 2 ulps");
/// exp and log.
pub const EXP_LOG: Tolerance = fixed("exp, log", 3.0, "OpenCL's full profile allows 3 ulps");
/// sin and cos.
pub const SIN_COS: Tolerance = fixed("sin, cos", 4.0, "OpenCL's full profile allows 4 ulps");
/// tan, atan, tanh, and what is one exp and a quotient.
pub const TAN: Tolerance = fixed("tan, atan, tanh, sigmoid", 5.0, "OpenCL's full profile allows 5 ulps");
/// atan2.
pub const ATAN2: Tolerance = fixed("atan2", 6.0, "OpenCL's full profile allows 6 ulps");
/// pow and erf.
pub const POW_ERF: Tolerance = fixed("pow, erf", 16.0, "OpenCL's full profile allows 16 ulps");
/// Activations of an exp or a tanh and a few operations around it.
pub const COMPOSED: Tolerance = fixed("composed activations", 8.0, "an exp or tanh, a log, and a few operations");
/// Activations around erf.
pub const GELU: Tolerance = fixed("gelu", 16.0, "the error of erf, in units of x: 1 + erf cancels in the tail");
/// Sums and means.
pub const SUM: Tolerance = sums("sum, mean", 1.0, 1.0, "pairwise sums err by log2(n) units of the sum of sizes");
/// Products.
pub const PRODUCT: Tolerance = Tolerance {
    what: "product",
    ulps: 1.0,
    per_doubling: 0.0,
    per_term: 0.5,
    why: "each factor adds half a unit, in any order",
};
/// Sums of products.
pub const DOT: Tolerance =
    sums("matmul, conv", 2.0, 1.0, "blocked sums of products, in units of the sum of their sizes");
/// Running sums.
pub const RUNNING: Tolerance =
    sums("running sums", 1.0, 2.0, "sums in the order of the axis, in units of the sum of sizes");
/// Softmax.
pub const SOFTMAX: Tolerance = sums("softmax", 6.0, 1.0, "an exp, a sum and a quotient, and the rounding of x - max");
/// Norms.
pub const NORM: Tolerance = sums("norms", 4.0, 0.0, "mean, variance, rsqrt and scaling; the mean is taken off first");
/// Products with a bias and an activation.
pub const FUSED: Tolerance = sums(
    "products with an activation",
    16.0,
    1.0,
    "a sum of products, and an activation whose slope is about 1 at most",
);
/// Attention.
pub const ATTENTION: Tolerance = sums("attention", 8.0, 1.0, "two products and a softmax between");
/// Blocks of layers.
pub const BLOCK: Tolerance = sums(
    "blocks of layers",
    64.0,
    1.0,
    "several products, a softmax and norms one after the other, in units of the sum of their sizes",
);
/// Derivatives of activations.
pub const SLOPE: Tolerance =
    fixed("derivatives of activations", 16.0, "two or three exponentials or quotients and the products around them");
/// Gradients of norms.
pub const NORM_BACKWARD: Tolerance =
    sums("gradients of norms", 8.0, 1.0, "a norm, and sums over its groups or over the batch");
/// Laws of factors.
pub const LAW: Tolerance =
    sums("laws of factors", 8.0, 4.0, "a backward stable factorisation, in units of the largest result");
/// Factorisations and solves.
pub const SOLVE: Tolerance = Tolerance {
    what: "solve, Cholesky, determinant",
    ulps: 16.0,
    per_doubling: 0.0,
    per_term: 8.0,
    why: "a backward stable elimination of a well-conditioned matrix, in units of its largest result",
};

/// Fake quantization.
pub const FAKE_QUANTIZE: Tolerance =
    fixed("fake quantization", 2.0, "a quotient, a whole number of steps and a product; cases stay clear of ties");

/// All rows.
pub const TABLE: [Tolerance; 25] = [
    EXACT,
    ROUNDED,
    FEW,
    RSQRT,
    EXP_LOG,
    SIN_COS,
    TAN,
    ATAN2,
    POW_ERF,
    COMPOSED,
    GELU,
    SUM,
    PRODUCT,
    DOT,
    RUNNING,
    SOFTMAX,
    NORM,
    ATTENTION,
    FUSED,
    BLOCK,
    SLOPE,
    NORM_BACKWARD,
    LAW,
    SOLVE,
    FAKE_QUANTIZE,
];

impl Tolerance {
    /// Units for a value of `terms` terms.
    pub fn units(&self, terms: usize) -> f64 {
        let n = terms.max(1) as f64;
        self.ulps + self.per_doubling * n.log2() + self.per_term * n
    }
}
