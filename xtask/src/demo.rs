//! `cargo xtask demo`: four sentences embedded on MLX through the plugin, then on the CPU, side by side.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use comfy_table::{CellAlignment, Table, presets};
use serde::Deserialize;

use crate::cargo::{self, Workspace};
use crate::{provision, ready, stage};

/// The largest difference between the two backends that still counts as agreement.
const TOLERANCE: f64 = 1e-4;

/// Runs after the first one, for the median.
const RUNS: &str = "20";

/// What `rlx-run embed --json` says, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Embedded {
    backend: String,
    plugin: Option<PluginInfo>,
    device: String,
    embeddings: Vec<Vec<f64>>,
    load_ms: f64,
    compile_ms: f64,
    params_ms: f64,
    first_run_ms: f64,
    median_ms: f64,
    runs: u64,
}

#[derive(Debug, Deserialize)]
struct PluginInfo {
    name: String,
    version: String,
    abi: String,
    engine: String,
}

/// Shows the embeddings on MLX as soon as they can be, then builds the CPU backend and compares; an error if the two differ
/// by more than [`TOLERANCE`].
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let plugins = match ready::bundle(workspace)? {
        Some(bundle) => use_bundle(workspace, bundle)?,
        None => build_plugin(workspace)?,
    };
    let model = provision::model(workspace)?;
    let encoder = Encoder { workspace, plugins, model, sentences: sentences(workspace)? };
    let mlx = encoder.embed("mlx")?;
    println!("\nSimilarity (cosine) on mlx\n{}", similarity_table(&encoder.sentences, &mlx.embeddings));
    println!("\nTime in ms\n{}", timing_table(&[&mlx]));
    if let Some(plugin) = &mlx.plugin {
        println!("\nPlugin {} {} (ABI {}), {}", plugin.name, plugin.version, plugin.abi, plugin.engine);
    }

    step("3/3", "building the CPU backend, to compare: minutes, the first time");
    workspace.build("rlx-run")?;
    let cpu = encoder.embed("cpu")?;
    println!("\nTime in ms\n{}", timing_table(&[&mlx, &cpu]));
    let difference = largest_difference(&mlx.embeddings, &cpu.embeddings)?;
    println!("Largest difference between mlx and cpu: {difference:.1e} (at most {TOLERANCE:.0e})");
    if difference.is_nan() || difference > TOLERANCE {
        bail!("mlx and cpu differ by {difference:.1e}, more than {TOLERANCE:.0e}");
    }
    Ok(())
}

/// Builds rlx-run alone: the plugin of this commit is there. Gives the path that hosts search.
fn use_bundle(workspace: &Workspace, bundle: PathBuf) -> Result<PathBuf> {
    step("1/3", &format!("using the plugin of this commit in {}", bundle.display()));
    step("2/3", "building rlx-run, without the CPU backend: a minute or two, the first time");
    cargo::run(workspace.cargo(["build", "--release", "-p", "rlx-run"]).arg("--no-default-features"))?;
    Ok(bundle.parent().unwrap_or(&bundle).to_path_buf())
}

/// Builds the plugin and rlx-run. Gives the path that hosts search.
fn build_plugin(workspace: &Workspace) -> Result<PathBuf> {
    step("1/3", "fetching MLX and the model");
    let libraries = provision::libraries(workspace)?;
    step("2/3", "building the plugin and rlx-run, without the CPU backend: minutes, the first time");
    // In one command, so that cargo compiles the shim's C++ beside the Rust. The third step compiles none of it again.
    let mut build = workspace.cargo(["build", "--release", "-p", "rlx-mlx-plugin", "-p", "rlx-run"]);
    cargo::run(build.arg("--no-default-features"))?;
    Ok(stage::place(workspace, libraries)?.plugins)
}

fn step(number: &str, what: &str) {
    eprintln!("\n[{number}] {what}");
}

/// The sentences that are embedded.
fn sentences(workspace: &Workspace) -> Result<Vec<String>> {
    let file = workspace.root.join("tests/reference/sentences.txt");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect())
}

/// `rlx-run embed` with all that it is given.
struct Encoder<'a> {
    workspace: &'a Workspace,
    /// The folder of plugin folders.
    plugins: PathBuf,
    model: PathBuf,
    sentences: Vec<String>,
}

impl Encoder<'_> {
    fn embed(&self, backend: &str) -> Result<Embedded> {
        let sentences = &self.sentences;
        eprintln!("$ rlx-run embed --backend {backend} ({} sentences, {RUNS} runs)", sentences.len());
        let mut command = Command::new(self.workspace.built("rlx-run"));
        command.args(["embed", "--json", "--repeat", RUNS, "--backend", backend, "--model"]);
        command.arg(&self.model).args(sentences).env("RLX_PLUGIN_PATH", &self.plugins);
        let json = cargo::capture(&mut command)?;
        let embedded: Embedded =
            serde_json::from_str(&json).with_context(|| format!("rlx-run embed --backend {backend} --json"))?;
        if embedded.embeddings.len() != sentences.len() {
            bail!("{backend} embedded {} of {} sentences", embedded.embeddings.len(), sentences.len());
        }
        Ok(embedded)
    }
}

fn similarity_table(sentences: &[String], embeddings: &[Vec<f64>]) -> Table {
    let mut table = new_table();
    table.set_header(std::iter::once(String::new()).chain((1..=sentences.len()).map(|n| n.to_string())));
    for (n, (sentence, row)) in sentences.iter().zip(embeddings).enumerate() {
        let label = format!("{} {sentence}", n + 1);
        let cells = embeddings.iter().map(|column| format!("{:.3}", cosine(row, column)));
        table.add_row(std::iter::once(label).chain(cells));
    }
    align_numbers(&mut table);
    table
}

fn timing_table(results: &[&Embedded]) -> Table {
    let mut table = new_table();
    let columns = results.iter().map(|result| format!("{} ({})", result.backend, result.device));
    table.set_header(std::iter::once(String::new()).chain(columns));
    let runs = results.first().map_or(0, |result| result.runs);
    let mut row = |label: String, value: fn(&Embedded) -> f64| {
        let cells = results.iter().map(|result| format!("{:.2}", value(result)));
        table.add_row(std::iter::once(label).chain(cells));
    };
    row("load".to_owned(), |result| result.load_ms);
    row("compile".to_owned(), |result| result.compile_ms);
    row("parameters".to_owned(), |result| result.params_ms);
    row("first run".to_owned(), |result| result.first_run_ms);
    row(format!("median of {runs} runs"), |result| result.median_ms);
    align_numbers(&mut table);
    table
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table
}

/// Every column but the first holds numbers.
fn align_numbers(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The largest absolute difference of two elements; NaN if any element is NaN.
fn largest_difference(a: &[Vec<f64>], b: &[Vec<f64>]) -> Result<f64> {
    if a.len() != b.len() || a.iter().zip(b).any(|(a, b)| a.len() != b.len()) {
        bail!("mlx and cpu gave embeddings of different shapes");
    }
    let differences = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs());
    Ok(differences.fold(0.0, |largest: f64, next| if next > largest || next.is_nan() { next } else { largest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_absolute_and_nan_is_not_lost() {
        let a = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
        assert_eq!(largest_difference(&a, &[vec![1.0, 2.5], vec![3.0, 3.0]]).expect("same shape"), 1.0);
        assert!(largest_difference(&a, &[vec![f64::NAN, 2.0], vec![3.0, 9.0]]).expect("same shape").is_nan());
        assert!(largest_difference(&a, &[vec![1.0, 2.0]]).is_err());
        assert!((cosine(&[3.0, 4.0], &[6.0, 8.0]) - 1.0).abs() < 1e-12);
    }
}
