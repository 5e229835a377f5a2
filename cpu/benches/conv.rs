//! Convolutions of ResNet-50 and of MobileNet's kind: milliseconds, and GFLOP/s beside those with bias, residual and ReLU and
//! those of a product of the same size:
//! `cargo bench -p rlx-mlx-cpu --bench conv`, and behind `--` parts of names.

use rlx_mlx_cpu::conv::{Binary, Conv, Operand, Shape, Step};
use rlx_mlx_cpu::gemm;
use rlx_mlx_cpu::vector::Function;
use std::hint::black_box;
use std::time::Instant;

/// Channels, filters, extent, kernel, stride, groups.
const SHAPES: [[usize; 6]; 30] = [
    [3, 64, 224, 7, 2, 1],
    [64, 64, 56, 1, 1, 1],
    [64, 64, 56, 3, 1, 1],
    [64, 256, 56, 1, 1, 1],
    [256, 64, 56, 1, 1, 1],
    [256, 128, 56, 1, 1, 1],
    [128, 128, 56, 3, 2, 1],
    [256, 512, 56, 1, 2, 1],
    [128, 128, 28, 3, 1, 1],
    [128, 512, 28, 1, 1, 1],
    [512, 128, 28, 1, 1, 1],
    [512, 256, 28, 1, 1, 1],
    [256, 256, 28, 3, 2, 1],
    [512, 1024, 28, 1, 2, 1],
    [256, 256, 14, 3, 1, 1],
    [256, 1024, 14, 1, 1, 1],
    [1024, 256, 14, 1, 1, 1],
    [1024, 512, 14, 1, 1, 1],
    [512, 512, 14, 3, 2, 1],
    [1024, 2048, 14, 1, 2, 1],
    [512, 512, 7, 3, 1, 1],
    [512, 2048, 7, 1, 1, 1],
    [2048, 512, 7, 1, 1, 1],
    [3, 16, 160, 3, 2, 1],
    [16, 32, 120, 1, 1, 1],
    [480, 480, 8, 1, 1, 1],
    [32, 32, 120, 3, 1, 32],
    [240, 240, 32, 5, 1, 240],
    [96, 96, 40, 3, 2, 96],
    [384, 384, 7, 5, 1, 384],
];

fn least(mut run: impl FnMut()) -> f64 {
    (0..15)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn main() {
    println!("{:>30} {:>9} {:>9} {:>9} {:>9}", "channels, filters, extent…", "ms", "GFLOP/s", "product", "steps");
    for [channels, filters, extent, kernel, stride, groups] in SHAPES {
        let name = format!("{channels} {filters} {extent} {kernel} {stride} {groups}");
        let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
        if !wanted.is_empty() && !wanted.iter().any(|part| name.contains(part.as_str())) {
            continue;
        }
        let padding = kernel / 2;
        let out = (extent + 2 * padding - kernel) / stride + 1;
        let shape = Shape {
            groups,
            channels,
            filters,
            input: [1, extent, extent],
            output: [1, out, out],
            kernel: [1, kernel, kernel],
            stride: [1, stride, stride],
            dilation: [1; 3],
            padding: [0, padding, padding],
        };
        let conv = Conv::new(shape);
        let value = |i: usize| (i * 7919 % 1000) as f32 / 1000.0 - 0.5;
        let x: Vec<f32> = (0..channels * extent * extent).map(value).collect();
        let w: Vec<f32> = (0..filters * shape.depth()).map(value).collect();
        let (mut packed, mut y) = (vec![0.0; conv.packed_len()], vec![0.0; filters * out * out]);
        conv.pack(&w, &mut packed);
        let flops = (2 * filters * shape.depth() * out * out) as f64;
        let time = least(|| conv.compute(black_box(&x), &packed, &[], black_box(&mut y)));
        let add = |other| Step::Binary { op: Binary::Add, other, turned: false };
        let (bias, residual) = (vec![0.5; filters], vec![0.25; y.len()]);
        let steps = [add(Operand::Channel(&bias)), add(Operand::Array(&residual)), Step::Map(Function::Relu)];
        let with_steps = least(|| conv.compute(black_box(&x), &packed, &steps, black_box(&mut y)));
        let (m, k, n) = (out * out, shape.depth(), filters);
        let mut packed = vec![0.0; gemm::packed_len(k, n)];
        gemm::pack([k, n], &w, [1, k], &mut packed);
        let rows: Vec<f32> = (0..m * k).map(value).collect();
        let rows = gemm::Rows { data: &rows, stride: k };
        let product = least(|| gemm::product([m, k, n], rows, &packed, &[], black_box(&mut y)));
        let [alone, product, with_steps] = [time, product, with_steps].map(|time| flops / time / 1e9);
        println!("{name:>30} {:>9.3} {alone:>9.1} {product:>9.1} {with_steps:>9.1}", time * 1e3);
    }
}
