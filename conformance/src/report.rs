//! What came out, by family and by mode. A case counts once for each mode that it ran in.

use crate::case::Case;
use crate::run::Outcome;
use serde::Serialize;

/// All results.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// One entry for each mode, in the order in which they came.
    pub modes: Vec<Mode>,
    /// One entry for each family that has cases, in the order in which they came.
    pub families: Vec<Family>,
    /// What failed, by name.
    pub failures: Vec<Failure>,
    /// What the backend refuses: cases by op and reason.
    pub refused: Vec<Refused>,
}

/// Results in a mode.
#[derive(Debug, Serialize)]
pub struct Mode {
    /// Its name; none where the plugin chose.
    pub mode: Option<String>,
    /// Cases that were tried.
    pub cases: usize,
    /// Those that are right.
    pub passed: usize,
    /// Those that the backend refuses.
    pub refused: usize,
    /// Those that are wrong.
    pub failed: usize,
}

/// Results of a family, in all modes together.
#[derive(Debug, Serialize)]
pub struct Family {
    /// Its name.
    pub family: &'static str,
    /// Cases that were tried.
    pub cases: usize,
    /// Those that are right.
    pub passed: usize,
    /// Those that the backend refuses.
    pub refused: usize,
    /// Those that are wrong.
    pub failed: usize,
    /// The worst error of a value that is right, in ulps.
    pub worst_ulps: f64,
    /// The case that has it.
    pub worst_case: Option<String>,
}

/// A case that failed.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// Its name, by which it runs again.
    pub case: String,
    /// In which mode; none where the plugin chose.
    pub mode: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// The worst error in ulps; none where it has no value.
    pub worst_ulps: Option<f64>,
}

/// Cases of an op that are refused for one reason.
#[derive(Debug, Serialize)]
pub struct Refused {
    /// The op.
    pub op: String,
    /// Why.
    pub reason: String,
    /// Their names, each once.
    pub cases: Vec<String>,
}

impl Report {
    /// Adds what came of a case.
    pub fn add(&mut self, case: &Case, mode: Option<&str>, outcome: &Outcome) {
        let of_mode = self.mode(mode);
        of_mode.cases += 1;
        match outcome {
            Outcome::Passed { .. } => of_mode.passed += 1,
            Outcome::Failed { .. } => of_mode.failed += 1,
            Outcome::Unsupported { .. } => of_mode.refused += 1,
        }
        let family = self.family(case.family);
        family.cases += 1;
        match outcome {
            Outcome::Passed { worst } => {
                family.passed += 1;
                if *worst > family.worst_ulps {
                    family.worst_ulps = *worst;
                    family.worst_case = Some(case.name.clone());
                }
            }
            Outcome::Failed { reason, worst, .. } => {
                family.failed += 1;
                self.failures.push(Failure {
                    case: case.name.clone(),
                    mode: mode.map(str::to_owned),
                    reason: reason.clone(),
                    worst_ulps: (*worst > 0.0).then_some(*worst),
                });
            }
            Outcome::Unsupported { reason } => {
                family.refused += 1;
                self.refuse(format!("{:?}", case.kind), reason, &case.name);
            }
        }
    }

    fn mode(&mut self, name: Option<&str>) -> &mut Mode {
        let at = self.modes.iter().position(|mode| mode.mode.as_deref() == name).unwrap_or_else(|| {
            self.modes.push(Mode { mode: name.map(str::to_owned), cases: 0, passed: 0, refused: 0, failed: 0 });
            self.modes.len() - 1
        });
        &mut self.modes[at]
    }

    fn family(&mut self, name: &'static str) -> &mut Family {
        let at = self.families.iter().position(|family| family.family == name).unwrap_or_else(|| {
            self.families.push(Family {
                family: name,
                cases: 0,
                passed: 0,
                refused: 0,
                failed: 0,
                worst_ulps: 0.0,
                worst_case: None,
            });
            self.families.len() - 1
        });
        &mut self.families[at]
    }

    fn refuse(&mut self, op: String, reason: &str, case: &str) {
        let same = |entry: &&mut Refused| entry.op == op && entry.reason == reason;
        match self.refused.iter_mut().find(same) {
            // The same case comes again in another mode.
            Some(entry) if entry.cases.iter().any(|name| name == case) => {}
            Some(entry) => entry.cases.push(case.to_owned()),
            None => self.refused.push(Refused { op, reason: reason.to_owned(), cases: vec![case.to_owned()] }),
        }
    }
}
