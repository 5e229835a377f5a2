//! Conversions to integers, and of what f32 cannot hold to half types.

use crate::{Float, Integer};

/// A float as an integer: what follows the point is dropped, what is outside becomes the nearest that there is, NaN 0.
pub trait Saturate {
    fn saturate(value: f64) -> Self;
}

macro_rules! saturate {
    ($($type:ty)*) => {
        $(impl Saturate for $type {
            #[inline(always)]
            fn saturate(value: f64) -> Self {
                // What `as` does in Rust.
                value as Self
            }
        })*
    };
}

saturate!(i8 i16 i32 i64 u8 u32);

/// Floats to integers.
pub fn to_integers<T: Float, R: Saturate>(x: &[T], y: &mut [R]) {
    let mut values = [0.0; crate::CHUNK];
    for (x, y) in x.chunks(crate::CHUNK).zip(y.chunks_mut(crate::CHUNK)) {
        let values = &mut values[..x.len()];
        T::widen(x, values);
        for (y, &value) in y.iter_mut().zip(values.iter()) {
            *y = R::saturate(value);
        }
    }
}

/// Integers to floats, rounded once.
pub fn from_integers<T: Integer, R: Float>(x: &[T], y: &mut [R]) {
    let mut values = [0.0; crate::CHUNK];
    for (x, y) in x.chunks(crate::CHUNK).zip(y.chunks_mut(crate::CHUNK)) {
        let values = &mut values[..x.len()];
        for (value, x) in values.iter_mut().zip(x) {
            *value = if R::IS_NARROW { odd(x.to_i64()) } else { x.to_i64() as f64 };
        }
        R::narrow(values, y);
    }
}

/// Floats to floats, rounded once.
pub fn between_floats<T: Float, R: Float>(x: &[T], y: &mut [R]) {
    let mut values = [0.0; crate::CHUNK];
    for (x, y) in x.chunks(crate::CHUNK).zip(y.chunks_mut(crate::CHUNK)) {
        let values = &mut values[..x.len()];
        T::widen(x, values);
        R::narrow(values, y);
    }
}

/// In f64, to the odd neighbour where it is not exact, for a second rounding (as [`round_to_odd`](crate::round_to_odd)).
fn odd(value: i64) -> f64 {
    let near = value as f64;
    let (exact, rounded) = (i128::from(value), near as i128);
    if exact == rounded {
        return near;
    }
    let beyond = rounded.unsigned_abs() > exact.unsigned_abs();
    f64::from_bits((near.to_bits() - u64::from(beyond)) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::bf16;

    #[test]
    fn outside_is_the_nearest_there_is() {
        let x = [f32::NAN, f32::INFINITY, -1e10, -1.9, 255.5];
        let (mut bytes, mut words) = ([9u8; 5], [9i32; 5]);
        to_integers(&x, &mut bytes);
        to_integers(&x, &mut words);
        assert_eq!(bytes, [0, 255, 0, 0, 255]);
        assert_eq!(words, [0, i32::MAX, i32::MIN, -1, 255]);
    }

    #[test]
    fn integers_are_rounded_once() {
        // Just above the middle of two neighbours of bf16, by less than f64 shows.
        let value = (1i64 << 62) + (1 << 54) + 1;
        let mut y = [bf16::ZERO];
        from_integers(&[value], &mut y);
        assert_eq!(f64::from(y[0]), (1i64 << 62) as f64 + (1i64 << 55) as f64);
        let mut single = [0f32];
        from_integers(&[16_777_217i32], &mut single);
        assert_eq!(single, [16_777_216.0]);
    }
}
