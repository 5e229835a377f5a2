//! `rlx_runtime::ExecutableGraph` over the plugin: every method that the adapter implements, against rlx-cpu or a closed
//! form, and the weak spots of the backend that is linked statically.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod handles;
mod kv;
mod params;
mod pipeline;
mod plain_plugin;
mod runs;
mod weak_spots;

use rlx_host_api::Counters;
use rlx_ir::{DType, Graph, GraphExt, Shape};
use rlx_mlx_tests::runtime::values;
use rlx_runtime::ExecutableGraph;

/// One test for each method, under its name.
macro_rules! methods {
    ($($method:ident => $test:path,)*) => {
        const METHODS: &[&str] = &[$(stringify!($method)),*];

        mod methods {
            $(
                #[test]
                fn $method() {
                    $test();
                }
            )*
        }
    };
}

methods! {
    // Those that the backend linked statically has too.
    capabilities => crate::runs::what_the_plugin_offers_is_reported,
    set_param => crate::params::a_parameter_is_seen_by_the_next_run,
    set_param_typed => crate::params::a_parameter_is_taken_in_every_dtype,
    run => crate::runs::outputs_equal_those_of_the_cpu,
    run_read_outputs => crate::runs::only_the_outputs_asked_for_are_read,
    run_typed => crate::runs::typed_values_cross_in_every_dtype,
    run_slots => crate::runs::slots_are_positional_aligned_and_reused,
    arena_ptr => crate::runs::slots_are_positional_aligned_and_reused,
    commit_no_wait => crate::pipeline::unwaited_runs_feed_handles_in_order,
    sync_pending => crate::pipeline::waiting_tells_what_failed_meanwhile,
    run_pipelined => crate::pipeline::a_batch_gives_the_outputs_of_each_run,
    bind_handle => crate::handles::a_handle_is_used_where_a_run_gives_nothing,
    read_handle => crate::handles::a_handle_is_used_where_a_run_gives_nothing,
    bind_gpu_handle => crate::handles::a_resident_handle_is_used_where_a_run_gives_nothing,
    has_gpu_handle => crate::handles::a_resident_handle_is_used_where_a_run_gives_nothing,
    set_gpu_handle_feed => crate::handles::an_output_becomes_the_handle_after_every_run,
    read_gpu_handle => crate::handles::an_output_becomes_the_handle_after_every_run,
    register_kv_row_feed => crate::kv::a_decode_loop_equals_the_cpu,
    feed_kv_row => crate::kv::a_decode_loop_equals_the_cpu,
    feed_kv_batch_major => crate::kv::rows_of_a_batch_go_to_one_row,
    read_output_row => crate::kv::rows_of_outputs_and_handles_are_read,
    run_feed_gpu_handle => crate::handles::one_run_feeds_and_gives_its_output,
    set_active_extent => crate::runs::an_active_extent_leaves_its_rows_right,
    set_rng => crate::runs::the_generator_is_kept,
    rng => crate::runs::the_generator_is_kept,
    copy_params_from => crate::params::parameters_are_shared_or_refused_as_a_whole,
    share_params_from => crate::params::parameters_are_shared_or_refused_as_a_whole,
    executable_as_any => crate::params::only_executables_of_one_kind_share,
    executable_as_any_mut => crate::params::only_executables_of_one_kind_share,
    clone_box => crate::params::clones_are_independent_and_run_on_other_threads,
    // Those that only the adapter has.
    set_param_range => crate::params::a_part_of_a_parameter_is_overwritten,
    param_already_set => crate::params::parameters_are_shared_or_refused_as_a_whole,
    run_raw => crate::runs::slots_are_positional_aligned_and_reused,
    release_scratch => crate::runs::released_memory_comes_back,
    save_inputs => crate::handles::saved_handles_are_restored,
    restore_inputs => crate::handles::saved_handles_are_restored,
    read_gpu_handle_row => crate::kv::rows_of_outputs_and_handles_are_read,
    feed_kv_batch_major_src => crate::kv::rows_of_a_batch_come_from_a_longer_output,
    feed_kv_batch_major_ragged => crate::kv::rows_of_a_batch_go_each_to_its_own,
    prepare_resident_gpu_handle => crate::handles::an_input_is_made_resident_without_values,
    seed_resident_kv_prefix_from => crate::kv::caches_move_to_a_larger_bucket,
    copy_resident_kv_rows_from => crate::kv::caches_move_to_a_larger_bucket,
}

#[test]
fn every_implemented_method_has_a_test() {
    let source = include_str!("../../../host-api/src/runtime/executable/graph.rs");
    let (_, body) = source.split_once("impl ExecutableGraph for PluginExecutable {").unwrap();
    let mut implemented: Vec<&str> =
        body.lines().filter_map(|line| line.strip_prefix("    fn ")?.split('(').next()).collect();
    let mut tested = METHODS.to_vec();
    implemented.sort_unstable();
    tested.sort_unstable();
    assert_eq!(tested, implemented);
}

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

fn counters(executable: &dyn ExecutableGraph) -> Counters {
    rlx_host_api::runtime::counters(executable).expect("the plugin counts")
}

/// `y = x w + b` with `x` of [2, 4].
fn affine() -> Graph {
    let mut g = Graph::new("affine");
    let x = g.input("x", f32s(&[2, 4]));
    let w = g.param("w", f32s(&[4, 3]));
    let b = g.param("b", f32s(&[3]));
    let product = g.mm(x, w);
    let y = g.add(product, b);
    g.set_outputs(vec![y]);
    g
}

/// The weights of [`affine`].
fn weights(seed: u64) -> [(&'static str, Vec<f32>); 2] {
    [("w", values(&[4, 3], seed)), ("b", values(&[3], seed + 1))]
}

/// `next = state + x` and `twice = 2 x`, of [4].
fn adder() -> Graph {
    let mut g = Graph::new("adder");
    let state = g.input("state", f32s(&[4]));
    let x = g.input("x", f32s(&[4]));
    let next = g.add(state, x);
    let twice = g.add(x, x);
    g.set_outputs(vec![next, twice]);
    g
}

/// Index of `next` and of `twice`.
const NEXT: usize = 0;
const TWICE: usize = 1;
