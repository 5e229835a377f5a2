//! A host that one source builds for every version of the ABI: `rlx-next-host PLUGIN MODEL NAME=1,2,3 ...` runs an f32
//! model through the safe handles, then once more slot by slot with marks in every argument field beyond ABI 1.0, and
//! prints what it saw as JSON.

mod raw;
#[path = "../../surplus.rs"]
mod surplus;

use anyhow::{Context, Result, ensure};
use rlx_host_api::abi::ABI_VERSION;
use rlx_host_api::{BackendOptions, CompileOptions, DType, Error, Executable, Plugin, TensorInfo, TensorView};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// What plugins logged.
static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Collector;

impl log::Log for Collector {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("rlx_next")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            LINES.lock().unwrap_or_else(PoisonError::into_inner).push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Tensors by name, as little-endian bytes.
type Values = HashMap<String, Vec<u8>>;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [plugin, model, values @ ..] = args.as_slice() else {
        anyhow::bail!("usage: rlx-next-host PLUGIN MODEL NAME=1,2,3 ...");
    };
    log::set_logger(&Collector)?;
    log::set_max_level(log::LevelFilter::Info);
    let values: Values = values.iter().map(|v| tensor(v)).collect::<Result<_>>()?;
    let model = std::fs::read(model).with_context(|| format!("cannot read {model}"))?;
    let mut report = match Plugin::load(Path::new(plugin)) {
        Ok(plugin) => ran(&plugin, &model, &values)?,
        Err(error) => json!({ "refused": failure(&error) }),
    };
    report["abi"] = ABI_VERSION.to_string().into();
    println!("{report}");
    Ok(())
}

fn ran(plugin: &Plugin, model: &[u8], values: &Values) -> Result<Value> {
    let mut executable = plugin.create(&BackendOptions::new())?.compile(model, &CompileOptions::new())?;
    let params = executable.params().to_vec();
    for info in &params {
        let data = named(values, info)?;
        executable.set_param(&info.name, TensorView { dtype: info.dtype, dims: &info.dims, data })?;
    }
    let inputs = executable.inputs().iter().map(|info| named(values, info)).collect::<Result<Vec<_>>>()?;
    let outputs = executable.run_to_vec(&inputs)?;
    let plugin_saw = lines();
    let raw = raw::run(plugin.path(), model, &executable, values)?;
    let raw_plugin_saw = lines();
    let extension = match plugin.require_extension("next", 1) {
        Ok(table) => json!({ "answer": raw::answer(table) }),
        Err(error) => failure(&error),
    };
    Ok(json!({
        "plugin": { "name": plugin.info().name, "abi": plugin.abi_version().to_string() },
        "extension": extension,
        "safe": { "outputs": named_outputs(&executable, &outputs), "plugin_saw": plugin_saw },
        "raw": {
            "outputs": named_outputs(&executable, &raw.outputs),
            "plugin_saw": raw_plugin_saw,
            "host_saw": raw.saw,
        },
    }))
}

/// What was logged since the last call.
fn lines() -> Vec<String> {
    std::mem::take(&mut *LINES.lock().unwrap_or_else(PoisonError::into_inner))
}

fn failure(error: &Error) -> Value {
    let details: HashMap<&str, String> = error.details().iter().map(|(k, v)| (k.as_str(), v.to_string())).collect();
    json!({ "kind": format!("{:?}", error.kind()), "message": error.message(), "details": details })
}

/// `w=1,2,3`.
fn tensor(arg: &str) -> Result<(String, Vec<u8>)> {
    let (name, list) = arg.split_once('=').with_context(|| format!("`{arg}` is not NAME=1,2,3"))?;
    let values = list.split(',').map(str::parse).collect::<Result<Vec<f32>, _>>().with_context(|| arg.to_owned())?;
    Ok((name.to_owned(), values.iter().flat_map(|v| v.to_le_bytes()).collect()))
}

fn named<'a>(values: &'a Values, info: &TensorInfo) -> Result<&'a [u8]> {
    ensure!(info.dtype == DType::F32, "`{}` is {info}; this host has f32 alone", info.name);
    Ok(values.get(&info.name).with_context(|| format!("no value for {info} `{}`", info.name))?)
}

fn named_outputs(executable: &Executable, outputs: &[Vec<u8>]) -> Vec<Value> {
    let floats = |bytes: &[u8]| bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect::<Vec<_>>();
    let infos = executable.outputs().iter();
    infos.zip(outputs).map(|(info, data)| json!({ "name": info.name, "values": floats(data) })).collect()
}
