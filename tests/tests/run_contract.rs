//! What a host may rely on when it runs an executable: threads, parameters, skipped outputs, errors that leave it usable.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use rlx_host_api::{CompileOptions, DType, ErrorKind, Executable, TensorView};
use rlx_mlx_tests::plugin::{MODES, backend, compile_text};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// `y = x w + b` and `z = relu(y)`, with two parameters.
const AFFINE: &str = "rlxmodel 1
opset 1
graph @affine {
  %x = input : f32[1, 2]
  %w = param : f32[2, 2]
  %b = param : f32[2]
  %product = MatMul %x, %w : f32[1, 2]
  %y = Binary(Add) %product, %b : f32[1, 2]
  %z = Activation(Relu) %y : f32[1, 2]
  return %y as y, %z as z
}
";

const IDENTITY: [f32; 4] = [1.0, 0.0, 0.0, 1.0];

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn floats(data: &[u8]) -> Vec<f32> {
    data.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

fn set(executable: &mut Executable, name: &str, dims: &[i64], values: &[f32]) {
    executable.set_param(name, TensorView { dtype: DType::F32, dims, data: &bytes(values) }).unwrap();
}

/// The program above, with `w` the identity.
fn affine(mode: &str, b: [f32; 2]) -> Executable {
    let mut executable = compile_text(AFFINE, mode).unwrap();
    set(&mut executable, "w", &[2, 2], &IDENTITY);
    set(&mut executable, "b", &[2], &b);
    executable
}

fn run(executable: &mut Executable, x: [f32; 2]) -> Vec<f32> {
    let outputs = executable.run_to_vec(&[&bytes(&x)]).unwrap();
    outputs.iter().flat_map(|o| floats(o)).collect()
}

#[test]
fn inputs_parameters_and_outputs_are_described() {
    let executable = compile_text(AFFINE, "compiled").unwrap();
    let names =
        |list: &[rlx_host_api::TensorInfo]| -> Vec<String> { list.iter().map(|t| format!("{} {t}", t.name)).collect() };
    assert_eq!(names(executable.inputs()), ["x f32[1, 2]"]);
    assert_eq!(names(executable.params()), ["w f32[2, 2]", "b f32[2]"]);
    assert_eq!(names(executable.outputs()), ["y f32[1, 2]", "z f32[1, 2]"]);
}

#[test]
fn one_executable_moves_between_threads() {
    for mode in MODES {
        let mut executable = affine(mode, [0.5, -3.0]);
        for i in 0..6 {
            executable = std::thread::spawn(move || {
                let x = i as f32;
                assert_eq!(run(&mut executable, [x, 1.0]), [x + 0.5, -2.0, x + 0.5, 0.0], "{mode}");
                executable
            })
            .join()
            .unwrap();
        }
    }
}

#[test]
fn executables_run_from_several_threads_at_once() {
    for mode in MODES {
        let shared = [Mutex::new(affine(mode, [1.0, 1.0])), Mutex::new(affine(mode, [2.0, 2.0]))];
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let shared = &shared;
                scope.spawn(move || {
                    let mut own = affine(mode, [3.0, 3.0]);
                    for i in 0..40 {
                        let x = (thread * 100 + i) as f32;
                        let which = (thread + i) % 2;
                        let y = run(&mut shared[which].lock().unwrap(), [x, x]);
                        assert_eq!(y, [x + 1.0 + which as f32; 4], "{mode}");
                        assert_eq!(run(&mut own, [x, x]), [x + 3.0; 4], "{mode}");
                    }
                });
            }
        });
    }
}

/// Making and dropping executables while others run.
#[test]
fn compiling_from_several_threads_at_once() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for i in 0..10 {
                    let b = (thread * 10 + i) as f32;
                    assert_eq!(
                        run(&mut affine(MODES[i % 3], [b, b]), [1.0, 2.0]),
                        [b + 1.0, b + 2.0, b + 1.0, b + 2.0]
                    );
                }
            });
        }
    });
}

#[test]
fn a_rebound_parameter_is_seen_by_the_next_run() {
    for mode in MODES {
        let mut executable = affine(mode, [0.0, 0.0]);
        assert_eq!(run(&mut executable, [1.0, 2.0]), [1.0, 2.0, 1.0, 2.0]);
        set(&mut executable, "b", &[2], &[10.0, -10.0]);
        assert_eq!(run(&mut executable, [1.0, 2.0]), [11.0, -8.0, 11.0, 0.0]);
        set(&mut executable, "w", &[2, 2], &[0.0; 4]);
        assert_eq!(run(&mut executable, [1.0, 2.0]), [10.0, -10.0, 10.0, 0.0]);
    }
}

/// The plugin copies in `set_param`: the host may reuse its memory at once.
#[test]
fn a_copied_parameter_does_not_follow_the_hosts_memory() {
    let mut executable = affine("compiled", [0.0, 0.0]);
    let mut memory = bytes(&[5.0, 6.0]);
    executable.set_param("b", TensorView { dtype: DType::F32, dims: &[2], data: &memory }).unwrap();
    memory.fill(0xFF);
    assert_eq!(run(&mut executable, [0.0, 0.0]), [5.0, 6.0, 5.0, 6.0]);
}

/// Memory whose drops are counted.
struct Owner {
    /// Aligned for f32, as a mapped file is.
    values: Vec<f32>,
    drops: Arc<AtomicUsize>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::SeqCst);
    }
}

impl Owner {
    fn new(values: &[f32]) -> (Arc<Self>, Arc<AtomicUsize>) {
        let drops = Arc::new(AtomicUsize::new(0));
        (Arc::new(Self { values: values.to_vec(), drops: Arc::clone(&drops) }), drops)
    }

    fn data(&self) -> &[u8] {
        // SAFETY: every byte of initialised floats is initialised, and u8 has no alignment.
        unsafe { std::slice::from_raw_parts(self.values.as_ptr().cast(), size_of_val(self.values.as_slice())) }
    }
}

#[test]
fn a_shared_parameter_is_released_once_when_no_longer_used() {
    for mode in MODES {
        let mut executable = affine(mode, [0.0, 0.0]);
        let (owner, drops) = Owner::new(&[7.0, 8.0]);
        executable
            .set_param_shared("b", owner, |o| TensorView { dtype: DType::F32, dims: &[2], data: o.data() })
            .unwrap();
        for _ in 0..3 {
            assert_eq!(run(&mut executable, [0.0, 0.0]), [7.0, 8.0, 7.0, 8.0], "{mode}");
        }
        set(&mut executable, "b", &[2], &[1.0, 1.0]);
        assert_eq!(run(&mut executable, [0.0, 0.0]), [1.0; 4], "{mode}");
        drop(executable);
        assert_eq!(drops.load(Ordering::SeqCst), 1, "{mode}: drops of the owner");
    }
}

#[test]
fn a_shared_parameter_outlives_the_hosts_handle_and_dies_with_the_executable() {
    let mut executable = affine("compiled", [0.0, 0.0]);
    let (owner, drops) = Owner::new(&[7.0, 8.0]);
    let kept = Arc::clone(&owner);
    executable.set_param_shared("b", owner, |o| TensorView { dtype: DType::F32, dims: &[2], data: o.data() }).unwrap();
    drop(kept);
    assert_eq!(run(&mut executable, [0.0, 0.0]), [7.0, 8.0, 7.0, 8.0]);
    drop(executable);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_refused_shared_parameter_is_released_too() {
    let mut executable = affine("compiled", [0.0, 0.0]);
    for (name, dims) in [("b", &[1, 2][..]), ("nothing", &[2])] {
        let (owner, drops) = Owner::new(&[7.0, 8.0]);
        executable
            .set_param_shared(name, owner, |o| TensorView { dtype: DType::F32, dims, data: o.data() })
            .unwrap_err();
        assert_eq!(drops.load(Ordering::SeqCst), 1, "{name}");
    }
    assert_eq!(run(&mut executable, [1.0, 1.0]), [1.0; 4]);
}

#[test]
fn an_output_can_be_skipped() {
    for mode in MODES {
        let mut executable = affine(mode, [0.0, -5.0]);
        let x = bytes(&[1.0, 2.0]);
        let mut z = vec![0; 8];
        executable.run(&[&x], &mut [None, Some(&mut z)]).unwrap();
        assert_eq!(floats(&z), [1.0, 0.0], "{mode}");
        executable.run(&[&x], &mut [None, None]).unwrap();
    }
}

#[test]
fn all_missing_parameters_are_named() {
    for mode in MODES {
        let mut executable = compile_text(AFFINE, mode).unwrap();
        let error = executable.run_to_vec(&[&bytes(&[1.0, 2.0])]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
        assert_eq!(error.message(), "2 of 2 parameters are not set: w, b");
        set(&mut executable, "w", &[2, 2], &IDENTITY);
        let error = executable.run_to_vec(&[&bytes(&[1.0, 2.0])]).unwrap_err();
        assert_eq!(error.message(), "1 of 2 parameters are not set: b");
        set(&mut executable, "b", &[2], &[0.0; 2]);
        assert_eq!(run(&mut executable, [1.0, 2.0]), [1.0, 2.0, 1.0, 2.0], "{mode}: usable after the error");
    }
}

#[test]
fn sizes_and_counts_are_checked_and_the_executable_stays_usable() {
    let mut executable = affine("compiled", [0.0, 0.0]);
    let x = bytes(&[1.0, 2.0]);
    let (mut y, mut z) = (vec![0; 8], vec![0; 8]);
    let error = executable.run_to_vec(&[&x[..4]]).unwrap_err();
    assert_eq!(error.message(), "input `x` is f32[1, 2], 8 bytes, but 4 bytes were given");
    let error = executable.run_to_vec(&[]).unwrap_err();
    assert_eq!(error.message(), "the graph has 1 inputs, but 0 were given");
    let error = executable.run(&[&x], &mut [Some(&mut y[..4]), Some(&mut z)]).unwrap_err();
    assert_eq!(error.message(), "output `y` is f32[1, 2], 8 bytes, but 4 bytes were given");
    let error = executable.run(&[&x], &mut [Some(&mut y)]).unwrap_err();
    assert_eq!(error.message(), "the graph has 2 outputs, but 1 were given");
    assert_eq!(run(&mut executable, [1.0, 2.0]), [1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn a_parameter_of_another_name_type_or_shape_is_refused() {
    let mut executable = affine("compiled", [0.0, 0.0]);
    let data = bytes(&[1.0, 2.0]);
    let mut set = |name: &str, dtype, dims: &[i64], data: &[u8]| {
        executable.set_param(name, TensorView { dtype, dims, data }).unwrap_err()
    };
    let error = set("bias", DType::F32, &[2], &data);
    assert_eq!((error.kind(), error.message()), (ErrorKind::NotFound, "the graph has no parameter `bias`"));
    assert_eq!(
        set("b", DType::I32, &[2], &data).message(),
        "parameter `b` is f32[2] in the graph, but i32[2] was given"
    );
    assert_eq!(
        set("b", DType::F32, &[1, 2], &data).message(),
        "parameter `b` is f32[2] in the graph, but f32[1, 2] was given"
    );
    let error = set("b", DType::F32, &[2], &data[..4]);
    assert_eq!(error.message(), "parameter `b`: f32[2] takes 8 bytes, but 4 were given");
    assert_eq!(run(&mut executable, [1.0, 2.0]), [1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn unknown_options_are_refused() {
    let compile = |options: CompileOptions| backend().compile(AFFINE.as_bytes(), &options).unwrap_err().to_string();
    assert_eq!(
        compile(CompileOptions::new().set("fast", true)),
        "unknown compile option `fast`; known: keep_outputs, keep_params, mode, profile, threads"
    );
    assert_eq!(
        compile(CompileOptions::new().set("keep_outputs", "no")),
        "option `keep_outputs` is true or false, not `no`"
    );
    assert_eq!(
        compile(CompileOptions::new().set("mode", "quick")),
        "unknown mode `quick`; known: eager, lazy, compiled"
    );
    assert_eq!(compile(CompileOptions::new().set("mode", 3i64)), "option `mode` is text, not `3`");
}

/// Executables keep what they need of the backend.
#[test]
fn an_executable_outlives_its_backend() {
    let own = backend().plugin().create(&rlx_host_api::BackendOptions::new()).unwrap();
    let mut executable = own.compile(AFFINE.as_bytes(), &CompileOptions::new()).unwrap();
    drop(own);
    set(&mut executable, "w", &[2, 2], &IDENTITY);
    set(&mut executable, "b", &[2], &[1.0, 1.0]);
    assert_eq!(run(&mut executable, [1.0, 2.0]), [2.0, 3.0, 2.0, 3.0]);
}
