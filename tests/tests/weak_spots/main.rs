//! Weak spots of the backend that this plugin replaces, by the numbers of the inventory: operators and numbers. Each test fails
//! on the behaviour described there. Those of lifetimes, transfers and copies are in the test `executable_graph`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod attention;
mod modes;
mod ops;
mod results;

use rlx_host_api::Executable;
use rlx_ir::{DType, Shape};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{compile, input_bytes, run};
use rlx_mlx_tests::tensor::Tensor;

/// One test for each number, under the name of what it shows.
macro_rules! weak_spots {
    ($($number:literal => $module:ident::$test:ident,)*) => {
        const NUMBERS: &[u32] = &[$($number),*];

        mod weak_spot {
            $(
                #[test]
                fn $test() {
                    crate::$module::$test();
                }
            )*
        }
    };
}

weak_spots! {
    // Work that leaves the device or the trace.
    1 => modes::an_op_of_the_host_leaves_the_graph_compiled,
    2 => modes::no_op_waits_for_the_first_run_to_fail_in_a_trace,
    4 => modes::a_composed_kernel_is_part_of_the_trace,
    5 => modes::gathers_scatters_and_updates_stay_on_the_device,
    6 => modes::sorts_and_factorisations_are_nodes_of_the_graph,
    7 => modes::a_long_scan_is_evaluated_by_hundreds_of_steps,
    8 => modes::random_numbers_are_made_in_the_graph,
    9 => modes::convolutions_of_groups_and_of_many_windows_stay_compiled,
    10 => modes::a_packed_product_is_taken_or_refused_when_it_is_compiled,
    11 => modes::nothing_ends_compiled_mode,
    // Wrong or incomplete results.
    14 => attention::a_soft_cap_is_applied,
    15 => attention::windows_count_along_the_sequence_with_the_queries_at_its_end,
    16 => attention::the_layout_is_that_of_the_queries,
    17 => attention::a_key_mask_has_a_threshold_and_halves_do_not_overflow,
    18 => attention::no_setting_drops_the_causal_mask,
    20 => results::a_residual_norm_adds_its_shift,
    21 => results::elements_are_added_to_the_data,
    22 => results::padding_is_not_averaged_and_windows_may_overhang,
    23 => results::all_of_an_axis_can_be_chosen_in_order_and_as_i64,
    24 => results::the_first_k_tokens_are_drawn_from,
    26 => ops::running_scales_and_loops_without_a_bound_run,
    27 => ops::regions_read_by_their_prologue_and_modulus,
    28 => ops::axes_of_norms_and_flat_tables_are_as_they_say,
    31 => ops::shapes_are_not_repaired,
    33 => ops::outputs_have_the_declared_dtype,
}

/// Which there are to be: of 5.1 and of 5.2 those that are not of quantised, recurrent or backward ops.
#[test]
fn every_number_has_one_test() {
    let device = [1, 2, 4, 5, 6, 7, 8, 9, 10, 11];
    let results = [14, 15, 16, 17, 18, 20, 21, 22, 23, 24, 26, 27, 28, 31, 33];
    assert_eq!(NUMBERS, [&device[..], &results].concat());
}

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

/// Runs a case three times in compiled mode, in which it is traced once, before the first run, and evaluated once a run.
/// Gives what all modes agree on.
#[track_caller]
fn traced_once(case: &Case) -> Vec<Tensor> {
    let mut executable = compile(case, "compiled").unwrap();
    run_and_count(&mut executable, case, 3);
    run(case)
}

/// The outputs of the last of so many runs.
#[track_caller]
fn run_and_count(executable: &mut Executable, case: &Case, runs: u64) -> Vec<Vec<u8>> {
    let before = executable.counters().unwrap();
    assert_eq!((before.traces, before.evaluations), (1, before.runs), "before\n{}", case.graph);
    let inputs = input_bytes(case, executable);
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs = Vec::new();
    for _ in 0..runs {
        outputs = executable.run_to_vec(&inputs).unwrap();
    }
    let after = executable.counters().unwrap();
    let runs = before.runs + runs;
    assert_eq!((after.runs, after.traces, after.evaluations), (runs, 1, runs), "{}", case.graph);
    outputs
}
