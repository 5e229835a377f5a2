//! Kernels fed with parameters and resident inputs, and runs that nobody waits for.

use crate::custom;
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{BatchRun, Error, ErrorKind, Executable, TensorView};
use rlx_ir::{DType, Shape};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;

/// `3 a + b`; fails where `a` is negative.
fn kernel() -> Kernel {
    Kernel::host_fn("combine", |_, inputs: &[TensorView<'_>], outputs| {
        let (a, b) = (inputs[0].values::<f32>()?, inputs[1].values::<f32>()?);
        for (i, y) in outputs[0].values::<f32>()?.iter_mut().enumerate() {
            if a[i] < 0.0 {
                return Err(Error::invalid(format!("element {i} is {}", a[i])));
            }
            *y = 3.0 * a[i] + b[i];
        }
        Ok(())
    })
}

/// `y = combine(combine(state, x), w)`, with state 0, x 1 of the inputs, and `w = [1, 2]`.
fn executable(mode: &str) -> Executable {
    let backend = with_kernels([kernel()]);
    let mut case = Case::new();
    let none = Tensor::f32(&[2], [0.0; 2]);
    let (state, x) = (case.input(&none), case.input(&none));
    let w = case.graph.param("w", Shape::new(&[2], DType::F32));
    let next = custom(&mut case, "combine", &[state, x], &[2]);
    let y = custom(&mut case, "combine", &[next, w], &[2]);
    let mut executable = compile_on(&backend, &case.outputs(&[y, next]), mode).unwrap();
    assert_eq!(executable.inputs().iter().map(|i| i.name.as_str()).collect::<Vec<_>>(), ["x0", "x1"]);
    executable.set_param("w", view(&[2], &bytes(&[1.0, 2.0]))).unwrap();
    // The instance is gone here; the executable keeps it, and the kernels.
    executable
}

#[test]
fn parameters_and_resident_inputs_are_operands() {
    for mode in MODES {
        let mut executable = executable(mode);
        executable.bind_resident(0, Some(view(&[2], &bytes(&[1.0, 0.0])))).unwrap();
        executable.feed(0, Some(1)).unwrap();
        let mut state = [1.0, 0.0];
        for i in 0..4 {
            let x = [i as f32, 1.0];
            state = [3.0 * state[0] + x[0], 3.0 * state[1] + x[1]];
            let outputs = executable.run_to_vec(&[&[], &bytes(&x)]).unwrap();
            let y = [3.0 * state[0] + 1.0, 3.0 * state[1] + 2.0];
            assert_eq!((floats(&outputs[0]), floats(&outputs[1])), (y.to_vec(), state.to_vec()), "{mode} {i}");
        }
        executable.set_param("w", view(&[2], &bytes(&[0.0, 0.0]))).unwrap();
        let outputs = executable.run_to_vec(&[&bytes(&[1.0, 1.0]), &bytes(&[0.0, 0.0])]).unwrap();
        assert_eq!(floats(&outputs[0]), [9.0, 9.0], "{mode}");
        let mut copy = executable.duplicate().unwrap();
        assert_eq!(floats(&copy.run_to_vec(&[&bytes(&[1.0, 1.0]), &bytes(&[0.0, 0.0])]).unwrap()[0]), [9.0, 9.0]);
    }
}

#[test]
fn submitted_runs_end_and_their_failure_is_told_by_wait() {
    for mode in MODES {
        let mut executable = executable(mode);
        executable.bind_resident(0, Some(view(&[2], &bytes(&[0.0, 1.0])))).unwrap();
        executable.feed(0, Some(1)).unwrap();
        let mut state = [0.0, 1.0];
        for i in 0..8 {
            let x = [1.0, i as f32];
            state = [3.0 * state[0] + x[0], 3.0 * state[1] + x[1]];
            executable.submit(&[&[], &bytes(&x)]).unwrap();
        }
        executable.wait().unwrap();
        let mut data = [0; 8];
        executable.read_resident(0, 0, &mut data).unwrap();
        assert_eq!(floats(&data), state, "{mode}");

        // Eager mode fails in `submit`, where it evaluates.
        let failed = executable.submit(&[&bytes(&[-1.0, 0.0]), &bytes(&[0.0; 2])]).and_then(|()| executable.wait());
        crate::assert_says(mode, failed, ErrorKind::InvalidArgument, &["`combine`", "element 0 is -1"]);
        executable.wait().unwrap();
        let outputs = executable.run_to_vec(&[&bytes(&[1.0, 1.0]), &bytes(&[0.0; 2])]).unwrap();
        assert_eq!(floats(&outputs[0]), [10.0, 11.0], "{mode}: after a failure");
    }
}

#[test]
fn a_batch_is_its_runs() {
    for mode in MODES {
        let mut executable = executable(mode);
        let batch = |executable: &mut Executable, states: &[f32]| -> Result<Vec<Vec<f32>>, Error> {
            let inputs: Vec<[Vec<u8>; 2]> = states.iter().map(|&s| [bytes(&[s, 1.0]), bytes(&[1.0, s])]).collect();
            let inputs: Vec<[&[u8]; 2]> = inputs.iter().map(|[a, b]| [&a[..], &b[..]]).collect();
            let mut data = vec![[0; 8]; states.len()];
            let mut places: Vec<[Option<&mut [u8]>; 2]> = data.iter_mut().map(|d| [Some(&mut d[..]), None]).collect();
            let mut runs: Vec<BatchRun<'_, '_>> =
                inputs.iter().zip(&mut places).map(|(i, p)| (&i[..], &mut p[..])).collect();
            executable.run_batch(&mut runs)?;
            Ok(data.iter().map(|d| floats(d)).collect())
        };
        let want =
            |states: &[f32]| -> Vec<Vec<f32>> { states.iter().map(|s| vec![9.0 * s + 4.0, 11.0 + 3.0 * s]).collect() };
        let states = [0.0, 1.0, 2.0, 5.0];
        assert_eq!(batch(&mut executable, &states).unwrap(), want(&states), "{mode}");
        let failed = batch(&mut executable, &[1.0, -7.0, 2.0]);
        crate::assert_says(mode, failed, ErrorKind::InvalidArgument, &["`combine`", "element 0 is -7"]);
        assert_eq!(batch(&mut executable, &states).unwrap(), want(&states), "{mode}: after a failure");
    }
}
