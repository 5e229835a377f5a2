//! Kernels that call the plugin, which they may not: the call fails, the kernel may go on, and so does everything else.

use crate::{Place, assert_says, custom, op_with};
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Backend, BackendOptions, DeviceKind, Error, ErrorKind, Executable, MemoryLimit, TensorView};
use rlx_ir::DType;
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;
use std::sync::{Arc, Mutex};

/// One node of `op` with attributes.
fn case(op: &str, attrs: &[u8]) -> Case {
    placed(Place::Alone, op, attrs)
}

fn placed(place: Place, op: &str, attrs: &[u8]) -> Case {
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [1.0, 2.0]));
    let y = place.put(&mut case, x, |case, x| case.add(op_with(op, 1, attrs), &[x], &[2], DType::F32));
    case.outputs(&[y])
}

fn run(executable: &mut Executable) -> Result<Vec<f32>, Error> {
    Ok(floats(&executable.run_to_vec(&[&bytes(&[1.0, 2.0])])?[0]))
}

/// What a kernel reaches: an instance with a harmless kernel, and an executable of it that has run.
struct Reach {
    backend: Backend,
    other: Mutex<Executable>,
}

type Call = fn(&Backend, &mut Executable) -> Result<(), Error>;

/// Calls that evaluate or wait, each of which could wait for its own thread.
const CALLS: [(&str, Call); 14] = [
    ("run", |_, other| run(other).map(drop)),
    ("wait", |_, other| other.wait()),
    ("submit", |_, other| other.submit(&[&[0; 8]])),
    ("batch", |_, other| {
        let mut out = [0; 8];
        other.run_batch(&mut [(&[&[0; 8]], &mut [Some(&mut out[..])])])
    }),
    ("compile lazy", |backend, _| compile_on(backend, &case("copy", &[]), "lazy").map(drop)),
    ("compile", |backend, _| compile_on(backend, &case("copy", &[]), "compiled").map(drop)),
    ("read_output", |_, other| other.read_output(0, 0, &mut [0; 8])),
    ("read_resident", |_, other| other.read_resident(0, 0, &mut [0; 8])),
    ("save_resident", |_, other| other.save_resident(&[0])),
    ("create", |backend, _| backend.plugin().create(&BackendOptions::new().device(DeviceKind::Cpu)).map(drop)),
    ("memory_stats", |backend, _| backend.memory_stats().map(drop)),
    ("set_memory_limit", |backend, _| backend.set_memory_limit(MemoryLimit::Cache, 32 << 20).map(drop)),
    ("clear_memory_cache", |backend, _| backend.clear_memory_cache()),
    ("reset_memory_peak", |backend, _| backend.reset_memory_peak()),
];

fn copy() -> Kernel {
    Kernel::composed_fn("copy", |_, ops, x| ops.copy(x[0]))
}

fn reach(backend: Backend, mode: &str) -> Arc<Reach> {
    let mut other = compile_on(&backend, &case("copy", &[]), mode).unwrap();
    other.bind_resident(0, Some(view(&[2], &bytes(&[5.0, 6.0])))).unwrap();
    run(&mut other).unwrap();
    Arc::new(Reach { backend, other: Mutex::new(other) })
}

/// Makes the call that the attributes number; with a second byte it fails with the call's error, otherwise it goes on.
fn attempt(reach: &Reach, attrs: &[u8]) -> Result<(), Error> {
    let (what, call) = CALLS[usize::from(attrs[0])];
    let refused = call(&reach.backend, &mut reach.other.lock().unwrap());
    let error = refused.expect_err(what);
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{what}: {error}");
    assert!(error.message().contains("called the backend that is running it"), "{what}: {error}");
    if attrs.len() > 1 { Err(error) } else { Ok(()) }
}

fn kernels(reach: &Arc<Reach>) -> [Kernel; 2] {
    let (for_host, for_composed) = (Arc::clone(reach), Arc::clone(reach));
    let host = Kernel::host_fn("calls.host", move |call, inputs: &[TensorView<'_>], outputs| {
        attempt(&for_host, call.attrs)?;
        outputs[0].data.copy_from_slice(inputs[0].data);
        Ok(())
    });
    let composed = Kernel::composed_fn("calls.composed", move |call, ops, x| {
        attempt(&for_composed, call.attrs)?;
        ops.copy(x[0])
    });
    [host, composed]
}

#[test]
fn a_call_from_inside_a_kernel_fails_and_harms_nothing() {
    for mode in MODES {
        // On the instance that runs the kernel, and on another one of the same plugin.
        for same in [true, false] {
            let backend = with_kernels([copy()]);
            let reach = reach(if same { backend.clone() } else { with_kernels([copy()]) }, mode);
            for kernel in kernels(&reach) {
                backend.register_kernel(kernel).unwrap();
            }
            for (number, (call, _)) in CALLS.iter().enumerate() {
                reach.other.lock().unwrap().submit(&[&bytes(&[3.0, 4.0])]).unwrap();
                let what = format!("{call}, {mode}, same instance: {same}");
                let called = [Place::Alone, Place::Between].map(|place| ("calls.host", place));
                for (op, place) in called.into_iter().chain([("calls.composed", Place::Alone)]) {
                    let what = format!("{what}, {place:?}");
                    // The kernel goes on.
                    let program = placed(place, op, &[number as u8]);
                    let mut executable = compile_on(&backend, &program, mode).expect(&what);
                    assert_eq!(run(&mut executable), Ok(vec![1.0, 2.0]), "{what}");
                    // The kernel fails with what it was told.
                    let failing = placed(place, op, &[number as u8, 1]);
                    let parts: [&str; 2] = [&format!("kernel `{op}`"), "a kernel may not"];
                    let compiled = compile_on(&backend, &failing, mode);
                    let failed = if op == "calls.host" {
                        compiled.and_then(|mut e| run(&mut e).map(drop))
                    } else {
                        compiled.map(drop)
                    };
                    assert_says(&what, failed, ErrorKind::FailedPrecondition, &parts);
                    assert_eq!(run(&mut executable), Ok(vec![1.0, 2.0]), "{what}: the next run");
                }
                let (mut other, mut kept) = (reach.other.lock().unwrap(), [0; 8]);
                other.read_output(0, 0, &mut kept).expect("the run that was under way meanwhile");
                assert_eq!(floats(&kept), [3.0, 4.0], "{what}");
                assert_eq!(run(&mut other), Ok(vec![1.0, 2.0]), "{what}: the other executable");
            }
            for op in ["calls.host", "calls.composed"] {
                assert!(backend.unregister_kernel(op).unwrap());
            }
        }
    }
}

/// The registry takes no lock while a kernel runs, so these calls are harmless, and they succeed.
#[test]
fn a_kernel_may_look_after_the_registry() {
    let backend = with_kernels([copy()]);
    let reach = backend.clone();
    let composed = Kernel::composed_fn("registers", move |_, ops, x| {
        reach.register_kernel(Kernel::composed_fn("made", |_, ops, x| ops.add(x[0], x[0])))?;
        assert_eq!(reach.kernels()?.len(), 3);
        reach.unregister_kernel("registers")?;
        ops.copy(x[0])
    });
    backend.register_kernel(composed).unwrap();
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [1.0, 2.0]));
    let y = custom(&mut case, "registers", &[x], &[2]);
    let mut executable = compile_on(&backend, &case.outputs(&[y]), "compiled").unwrap();
    assert_eq!(run(&mut executable), Ok(vec![1.0, 2.0]));
    let mut executable = compile_on(&backend, &self::case("made", &[]), "compiled").unwrap();
    assert_eq!(run(&mut executable), Ok(vec![2.0, 4.0]));
    assert_eq!(backend.kernel("registers"), Ok(None));
}
