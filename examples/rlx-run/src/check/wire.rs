//! What passes between `rlx-run check` and its worker.

pub(super) use crate::wire::{read, send};

use crate::backend::PluginSummary;
use rlx_conformance::run::Outcome;
use serde::{Deserialize, Serialize};

/// A case that the worker is to run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// Its name.
    pub(super) case: String,
    /// In which mode; none where the plugin chooses.
    pub(super) mode: Option<String>,
    /// Whether what was found is to be shown.
    pub(super) show: bool,
}

/// What the worker says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Message {
    /// The plugin is loaded. Said first.
    Ready(Subject),
    /// There is nothing to check. Said instead.
    Refused {
        /// Whether the command line is to blame.
        usage: bool,
        /// Why.
        message: String,
    },
    /// A case is done.
    Done(Answer),
}

/// What is checked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Subject {
    /// The plugin.
    pub(super) plugin: PluginSummary,
    /// Kind of its device.
    pub(super) device: String,
    /// The modes that it has; none where it knows no such option.
    pub(super) modes: Vec<String>,
}

/// What came of a case.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    /// The judgement.
    pub(super) outcome: Outcome,
    /// Dtype, extents and values of each output, as text; empty unless asked for.
    pub(super) found: Vec<String>,
}
