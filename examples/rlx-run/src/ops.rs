//! `rlx-run ops`: every op of the IR, how a plugin runs it, with which dtypes, and what it refuses.

use crate::backend::{self, PluginSummary};
use crate::cli::OpsArgs;
use crate::progress::Progress;
use crate::report::{self, Table};
use anyhow::Result;
use rlx_conformance::families;
use rlx_conformance::kinds::{self, KindReport};
use rlx_host_api::CompileOptions;
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    plugin: PluginSummary,
    device: String,
    supported: usize,
    /// How many of them code of the processor computes, wholly or in part.
    host: usize,
    ops: Vec<KindReport>,
}

/// Runs the command.
pub(crate) fn execute(args: &OpsArgs) -> Result<()> {
    let examined = backend::examine(&args.plugin)?;
    let progress = Progress::start(kinds::all().len() as u64);
    progress.message("asking");
    let ops = kinds::report(&examined.backend, &CompileOptions::new(), &families::all(0), || progress.step())?;
    drop(progress);
    let supported = ops.iter().filter(|op| op.supported).count();
    let host = ops.iter().filter(|op| op.how.contains(&HOST)).count();
    let report = Report { plugin: examined.plugin, device: examined.device, supported, host, ops };
    if args.output.json { report::print_json(&report) } else { print_text(&report) }
}

/// How an op runs that code of the processor computes.
const HOST: &str = "host";

/// A table of what is short; why an op is computed by the processor and what is refused, which is long, goes below it.
fn print_text(report: &Report) -> Result<()> {
    let mut table = Table::new(["op", "runs as", "by", "dtypes"]);
    for op in &report.ops {
        let how = match (op.supported, op.how.is_empty()) {
            (false, _) => "-".to_owned(),
            (true, true) => "yes".to_owned(),
            (true, false) => op.how.join(", "),
        };
        let by: Vec<&str> = op.by.iter().filter(|by| by.how != HOST).map(|by| by.what.as_str()).collect();
        table.add_row([op.op.clone(), how, by.join("; "), op.dtypes.join(" ")]);
    }
    table.print()?;
    let all = report.ops.len();
    report::print(&format!("{} of {all} ops on {} of {}", report.supported, report.device, report.plugin.name))?;
    report::print(&format!("{} of them with code of the processor", report.host))?;
    for op in &report.ops {
        for by in op.by.iter().filter(|by| by.how == HOST) {
            report::print(&format!("host: {}: {}", op.op, by.what))?;
        }
    }
    let limited = report.ops.iter().filter(|op| !op.limits.is_empty());
    for op in limited {
        for limit in &op.limits {
            report::print(&format!("{}: {limit}", op.op))?;
        }
    }
    Ok(())
}
