//! A case on a backend: compiled once, run three times, compared, and its traces counted. The second run gets other values,
//! so that one which keeps what it should compute again is found.

use crate::case::Case;
use crate::compare::{Comparison, Difference, Expected, compare};
use crate::tensor::Tensor;
use rlx_host_api::{Backend, CompileOptions, Counters, Error, ErrorKind, Executable, TensorView};
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
    let turned = case.turned(&operands).map(|operands| Given::of(case, operands));
    let given = Given::of(case, operands);
    details.outcome = match attempt(backend, mode, case, &given, turned.as_ref(), &mut details.found) {
        Ok(outcome) => outcome,
        Err(Stop::Refused(error)) if error.kind() == ErrorKind::Unsupported => {
            Outcome::Unsupported { reason: error.message().to_owned() }
        }
        Err(Stop::Refused(error)) => Outcome::failed(format!("it does not compile: {error}")),
        Err(Stop::Broken(reason)) => Outcome::failed(reason),
    };
    details.expected = given.expected;
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

/// What a run of a case is given, and what it should give.
struct Given {
    operands: Vec<Tensor>,
    inputs: Vec<Tensor>,
    expected: Vec<Expected>,
}

impl Given {
    fn of(case: &Case, operands: Vec<Tensor>) -> Self {
        Self { inputs: case.inputs(&operands), expected: case.expected(&operands), operands }
    }

    fn judge(&self, case: &Case, found: &[Tensor]) -> Result<Outcome, Stop> {
        judge(&case.judged(&self.operands, found), &self.expected)
    }
}

fn attempt(
    backend: &Backend,
    mode: Option<&str>,
    case: &Case,
    given: &Given,
    turned: Option<&Given>,
    found: &mut Vec<Tensor>,
) -> Result<Outcome, Stop> {
    let broken = |what: &'static str| move |error: Error| Stop::Broken(format!("{what}: {error}"));
    let text = rlx_ir::rlxmodel::to_text(&case.graph).map_err(|error| Stop::Broken(format!("no text: {error}")))?;
    let mut options = CompileOptions::new();
    if let Some(mode) = mode {
        options = options.set("mode", mode);
    }
    let mut executable = backend.compile(text.as_bytes(), &options).map_err(Stop::Refused)?;
    bind(&mut executable, &given.inputs)?;
    let before = counters(&executable).map_err(broken("the counters"))?;
    let bytes = in_order(&executable, &given.inputs)?;
    let views: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
    let first = executable.run_to_vec(&views).map_err(broken("the first run"))?;
    *found = outputs(&executable, &first)?;
    let mut outcome = given.judge(case, found)?;
    let mut same = RUNS - 1;
    if let Some(turned) = turned {
        same -= 1;
        bind(&mut executable, &turned.inputs)?;
        let bytes = in_order(&executable, &turned.inputs)?;
        let views: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
        let values = executable.run_to_vec(&views).map_err(broken("a run with other values"))?;
        outcome = both(outcome, turned.judge(case, &outputs(&executable, &values)?)?);
        bind(&mut executable, &given.inputs)?;
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

/// The tensor of an input or parameter `xN`.
fn named<'a>(inputs: &'a [Tensor], name: &str) -> Result<&'a Tensor, Stop> {
    let at = name.strip_prefix('x').and_then(|at| at.parse::<usize>().ok());
    at.and_then(|at| inputs.get(at)).ok_or_else(|| Stop::Broken(format!("it asks for an input `{name}`")))
}

/// Gives the executable its parameters.
fn bind(executable: &mut Executable, inputs: &[Tensor]) -> Result<(), Stop> {
    for info in executable.params().to_vec() {
        let bytes = named(inputs, &info.name)?.bytes();
        let value = TensorView { dtype: info.dtype, dims: &info.dims, data: &bytes };
        executable.set_param(&info.name, value).map_err(|error| Stop::Broken(format!("a parameter: {error}")))?;
    }
    Ok(())
}

/// The bytes of the inputs in the order that the executable asks for.
fn in_order(executable: &Executable, inputs: &[Tensor]) -> Result<Vec<Vec<u8>>, Stop> {
    executable.inputs().iter().map(|info| Ok(named(inputs, &info.name)?.bytes())).collect()
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
