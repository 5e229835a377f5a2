//! Products of every dtype on one thread, in GFLOP/s beside what the processor's vector units can do at most, measured by
//! multiplications that wait for nothing. `cargo bench -p rlx-mlx-cpu --bench gemm`; with the path of an OpenBLAS whose
//! functions carry the prefix `scipy_` behind `--`, its products too.
#![allow(clippy::expect_used, clippy::panic, reason = "a failure here ends the benchmark")]

use half::{bf16, f16};
use pulp::{Arch, Simd, WithSimd};
use rlx_mlx_cpu::gemm::{Element, Real, Rows, pack, packed_len_of, product};
use rlx_mlx_cpu::threads;
use std::ffi::{CString, c_int};
use std::hint::black_box;
use std::marker::PhantomData;

const EXTENTS: [[usize; 3]; 5] =
    [[128, 384, 1536], [128, 1536, 384], [1024, 384, 384], [512, 512, 512], [1, 1024, 1024]];

/// Rounds in which all take turns; the best one counts.
const ROUNDS: usize = 15;

fn main() {
    let blas = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).map(|path| Blas::open(&path));
    println!("peak of one core: f32 {:.0}, f64 {:.0} GFLOP/s", peak::<f32>(), peak::<f64>());
    print!("{:>16}", "m x k x n");
    for name in ["f32", "bf16", "f16", "f32·bf16", "f64", "sgemm", "dgemm"] {
        print!("{name:>10}");
    }
    println!();
    threads::with_limit(1, || {
        for dims in EXTENTS {
            let (mut a, mut b) = (Ours::<f32, f32>::new(dims, 0.3), Ours::new(dims, 0.3));
            let mut halves = Ours::<bf16, bf16>::new(dims, bf16::from_f32(0.3));
            let mut short = Ours::<f16, f16>::new(dims, f16::from_f32(0.3));
            let mut mixed = Ours::<f32, bf16>::of(dims, 0.3, bf16::from_f32(0.3));
            let mut wide = Ours::<f64, f64>::new(dims, 0.3);
            let mut best = [0f64; 7];
            for _ in 0..ROUNDS {
                let mut count = |place: usize, speed: f64| best[place] = best[place].max(speed);
                count(0, a.speed());
                count(1, halves.speed());
                count(2, short.speed());
                count(3, mixed.speed());
                count(4, wide.speed());
                if let Some(blas) = &blas {
                    count(5, blas.speed(dims, &b.x, &b.dense, &mut b.y, blas.sgemm));
                    count(6, blas.speed(dims, &wide.x, &wide.dense, &mut wide.y, blas.dgemm));
                }
            }
            print!("{:>16}", dims.map(|extent| extent.to_string()).join(" x "));
            best.iter().for_each(|speed| print!("{speed:>10.1}"));
            println!();
        }
    });
}

/// Operands of a product by this crate.
struct Ours<X, W> {
    dims: [usize; 3],
    x: Vec<X>,
    dense: Vec<W>,
    w: Vec<W>,
    y: Vec<X>,
}

impl<X: Element> Ours<X, X> {
    fn new(dims: [usize; 3], value: X) -> Self {
        Self::of(dims, value, value)
    }
}

impl<X: Element, W: Element<Sum = X::Sum>> Ours<X, W> {
    fn of([m, k, n]: [usize; 3], x: X, w: W) -> Self {
        let dense = vec![w; k * n];
        let mut packed = vec![W::ZERO; packed_len_of::<W>(k, n)];
        pack([k, n], &dense, [n, 1], &mut packed);
        Self { dims: [m, k, n], x: vec![x; m * k], dense, w: packed, y: vec![X::ZERO; m * n] }
    }

    fn speed(&mut self) -> f64 {
        let Self { dims, x, w, y, .. } = self;
        speed(*dims, || product(*dims, Rows { data: x, stride: dims[1] }, w, &[], y))
    }
}

/// GFLOP/s of some calls.
fn speed([m, k, n]: [usize; 3], mut product: impl FnMut()) -> f64 {
    let flops = 2.0 * (m * k * n) as f64;
    let calls = (1e8 / flops).ceil() as usize;
    let start = seconds();
    (0..calls).for_each(|_| product());
    calls as f64 * flops / (seconds() - start) / 1e9
}

/// How long this thread has computed: what else the machine does counts for less.
fn seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: a place to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// GFLOP/s of multiplications with additions, of which none waits for another.
fn peak<T: Real>() -> f64 {
    struct Peak<T>(PhantomData<T>);
    impl<T: Real> WithSimd for Peak<T> {
        type Output = f64;

        #[inline(always)]
        fn with_simd<S: Simd>(self, s: S) -> f64 {
            const TURNS: usize = 1_000_000;
            const STEPS: usize = 1000;
            let one = T::splat(s, T::default());
            let mut sums = [one; 12];
            let start = seconds();
            for _ in 0..TURNS / STEPS {
                for _ in 0..STEPS {
                    for sum in &mut sums {
                        *sum = T::mul_add(s, *sum, one, one);
                    }
                }
                black_box(&mut sums);
            }
            (TURNS * sums.len() * 2 * T::lanes::<S>()) as f64 / (seconds() - start) / 1e9
        }
    }
    (0..ROUNDS).map(|_| Arch::new().dispatch(Peak::<T>(PhantomData))).fold(0.0, f64::max)
}

/// A product of CBLAS.
type Gemm<T> = unsafe extern "C" fn(
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    c_int,
    T,
    *const T,
    c_int,
    *const T,
    c_int,
    T,
    *mut T,
    c_int,
);

struct Blas {
    sgemm: Gemm<f32>,
    dgemm: Gemm<f64>,
}

impl Blas {
    fn open(path: &str) -> Self {
        let text = |text: &str| CString::new(text).expect("no zero byte");
        // SAFETY: a path that the caller of the benchmark gives.
        let library = unsafe { libc::dlopen(text(path).as_ptr(), libc::RTLD_NOW) };
        assert!(!library.is_null(), "{path} cannot be loaded");
        // SAFETY: a live handle.
        let find = |name: &str| unsafe { libc::dlsym(library, text(name).as_ptr()) };
        let set_threads = find("scipy_openblas_set_num_threads");
        let (sgemm, dgemm) = (find("scipy_cblas_sgemm"), find("scipy_cblas_dgemm"));
        assert!([set_threads, sgemm, dgemm].iter().all(|found| !found.is_null()), "{path} lacks a function");
        // SAFETY: functions of these signatures.
        unsafe {
            std::mem::transmute::<*mut libc::c_void, unsafe extern "C" fn(c_int)>(set_threads)(1);
            Self {
                sgemm: std::mem::transmute::<*mut libc::c_void, Gemm<f32>>(sgemm),
                dgemm: std::mem::transmute::<*mut libc::c_void, Gemm<f64>>(dgemm),
            }
        }
    }

    fn speed<T: From<f32> + Copy>(&self, dims: [usize; 3], x: &[T], w: &[T], y: &mut [T], gemm: Gemm<T>) -> f64 {
        let [m, k, n] = dims.map(|extent| extent as c_int);
        let (one, zero) = (T::from(1.0), T::from(0.0));
        // SAFETY: dense operands of these extents, row-major and not transposed.
        speed(dims, || unsafe {
            gemm(101, 111, 111, m, n, k, one, x.as_ptr(), k, w.as_ptr(), n, zero, y.as_mut_ptr(), n);
        })
    }
}
