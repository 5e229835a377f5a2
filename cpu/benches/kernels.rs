//! Each kernel next to the machine's own limits, measured in the same run: `cargo bench -p rlx-mlx-cpu --bench kernels`, and behind
//! `--` parts of names.
//!
//! Kernels that move elements are given in GB/s of what they have to read and write, next to a copy of as many bytes, beyond the
//! cache, on as many threads; products in GF/s next to what the multiply-add units of those threads do from registers.
//! Each number is the best of several rounds, in which kernels alternate with the copy, so that other work on the machine hits
//! all alike.

#![allow(clippy::expect_used, reason = "what is measured here fits")]

use rlx_mlx_cpu::elements::{Binary, Chain, Compare, Data, Input, Map, Places, Source, Step};
use rlx_mlx_cpu::norm::Norm;
use rlx_mlx_cpu::reduce::Reduction;
use rlx_mlx_cpu::unary::Function;
use rlx_mlx_cpu::{Along, gemm, reduce, threads, vector};
use std::hint::black_box;
use std::time::Instant;

/// Elements of the large arrays: 64 MiB each, beyond the caches.
const COUNT: usize = 16 << 20;

/// Rows of them.
const ROW: usize = 1024;

const ROUNDS: usize = 7;

/// Whether a kernel's name contains one of the command's arguments, if there are any.
fn is_wanted(name: &str) -> bool {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()))
}

fn seconds(f: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_secs_f64()
}

fn copy(x: &[f32], y: &mut [f32]) {
    threads::deal_parts(y, 1 << 20, &|first, y| y.copy_from_slice(&x[first..first + y.len()]));
}

fn chain<'a>(steps: &[Step], inputs: Vec<Input<'a>>, dims: &'a [usize], y: &'a mut [f32]) -> impl FnMut() + 'a {
    let chain = Chain::new(steps, inputs.len()).expect("a chain");
    move || chain.run(&inputs, dims, Places::Floats(y)).expect("inputs that fit")
}

fn input<'a>(x: &'a [f32], dims: &'a [usize]) -> Input<'a> {
    Input { data: Data::Floats(x), dims }
}

fn moving(a: &[f32], b: &[f32], y: &mut [f32]) {
    use Source::{Input as In, Number, Step as Of};
    let (dims, row, column) = ([COUNT / ROW, ROW], [ROW], [COUNT / ROW, 1]);
    let all = 4 * COUNT;
    let add = Step::Binary(Binary::Add, [In(0), In(1)]);
    let steps = [
        add,
        Step::Binary(Binary::Mul, [Of(0), Number(0.5)]),
        Step::Compare(Compare::Gt, [Of(1), Number(0.0)]),
        Step::Select([Of(2), Of(1), Of(0)]),
        Step::Binary(Binary::Max, [Of(3), Number(-1.0)]),
    ];
    let map = |function| Step::Map(Map::Function(function), In(0));
    let shared = y;
    // One kernel at a time has the result.
    let mut measure = |name: &str, bytes: usize, f: &mut dyn FnMut(&mut [f32])| {
        if !is_wanted(name) {
            return;
        }
        let (mut best, mut limit) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            limit = limit.min(seconds(&mut || copy(a, shared)));
            best = best.min(seconds(&mut || f(shared)));
            black_box(&shared);
        }
        let (speed, limit) = (bytes as f64 / best / 1e9, 2.0 * all as f64 / limit / 1e9);
        println!("{name:<44}{speed:>9.1} GB/s{limit:>9.1} GB/s{:>7.0} %", 100.0 * speed / limit);
    };
    println!("{:<44}{:>14}{:>14}{:>9}", "", "kernel", "copy", "");
    measure("a + b", 3 * all, &mut |y| chain(&[add], vec![input(a, &dims), input(b, &dims)], &dims, y)());
    measure("a + row", 2 * all, &mut |y| chain(&[add], vec![input(a, &dims), input(&b[..ROW], &row)], &dims, y)());
    measure("a + column", 2 * all, &mut |y| {
        chain(&[add], vec![input(a, &dims), input(&b[..COUNT / ROW], &column)], &dims, y)()
    });
    measure("five steps over a and b", 3 * all, &mut |y| {
        chain(&steps, vec![input(a, &dims), input(b, &dims)], &dims, y)()
    });
    for function in [
        Function::Exp,
        Function::Log,
        Function::Sin,
        Function::Tanh,
        Function::Gelu,
        Function::Silu,
        Function::Softplus,
        Function::Rsqrt,
        Function::HardSwish,
    ] {
        let name = format!("{function:?}");
        measure(&name, 2 * all, &mut |y| chain(&[map(function)], vec![input(a, &dims)], &dims, y)());
    }
    for (name, along) in [
        ("sum of rows", Along { outer: COUNT / ROW, extent: ROW, inner: 1 }),
        ("sum of columns", Along { outer: 1, extent: COUNT / ROW, inner: ROW }),
        ("sum of all", Along { outer: 1, extent: COUNT, inner: 1 }),
    ] {
        measure(name, all, &mut |y| {
            reduce::floats(Reduction::Sum, a, along, &mut y[..along.outer * along.inner]);
        });
    }
    let ones = vec![1f32; ROW];
    measure("layer norm of rows", 2 * all, &mut |y| {
        threads::deal_parts(y, 16 * ROW, &|first, y| {
            vector::normalize(Norm::Layer, &a[first..first + y.len()], [&ones, &ones], 1e-5, y);
        });
    });
    measure("softmax of rows", 2 * all, &mut |y| {
        threads::deal_parts(y, 16 * ROW, &|first, y| {
            y.copy_from_slice(&a[first..first + y.len()]);
            for row in y.chunks_mut(ROW) {
                vector::softmax(row);
            }
        });
    });
}

/// Multiply-adds of registers, on every thread: GF/s.
fn peak() -> f64 {
    struct Peak;
    impl pulp::WithSimd for Peak {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, s: S) -> f32 {
            let (x, y) = (s.splat_f32s(black_box(0.999)), s.splat_f32s(black_box(1e-3)));
            let mut sums = [x; 12];
            for _ in 0..REPEATS {
                for sum in &mut sums {
                    *sum = s.mul_add_e_f32s(*sum, x, y);
                }
            }
            sums.into_iter()
                .map(
                    #[inline(always)]
                    |sum| s.reduce_sum_f32s(sum),
                )
                .sum()
        }
    }
    struct Lanes;
    impl pulp::WithSimd for Lanes {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
            size_of::<S::f32s>() / size_of::<f32>()
        }
    }
    const REPEATS: usize = 1 << 20;
    let (arch, threads) = (pulp::Arch::new(), threads::count());
    let flops = (threads * REPEATS * 12 * 2 * arch.dispatch(Lanes)) as f64;
    let best = (0..ROUNDS)
        .map(|_| {
            seconds(&mut || {
                threads::deal(threads, &|_| {
                    black_box(arch.dispatch(Peak));
                });
            })
        })
        .fold(f64::MAX, f64::min);
    flops / best / 1e9
}

fn products() {
    println!("\n{:<44}{:>14}{:>14}{:>9}", "", "kernel", "multiply-adds", "");
    for [m, k, n] in [[1, 384, 1536], [16, 384, 1536], [128, 384, 1536], [128, 1536, 384], [1024, 1024, 1024]] {
        let name = format!("product of {m} x {k} x {n}");
        if !is_wanted(&name) {
            continue;
        }
        let values = |count: usize| (0..count).map(|i| (i % 13) as f32 / 13.0).collect::<Vec<f32>>();
        let (x, w, mut y) = (values(m * k), values(k * n), vec![0f32; m * n]);
        let mut packed = vec![0f32; gemm::packed_len(k, n)];
        gemm::pack([k, n], &w, [n, 1], &mut packed);
        let flops = (2 * m * k * n) as f64;
        let repeats = (1e9 / flops) as usize + 1;
        let (mut best, mut limit) = (f64::MAX, 0f64);
        for _ in 0..ROUNDS {
            limit = limit.max(peak());
            let all = seconds(&mut || {
                for _ in 0..repeats {
                    gemm::product([m, k, n], gemm::Rows { data: &x, stride: k }, &packed, &[], &mut y);
                    black_box(&y);
                }
            });
            best = best.min(all / repeats as f64);
        }
        let speed = flops / best / 1e9;
        println!("{name:<44}{speed:>9.1} GF/s{limit:>9.1} GF/s{:>7.0} %", 100.0 * speed / limit);
    }
}

fn main() {
    let values = |seed: usize| (0..COUNT).map(|i| ((i * 7919 + seed) % 10_007) as f32 / 2000.0 - 2.0).collect();
    let (a, b): (Vec<f32>, Vec<f32>) = (values(1), values(5));
    let mut y = vec![0f32; COUNT];
    for limit in [1, threads::count()] {
        println!("\n{limit} of {} threads", threads::count());
        threads::with_limit(limit, || moving(&a, &b, &mut y));
    }
    products();
}
