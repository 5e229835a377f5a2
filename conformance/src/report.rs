//! What came out, by family.

use crate::case::Case;
use crate::run::Outcome;
use serde::Serialize;
use std::collections::BTreeMap;

/// All results.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// One entry for each family that has cases, in the order in which they came.
    pub families: Vec<Family>,
    /// What failed, by name.
    pub failures: Vec<Failure>,
    /// What the backend refuses: cases by op and reason.
    pub unsupported: Vec<Unsupported>,
}

/// Results of a family.
#[derive(Debug, Serialize)]
pub struct Family {
    /// Its name.
    pub family: &'static str,
    /// Cases that were tried.
    pub cases: usize,
    /// Those that are right.
    pub passed: usize,
    /// Those that are wrong.
    pub failed: usize,
    /// Those that the backend refuses.
    pub unsupported: usize,
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
pub struct Unsupported {
    /// The op.
    pub op: String,
    /// Why.
    pub reason: String,
    /// Their names.
    pub cases: Vec<String>,
}

impl Report {
    /// Adds what came of a case.
    pub fn add(&mut self, case: &Case, mode: Option<&str>, outcome: &Outcome) {
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
                family.unsupported += 1;
                self.refused(format!("{:?}", case.kind), reason, &case.name);
            }
        }
    }

    fn family(&mut self, name: &'static str) -> &mut Family {
        let at = self.families.iter().position(|family| family.family == name).unwrap_or_else(|| {
            self.families.push(Family {
                family: name,
                cases: 0,
                passed: 0,
                failed: 0,
                unsupported: 0,
                worst_ulps: 0.0,
                worst_case: None,
            });
            self.families.len() - 1
        });
        &mut self.families[at]
    }

    fn refused(&mut self, op: String, reason: &str, case: &str) {
        let same = |entry: &&mut Unsupported| entry.op == op && entry.reason == reason;
        match self.unsupported.iter_mut().find(same) {
            Some(entry) => entry.cases.push(case.to_owned()),
            None => self.unsupported.push(Unsupported { op, reason: reason.to_owned(), cases: vec![case.to_owned()] }),
        }
    }

    /// Refused cases of each op.
    pub fn unsupported_by_op(&self) -> BTreeMap<&str, usize> {
        let mut ops = BTreeMap::new();
        for entry in &self.unsupported {
            *ops.entry(entry.op.as_str()).or_default() += entry.cases.len();
        }
        ops
    }
}
