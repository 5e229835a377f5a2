//! Softmax of rows of f32.

use super::exp::exp_times;
use super::sum::sum;
use super::unless_nan;
use pulp::{Arch, Simd, WithSimd};

/// Replaces each x of a row by e^(x - m) / Σ e^(x - m), m the row's largest. A row with NaN, and one without a finite largest,
/// becomes NaN.
pub fn softmax(row: &mut [f32]) {
    struct Softmax<'a>(&'a mut [f32]);
    impl WithSimd for Softmax<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) {
            softmax_in_place(s, self.0);
        }
    }
    Arch::new().dispatch(Softmax(row));
}

/// [`softmax`] inside code that is made for a processor already.
#[inline(always)]
pub fn softmax_in_place<S: Simd>(s: S, x: &mut [f32]) {
    let largest = {
        let (head, tail) = S::as_simd_f32s(x);
        let all = head.iter().fold(s.splat_f32s(f32::NEG_INFINITY), |largest, &x| s.max_f32s(largest, x));
        tail.iter().fold(s.reduce_max_f32s(all), |largest, &x| largest.max(x))
    };
    let m = s.splat_f32s(largest);
    // Further down all shares are 0. Of a large number 120 is less than a unit in the last place.
    let floor = s.splat_f32s((largest - 120.0).min(largest.next_down()));
    let (head, tail) = S::as_mut_simd_f32s(x);
    for x in head {
        *x = power(s, *x, m, floor);
    }
    if !tail.is_empty() {
        let x = s.partial_load_f32s(tail);
        s.partial_store_f32s(tail, power(s, x, m, floor));
    }
    let total = sum(
        s,
        x,
        0.0,
        #[inline(always)]
        |x| (x, s.splat_f32s(0.0)),
    );
    let parts = [total as f32, (total - f64::from(total as f32)) as f32, (1.0 / total) as f32];
    let parts = parts.map(|part| s.splat_f32s(part));
    let (head, tail) = S::as_mut_simd_f32s(x);
    for x in head {
        *x = quotient(s, *x, parts);
    }
    if !tail.is_empty() {
        let x = s.partial_load_f32s(tail);
        s.partial_store_f32s(tail, quotient(s, x, parts));
    }
}

/// x / (high + low), rounded once but for very little: a quotient with the rounded inverse, and what it leaves over. So the
/// shares of a row add up to 1 as well as shares of f32 can.
#[inline(always)]
fn quotient<S: Simd>(s: S, x: S::f32s, [high, low, inverse]: [S::f32s; 3]) -> S::f32s {
    let about = s.mul_f32s(x, inverse);
    let minus = s.neg_f32s(about);
    let rest = s.mul_add_f32s(minus, low, s.mul_add_f32s(minus, high, x));
    s.mul_add_f32s(rest, inverse, about)
}

/// e^(x - m), x no less than `floor`. The difference goes with what it is rounded by (Knuth's two-sum): the exponential would
/// magnify that.
#[inline(always)]
fn power<S: Simd>(s: S, x: S::f32s, m: S::f32s, floor: S::f32s) -> S::f32s {
    // Not a maximum, which may lose NaN.
    let x = s.select_f32s(s.less_than_f32s(x, floor), floor, x);
    let difference = s.sub_f32s(x, m);
    let part = s.sub_f32s(difference, x);
    let low = s.sub_f32s(s.sub_f32s(x, s.sub_f32s(difference, part)), s.add_f32s(m, part));
    unless_nan(s, difference, exp_times(s, difference, low, [s.splat_f32s(1.0), s.splat_f32s(0.0)]))
}

#[cfg(test)]
mod tests {
    use super::softmax;

    #[test]
    fn rows_are_right_whatever_their_length_and_range() {
        for (extent, range) in [(1, 1.0), (15, 3.0), (16, 80.0), (257, 1000.0), (5000, 0.5), (100_000, 20.0)] {
            let x: Vec<f32> =
                (0..extent).map(|i| ((i * 7919) % 104_729) as f32 / 104_729.0 * range - range / 3.0).collect();
            let mut y = x.clone();
            softmax(&mut y);
            let largest = x.iter().fold(f64::NEG_INFINITY, |m, &v| m.max(v.into()));
            let total: f64 = x.iter().map(|&v| (f64::from(v) - largest).exp()).sum();
            for (&x, &y) in x.iter().zip(&y) {
                let want = (f64::from(x) - largest).exp() / total;
                assert!((f64::from(y) - want).abs() <= want * 2.5e-7 + 1.5e-45, "{extent}: {y:e}, not {want:e}");
            }
        }
    }

    #[test]
    fn what_is_no_number_shows() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let mut y = [1.0, -inf, 0.0];
        softmax(&mut y);
        assert!(y[1] == 0.0 && y[0] > 0.7 && (y[0] + y[2] - 1.0).abs() < 1e-6, "{y:?}");
        let mut y = [f32::MAX, 1e38, f32::MAX.next_down(), f32::MIN];
        softmax(&mut y);
        assert_eq!(y, [1.0, 0.0, 0.0, 0.0]);
        for mut x in [[1.0, nan], [-inf, -inf], [inf, 0.0]] {
            softmax(&mut x);
            assert!(x.iter().all(|v| v.is_nan()), "{x:?}");
        }
        softmax(&mut []);
    }
}
