//! `rlx-run plugins`: which backends can be used, and why others cannot.

use crate::cli::PluginsArgs;
use crate::report;
use anyhow::Result;
use rlx_host_api::{Plugin, discovery};
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    plugins: Vec<Row>,
    folders: Vec<String>,
}

/// One candidate file. All but the path is missing when it cannot be used, and `reason` says why.
#[derive(Serialize)]
struct Row {
    path: String,
    usable: bool,
    reason: Option<String>,
    #[serde(flatten)]
    details: Option<Details>,
}

#[derive(Serialize)]
struct Details {
    name: String,
    version: String,
    vendor: String,
    abi: String,
    engine: String,
    engine_version: String,
    opset: [u32; 2],
    ops: Vec<String>,
    devices: Vec<DeviceRow>,
}

#[derive(Serialize)]
struct DeviceRow {
    kind: String,
    name: String,
    memory_bytes: u64,
}

impl Details {
    fn of(plugin: &Plugin) -> Result<Self, rlx_host_api::Error> {
        let info = plugin.info();
        let devices = plugin.devices()?.into_iter().map(|device| DeviceRow {
            kind: device.kind.to_string(),
            name: device.name,
            memory_bytes: device.memory_bytes,
        });
        Ok(Self {
            name: info.name.clone(),
            version: info.version.to_string(),
            vendor: info.vendor.clone(),
            abi: plugin.abi_version().to_string(),
            engine: info.engine.clone(),
            engine_version: info.engine_version.clone(),
            opset: [*info.opset.start(), *info.opset.end()],
            ops: info.ops.clone(),
            devices: devices.collect(),
        })
    }
}

/// Runs the command.
pub(crate) fn execute(args: &PluginsArgs) -> Result<()> {
    let search = discovery::SearchPath::from_env();
    let rows = discovery::scan(&search).into_iter().map(|candidate| {
        let found = candidate.verdict.and_then(|plugin| Details::of(&plugin));
        let path = candidate.path.display().to_string();
        let (details, reason) = match found {
            Ok(details) => (Some(details), None),
            Err(error) => (None, Some(without_path(&error.to_string(), &path))),
        };
        Row { path, usable: details.is_some(), reason, details }
    });
    let report = Report {
        plugins: rows.collect(),
        folders: search.folders().iter().map(|folder| folder.display().to_string()).collect(),
    };
    if args.output.json { report::print_json(&report) } else { print_table(&report) }
}

/// The row names the file already.
fn without_path(reason: &str, path: &str) -> String {
    reason.strip_prefix(path).map_or(reason, |rest| rest.trim_start_matches(": ")).to_owned()
}

fn print_table(report: &Report) -> Result<()> {
    let mut table = report::table(["backend", "version", "ABI", "engine", "devices", "ops", "status", "path"]);
    for row in &report.plugins {
        let status = row.reason.as_deref().unwrap_or("ok");
        let cells = match &row.details {
            Some(details) => {
                let devices: Vec<String> =
                    details.devices.iter().map(|device| format!("{} ({})", device.kind, device.name)).collect();
                [
                    details.name.clone(),
                    details.version.clone(),
                    details.abi.clone(),
                    format!("{} {}", details.engine, details.engine_version),
                    devices.join(", "),
                    details.ops.len().to_string(),
                ]
            }
            None => std::array::from_fn(|_| "-".to_owned()),
        };
        table.add_row(cells.into_iter().chain([status.to_owned(), row.path.clone()]));
    }
    if report.plugins.is_empty() {
        report::print("No plugins found.")?;
    } else {
        report::print(&table.to_string())?;
    }
    report::print(&format!("\nFolders searched:\n  {}", report.folders.join("\n  ")))
}
