//! Kernels that fail: the error says which kernel and why, and what comes next is as good as ever.

use crate::{Count, Place, assert_says, custom, sample};
use rlx_host_api::kernel::{Array, ArrayOps, ComposedKernel, Kernel, KernelCall, Launch, TensorViewMut};
use rlx_host_api::{DType, Error, ErrorKind, Executable, TensorView};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;

/// `y = faulty(x)`, of shape `[2]`.
fn case(place: Place) -> Case {
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [1.0, 2.0]));
    let y = place.put(&mut case, x, |case, x| custom(case, "faulty", &[x], &[2]));
    case.outputs(&[y])
}

/// Every mode with every place of a kernel.
fn everywhere() -> impl Iterator<Item = (&'static str, Place)> {
    MODES.into_iter().flat_map(|mode| Place::ALL.map(|place| (mode, place)))
}

fn run(executable: &mut Executable, x: [f32; 2]) -> Result<Vec<f32>, Error> {
    Ok(floats(&executable.run_to_vec(&[&bytes(&x)])?[0]))
}

const LONG: &str = "out of memory out of memory";

type Compute = fn(&KernelCall<'_>, &[TensorView<'_>], &mut [TensorViewMut<'_>]) -> Result<(), Error>;

/// A host kernel that copies where `x[0]` is 0, and has `fault` elsewhere.
fn faulty(fault: Compute) -> Kernel {
    Kernel::host_fn("faulty", move |call, inputs: &[TensorView<'_>], outputs| {
        if inputs[0].values::<f32>()?[0] != 0.0 {
            fault(call, inputs, outputs)?;
        }
        outputs[0].data.copy_from_slice(inputs[0].data);
        Ok(())
    })
}

#[test]
fn the_error_of_a_host_kernel_survives_and_the_next_run_works() {
    let table: [(&str, Compute, ErrorKind, &[&str]); 8] = [
        ("invalid", |_, _, _| Err(Error::invalid("x is odd")), ErrorKind::InvalidArgument, &["x is odd"]),
        ("not found", |_, _, _| Err(Error::not_found("no such table")), ErrorKind::NotFound, &["no such table"]),
        (
            "memory",
            |_, _, _| Err(Error::new(ErrorKind::OutOfMemory, "too much, \0 and ü")),
            ErrorKind::OutOfMemory,
            &["too much", "ü"],
        ),
        // Told longer than MLX's texts are, and in words that MLX has for another kind.
        ("long", |_, _, _| Err(Error::unsupported("out of memory ".repeat(500))), ErrorKind::Unsupported, &[LONG]),
        ("another dtype", |_, x, _| x[0].values::<i32>().map(drop), ErrorKind::InvalidArgument, &["f32, not i32"]),
        ("panic", |_, _, _| panic!("as ordered"), ErrorKind::ExecutionFailed, &["panicked: as ordered"]),
        ("payload", |_, _, _| std::panic::panic_any(7), ErrorKind::ExecutionFailed, &["panicked"]),
        ("bounds", |_, x, _| Err(Error::invalid(format!("{}", x[2].dtype))), ErrorKind::ExecutionFailed, &["index"]),
    ];
    for (what, fault, kind, parts) in table {
        let backend = with_kernels([faulty(fault)]);
        for (mode, place) in everywhere() {
            let what = format!("{what} {mode} {place:?}");
            let mut executable = compile_on(&backend, &case(place), mode).expect(&what);
            for turn in 0..3 {
                let failed = run(&mut executable, [1.0, 2.0]);
                assert_says(&what, failed, kind, &[&["graph `case`", "kernel `faulty`"], parts].concat());
                assert_eq!(run(&mut executable, [0.0, 3.0]), Ok(vec![0.0, 3.0]), "{what}, turn {turn}");
            }
        }
    }
}

/// Two executables of two programs on one stream, as there are more than streams.
#[test]
fn a_failure_is_told_to_its_own_executable_alone() {
    let backend = with_kernels([faulty(|_, _, _| Err(Error::invalid("x is odd")))]);
    for (mode, place) in everywhere() {
        let mut all: Vec<Executable> = (0..8).map(|_| compile_on(&backend, &case(place), mode).unwrap()).collect();
        for round in 0..4 {
            for (i, executable) in all.iter_mut().enumerate() {
                let x = [(i % 2) as f32, 1.0];
                match run(executable, x) {
                    Ok(y) => assert_eq!((i % 2, y), (0, vec![0.0, 1.0]), "{mode} {place:?} {round}"),
                    Err(e) => {
                        assert_eq!((i % 2, e.kind()), (1, ErrorKind::InvalidArgument), "{mode} {place:?} {round}: {e}");
                    }
                }
            }
        }
    }
}

/// MLX counts its tasks, and waits when there are too many: tasks that a failure leaves behind must not stay in the count.
#[test]
fn failures_do_not_add_up() {
    let backend = with_kernels([faulty(|_, _, _| Err(Error::invalid("x is odd")))]);
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [0.0; 2]));
    let turned = |case: &mut Case, y| case.add(rlx_ir::Op::Reverse { axes: vec![0] }, &[y], &[2], rlx_ir::DType::F32);
    let mut y = turned(&mut case, x);
    for _ in 0..21 {
        let copied = custom(&mut case, "faulty", &[y], &[2]);
        y = turned(&mut case, copied);
    }
    let case = case.outputs(&[y]);
    for mode in MODES {
        let mut executable = compile_on(&backend, &case, mode).unwrap();
        for _ in 0..300 {
            assert!(run(&mut executable, [1.0, 0.0]).is_err());
        }
        assert_eq!(run(&mut executable, [0.0, 0.0]), Ok(vec![0.0, 0.0]), "{mode}");
    }
}

/// A duplicate shares program and stream, and a run that was submitted fails while the other one runs.
#[test]
fn a_failure_is_told_to_its_own_duplicate_alone() {
    let backend = with_kernels([faulty(|_, x, _| Err(Error::invalid(format!("x is {:?}", x[0].values::<f32>()?))))]);
    for (mode, place) in everywhere().filter(|(mode, _)| *mode != "eager") {
        let mut one = compile_on(&backend, &case(place), mode).unwrap();
        let mut other = one.duplicate().unwrap();
        for turn in 0..20 {
            // MLX may know of the failure before `submit` returns, or later.
            let failed_alone = |submitted: Result<(), Error>, one: &mut Executable| {
                let failed = submitted.and_then(|()| one.wait());
                assert_says(mode, failed, ErrorKind::InvalidArgument, &[&format!("x is [1.0, {turn}.0]")]);
            };
            let submitted = one.submit(&[&bytes(&[1.0, turn as f32])]);
            let failed = run(&mut other, [2.0, turn as f32]);
            assert_says(mode, failed, ErrorKind::InvalidArgument, &[&format!("x is [2.0, {turn}.0]")]);
            failed_alone(submitted, &mut one);
            let submitted = one.submit(&[&bytes(&[1.0, turn as f32])]);
            assert_eq!(run(&mut other, [0.0, 3.0]), Ok(vec![0.0, 3.0]), "{mode} {place:?}");
            failed_alone(submitted, &mut one);
            assert_eq!(run(&mut one, [0.0, 3.0]), Ok(vec![0.0, 3.0]), "{mode} {place:?}");
        }
    }
}

/// The second of two host kernels fails, or both do: the first failure is told.
#[test]
fn of_several_failures_the_first_is_told() {
    let failing = |op: &'static str| {
        Kernel::host_fn(op, move |_, inputs: &[TensorView<'_>], outputs| {
            outputs[0].data.copy_from_slice(inputs[0].data);
            match inputs[0].values::<f32>()?[0] as i32 {
                1 => Err(Error::invalid(format!("{op} got 1"))),
                2 if op == "later" => Err(Error::not_found("later got 2")),
                _ => Ok(()),
            }
        })
    };
    let backend = with_kernels([failing("sooner"), failing("later")]);
    for (mode, place) in everywhere() {
        let mut case = Case::new();
        let x = case.input(&Tensor::f32(&[2], [0.0; 2]));
        let y = place.put(&mut case, x, |case, x| {
            let y = custom(case, "sooner", &[x], &[2]);
            custom(case, "later", &[y], &[2])
        });
        let case = case.outputs(&[y]);
        let mut executable = compile_on(&backend, &case, mode).unwrap();
        for _ in 0..2 {
            let both = run(&mut executable, [1.0, 0.0]);
            assert_says(mode, both, ErrorKind::InvalidArgument, &["kernel `sooner`", "sooner got 1"]);
            let second = run(&mut executable, [2.0, 0.0]);
            assert_says(mode, second, ErrorKind::NotFound, &["kernel `later`", "later got 2"]);
            assert_eq!(run(&mut executable, [3.0, 4.0]), Ok(vec![3.0, 4.0]), "{mode}");
        }
    }
}

/// Results of a composed kernel, made by number.
struct Wrong(usize);

impl ComposedKernel for Wrong {
    fn compose<'a>(
        &self,
        _call: &KernelCall<'_>,
        ops: ArrayOps<'a>,
        inputs: &[&Array<'a>],
    ) -> Result<Vec<Array<'a>>, Error> {
        let x = inputs[0];
        Ok(match self.0 {
            0 => vec![],
            1 => vec![ops.copy(x)?, ops.copy(x)?],
            2 => vec![ops.zeros(&[3], DType::F32)?],
            3 => vec![ops.zeros(&[1, 2], DType::F32)?],
            4 => vec![ops.zeros(&[2], DType::I32)?],
            5 => vec![ops.reshape(x, &[5])?],
            6 => return Err(Error::not_found("no such table")),
            _ => panic!("as ordered"),
        })
    }
}

#[test]
fn what_a_composed_kernel_gives_is_checked_at_compile() {
    let invalid = ErrorKind::InvalidArgument;
    let table: [(ErrorKind, &[&str]); 8] = [
        (invalid, &["0 arrays", "1 results"]),
        (invalid, &["2 arrays", "1 results"]),
        (invalid, &["result 0", "f32[2]", "f32[3]"]),
        (invalid, &["result 0", "f32[2]", "f32[1, 2]"]),
        (invalid, &["result 0", "f32[2]", "i32[2]"]),
        (invalid, &["reshape"]),
        (ErrorKind::NotFound, &["no such table"]),
        (ErrorKind::ExecutionFailed, &["panicked: as ordered"]),
    ];
    for (number, (kind, parts)) in table.into_iter().enumerate() {
        let backend = with_kernels([Kernel::composed("faulty", Wrong(number))]);
        for mode in MODES {
            let what = format!("{number} {mode}");
            let parts = [&["kernel `faulty`"], parts].concat();
            assert_says(&what, compile_on(&backend, &case(Place::First), mode), kind, &parts);
            assert_says(&what, compile_on(&backend, &case(Place::First), mode), kind, &parts);
        }
        // The instance is as good as ever.
        backend.register_kernel(Kernel::composed_fn("faulty", |_, ops, x| ops.copy(x[0]))).unwrap();
        let mut executable = compile_on(&backend, &case(Place::First), "compiled").unwrap();
        assert_eq!(run(&mut executable, [1.0, 2.0]), Ok(vec![1.0, 2.0]), "{number}");
    }
}

/// Lazy modes lower at each run, so a composed kernel may fail there although it did not at compile.
#[test]
fn a_composed_kernel_may_fail_at_a_run_of_a_mode_that_lowers_there() {
    for mode in ["eager", "lazy"] {
        let calls = Count::default();
        let counter = calls.clone();
        let backend = with_kernels([Kernel::composed_fn("faulty", move |_, ops, x| {
            counter.add();
            if counter.get() % 2 == 0 { Err(Error::not_found("every other time")) } else { ops.copy(x[0]) }
        })]);
        let mut executable = compile_on(&backend, &case(Place::First), mode).unwrap();
        let first = calls.get();
        for turn in first..first + 6 {
            let got = run(&mut executable, [1.0, 2.0]);
            if turn % 2 == 1 {
                assert_says(mode, got, ErrorKind::NotFound, &["kernel `faulty`", "every other time"]);
            } else {
                assert_eq!(got, Ok(vec![1.0, 2.0]), "{mode}");
            }
        }
    }
}

#[test]
fn kernels_that_are_missing_are_all_named_at_compile() {
    let backend = with_kernels([Kernel::composed_fn("there", |_, ops, x| ops.copy(x[0]))]);
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [1.0, 2.0]));
    let outputs = ["lost.b", "there", "lost.a", "lost.b"].map(|op| custom(&mut case, op, &[x], &[2]));
    let case = case.outputs(&outputs);
    for mode in MODES {
        let error = compile_on(&backend, &case, mode).unwrap_err();
        let text = "no kernel for custom op `lost.a`, `lost.b`: register it with the backend before compile";
        assert_eq!((error.kind(), error.message()), (ErrorKind::Unsupported, text), "{mode}");
    }
}

#[test]
fn a_kernel_from_source_without_a_fallback_is_refused_at_compile_where_its_language_does_not_run() {
    let launches = Count::default();
    let counter = launches.clone();
    let backend = with_kernels([sample::source("faulty", move |_| {
        counter.add();
        Ok(Launch::default())
    })
    .into()]);
    for mode in MODES {
        let parts: &[&str] = &["kernel `faulty`", "Metal, CUDA", "runs neither", "fallback"];
        assert_says(mode, compile_on(&backend, &case(Place::First), mode), ErrorKind::Unsupported, parts);
    }
    assert_eq!(launches.get(), 0);
}
