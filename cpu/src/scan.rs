//! Running sums, products and maxima along an axis.

use crate::sum::{finish, two_sum};
use crate::{Along, CHUNK, Float, Integer};

/// What runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    Sum,
    Product,
    /// NaN from the first one on.
    Maximum,
}

/// Of floats. An `exclusive` one starts with 0, 1 or minus infinity, and leaves the last element out.
pub fn floats<T: Float>(scan: Scan, x: &[T], along: Along, exclusive: bool, y: &mut [T]) {
    let Along { outer, extent, inner } = along;
    let start = match scan {
        Scan::Sum => 0.0,
        Scan::Product => 1.0,
        Scan::Maximum => f64::NEG_INFINITY,
    };
    let mut values = [0.0; CHUNK];
    for at in 0..outer {
        for column in (0..inner).step_by(CHUNK) {
            let width = CHUNK.min(inner - column);
            let (mut running, mut errors) = ([start; CHUNK], [0.0; CHUNK]);
            let values = &mut values[..width];
            let (running, errors) = (&mut running[..width], &mut errors[..width]);
            // Of the first element itself, also its sign of zero.
            let mut is_first = true;
            for i in 0..extent {
                let place = (at * extent + i) * inner + column;
                if exclusive {
                    shown(running, errors, scan, &mut y[place..place + width]);
                }
                T::widen(&x[place..place + width], values);
                for ((running, error), &value) in running.iter_mut().zip(errors.iter_mut()).zip(values.iter()) {
                    match scan {
                        Scan::Sum if is_first => *running = value,
                        Scan::Sum => two_sum(running, error, value),
                        Scan::Product => *running *= value,
                        Scan::Maximum if value > *running || value.is_nan() => *running = value,
                        Scan::Maximum => {}
                    }
                }
                is_first = false;
                if !exclusive {
                    shown(running, errors, scan, &mut y[place..place + width]);
                }
            }
        }
    }
}

fn shown<T: Float>(running: &[f64], errors: &[f64], scan: Scan, y: &mut [T]) {
    let mut values = [0.0; CHUNK];
    let values = &mut values[..running.len()];
    for ((value, &running), &error) in values.iter_mut().zip(running).zip(errors) {
        *value = if scan == Scan::Sum { finish(running, error) } else { running };
    }
    T::narrow(values, y);
}

/// Of integers; sums and products modulo two to the number of their bits, maxima from the lowest value on.
pub fn integers<T: Integer>(scan: Scan, x: &[T], along: Along, exclusive: bool, y: &mut [T]) {
    let Along { outer, extent, inner } = along;
    for at in 0..outer {
        for column in 0..inner {
            let mut running = match scan {
                Scan::Sum => 0,
                Scan::Product => 1,
                Scan::Maximum => T::LOWEST,
            };
            for i in 0..extent {
                let place = (at * extent + i) * inner + column;
                if exclusive {
                    y[place] = T::wrap(running);
                }
                let value = x[place].to_i64();
                running = match scan {
                    Scan::Sum => running.wrapping_add(value),
                    Scan::Product => running.wrapping_mul(value),
                    Scan::Maximum => running.max(value),
                };
                if !exclusive {
                    y[place] = T::wrap(running);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    #[test]
    fn running_sums_of_halves_do_not_stop() {
        let along = Along { outer: 1, extent: 5000, inner: 1 };
        let mut y = [f16::ZERO; 5000];
        floats(Scan::Sum, &[f16::ONE; 5000], along, false, &mut y);
        for (i, y) in y.iter().enumerate() {
            assert_eq!(*y, f16::from_f32((i + 1) as f32));
        }
    }

    #[test]
    fn maxima_keep_nan_and_start_below_everything() {
        let x = [f16::NEG_INFINITY, f16::ONE, f16::NAN, f16::INFINITY, f16::ZERO];
        let along = Along { outer: 1, extent: 5, inner: 1 };
        let mut y = [f16::ZERO; 5];
        floats(Scan::Maximum, &x, along, false, &mut y);
        assert_eq!(y[..2], [f16::NEG_INFINITY, f16::ONE]);
        assert!(y[2..].iter().all(|v| v.is_nan()), "{y:?}");
        floats(Scan::Maximum, &x[..3], Along { extent: 3, ..along }, true, &mut y[..3]);
        assert_eq!(y[..3], [f16::NEG_INFINITY, f16::NEG_INFINITY, f16::ONE]);
        let mut whole = [0i8; 3];
        integers(Scan::Maximum, &[-7i8, -9, 3], Along { extent: 3, ..along }, true, &mut whole);
        assert_eq!(whole, [i8::MIN, -7, -7]);
    }

    #[test]
    fn columns_are_apart_and_exclusive_ones_lag() {
        let x: Vec<i32> = (1..=600).collect();
        let along = Along { outer: 1, extent: 2, inner: 300 };
        let (mut y, singles) = (vec![0; 600], x.iter().map(|&v| v as f32).collect::<Vec<_>>());
        for exclusive in [false, true] {
            integers(Scan::Sum, &x, along, exclusive, &mut y);
            let mut floats_y = vec![0f32; 600];
            floats(Scan::Sum, &singles, along, exclusive, &mut floats_y);
            for i in 0..300 {
                let (first, second) = (x[i], x[i] + x[300 + i]);
                assert_eq!((y[i], y[300 + i]), if exclusive { (0, first) } else { (first, second) });
                assert_eq!((floats_y[i] as i32, floats_y[300 + i] as i32), (y[i], y[300 + i]));
            }
        }
    }
}
