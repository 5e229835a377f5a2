//! Results of the kit for people.

use super::wire::Answer;
use crate::report::{self, Table};
use anyhow::Result;
use rlx_conformance::case::Case;
use rlx_conformance::report::Report;
use rlx_conformance::run::Outcome;
use rlx_conformance::tensor::{Tensor, Values};

/// How many values of a tensor are printed.
const SHOWN: usize = 64;
/// How many failures are printed; JSON has all.
const FAILURES: usize = 40;

/// The table of families, what is refused and why, what failed, and how to run that again.
pub(super) fn print(plugin: &str, report: &Report) -> Result<()> {
    let mut table = Table::new(["family", "cases", "passed", "refused", "failed", "worst ulps", "of"]);
    for family in &report.families {
        let mut row = vec![family.family.to_owned()];
        row.extend([family.cases, family.passed, family.refused, family.failed].map(|count| count.to_string()));
        row.push(format!("{:.2}", family.worst_ulps));
        row.push(family.worst_case.clone().unwrap_or_default());
        table.add_row(row);
    }
    table.print()?;
    for mode in &report.modes {
        report::print(&format!(
            "mode {}: {} cases, {} passed, {} refused, {} failed",
            mode.mode.as_deref().unwrap_or("of the plugin's choice"),
            mode.cases,
            mode.passed,
            mode.refused,
            mode.failed
        ))?;
    }
    for refused in &report.refused {
        let reason = report::one_line(&refused.reason);
        report::print(&format!("refused: {}, {} cases: {reason}", refused.op, refused.cases.len()))?;
    }
    for failure in report.failures.iter().take(FAILURES) {
        let mode = failure.mode.as_ref().map_or_else(String::new, |mode| format!(" in {mode}"));
        report::print(&format!("failed: {}{mode}\n    {}", failure.case, report::one_line(&failure.reason)))?;
    }
    let more = report.failures.len().saturating_sub(FAILURES);
    if more > 0 {
        report::print(&format!("{more} more failed; --json names all"))?;
    }
    if let Some(first) = report.failures.first() {
        let mode = first.mode.as_ref().map_or_else(String::new, |mode| format!(" --mode {mode}"));
        report::print(&format!("Run one again: rlx-run check --backend {plugin}{mode} --case {}", first.case))?;
    }
    Ok(())
}

/// A case: its program, its inputs, and what is expected.
pub(super) fn print_case(case: &Case) -> Result<()> {
    let program = rlx_ir::rlxmodel::to_text(&case.graph)?;
    report::print(&format!("{}\n{program}", case.name))?;
    let operands = case.operands();
    for (at, input) in case.inputs(&operands).iter().enumerate() {
        report::print(&format!("x{at}: {}", tensor(input)))?;
    }
    for (expected, tolerance) in case.expected(&operands).iter().map(|expected| (expected, &expected.tolerance)) {
        report::print(&format!(
            "expected: {:?}{:?} {}\nallowed: {} ulps, {}: {}",
            expected.dtype,
            expected.dims,
            values(&expected.values),
            tolerance.units(expected.terms),
            tolerance.what,
            tolerance.why
        ))?;
    }
    Ok(())
}

/// What came of it in a mode. Whether it failed.
pub(super) fn print_answer(mode: Option<&str>, answer: &Answer) -> Result<bool> {
    report::print(&format!("mode {}", mode.unwrap_or("of the plugin's choice")))?;
    for found in &answer.found {
        report::print(&format!("found: {found}"))?;
    }
    match &answer.outcome {
        Outcome::Passed { worst } => report::print(&format!("passed; the worst error is {worst:.2} ulps"))?,
        Outcome::Unsupported { reason } => report::print(&format!("refused: {}", report::one_line(reason)))?,
        Outcome::Failed { reason, examples, .. } => {
            for wrong in examples {
                let by = wrong.ulps.map_or_else(|| "no number".to_owned(), |ulps| ulps.to_string());
                report::print(&format!(
                    "element {}: {} is {by} ulps from {}, allowed {:.2}",
                    wrong.at, wrong.found, wrong.expected, wrong.allowed
                ))?;
            }
            report::print(&format!("failed: {}", report::one_line(reason)))?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// Dtype, extents and values.
pub(super) fn tensor(tensor: &Tensor) -> String {
    format!("{:?}{:?} {}", tensor.dtype, tensor.dims, values(&tensor.values))
}

fn values(values: &Values) -> String {
    let shown = (0..values.len().min(SHOWN)).map(|at| values.show(at)).collect::<Vec<_>>().join(" ");
    if values.len() > SHOWN { format!("{shown} … ({} values)", values.len()) } else { shown }
}
