//! What an executable keeps about its handles: inputs that stay between runs.

use std::collections::HashMap;

/// What an executable keeps about its handles, beside the values on the device.
#[derive(Debug, Clone)]
pub(super) struct Handles {
    /// Values of handles that are not on the device, by name.
    pub(super) host: HashMap<String, Vec<f32>>,
    /// The output that becomes each input after every run.
    pub(super) feeds: Vec<Option<usize>>,
    /// Outputs of which rows go to inputs.
    pub(super) row_feeds: Vec<RowFeed>,
}

/// An output of which rows go to an input.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowFeed {
    pub(super) input: usize,
    pub(super) output: usize,
}

impl Handles {
    pub(super) fn new(inputs: usize) -> Self {
        Self { host: HashMap::new(), feeds: vec![None; inputs], row_feeds: Vec::new() }
    }

    pub(super) fn on_host(&self, name: &str) -> Option<&[f32]> {
        self.host.get(name).map(Vec::as_slice)
    }
}
