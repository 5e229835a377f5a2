//! Extension `extent/1`. A run of the first rows is one of a smaller trace, which is made from the whole one without tracing
//! again, once for each extent. It reads the first rows of the host's inputs, and of arrays on the device a view of them; it
//! writes the first rows of the host's outputs and leaves the rest as it is. Outputs on the device have the first rows alone,
//! until someone reads beyond them: then the rest is zeros.
//!
//! While an output is fed to an input, or the program writes to states, runs compute the whole, so that no row is lost.

use super::rows::Rows;
use super::{MlxExecutable, Plan};
use crate::mlx::array::eval;
use crate::mlx::trace::FirstRows;
use crate::plan::run::RunState;
use rlx_host_api::author::Extent;
use rlx_host_api::{ActiveExtent, Error};
use std::ffi::c_int;
use std::sync::Arc;

impl MlxExecutable {
    /// The rows that a run computes; `None` for all.
    pub(super) fn rows(&self) -> Option<Arc<Rows>> {
        self.rows.as_ref().filter(|_| !self.carries()).map(Arc::clone)
    }

    fn find_rows(&mut self, extent: ActiveExtent) -> Result<Option<Rows>, Error> {
        if !self.program.states().is_empty() {
            return Ok(None);
        }
        let lane = Arc::clone(&self.lane);
        let mut turn = lane.enter(&self.started)?;
        let found = match &self.plan {
            Plan::Replay(trace) => trace.first_rows(self.program.outputs.len(), extent),
            Plan::Steps(mode, steps) => steps.first_rows(
                &mut RunState { mode: *mode, prepared: &self.prepared.values, counters: &mut self.counters },
                extent,
            ),
        };
        let Some(FirstRows { trace, inputs, .. }) = found.inspect_err(|_| turn.settle())? else { return Ok(None) };
        let largest = trace.largest()? as u64;
        let trace = matches!(self.plan, Plan::Replay(_)).then_some(trace);
        Ok(Some(Rows { extent, inputs, trace, largest }))
    }

    /// Makes sure that the first `bytes` of an output of the last run are there: rows that the run left out become zeros.
    pub(super) fn extend_output(&mut self, output: usize, bytes: usize) -> Result<(), Error> {
        let declared = &self.program.outputs[output];
        let Some(Some(array)) = self.outputs.get_mut(output) else { return Ok(()) };
        let mut missing = array.dims()?;
        let there = missing.iter().map(|&extent| extent as usize).product::<usize>() * declared.dtype.size();
        if bytes <= there {
            return Ok(());
        }
        for (missing, &declared) in missing.iter_mut().zip(&declared.dims) {
            *missing = declared as c_int - *missing;
        }
        let mut turn = self.lane.enter(&self.started)?;
        let whole = array.pad(&vec![0; missing.len()], &missing, 0.0)?;
        eval(std::slice::from_ref(&whole)).inspect_err(|_| turn.settle())?;
        *array = whole;
        Ok(())
    }
}

impl Extent for MlxExecutable {
    fn set_active_extent(&mut self, extent: Option<ActiveExtent>) -> Result<bool, Error> {
        let _pass = self.settle()?;
        self.rows = None;
        let Some(extent) = extent.filter(|extent| extent.actual > 0) else { return Ok(false) };
        if self.known_rows.as_ref().is_none_or(|(known, _)| *known != extent) {
            let found = self.find_rows(extent)?.map(Arc::new);
            self.known_rows = Some((extent, found));
        }
        self.rows = self.known_rows.as_ref().and_then(|(_, rows)| rows.clone());
        Ok(self.rows.is_some())
    }
}
