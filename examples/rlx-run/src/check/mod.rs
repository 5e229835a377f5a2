//! `rlx-run check`: the conformance kit on a plugin.

mod text;
mod wire;
mod worker;
mod workers;

pub(crate) use worker::execute as work;

use crate::UsageError;
use crate::backend::PluginSummary;
use crate::cli::CheckArgs;
use crate::progress::Progress;
use crate::report;
use anyhow::{Result, bail};
use rlx_conformance::case::Case;
use rlx_conformance::report::Report;
use rlx_conformance::{families, kinds};
use serde::Serialize;
use std::time::Duration;
use wire::Request;
use workers::Workers;

#[derive(Serialize)]
struct Checked {
    plugin: PluginSummary,
    device: String,
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
    let (mut workers, subject) = Workers::start(&args.plugin, Duration::from_secs(args.limit))?;
    let modes: Vec<Option<String>> = match args.mode {
        Some(mode) => vec![Some(mode.name().to_owned())],
        None if subject.modes.is_empty() => vec![None],
        None => subject.modes.into_iter().map(Some).collect(),
    };
    if let (Some(_), [case], false) = (&args.case, &*cases, args.output.json) {
        return show(&mut workers, case, &modes);
    }
    let progress = Progress::start((cases.len() * modes.len()) as u64);
    progress.message("checking");
    let mut report = Report::default();
    for mode in &modes {
        for case in &cases {
            let request = Request { case: case.name.clone(), mode: mode.clone(), show: false };
            report.add(case, mode.as_deref(), &workers.run(&request)?.outcome);
            progress.step();
        }
    }
    drop(progress);
    let seed = args.case.is_none().then_some(args.seed);
    let checked = Checked { plugin: subject.plugin, device: subject.device, seed, report };
    if args.output.json {
        report::print_json(&checked)?
    } else {
        text::print(&checked.plugin.name, &checked.report)?
    }
    match checked.report.failures.len() {
        0 => Ok(()),
        failed => bail!("{failed} of {} cases failed", cases.len() * modes.len()),
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

/// All of one case.
fn show(workers: &mut Workers<'_>, case: &Case, modes: &[Option<String>]) -> Result<()> {
    text::print_case(case)?;
    let mut failed = Vec::new();
    for mode in modes {
        let request = Request { case: case.name.clone(), mode: mode.clone(), show: true };
        if text::print_answer(mode.as_deref(), &workers.run(&request)?)? {
            failed.push(mode.as_deref().unwrap_or("the plugin's choice"));
        }
    }
    match &*failed {
        [] => Ok(()),
        modes => bail!("it failed in mode {}", modes.join(", ")),
    }
}
