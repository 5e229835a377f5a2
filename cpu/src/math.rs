//! Functions of f64 without branches, which the compiler turns into vector code. Their relative errors are below 1e-12: far
//! below what a result in f32 or a half type shows. Results in f64 come from the system's and libm's functions, see
//! [`unary`](crate::unary).

/// The largest argument whose exponential is finite in f64, nearly.
const MOST: f64 = 709.0;

/// log2(e), and ln(2) in two parts of which the first has few bits (Cody and Waite).
const LOG2_E: f64 = std::f64::consts::LOG2_E;
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// 1.5 * 2^52: added to a number of ordinary size, it leaves the nearest integer in the lowest bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// x in two parts: 2^k, and r between -ln(2)/2 and ln(2)/2 with x = k ln(2) + r. NaN gives NaN.
#[inline(always)]
fn split(x: f64) -> (f64, f64) {
    let x = if x > MOST { MOST } else { x };
    let x = if x < -708.0 { -708.0 } else { x };
    let rounded = x * LOG2_E + ROUND;
    let k = rounded - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    (f64::from_bits((rounded.to_bits() << 52).wrapping_add(1023 << 52)), r)
}

/// e^r - 1 for such an r, divided by r: its Taylor series up to r^11.
#[inline(always)]
fn series(r: f64) -> f64 {
    const TERMS: [f64; 12] = [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
    ];
    horner(r, &TERMS)
}

/// A polynomial, its highest coefficient first.
#[inline(always)]
fn horner<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let mut sum = coefficients[0];
    for &coefficient in &coefficients[1..] {
        sum = sum * x + coefficient;
    }
    sum
}

/// e^x; at most e^709, at least e^-708.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let (power, r) = split(x);
    power + power * (series(r) * r)
}

/// e^x - 1, with all digits near 0.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    let (power, r) = split(x);
    power * (series(r) * r) + (power - 1.0)
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    let x = if x > 30.0 { 30.0 } else { x };
    let x = if x < -30.0 { -30.0 } else { x };
    let t = expm1(2.0 * x);
    t / (t + 2.0)
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// ln(x). Of 0 minus infinity, below it NaN.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
    /// The bits of the square root of 1/2: the fraction lies between it and twice as much.
    const ROOT: u64 = 0x3fe6_a09e_667f_3bcd;
    /// 2^52, in whose lowest bits an integer is that number.
    const WHOLE: f64 = 4_503_599_627_370_496.0;
    // 2 atanh(s) by its series, of which ln(m) is the value at s = (m - 1) / (m + 1).
    const TERMS: [f64; 10] =
        [2.0 / 19.0, 2.0 / 17.0, 2.0 / 15.0, 2.0 / 13.0, 2.0 / 11.0, 2.0 / 9.0, 2.0 / 7.0, 2.0 / 5.0, 2.0 / 3.0, 2.0];
    let shifted = x.to_bits().wrapping_add((1023 << 52) - ROOT);
    let exponent = f64::from_bits(WHOLE.to_bits() | (shifted >> 52)) - (WHOLE + 1023.0);
    let fraction = f64::from_bits((shifted & ((1 << 52) - 1)) + ROOT) - 1.0;
    let s = fraction / (2.0 + fraction);
    let y = exponent * LN_2_HIGH + (exponent * LN_2_LOW + s * horner(s * s, &TERMS));
    let y = if x < f64::INFINITY { y } else { x };
    let y = if x < 0.0 { f64::NAN } else { y };
    if x == 0.0 { f64::NEG_INFINITY } else { y }
}

/// ln(1 + x) for x from 0 to 1, with all digits near 0.
#[inline(always)]
fn ln_1p(x: f64) -> f64 {
    let sum = 1.0 + x;
    ln(sum) + (x - (sum - 1.0)) / sum
}

/// ln(1 + e^x), which neither overflows nor cancels.
#[inline(always)]
pub fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    let y = positive + ln_1p(exp(-x.abs()));
    if x.is_nan() { x } else { y }
}

/// tanh(ln(1 + e^x)).
#[inline(always)]
pub fn tanh_of_softplus(x: f64) -> f64 {
    // From here on it is 1.
    let e = exp(if x > 40.0 { 40.0 } else { x });
    let n = e * (e + 2.0);
    n / (n + 2.0)
}

/// Up to this magnitude an argument of [`sin`], [`cos`] and [`tan`] is reduced exactly: the multiple of π/2 has 20 bits.
pub const MOST_TURNS: f64 = 1e6;

/// The sine and the cosine of r, and bits of k, where x = k π/2 + r and |r| is at most π/4.
#[inline(always)]
fn turn(x: f64) -> (f64, f64, u64) {
    /// π/2 in three parts, of which the first two have 33 bits, so that their products with k are exact (fdlibm).
    const PARTS: [f64; 3] = [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_6e-21];
    /// sin(r) / r and (cos(r) - 1 + r²/2) / r⁴ by powers of r², fdlibm's.
    const SIN: [f64; 7] = [
        1.589_690_995_211_55e-10,
        -2.505_076_025_340_686_3e-8,
        2.755_731_370_707_006_8e-6,
        -1.984_126_982_985_795e-4,
        8.333_333_333_322_49e-3,
        -1.666_666_666_666_663_2e-1,
        1.0,
    ];
    const COS: [f64; 8] = [
        -1.135_964_755_778_819_5e-11,
        2.087_572_321_298_175e-9,
        -2.755_731_435_139_066_3e-7,
        2.480_158_728_947_673e-5,
        -1.388_888_888_887_411e-3,
        4.166_666_666_666_66e-2,
        -0.5,
        1.0,
    ];
    let rounded = x * std::f64::consts::FRAC_2_PI + ROUND;
    let k = rounded - ROUND;
    let r = ((x - k * PARTS[0]) - k * PARTS[1]) - k * PARTS[2];
    let square = r * r;
    (r * horner(square, &SIN), horner(square, &COS), rounded.to_bits())
}

/// The sine, for arguments up to [`MOST_TURNS`].
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    let (sin, cos, turns) = turn(x);
    let y = if turns & 1 == 0 { sin } else { cos };
    if turns & 2 == 0 { y } else { -y }
}

/// The cosine, likewise.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    let (sin, cos, turns) = turn(x);
    let y = if turns & 1 == 0 { cos } else { sin };
    if turns.wrapping_add(1) & 2 == 0 { y } else { -y }
}

/// The tangent, likewise.
#[inline(always)]
pub fn tan(x: f64) -> f64 {
    let (sin, cos, turns) = turn(x);
    let is_even = turns & 1 == 0;
    (if is_even { sin } else { cos }) / (if is_even { cos } else { -sin })
}

/// The arctangent.
#[inline(always)]
pub fn atan(x: f64) -> f64 {
    /// The tangent of π/8, and its inverse.
    const LOW: f64 = 0.414_213_562_373_095_03;
    const HIGH: f64 = 2.414_213_562_373_095;
    /// atan(t) / t by powers of t², for |t| up to the first of these.
    const TERMS: [f64; 17] = [
        1.0 / 33.0,
        -1.0 / 31.0,
        1.0 / 29.0,
        -1.0 / 27.0,
        1.0 / 25.0,
        -1.0 / 23.0,
        1.0 / 21.0,
        -1.0 / 19.0,
        1.0 / 17.0,
        -1.0 / 15.0,
        1.0 / 13.0,
        -1.0 / 11.0,
        1.0 / 9.0,
        -1.0 / 7.0,
        1.0 / 5.0,
        -1.0 / 3.0,
        1.0,
    ];
    let z = x.abs();
    let (above, below) = if z > LOW { (z - 1.0, z + 1.0) } else { (z, 1.0) };
    let (above, below) = if z > HIGH { (-1.0, z) } else { (above, below) };
    let start = if z > LOW { std::f64::consts::FRAC_PI_4 } else { 0.0 };
    let start = if z > HIGH { std::f64::consts::FRAC_PI_2 } else { start };
    let t = above / below;
    (start + t * horner(t * t, &TERMS)).copysign(x)
}

/// erf(z) / z by powers of z^2, for |z| up to 1. Chebyshev fit, below 1e-18.
const ERF: [f64; 13] = [
    5.957_176_147_748_911e-11,
    -1.137_284_885_679_167_4e-9,
    1.465_977_527_404_743_6e-8,
    -1.635_031_270_105_469_5e-7,
    1.646_100_048_412_136_8e-6,
    -1.492_559_526_683_118_2e-5,
    1.205_533_111_164_271e-4,
    -8.548_326_980_833_79e-4,
    5.223_977_624_818_014_5e-3,
    -2.686_617_064_507_679_2e-2,
    1.128_379_167_095_487_9e-1,
    -3.761_263_890_318_375e-1,
    std::f64::consts::FRAC_2_SQRT_PI,
];

/// erfc(z) e^(z^2) / t by powers of t = 1 / (1 + z / 2), for z from 0.86 on. Chebyshev fit, 5e-13.
const ERFC: [f64; 16] = [
    7.160_470_383_789_633e-2,
    -3.179_117_270_545_826e-1,
    5.249_191_028_795_04e-1,
    -2.885_530_864_500_253_6e-1,
    -1.944_039_312_878_715_6e-1,
    3.051_820_605_606_458e-1,
    -9.389_167_086_096_939e-2,
    4.680_799_811_053_194e-2,
    -6.536_800_714_620_264e-2,
    -5.483_938_477_052_998e-2,
    -4.612_659_975_300_928e-3,
    8.376_101_752_718_638e-2,
    1.763_086_651_564_504_7e-1,
    2.468_329_551_440_541e-1,
    2.820_947_916_710_573_3e-1,
    2.820_947_917_740_19e-1,
];

/// erf(z) for |z| up to 1, by its even part.
#[inline(always)]
fn erf_near_zero(z: f64) -> f64 {
    z * horner(z * z, &ERF)
}

/// erfc(z) for z from 0.86 on.
#[inline(always)]
fn erfc_far(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.5 * z);
    t * horner(t, &ERFC) * exp(-z * z)
}

/// The error function.
#[inline(always)]
pub fn erf(x: f64) -> f64 {
    let z = x.abs();
    let far = (1.0 - erfc_far(z)).copysign(x);
    if z < 1.0 { erf_near_zero(x) } else { far }
}

/// 1 - erf(x), with all digits where it is small.
#[inline(always)]
pub fn erfc(x: f64) -> f64 {
    let z = x.abs();
    let far = erfc_far(z);
    let far = if x < 0.0 { 2.0 - far } else { far };
    if z < 1.0 { 1.0 - erf_near_zero(x) } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments() -> impl Iterator<Item = f64> {
        let sizes = (-60..=6).flat_map(|e| (0..37).map(move |i| (1.0 + f64::from(i) / 37.0) * 2f64.powi(e)));
        sizes.flat_map(|x| [x, -x]).chain([0.0])
    }

    fn check(name: &str, found: impl Fn(f64) -> f64, wanted: impl Fn(f64) -> f64) {
        for x in arguments() {
            let (found, wanted) = (found(x), wanted(x));
            let error = (found - wanted).abs();
            assert!(
                found == wanted || error <= 1e-12 * wanted.abs() + 1e-300,
                "{name}({x:e}) is {found:e}, not {wanted:e}"
            );
        }
    }

    #[test]
    fn relative_errors_are_small_everywhere() {
        check("exp", exp, f64::exp);
        check("expm1", expm1, f64::exp_m1);
        check("tanh", tanh, f64::tanh);
        check("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
        check("erf", erf, libm::erf);
        check("ln", |x| ln(x.abs()), |x| x.abs().ln());
        check("softplus", softplus, |x| if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() });
        check("tanh of softplus", tanh_of_softplus, |x| x.exp().ln_1p().tanh());
        check("sin", sin, f64::sin);
        check("cos", cos, f64::cos);
        check("tan", tan, f64::tan);
        check("atan", atan, f64::atan);
        // Where e^-z^2 is taken of a rounded z^2, its error grows with z^2.
        for x in arguments().filter(|x| x.abs() < 26.0) {
            let (found, wanted) = (erfc(x), libm::erfc(x));
            assert!((found - wanted).abs() <= 1e-12 * wanted, "erfc({x:e}) is {found:e}, not {wanted:e}");
        }
    }

    #[test]
    fn nan_stays_nan_and_infinities_are_limits() {
        for function in [exp, expm1, tanh, sigmoid, erf, erfc, ln, softplus, tanh_of_softplus, sin, cos, tan, atan] {
            assert!(function(f64::NAN).is_nan());
        }
        assert_eq!([tanh, erf].map(|f| f(f64::INFINITY)), [1.0, 1.0]);
        assert_eq!([tanh, erf, expm1].map(|f| f(f64::NEG_INFINITY)), [-1.0, -1.0, -1.0]);
        assert_eq!((sigmoid(f64::INFINITY), erfc(f64::INFINITY) as f32), (1.0, 0.0));
        assert_eq!([ln, softplus].map(|f| f(f64::INFINITY)), [f64::INFINITY; 2]);
        assert!(ln(-1.0).is_nan() && ln(0.0) == f64::NEG_INFINITY && ln(-0.0) == f64::NEG_INFINITY);
        assert_eq!([f64::INFINITY, f64::NEG_INFINITY].map(atan), [1.0, -1.0].map(|x| x * std::f64::consts::FRAC_PI_2));
        assert!([sin, tan, atan].iter().all(|f| f(-0.0) == 0.0 && f(-0.0).is_sign_negative()));
        assert_eq!((exp(f64::INFINITY) as f32, exp(f64::NEG_INFINITY) as f32), (f32::INFINITY, 0.0));
    }
}
