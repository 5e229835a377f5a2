//! Runs that nobody waits for, and batches.

use super::{NEXT, adder, affine, counters, f32s, weights};
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Error, TensorView};
use rlx_ir::{Graph, Op};
use rlx_mlx_tests::runtime::{bare, mlx, panic_text, values};

pub(crate) fn unwaited_runs_feed_handles_in_order() {
    let mut executable = bare(adder());
    assert!(executable.bind_gpu_handle("state", &[0.0; 4]));
    assert!(executable.set_gpu_handle_feed("state", NEXT));
    for i in 0..10 {
        executable.commit_no_wait(&[("x", &[i as f32; 4])]);
    }
    executable.sync_pending();
    assert_eq!(executable.read_gpu_handle("state").unwrap(), [45.0; 4]);
    assert_eq!(counters(executable.as_ref()).runs, 10);
    // Nothing is pending, and a call that needs results waits by itself.
    executable.sync_pending();
    executable.commit_no_wait(&[("x", &[1.0; 4])]);
    assert_eq!(executable.run(&[("x", &[1.0; 4])])[NEXT], [47.0; 4]);
    executable.commit_no_wait(&[("x", &[3.0; 4])]);
    assert_eq!(executable.read_output_row(NEXT, 0, 4).unwrap(), [50.0; 4]);
}

pub(crate) fn waiting_tells_what_failed_meanwhile() {
    drop(mlx());
    let kernel = Kernel::host_fn("not_negative", |_, inputs: &[TensorView<'_>], outputs| {
        if inputs[0].values::<f32>()?[0] < 0.0 {
            return Err(Error::invalid("a negative value"));
        }
        outputs[0].data.copy_from_slice(inputs[0].data);
        Ok(())
    });
    rlx_host_api::runtime::register_kernel(kernel).unwrap();
    let mut g = Graph::new("checked");
    let x = g.input("x", f32s(&[4]));
    let op = Op::Custom { name: "not_negative".to_owned(), num_inputs: 1, attrs: Vec::new() };
    let y = g.add_node(op, vec![x], f32s(&[4]));
    g.set_outputs(vec![y]);
    let mut executable = bare(g);
    for _ in 0..3 {
        executable.commit_no_wait(&[("x", &[-1.0; 4])]);
        let told = panic_text(|| executable.sync_pending());
        assert!(told.contains("kernel `not_negative`") && told.contains("a negative value"), "{told}");
        executable.sync_pending();
        executable.commit_no_wait(&[("x", &[1.0; 4])]);
        executable.sync_pending();
        assert_eq!(executable.read_output_row(0, 0, 4).unwrap(), [1.0; 4]);
    }
}

pub(crate) fn a_batch_gives_the_outputs_of_each_run() {
    let mut compiled = mlx().compile(affine());
    weights(1).iter().for_each(|(name, values)| compiled.set_param(name, values));
    let xs: Vec<Vec<f32>> = (0..20).map(|seed| values(&[2, 4], seed)).collect();
    let sets: Vec<Vec<(&str, &[f32])>> = xs.iter().map(|x| vec![("x", x.as_slice())]).collect();
    let outputs = compiled.run_pipelined(&sets);
    assert_eq!(outputs.len(), 20);
    for (set, outputs) in sets.iter().zip(&outputs) {
        assert_eq!(*outputs, compiled.run(set));
    }
    assert!(compiled.run_pipelined(&[]).is_empty());

    // Each run of a batch sees what the one before has fed.
    let mut executable = bare(adder());
    assert!(executable.bind_gpu_handle("state", &[0.0; 4]) && executable.set_gpu_handle_feed("state", NEXT));
    let sets = vec![vec![("x", &[1.0f32; 4][..])]; 6];
    let states: Vec<Vec<f32>> = executable.run_pipelined(&sets).into_iter().map(|mut run| run.remove(NEXT)).collect();
    assert_eq!(states, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(|state| vec![state; 4]));
}
