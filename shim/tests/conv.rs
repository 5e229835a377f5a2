//! Convolutions against plain loops in f64: the direct ones gather, the transposed ones scatter.

mod support;

use rlx_mlx_shim::*;
use support::*;

#[derive(Clone)]
struct Case {
    spatial: Vec<i32>,
    kernel: Vec<i32>,
    stride: Vec<i32>,
    low: Vec<i32>,
    high: Vec<i32>,
    kernel_dilation: Vec<i32>,
    input_dilation: Vec<i32>,
    groups: i32,
    flip: bool,
}

/// Two batches, two channels in and two out of each group.
impl Case {
    fn plain(spatial: &[i32], kernel: &[i32]) -> Case {
        let of = |v: i32| vec![v; spatial.len()];
        Case {
            spatial: spatial.to_vec(),
            kernel: kernel.to_vec(),
            stride: of(1),
            low: of(0),
            high: of(0),
            kernel_dilation: of(1),
            input_dilation: of(1),
            groups: 1,
            flip: false,
        }
    }

    fn input(&self) -> Vec<i32> {
        [&[2], &self.spatial[..], &[2 * self.groups]].concat()
    }

    fn weight(&self) -> Vec<i32> {
        [&[2 * self.groups], &self.kernel[..], &[2]].concat()
    }

    fn output(&self) -> Vec<i32> {
        let extent = |i: usize| {
            let wide = 1 + self.input_dilation[i] * (self.spatial[i] - 1) + self.low[i] + self.high[i];
            (wide - 1 - self.kernel_dilation[i] * (self.kernel[i] - 1)) / self.stride[i] + 1
        };
        [&[2], &(0..self.spatial.len()).map(extent).collect::<Vec<_>>()[..], &[2 * self.groups]].concat()
    }

    fn gathered(&self, x: &[f64], w: &[f64]) -> Vec<f64> {
        let (input, weight) = (self.input(), self.weight());
        fill(&self.output(), |c| {
            let group = c[c.len() - 1] / 2;
            let mut sum = 0.0;
            fill(&self.kernel, |tap| {
                let mut from = vec![c[0]];
                for i in 0..tap.len() {
                    let place =
                        c[i + 1] as i32 * self.stride[i] + tap[i] as i32 * self.kernel_dilation[i] - self.low[i];
                    if place < 0
                        || place % self.input_dilation[i] != 0
                        || place / self.input_dilation[i] >= self.spatial[i]
                    {
                        return 0.0;
                    }
                    from.push((place / self.input_dilation[i]) as usize);
                }
                let turned: Vec<usize> = tap
                    .iter()
                    .zip(&self.kernel)
                    .map(|(&t, &k)| if self.flip { k as usize - 1 - t } else { t })
                    .collect();
                for channel in 0..2 {
                    let x_at = [&from[..], &[group * 2 + channel]].concat();
                    let w_at = [&[c[c.len() - 1]], &turned[..], &[channel]].concat();
                    sum += at(x, &input, &x_at) * at(w, &weight, &w_at);
                }
                0.0
            });
            sum
        })
    }

    fn run(&self, x: &A, w: &A) -> A {
        let flip = i32::from(self.flip);
        let n = self.spatial.len();
        // SAFETY: live handles and lists of n values.
        ok(|out| unsafe {
            rlx_mlx_op_conv_general(
                x.0,
                w.0,
                self.stride.as_ptr(),
                n,
                self.low.as_ptr(),
                n,
                self.high.as_ptr(),
                n,
                self.kernel_dilation.as_ptr(),
                n,
                self.input_dilation.as_ptr(),
                n,
                self.groups,
                flip,
                out,
            )
        })
    }
}

/// Small integers: sums of products stay exact in f16, and in bf16 up to 256.
fn integers(dims: &[i32], salt: usize) -> Vec<f64> {
    let mut i = salt;
    fill(dims, |_| {
        i += 1;
        ((i * 5 + i / 3) % 7) as f64 - 3.0
    })
}

fn cases() -> Vec<Case> {
    let line = Case::plain(&[9], &[3]);
    let plane = Case::plain(&[5, 6], &[2, 3]);
    let volume = Case::plain(&[3, 4, 3], &[2, 2, 1]);
    vec![
        line.clone(),
        Case { stride: vec![2], low: vec![1], high: vec![2], kernel_dilation: vec![2], ..line.clone() },
        Case { groups: 2, flip: true, low: vec![2], ..line.clone() },
        Case { input_dilation: vec![3], low: vec![1], stride: vec![2], ..line.clone() },
        // Negative paddings cut elements and zeros of the dilated input alike.
        Case { low: vec![-1], high: vec![-2], ..line.clone() },
        Case { input_dilation: vec![3], low: vec![-2], high: vec![-4], ..line.clone() },
        plane.clone(),
        Case { stride: vec![2, 1], low: vec![1, 0], high: vec![0, 2], groups: 2, ..plane.clone() },
        Case { input_dilation: vec![2, 1], low: vec![-1, 1], kernel_dilation: vec![1, 2], flip: true, ..plane },
        volume.clone(),
        Case { stride: vec![1, 2, 1], low: vec![1, 0, 1], high: vec![0, 1, 1], groups: 2, ..volume },
    ]
}

#[test]
fn conv_general_follows_its_definition() {
    for dtype in FLOATS {
        for (i, case) in cases().into_iter().enumerate() {
            println!("case {i}, dtype {dtype}");
            let (x, w) = (integers(&case.input(), 1), integers(&case.weight(), 2));
            let expected = case.gathered(&x, &w);
            for (a, b) in twins(&x, &case.input(), dtype).iter().zip(&twins(&w, &case.weight(), dtype)) {
                let y = case.run(a, b);
                assert_eq!((dims(&y), support::dtype(&y)), (case.output(), dtype));
                close(&y, &expected, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn the_short_forms_are_the_general_one() {
    let d = RLX_MLX_DTYPE_F32;
    let make = |case: &Case| {
        (array(&integers(&case.input(), 1), &case.input(), d), array(&integers(&case.weight(), 2), &case.weight(), d))
    };
    let line = Case {
        stride: vec![2],
        low: vec![1],
        high: vec![1],
        kernel_dilation: vec![2],
        groups: 2,
        ..Case::plain(&[9], &[3])
    };
    let plane = Case {
        stride: vec![2, 1],
        low: vec![1, 2],
        high: vec![1, 2],
        kernel_dilation: vec![1, 2],
        ..Case::plain(&[5, 6], &[2, 3])
    };
    let volume = Case {
        stride: vec![1, 2, 3],
        low: vec![0, 1, 2],
        high: vec![0, 1, 2],
        kernel_dilation: vec![2, 1, 1],
        ..Case::plain(&[4, 4, 5], &[2, 2, 2])
    };
    let ((x1, w1), (x2, w2), (x3, w3)) = (make(&line), make(&plane), make(&volume));
    // SAFETY: live handles.
    unsafe {
        let y = ok(|out| rlx_mlx_op_conv1d(x1.0, w1.0, 2, 1, 2, 2, out));
        assert_eq!(bytes(&y), bytes(&line.run(&x1, &w1)));
        let y = ok(|out| rlx_mlx_op_conv2d(x2.0, w2.0, 2, 1, 1, 2, 1, 2, 1, out));
        assert_eq!(bytes(&y), bytes(&plane.run(&x2, &w2)));
        let y = ok(|out| rlx_mlx_op_conv3d(x3.0, w3.0, 1, 2, 3, 0, 1, 2, 2, 1, 1, 1, out));
        assert_eq!(bytes(&y), bytes(&volume.run(&x3, &w3)));
    }
}

struct Back {
    spatial: Vec<i32>,
    kernel: Vec<i32>,
    stride: Vec<i32>,
    padding: Vec<i32>,
    dilation: Vec<i32>,
    extra: Vec<i32>,
    groups: i32,
}

impl Back {
    /// Every input element adds the kernel, scaled by it, to the output.
    fn scattered(&self, x: &[f64], w: &[f64]) -> (Vec<i32>, Vec<f64>) {
        let n = self.spatial.len();
        let input = [&[2], &self.spatial[..], &[2 * self.groups]].concat();
        let weight = [&[2 * self.groups], &self.kernel[..], &[2]].concat();
        let extent = |i: usize| {
            (self.spatial[i] - 1) * self.stride[i] - 2 * self.padding[i]
                + self.dilation[i] * (self.kernel[i] - 1)
                + self.extra[i]
                + 1
        };
        let output = [&[2], &(0..n).map(extent).collect::<Vec<_>>()[..], &[2 * self.groups]].concat();
        let mut y = fill(&output, |_| 0.0);
        fill(&input, |from| {
            let (channel, group) = (from[n + 1] % 2, from[n + 1] / 2);
            fill(&self.kernel, |tap| {
                let mut flat = from[0];
                for i in 0..n {
                    let place =
                        from[i + 1] as i32 * self.stride[i] + tap[i] as i32 * self.dilation[i] - self.padding[i];
                    if place < 0 || place >= output[i + 1] {
                        return 0.0;
                    }
                    flat = flat * output[i + 1] as usize + place as usize;
                }
                for o in 0..2 {
                    let w_at = [&[group * 2 + o], tap, &[channel]].concat();
                    y[flat * 2 * self.groups as usize + group * 2 + o] += at(x, &input, from) * at(w, &weight, &w_at);
                }
                0.0
            });
            0.0
        });
        (output, y)
    }
}

#[test]
fn transposed_convolutions_scatter() {
    let back =
        |spatial: &[i32], kernel: &[i32], stride: &[i32], padding: &[i32], dilation: &[i32], extra: &[i32], groups| {
            Back {
                spatial: spatial.to_vec(),
                kernel: kernel.to_vec(),
                stride: stride.to_vec(),
                padding: padding.to_vec(),
                dilation: dilation.to_vec(),
                extra: extra.to_vec(),
                groups,
            }
        };
    let cases = [
        back(&[5], &[3], &[2], &[1], &[1], &[1], 2),
        // A padding wider than the kernel cuts into the dilated input.
        back(&[6], &[2], &[3], &[4], &[2], &[0], 1),
        back(&[3, 4], &[2, 3], &[2, 1], &[1, 0], &[1, 2], &[1, 0], 2),
        back(&[2, 3, 2], &[2, 1, 2], &[1, 2, 2], &[0, 0, 1], &[2, 1, 1], &[0, 1, 1], 2),
    ];
    for dtype in FLOATS {
        for (i, b) in cases.iter().enumerate() {
            println!("case {i}, dtype {dtype}");
            let input = [&[2], &b.spatial[..], &[2 * b.groups]].concat();
            let weight = [&[2 * b.groups], &b.kernel[..], &[2]].concat();
            let (x, w) = (integers(&input, 3), integers(&weight, 4));
            let (shape, expected) = b.scattered(&x, &w);
            for (a, k) in twins(&x, &input, dtype).iter().zip(&twins(&w, &weight, dtype)) {
                let (s, p, d, e) = (&b.stride, &b.padding, &b.dilation, &b.extra);
                // SAFETY: live handles.
                let y = ok(|out| unsafe {
                    match b.spatial.len() {
                        1 => rlx_mlx_op_conv_transpose1d(a.0, k.0, s[0], p[0], d[0], e[0], b.groups, out),
                        2 => rlx_mlx_op_conv_transpose2d(
                            a.0, k.0, s[0], s[1], p[0], p[1], d[0], d[1], e[0], e[1], b.groups, out,
                        ),
                        _ => rlx_mlx_op_conv_transpose3d(
                            a.0, k.0, s[0], s[1], s[2], p[0], p[1], p[2], d[0], d[1], d[2], e[0], e[1], e[2], b.groups,
                            out,
                        ),
                    }
                });
                assert_eq!(dims(&y), shape);
                close(&y, &expected, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn shapes_that_crash_mlx_are_refused_and_empty_batches_are_not() {
    let d = RLX_MLX_DTYPE_F32;
    let (x, w) = (array(&[0.0; 8], &[1, 8, 1], d), array(&[0.0; 3], &[1, 3, 1], d));
    let (no_channels, no_taps) = (array(&[], &[1, 8, 0], d), array(&[], &[1, 0, 1], d));
    let no_weight = array(&[], &[1, 3, 0], d);
    let none = array(&[], &[0, 3, 1], d);
    // SAFETY: live handles, bad values on purpose.
    let code = |x: &A, w: &A, s, p, dil, g| fails(|out| unsafe { rlx_mlx_op_conv1d(x.0, w.0, s, p, dil, g, out) });
    assert_eq!(code(&no_channels, &no_weight, 1, 0, 1, 1), RLX_MLX_ERR_BAD_SHAPE);
    assert_eq!(code(&x, &no_taps, 1, 0, 1, 1), RLX_MLX_ERR_BAD_SHAPE);
    assert_eq!(code(&x, &none, 1, 0, 1, 1), RLX_MLX_ERR_BAD_SHAPE);
    for dtype in FLOATS {
        let (nothing, kernel) = (array(&[], &[0, 8, 1], dtype), array(&[0.0; 3], &[1, 3, 1], dtype));
        // SAFETY: live handles.
        assert_eq!(dims(&ok(|out| unsafe { rlx_mlx_op_conv1d(nothing.0, kernel.0, 1, 0, 1, 1, out) })), [0, 6, 1]);
    }
    for (s, p, dil, g) in [
        (0, 0, 1, 1),
        (1, -1, 1, 1),
        (1, 0, 0, 1),
        (1, 0, 1, 0),
        (1, 0, 1, -1),
        (1, 0, i32::MAX, 1),
        (1, i32::MAX, 1, 1),
    ] {
        assert_eq!(code(&x, &w, s, p, dil, g), RLX_MLX_ERR_BAD_SHAPE);
    }
}
