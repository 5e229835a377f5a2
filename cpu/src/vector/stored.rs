//! Elements that are stored in other types than f32, computed as f32 and rounded once.

use crate::gemm::{Element, Purpose, Real};
use pulp::{Arch, Simd, WithSimd};

/// The values of elements. Both slices have one length.
pub fn widen<T: Element>(from: &[T], to: &mut [T::Sum]) {
    struct Widen<'a, T: Element>(&'a [T], &'a mut [T::Sum]);
    impl<T: Element> WithSimd for Widen<'_, T> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            T::widen(self.0, self.1);
        }
    }
    Arch::new().dispatch(Widen(from, to));
}

/// Values rounded to the nearest, ties to even. Both slices have one length.
pub fn narrow<T: Element>(from: &[T::Sum], to: &mut [T]) {
    struct Narrow<'a, T: Element>(&'a [T::Sum], &'a mut [T]);
    impl<T: Element> WithSimd for Narrow<'_, T> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) {
            T::narrow(self.0, self.1);
        }
    }
    Arch::new().dispatch(Narrow(from, to));
}

/// Fills y with what `f` makes of the values of x, in rows of `extent` elements, of which the last may have fewer.
pub fn in_place<T: Element<Sum = f32>>(x: &[T], y: &mut [T], extent: usize, f: impl Fn(&mut [f32])) {
    f32::with_scratch(Purpose::Piece, extent, |values| {
        for (x, y) in x.chunks(extent.max(1)).zip(y.chunks_mut(extent.max(1))) {
            let values = &mut values[..x.len()];
            widen(x, values);
            f(values);
            narrow(values, y);
        }
    });
}

/// The same where `f` makes a row of a row.
pub fn row_by_row<X: Element<Sum = f32>, Y: Element<Sum = f32>>(
    x: &[X],
    y: &mut [Y],
    extent: usize,
    f: impl Fn(&[f32], &mut [f32]),
) {
    f32::with_scratch(Purpose::Piece, 2 * extent, |values| {
        let (from, to) = values.split_at_mut(extent);
        for (x, y) in x.chunks_exact(extent.max(1)).zip(y.chunks_exact_mut(extent.max(1))) {
            widen(x, from);
            f(from, to);
            narrow(to, y);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::norm::{Norm, rows};
    use crate::vector::{Function, map, normalize, softmax};
    use half::{bf16, f16};

    /// Units in the last place of a half with so many bits between a value and what is right.
    fn ulps(found: f64, wanted: f64, bits: i32, least: f64) -> f64 {
        let last = wanted.abs().max(least).log2().floor() - f64::from(bits - 1);
        (found - wanted).abs() / last.exp2()
    }

    #[test]
    fn a_function_of_halves_is_rounded_once() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let (x, brains): (Vec<f16>, Vec<bf16>) =
            all.iter().map(|&bits| (f16::from_bits(bits), bf16::from_bits(bits))).unzip();
        let (mut y, mut z) = (vec![f16::ZERO; x.len()], vec![bf16::ZERO; x.len()]);
        in_place(&x, &mut y, 1000, |values| map(Function::Tanh, values));
        in_place(&brains, &mut z, 1000, |values| map(Function::Tanh, values));
        for ((x, y), (b, z)) in x.iter().zip(&y).zip(brains.iter().zip(&z)) {
            let (want, wide) = (f64::from(*x).tanh(), f64::from(*b).tanh());
            assert!(want.is_nan() == y.is_nan() && wide.is_nan() == z.is_nan());
            assert!(want.is_nan() || ulps((*y).into(), want, 11, 6.2e-5) <= 0.501, "tanh({x}) is {y}, not {want}");
            assert!(wide.is_nan() || ulps((*z).into(), wide, 8, 1.2e-38) <= 0.501, "tanh({b}) is {z}, not {wide}");
        }
    }

    #[test]
    fn rows_of_halves_are_right() {
        for extent in [1, 15, 64, 385] {
            let x: Vec<bf16> =
                (0..3 * extent).map(|i| bf16::from_f64(((i * 7919) % 1009) as f64 / 90.0 - 4.0)).collect();
            let wide: Vec<f32> = x.iter().map(|x| x.to_f32()).collect();
            let (mut y, mut want) = (vec![bf16::ZERO; x.len()], vec![0f32; x.len()]);
            let weights = vec![1.25f32; extent];
            let exact = vec![1.25f64; extent];
            row_by_row(&x, &mut y, extent, |x, y| normalize(Norm::Layer, x, [&weights, &weights], 1e-5, y));
            rows(Norm::Layer, &wide, &exact, &exact, 1e-5, &mut want);
            for (y, &want) in y.iter().zip(&want) {
                assert!((f64::from(*y) - f64::from(want)).abs() <= f64::from(want.abs()) * 0.003_91 + 1e-6);
            }
            in_place(&x, &mut y, extent, softmax);
            for (x, y) in wide.chunks(extent).zip(y.chunks(extent)) {
                let total: f64 = x.iter().map(|&x| f64::from(x).exp()).sum();
                for (&x, y) in x.iter().zip(y) {
                    let want = f64::from(x).exp() / total;
                    assert!((f64::from(*y) - want).abs() <= want * 0.003_91, "{y}, not {want}");
                }
            }
        }
        in_place::<f16>(&[], &mut [], 0, |_| {});
    }
}
