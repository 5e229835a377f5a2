//! What floats of a dtype there are: rounding to them, and the distance between neighbours.

use rlx_ir::DType;

/// A binary float format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Bits of the significand, the one that is not stored included.
    pub digits: i32,
    /// Exponent of the smallest normal value.
    pub least: i32,
    /// The largest finite value.
    pub max: f64,
}

const F16: Format = Format { digits: 11, least: -14, max: 65504.0 };
const BF16: Format = Format { digits: 8, least: -126, max: 3.389_531_389_251_535_5e38 };
const F32: Format = Format { digits: 24, least: -126, max: f32::MAX as f64 };
const F64: Format = Format { digits: 53, least: -1022, max: f64::MAX };

impl Format {
    /// The format of a dtype, of each part of a complex one; none where values are whole numbers.
    pub fn of(dtype: DType) -> Option<Self> {
        match dtype {
            DType::F16 => Some(F16),
            DType::BF16 => Some(BF16),
            DType::F32 | DType::C64 => Some(F32),
            DType::F64 | DType::C128 => Some(F64),
            _ => None,
        }
    }

    /// The format that values of this one are computed in before they are rounded: f32 for the halves, else itself.
    #[must_use]
    pub fn computing(self) -> Self {
        if self.digits < F32.digits { F32 } else { self }
    }

    /// The distance of the format's neighbours around a finite `value`.
    pub fn ulp(self, value: f64) -> f64 {
        let exponent = (value.to_bits() >> 52 & 0x7ff) as i32 - 1023;
        power_of_two(exponent.max(self.least) - (self.digits - 1))
    }

    /// `value` rounded to the format, to even where two are as near; infinite beyond its range.
    pub fn round(self, value: f64) -> f64 {
        if !value.is_finite() || self.digits == F64.digits {
            return value;
        }
        let ulp = self.ulp(value);
        let rounded = (value / ulp).round_ties_even() * ulp;
        if rounded.abs() > self.max { f64::INFINITY.copysign(value) } else { rounded.copysign(value) }
    }

    /// The smallest normal value.
    pub fn smallest_normal(self) -> f64 {
        power_of_two(self.least)
    }

    /// The smallest value above 0.
    pub fn smallest(self) -> f64 {
        power_of_two(self.least - (self.digits - 1))
    }
}

/// 2 to `exponent`, which is one that f64 has: subnormals included.
fn power_of_two(exponent: i32) -> f64 {
    let exponent = exponent.clamp(-1074, 1023);
    if exponent >= -1022 {
        f64::from_bits(((exponent + 1023) as u64) << 52)
    } else {
        f64::from_bits(1 << (exponent + 1074))
    }
}

/// The whole numbers that an integer dtype has, first and last; none for floats. A bool is 0 or 1.
pub fn whole_range(dtype: DType) -> Option<(i128, i128)> {
    Some(match dtype {
        DType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::I64 => (i64::MIN.into(), i64::MAX.into()),
        DType::U8 => (0, u8::MAX.into()),
        DType::U32 => (0, u32::MAX.into()),
        DType::Bool => (0, 1),
        _ => return None,
    })
}

/// `value` modulo 2 to the width of an integer dtype, as two's complement wraps; of a bool, whether it is not 0.
pub fn wrap(dtype: DType, value: i128) -> i128 {
    match (dtype, whole_range(dtype)) {
        (DType::Bool, _) => i128::from(value != 0),
        (_, Some((first, last))) => {
            let width = last - first + 1;
            let rest = value.rem_euclid(width);
            if rest > last { rest - width } else { rest }
        }
        (_, None) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_rounded_as_the_hardware_does() {
        let mut state = 1u64;
        for _ in 0..100_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = f64::from_bits(state);
            assert!(value.is_nan() || F32.round(value).to_bits() == f64::from(value as f32).to_bits(), "{value:e}");
            let single = f32::from_bits((state >> 32) as u32);
            let half = f64::from(half::f16::from_f32(single));
            assert!(single.is_nan() || F16.round(single.into()).to_bits() == half.to_bits(), "{single:e}");
            let half = f64::from(half::bf16::from_f32(single));
            assert!(single.is_nan() || BF16.round(single.into()).to_bits() == half.to_bits(), "{single:e}");
        }
    }

    #[test]
    fn integers_wrap() {
        assert_eq!(wrap(DType::I8, 128), -128);
        assert_eq!(wrap(DType::U8, -1), 255);
        assert_eq!(wrap(DType::I64, i128::from(i64::MAX) + 1), i64::MIN.into());
        assert_eq!(wrap(DType::Bool, -3), 1);
    }
}
