//! `rlx-run plugins`: which plugins there are, which ones are used, and why others are not.

mod change;

use crate::cli::{PluginsArgs, PluginsCommand};
use crate::report::{self, Table};
use anyhow::Result;
use rlx_host_api::discovery::{Candidate, Folder, FolderState};
use rlx_host_api::{DeviceInfo, PluginInfo};
use rlx_plugin_install::Origin;
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    plugins: Vec<Row>,
    folders: Vec<FolderRow>,
}

/// One candidate. What only an opened plugin tells is missing when it was not opened; name, version and engine come from
/// its manifest then.
#[derive(Serialize)]
struct Row {
    path: String,
    verdict: &'static str,
    reason: Option<String>,
    usable: bool,
    manifest: bool,
    origin: Option<Origin>,
    name: Option<String>,
    version: Option<String>,
    vendor: Option<String>,
    abi: Option<String>,
    engine: Option<String>,
    engine_version: Option<String>,
    opset: Option<[u32; 2]>,
    devices: Vec<DeviceRow>,
    op_count: Option<usize>,
    ops: Vec<String>,
}

#[derive(Serialize)]
struct DeviceRow {
    kind: String,
    name: String,
    memory_bytes: u64,
}

#[derive(Serialize)]
struct FolderRow {
    path: String,
    state: &'static str,
    reason: Option<String>,
}

impl From<Candidate> for Row {
    fn from(candidate: Candidate) -> Self {
        let (plugin, manifest) = (candidate.plugin(), candidate.manifest.as_ref());
        let info = plugin.map(|plugin| plugin.info());
        let known =
            |of_plugin: fn(&PluginInfo) -> String, of_manifest: Option<String>| info.map(of_plugin).or(of_manifest);
        Self {
            path: candidate.path.display().to_string(),
            verdict: candidate.verdict.code(),
            reason: candidate.verdict.reason(),
            usable: plugin.is_some() && !candidate.devices.is_empty(),
            manifest: manifest.is_some(),
            origin: Origin::of(&candidate.path),
            name: known(|info| info.name.clone(), manifest.map(|m| m.name.clone())),
            version: known(|info| info.version.to_string(), manifest.map(|m| m.version.to_string())),
            vendor: info.map(|info| info.vendor.clone()),
            abi: plugin.map(|plugin| plugin.abi_version().to_string()),
            engine: known(|info| info.engine.clone(), manifest.map(|m| m.engine.clone())),
            engine_version: known(|info| info.engine_version.clone(), manifest.map(|m| m.engine_version.clone())),
            opset: info.map(|info| [*info.opset.start(), *info.opset.end()]),
            devices: candidate.devices.iter().map(DeviceRow::from).collect(),
            op_count: info.map(|info| info.ops.len()),
            ops: info.map(|info| info.ops.clone()).unwrap_or_default(),
        }
    }
}

impl From<&DeviceInfo> for DeviceRow {
    fn from(device: &DeviceInfo) -> Self {
        Self { kind: device.kind.to_string(), name: device.name.clone(), memory_bytes: device.memory_bytes }
    }
}

impl From<Folder> for FolderRow {
    fn from(folder: Folder) -> Self {
        let (state, reason) = match folder.state {
            FolderState::Found => ("found", None),
            FolderState::Missing => ("missing", None),
            FolderState::Unreadable { reason } => ("unreadable", Some(reason)),
            _ => ("unknown", None),
        };
        Self { path: folder.path.display().to_string(), state, reason }
    }
}

/// Runs the command.
pub(crate) fn execute(args: &PluginsArgs) -> Result<()> {
    match &args.change {
        Some(PluginsCommand::Install(args)) => change::install(args),
        Some(PluginsCommand::Remove(args)) => change::remove(args),
        None => list(args),
    }
}

fn list(args: &PluginsArgs) -> Result<()> {
    let registry = args.trust.registry();
    let report = Report {
        plugins: registry.scan().into_iter().map(Row::from).collect(),
        folders: registry.search_path().survey().into_iter().map(FolderRow::from).collect(),
    };
    if args.output.json { report::print_json(&report) } else { print_text(&report) }
}

/// A table of what is short; paths and reasons, which are long, go below it uncut.
fn print_text(report: &Report) -> Result<()> {
    if report.plugins.is_empty() {
        report::print("No plugins found.")?;
    } else {
        let mut table = Table::new(["#", "backend", "version", "ABI", "engine", "opset", "devices", "ops", "verdict"]);
        for (index, row) in report.plugins.iter().enumerate() {
            table.add_row(cells(index, row));
        }
        table.print()?;
        for (index, row) in report.plugins.iter().enumerate() {
            report::print(&format!("{:>3}  {}", index + 1, row.path))?;
            if let Some(reason) = &row.reason {
                report::print(&format!("     {reason}"))?;
            }
            if let Some(Origin { source, sha256 }) = &row.origin {
                let sha256 = sha256.as_ref().map(|sha256| format!(", SHA-256 {sha256}")).unwrap_or_default();
                report::print(&format!("     installed from {source}{sha256}"))?;
            }
        }
    }
    report::print("\nFolders searched:")?;
    for (index, folder) in report.folders.iter().enumerate() {
        let reason = folder.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        report::print(&format!("{:>3}  {} ({}{reason})", index + 1, folder.path, folder.state))?;
    }
    Ok(())
}

fn cells(index: usize, row: &Row) -> [String; 9] {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let engine = row.engine.as_ref().zip(row.engine_version.as_ref());
    let devices: Vec<String> = row.devices.iter().map(|device| format!("{} ({})", device.kind, device.name)).collect();
    [
        (index + 1).to_string(),
        or_dash(row.name.clone()),
        or_dash(row.version.clone()),
        or_dash(row.abi.clone()),
        or_dash(engine.map(|(engine, version)| format!("{engine} {version}"))),
        or_dash(
            row.opset.map(
                |[oldest, newest]| if oldest == newest { oldest.to_string() } else { format!("{oldest}-{newest}") },
            ),
        ),
        or_dash((!devices.is_empty()).then(|| devices.join(", "))),
        or_dash(row.op_count.map(|count| count.to_string())),
        row.verdict.to_owned(),
    ]
}
