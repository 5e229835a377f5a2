//! `rlx-run check`: the conformance kit on a plugin.

use crate::UsageError;
use crate::backend::{self, PluginSummary};
use crate::cli::CheckArgs;
use crate::progress::Progress;
use crate::report::{self, Table};
use anyhow::{Result, bail};
use rlx_conformance::case::Case;
use rlx_conformance::report::Report;
use rlx_conformance::run::{self, Details, Outcome};
use rlx_conformance::tensor::Values;
use rlx_conformance::{families, kinds};
use rlx_host_api::{Backend, CompileOptions};
use serde::Serialize;

/// How many values of a tensor are printed.
const SHOWN: usize = 64;
/// How many failures are printed as text; JSON has all.
const FAILURES: usize = 40;

#[derive(Serialize)]
struct Checked {
    plugin: PluginSummary,
    device: String,
    mode: Option<&'static str>,
    /// None for one case by its name, which has it.
    seed: Option<u64>,
    #[serde(flatten)]
    report: Report,
}

/// Runs the command.
pub(crate) fn execute(args: &CheckArgs) -> Result<()> {
    let cases = selected(args)?;
    if args.list {
        return list(args, &cases);
    }
    let examined = backend::examine(&args.plugin)?;
    let mode =
        args.mode.map_or_else(|| has_compiled(&examined.backend).then_some("compiled"), |mode| Some(mode.name()));
    if let (Some(_), [case], false) = (&args.case, &*cases, args.output.json) {
        return show(case, mode, &run::details(&examined.backend, mode, case));
    }
    let progress = Progress::start(cases.len() as u64);
    progress.message("checking");
    let mut report = Report::default();
    for case in &cases {
        report.add(case, mode, &run::run(&examined.backend, mode, case));
        progress.step();
    }
    drop(progress);
    let seed = args.case.is_none().then_some(args.seed);
    let checked = Checked { plugin: examined.plugin, device: examined.device, mode, seed, report };
    if args.output.json {
        report::print_json(&checked)?
    } else {
        print_text(&checked)?
    }
    match checked.report.failures.len() {
        0 => Ok(()),
        failed => bail!("{failed} of {} cases failed", cases.len()),
    }
}

/// The cases that the command line chooses.
fn selected(args: &CheckArgs) -> Result<Vec<Case>> {
    if let Some(name) = &args.case {
        return match families::named(name) {
            Some(case) => Ok(vec![case]),
            None => bail!(UsageError(format!("--case: there is no case `{name}`; --list names them"))),
        };
    }
    if let Some(family) = &args.family
        && !families::names().any(|name| name == family)
    {
        let names = families::names().collect::<Vec<_>>().join(", ");
        bail!(UsageError(format!("--family: there is no family `{family}`; there are {names}")));
    }
    if let Some(op) = &args.op
        && !kinds::all().iter().any(|kind| format!("{kind:?}") == *op)
    {
        bail!(UsageError(format!("--op: the IR has no op `{op}`; `rlx-run ops` lists them")));
    }
    let chosen = |case: &Case| {
        args.family.as_deref().is_none_or(|family| case.family == family)
            && args.op.as_deref().is_none_or(|op| format!("{:?}", case.kind) == op)
    };
    let mut cases = families::all(args.seed);
    cases.retain(chosen);
    if cases.is_empty() {
        bail!(UsageError("the kit has no such case; --list names those that it has".to_owned()));
    }
    Ok(cases)
}

fn list(args: &CheckArgs, cases: &[Case]) -> Result<()> {
    let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    if args.output.json { report::print_json(&names) } else { report::print(&names.join("\n")) }
}

/// Whether the plugin has the mode that is traced once.
fn has_compiled(backend: &Backend) -> bool {
    let program = b"rlxmodel 1\nopset 1\ngraph @probe {\n%x = input : f32[1]\nreturn %x\n}\n";
    backend.compile(program, &CompileOptions::new().set("mode", "compiled")).is_ok()
}

fn print_text(checked: &Checked) -> Result<()> {
    let report = &checked.report;
    let mut table = Table::new(["family", "cases", "passed", "failed", "unsupported", "worst ulps"]);
    for family in &report.families {
        let mut row = vec![family.family.to_owned()];
        row.extend([family.cases, family.passed, family.failed, family.unsupported].map(|count| count.to_string()));
        row.push(format!("{:.2}", family.worst_ulps));
        table.add_row(row);
    }
    table.print()?;
    for (op, count) in report.unsupported_by_op() {
        report::print(&format!("unsupported: {op}, {count} cases"))?;
    }
    for failure in report.failures.iter().take(FAILURES) {
        report::print(&format!("failed: {}\n    {}", failure.case, report::one_line(&failure.reason)))?;
    }
    let more = report.failures.len().saturating_sub(FAILURES);
    if more > 0 {
        report::print(&format!("{more} more failed; --json names all"))?;
    }
    if let Some(first) = report.failures.first() {
        report::print(&format!(
            "Run one again: rlx-run check --backend {}{} --case {}",
            checked.plugin.name,
            checked.mode.map_or_else(String::new, |mode| format!(" --mode {mode}")),
            first.case
        ))?;
    }
    Ok(())
}

/// All of one case.
fn show(case: &Case, mode: Option<&str>, details: &Details) -> Result<()> {
    let program = rlx_ir::rlxmodel::to_text(&case.graph)?;
    report::print(&format!("{}, mode {}\n{program}", case.name, mode.unwrap_or("of the plugin's choice")))?;
    for (at, input) in details.inputs.iter().enumerate() {
        report::print(&format!("x{at}: {:?}{:?} {}", input.dtype, input.dims, values(&input.values)))?;
    }
    for (expected, tolerance) in details.expected.iter().map(|expected| (expected, &expected.tolerance)) {
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
    for found in &details.found {
        report::print(&format!("found: {:?}{:?} {}", found.dtype, found.dims, values(&found.values)))?;
    }
    match &details.outcome {
        Outcome::Passed { worst } => report::print(&format!("passed; the worst error is {worst:.2} ulps")),
        Outcome::Unsupported { reason } => report::print(&format!("unsupported: {}", report::one_line(reason))),
        Outcome::Failed { reason, examples, .. } => {
            for wrong in examples {
                report::print(&format!(
                    "element {}: {} is {} ulps from {}, allowed {:.2}",
                    wrong.at, wrong.found, wrong.ulps, wrong.expected, wrong.allowed
                ))?;
            }
            bail!("{reason}")
        }
    }
}

fn values(values: &Values) -> String {
    let shown = (0..values.len().min(SHOWN)).map(|at| values.show(at)).collect::<Vec<_>>().join(" ");
    if values.len() > SHOWN { format!("{shown} … ({} values)", values.len()) } else { shown }
}
