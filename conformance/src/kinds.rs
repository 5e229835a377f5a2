//! Every op kind of the IR, and how a backend has it.

use crate::case::Case;
use rlx_host_api::{Backend, Claim, CompileOptions, DType, Error, ErrorKind, How};
use rlx_ir::OpKind;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as Unknown, U32Deserializer};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Every kind, in the order of the IR. `OpKind::ALL` lacks one.
pub fn all() -> Vec<OpKind> {
    let kind = |number: u32| {
        let number: U32Deserializer<Unknown> = number.into_deserializer();
        OpKind::deserialize(number).ok()
    };
    (0..).map_while(kind).collect()
}

/// How a backend has an op kind.
#[derive(Debug, Clone, Serialize)]
pub struct KindReport {
    /// Name of the kind.
    pub op: String,
    /// Whether the plugin lists it.
    pub supported: bool,
    /// How nodes of it run: `graph`, `host`, and so on; empty where no case of the kit was asked about.
    pub how: Vec<&'static str>,
    /// What computes them, and of code of the processor why; empty where the plugin does not say.
    pub by: Vec<By>,
    /// Dtypes of the values that it works on, those that are taken.
    pub dtypes: Vec<&'static str>,
    /// What is refused, and why.
    pub limits: Vec<String>,
    /// How many cases the kit has of it.
    pub cases: usize,
}

/// What computes nodes of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct By {
    /// How they run, one of [`KindReport::how`].
    pub how: &'static str,
    /// By what, or why so.
    pub what: String,
}

/// Asks the backend about every kind, by the cases of the kit. `step` is called after each.
///
/// # Errors
/// What the plugin's claims fail with; a plugin without them is no error, and tells which kinds it has.
pub fn report(
    backend: &Backend,
    options: &CompileOptions,
    cases: &[Case],
    mut step: impl FnMut(),
) -> Result<Vec<KindReport>, Error> {
    let listed: BTreeSet<&str> = backend.plugin().info().ops.iter().map(String::as_str).collect();
    let explained = options.clone().set(Claim::EXPLAIN, true);
    let options = if explains(backend, &explained) { &explained } else { options };
    let mut reports = Vec::new();
    for kind in all() {
        let op = format!("{kind:?}");
        let own: Vec<(&Case, DType)> =
            cases.iter().filter(|case| case.kind == kind).map(|case| (case, case.dtype().into())).collect();
        let supported = listed.contains(op.as_str());
        let mut report = KindReport {
            op,
            supported,
            how: Vec::new(),
            by: Vec::new(),
            dtypes: Vec::new(),
            limits: Vec::new(),
            cases: own.len(),
        };
        if supported {
            let asked = if own.is_empty() { bystanders(cases, kind) } else { own };
            ask(backend, options, &asked, &mut report)?;
        }
        reports.push(report);
        step();
    }
    Ok(reports)
}

/// Cases of other kinds that have a node of this one, as all have an input: one for each dtype.
fn bystanders(cases: &[Case], kind: OpKind) -> Vec<(&Case, DType)> {
    let mut found: Vec<(&Case, DType)> = Vec::new();
    for case in cases {
        for node in case.graph.nodes().iter().filter(|node| node.op.kind() == kind) {
            let dtype = DType::from(node.shape.dtype());
            if !found.iter().any(|&(_, known)| known == dtype) {
                found.push((case, dtype));
            }
        }
    }
    found
}

fn ask(
    backend: &Backend,
    options: &CompileOptions,
    cases: &[(&Case, DType)],
    report: &mut KindReport,
) -> Result<(), Error> {
    for (case, dtype) in cases {
        let Ok(text) = rlx_ir::rlxmodel::to_text(&case.graph) else { continue };
        let claims = match backend.claims(text.as_bytes(), options) {
            Ok(claims) => claims,
            // Without the extension there is the list of kinds.
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(()),
            Err(error) => return Err(error.context(&case.name)),
        };
        let Some(claim) = claims.iter().rfind(|claim| claim.depth == 0 && claim.op == report.op) else { continue };
        match &claim.answer {
            Ok(how) => {
                insert(&mut report.how, how_name(*how));
                insert(&mut report.dtypes, dtype.name());
                let by = By { how: how_name(*how), what: claim.by.clone() };
                if !by.what.is_empty() && !report.by.contains(&by) {
                    report.by.push(by);
                }
            }
            Err(reason) if !report.limits.contains(reason) => report.limits.push(reason.clone()),
            Err(_) => {}
        }
    }
    Ok(())
}

/// Whether the plugin takes the option that asks by what nodes are computed.
fn explains(backend: &Backend, options: &CompileOptions) -> bool {
    backend.claims(b"rlxmodel 1\nopset 1\ngraph @probe {\n%x = input : f32[1]\nreturn %x\n}\n", options).is_ok()
}

fn insert(list: &mut Vec<&'static str>, name: &'static str) {
    if !list.contains(&name) {
        list.push(name);
    }
}

fn how_name(how: How) -> &'static str {
    match how {
        How::Leaf => "leaf",
        How::Graph => "graph",
        How::Host => "host",
        How::Source => "source",
        How::ControlFlow => "control flow",
        How::Unused => "unused",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_ir_has_more_kinds_than_its_list() {
        let kinds = super::all();
        assert!(kinds.len() > 190 && kinds.contains(&rlx_ir::OpKind::GatedDeltaNetBackward), "{}", kinds.len());
    }
}
