//! Extension `pipeline/1`: runs whose evaluation is started without waiting for it.
//!
//! When one fails, the runs after it have computed with what it left, so all that were under way count as failed: fed
//! inputs and states become what they were before the first of them, and there are no outputs.

use super::{Carried, MlxExecutable};
use crate::collectives::ProgramCollectives;
use crate::mlx::array::Array;
use crate::process::gate::{self, Pass};
use rlx_host_api::Error;
use rlx_host_api::author::{Pipeline, Run};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many runs of a batch are under way at once: the device always has a next one, and memory stays bounded.
const OVERLAP: usize = 4;

impl MlxExecutable {
    /// Waits for what is under way. Every call that needs its results starts with this.
    pub(super) fn settle(&mut self) -> Result<Pass, Error> {
        // Before anything is taken: a call from inside a kernel fails, the runs that are under way do not.
        let pass = gate::pass()?;
        let Some(before) = self.before.take() else { return Ok(pass) };
        let done = self.lane.wait(&self.started).and_then(|()| self.outputs_are_settled());
        match done {
            Ok(()) => Ok(pass),
            Err(error) => {
                self.forget_runs(before);
                Err(self.explain(error).context("a run that was started before failed"))
            }
        }
    }

    /// Has MLX note on the outputs that they are there: it does so when it is next asked, which may then be by two
    /// threads at once, in executables that share them.
    fn outputs_are_settled(&self) -> Result<(), Error> {
        self.outputs.iter().flatten().try_for_each(|output| output.read_part(0, &mut []))
    }

    /// Undoes all that was under way. Failures that nobody has asked for are those of runs that are forgotten now.
    fn forget_runs(&mut self, before: Carried) {
        self.revert(before);
        self.started = Arc::default();
    }

    /// Runs a batch on the lane that the thread has a turn on.
    fn overlap(&mut self, runs: &mut [Run<'_>]) -> Result<(), Error> {
        let mut under_way = VecDeque::with_capacity(OVERLAP);
        let mut runs = runs.iter_mut();
        loop {
            let next = runs.next();
            if next.is_none() || under_way.len() == OVERLAP {
                let Some((run, outputs)) = under_way.pop_front() else { return Ok(()) };
                self.collect(run, outputs)?;
            }
            if let Some(run) = next {
                self.begin()?;
                self.start(&run.inputs)?;
                self.carry()?;
                under_way.push_back((run, std::mem::take(&mut self.outputs)));
            }
        }
    }

    /// Waits for one run of a batch and reads its outputs.
    fn collect(&mut self, run: &mut Run<'_>, outputs: Vec<Option<Array>>) -> Result<(), Error> {
        self.outputs = self.deliver(outputs, &mut run.outputs)?;
        self.count_delivered(&mut run.outputs);
        Ok(())
    }
}

impl Pipeline for MlxExecutable {
    fn submit(&mut self, inputs: &[&[u8]]) -> Result<(), Error> {
        let _pass = gate::pass()?;
        self.begin()?;
        let collectives = self.collectives.clone();
        let group = collectives.as_deref().map(ProgramCollectives::begin).transpose()?;
        let lane = Arc::clone(&self.lane);
        let mut turn = lane.enter(&self.started)?;
        turn.limit_threads(self.threads)?;
        if self.before.is_none() {
            self.before = Some(self.carried()?);
        }
        let started = self.prepare().and_then(|()| self.start(inputs)).and_then(|()| self.carry());
        // A run with collective ops has the group to its end, so it is waited for.
        match started.and_then(|()| group.as_ref().map_or(Ok(()), |_| turn.synchronize())) {
            Ok(()) => {
                turn.leave_running(&self.started);
                Ok(())
            }
            Err(error) => {
                turn.settle();
                let before = self.before.take().unwrap_or_default();
                self.forget_runs(before);
                Err(self.explain(error))
            }
        }
    }

    fn wait(&mut self) -> Result<(), Error> {
        self.settle().map(drop)
    }

    fn run_batch(&mut self, runs: &mut [Run<'_>]) -> Result<(), Error> {
        let _pass = self.settle()?;
        let collectives = self.collectives.clone();
        let _group = collectives.as_deref().map(ProgramCollectives::begin).transpose()?;
        let lane = Arc::clone(&self.lane);
        let mut turn = lane.enter(&self.started)?;
        turn.limit_threads(self.threads)?;
        let before = self.carried()?;
        let done = self.prepare().and_then(|()| self.overlap(runs)).and_then(|()| turn.synchronize());
        done.map_err(|error| {
            turn.settle();
            self.forget_runs(before);
            self.explain(error)
        })
    }
}
