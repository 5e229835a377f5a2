//! A case on a backend: compiled once, run three times, compared, and its traces counted. The second run gets other values,
//! so that one which keeps what it should compute again is found.

use crate::case::Case;
use crate::compare::{Comparison, Difference, Expected, compare};
use crate::tensor::Tensor;
use rlx_host_api::{Backend, CompileOptions, Counters, Error, ErrorKind, Executable};
use serde::{Deserialize, Serialize};

/// How often a case runs.
const RUNS: u64 = 3;

/// What came of a case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Outcome {
    /// Every value is within its tolerance; the worst error in ulps.
    Passed {
        /// In ulps.
        worst: f64,
    },
    /// The backend refuses the op, or this node of it, when it compiles.
    Unsupported {
        /// Why.
        reason: String,
    },
    /// Something is wrong.
    Failed {
        /// What.
        reason: String,
        /// The worst error in ulps, where values were compared.
        worst: f64,
        /// Wrong elements, a few of them.
        examples: Vec<Difference>,
    },
}

/// Inputs, expectations and findings of a case, for its printing.
#[derive(Debug)]
pub struct Details {
    /// What the host gave.
    pub inputs: Vec<Tensor>,
    /// What was expected.
    pub expected: Vec<Expected>,
    /// What was found in the first run; empty where there was none.
    pub found: Vec<Tensor>,
    /// What came of it.
    pub outcome: Outcome,
}

/// Runs a case in `mode`, or as the plugin chooses.
pub fn run(backend: &Backend, mode: Option<&str>, case: &Case) -> Outcome {
    details(backend, mode, case).outcome
}

/// Runs a case and keeps everything.
pub fn details(backend: &Backend, mode: Option<&str>, case: &Case) -> Details {
    let operands = case.operands();
    let inputs = case.inputs(&operands);
    let mut details =
        Details { inputs, expected: Vec::new(), found: Vec::new(), outcome: Outcome::Passed { worst: 0.0 } };
    let kind = format!("{:?}", case.kind);
    if !backend.plugin().info().ops.contains(&kind) {
        details.outcome = Outcome::Unsupported { reason: format!("the plugin does not list {kind}") };
        return details;
    }
    details.expected = case.expected(&operands);
    let turned = case.turned(&operands).map(|operands| (case.inputs(&operands), case.expected(&operands)));
    let given = Given { inputs: &details.inputs, expected: &details.expected, turned };
    details.outcome = match attempt(backend, mode, case, given, &mut details.found) {
        Ok(outcome) => outcome,
        Err(Stop::Refused(error)) if error.kind() == ErrorKind::Unsupported => {
            Outcome::Unsupported { reason: error.message().to_owned() }
        }
        Err(Stop::Refused(error)) => Outcome::failed(format!("it does not compile: {error}")),
        Err(Stop::Broken(reason)) => Outcome::failed(reason),
    };
    details
}

impl Outcome {
    /// Failed without values to compare.
    pub fn failed(reason: String) -> Self {
        Self::Failed { reason, worst: 0.0, examples: Vec::new() }
    }
}

/// Why a case has no values to compare.
enum Stop {
    Refused(Error),
    Broken(String),
}

/// What the runs of a case are given, and what they should give.
struct Given<'a> {
    inputs: &'a [Tensor],
    expected: &'a [Expected],
    /// The same for the second run, where there are other values.
    turned: Option<(Vec<Tensor>, Vec<Expected>)>,
}

fn attempt(
    backend: &Backend,
    mode: Option<&str>,
    case: &Case,
    given: Given<'_>,
    found: &mut Vec<Tensor>,
) -> Result<Outcome, Stop> {
    let broken = |what: &'static str| move |error: Error| Stop::Broken(format!("{what}: {error}"));
    let text = rlx_ir::rlxmodel::to_text(&case.graph).map_err(|error| Stop::Broken(format!("no text: {error}")))?;
    let mut options = CompileOptions::new();
    if let Some(mode) = mode {
        options = options.set("mode", mode);
    }
    let mut executable = backend.compile(text.as_bytes(), &options).map_err(Stop::Refused)?;
    let before = counters(&executable).map_err(broken("the counters"))?;
    let bytes = in_order(&executable, given.inputs)?;
    let views: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let first = executable.run_to_vec(&views).map_err(broken("the first run"))?;
    *found = outputs(&executable, &first)?;
    let mut outcome = judge(found, given.expected)?;
    let mut same = RUNS - 1;
    if let Some((inputs, expected)) = &given.turned {
        same -= 1;
        let bytes = in_order(&executable, inputs)?;
        let views: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let values = executable.run_to_vec(&views).map_err(broken("a run with other values"))?;
        let turned = judge(&outputs(&executable, &values)?, expected)?;
        outcome = both(outcome, turned);
    }
    for _ in 0..same {
        if executable.run_to_vec(&views).map_err(broken("a later run"))? != first {
            return Err(Stop::Broken("a later run gives other bytes than the first".to_owned()));
        }
    }
    if mode == Some("compiled") {
        let after = counters(&executable).map_err(broken("the counters"))?;
        traced_once(case, before, after)?;
    }
    Ok(outcome)
}

/// What comes of two runs: what is wrong in the first, else what is wrong in the second.
fn both(first: Outcome, second: Outcome) -> Outcome {
    match (first, second) {
        (Outcome::Passed { worst }, Outcome::Passed { worst: other }) => Outcome::Passed { worst: worst.max(other) },
        (Outcome::Passed { .. }, Outcome::Failed { reason, worst, examples }) => {
            let reason = format!("in a run with the elements of its operands turned around, {reason}");
            Outcome::Failed { reason, worst, examples }
        }
        (first, _) => first,
    }
}

/// None without the extension.
fn counters(executable: &Executable) -> Result<Option<Counters>, Error> {
    match executable.counters() {
        Ok(counters) => Ok(Some(counters)),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

/// A program is traced once, and nothing is evaluated while it is. Nested graphs may be traced one by one as they are first
/// needed, by the first run at the latest.
fn traced_once(case: &Case, before: Option<Counters>, after: Option<Counters>) -> Result<(), Stop> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(()) };
    if before.evaluations != 0 {
        return Err(Stop::Broken(format!("{} evaluations before the first run", before.evaluations)));
    }
    if !case.is_nested() && after.traces != 1 {
        return Err(Stop::Broken(format!("traced {} times for {RUNS} runs", after.traces)));
    }
    if after.runs != RUNS {
        return Err(Stop::Broken(format!("{} runs are counted as {}", RUNS, after.runs)));
    }
    Ok(())
}

/// The bytes of the inputs in the order that the executable asks for.
fn in_order(executable: &Executable, inputs: &[Tensor]) -> Result<Vec<Vec<u8>>, Stop> {
    let bytes = |name: &str| -> Option<Vec<u8>> {
        let at: usize = name.strip_prefix('x')?.parse().ok()?;
        Some(inputs.get(at)?.bytes())
    };
    let given = executable.inputs().iter();
    given
        .map(|info| bytes(&info.name).ok_or_else(|| Stop::Broken(format!("it asks for an input `{}`", info.name))))
        .collect()
}

fn outputs(executable: &Executable, bytes: &[Vec<u8>]) -> Result<Vec<Tensor>, Stop> {
    let infos = executable.outputs().iter().zip(bytes);
    infos
        .map(|(info, bytes)| {
            let dims: Option<Vec<usize>> = info.dims.iter().map(|&extent| usize::try_from(extent).ok()).collect();
            let dims = dims.ok_or_else(|| Stop::Broken(format!("an output is {info}")))?;
            Ok(Tensor::from_bytes(info.dtype.into(), &dims, bytes))
        })
        .collect()
}

fn judge(found: &[Tensor], expected: &[Expected]) -> Result<Outcome, Stop> {
    if found.len() != expected.len() {
        return Err(Stop::Broken(format!("{} outputs, expected {}", found.len(), expected.len())));
    }
    let mut whole = Comparison::default();
    for (found, expected) in found.iter().zip(expected) {
        let one = compare(found, expected).map_err(Stop::Broken)?;
        whole.worst = whole.worst.max(one.worst);
        whole.wrong += one.wrong;
        whole.elements += one.elements;
        whole.examples.extend(one.examples);
    }
    let Some(example) = whole.examples.first() else { return Ok(Outcome::Passed { worst: whole.worst }) };
    let reason = format!(
        "{} of {} elements are wrong; element {} is {}, expected {}",
        whole.wrong, whole.elements, example.at, example.found, example.expected
    );
    Ok(Outcome::Failed { reason, worst: whole.worst, examples: whole.examples })
}
