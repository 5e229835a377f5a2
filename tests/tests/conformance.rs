//! The conformance kit on the plugin, in every mode: no case fails.

use rlx_conformance::case::Case;
use rlx_conformance::families;
use rlx_conformance::report::Report;
use rlx_conformance::run::{Outcome, run};
use rlx_host_api::{CompileOptions, Error, Executable, TensorView};
use rlx_ir::OpKind;
use rlx_mlx_tests::plugin::{MODES, backend};
use std::collections::BTreeSet;

/// Kinds with a row and without a case, and why there can be none.
const NO_CASE: &[(OpKind, &str)] = &[(OpKind::Custom, "its value is what a kernel of the host gives: tests/kernels")];

/// The kinds that the plugin lists.
fn rows() -> Vec<String> {
    backend().plugin().info().ops.clone()
}

fn has_no_case(kind: &str) -> bool {
    NO_CASE.iter().any(|(listed, _)| format!("{listed:?}") == kind)
}

/// A row that nobody checks is a row that nobody needs to write well.
#[test]
fn every_kind_with_a_row_has_cases() {
    let of_kit: BTreeSet<String> = families::all(7).iter().map(|case| format!("{:?}", case.kind)).collect();
    for kind in rows() {
        assert_ne!(of_kit.contains(&kind), has_no_case(&kind), "{kind}: either it has a case, or a reason why not");
    }
}

/// All cases but the few that take a gigabyte.
#[test]
fn no_case_fails_in_any_mode() {
    let mut cases = families::all(7);
    cases.retain(|case| !case.is_large());
    let (mut failed, mut passed) = (Vec::new(), BTreeSet::new());
    let (mut refused, mut report) = (BTreeSet::new(), Report::default());
    for mode in MODES {
        for case in &cases {
            let outcome = run(backend(), Some(mode), case);
            report.add(case, Some(mode), &outcome);
            match outcome {
                Outcome::Passed { .. } => {
                    passed.insert(format!("{:?}", case.kind));
                }
                Outcome::Unsupported { .. } => {
                    refused.insert(&case.name);
                }
                Outcome::Failed { reason, .. } => failed.push(format!("{} in {mode}: {reason}", case.name)),
            }
        }
    }
    assert!(failed.is_empty(), "{} cases fail:\n{}", failed.len(), failed.join("\n"));
    // A plugin that refused everything would pass, else.
    let never: Vec<_> = rows().into_iter().filter(|kind| !passed.contains(kind) && !has_no_case(kind)).collect();
    assert!(never.is_empty(), "no case of these kinds is right in any mode: {never:?}");
    // None is left out without a reason that the report has, in one line.
    let with_reason = report.refused.iter().filter(|entry| entry.reason.len() > 10 && !entry.reason.contains('\n'));
    assert_eq!(with_reason.map(|entry| entry.cases.len()).sum::<usize>(), refused.len(), "{:#?}", report.refused);
}

/// Another seed makes other values.
#[test]
fn another_seed_makes_no_difference_to_what_is_right() {
    for seed in [1, 1234] {
        for case in families::all(seed).iter().filter(|case| !case.is_large()) {
            if let Outcome::Failed { reason, .. } = run(backend(), Some("compiled"), case) {
                panic!("{}: {reason}", case.name);
            }
        }
    }
}

/// In compiled mode a program is traced once, whatever is run, and nothing is evaluated while it is: each run evaluates once.
/// Of nested graphs a first run may trace what it needs; later ones trace nothing.
#[test]
fn every_case_is_traced_once_over_three_runs() {
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for case in families::all(7).iter().filter(|case| !case.is_large()) {
        let found = three_runs(case).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let Some([before, first, last]) = found else { continue };
        checked += 1;
        let nested = case.is_nested();
        let once = if nested { last[0] == first[0] } else { last[0] == 1 && first[0] == 1 };
        // Control flow evaluates what it decides by. What weights are made into is evaluated once, with the first run.
        let has_params = case.graph.nodes().iter().any(|node| node.op.kind() == OpKind::Param);
        let prepared = u64::from(has_params && first[1] == 2);
        let evaluations = if nested { last[1] >= 3 } else { first[1] == 1 + prepared && last[1] == 3 + prepared };
        if !(once && evaluations && before[1] == 0 && first[2] == 1 && last[2] == 3) {
            wrong.push(format!("{}: {before:?}, {first:?}, {last:?} traces, evaluations, runs", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {checked} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(checked > 3000, "only {checked} cases run");
}

/// Traces, evaluations and runs before the first run, after it, and after the third; none where the case is refused.
fn three_runs(case: &Case) -> Result<Option<[[u64; 3]; 3]>, Error> {
    let text = rlx_ir::rlxmodel::to_text(&case.graph).map_err(|error| Error::invalid(error.to_string()))?;
    let options = CompileOptions::new().set("mode", "compiled");
    let Ok(mut executable) = backend().compile(text.as_bytes(), &options) else { return Ok(None) };
    let inputs = case.inputs(&case.operands());
    let bytes = |name: &str| {
        let at = name.strip_prefix('x').and_then(|at| at.parse::<usize>().ok());
        let input = at.and_then(|at| inputs.get(at)).ok_or_else(|| Error::invalid(format!("an input `{name}`")))?;
        Ok::<_, Error>(input.bytes())
    };
    for info in executable.params().to_vec() {
        let data = bytes(&info.name)?;
        executable.set_param(&info.name, TensorView { dtype: info.dtype, dims: &info.dims, data: &data })?;
    }
    let given = executable.inputs().iter().map(|info| bytes(&info.name)).collect::<Result<Vec<_>, _>>()?;
    let views: Vec<&[u8]> = given.iter().map(Vec::as_slice).collect();
    let before = counted(&executable)?;
    executable.run_to_vec(&views)?;
    let first = counted(&executable)?;
    executable.run_to_vec(&views)?;
    executable.run_to_vec(&views)?;
    Ok(Some([before, first, counted(&executable)?]))
}

fn counted(executable: &Executable) -> Result<[u64; 3], Error> {
    let counters = executable.counters()?;
    Ok([counters.traces, counters.evaluations, counters.runs])
}
