//! Runs of programs whose collective ops MLX communicates itself: their evaluation waits for other ranks, and cannot be given up.
//! It is done on the thread of the group, and owns all that it reads, so that it can be left behind.

use super::{MlxExecutable, Plan};
use crate::collectives::ProgramCollectives;
use crate::mlx::array::{Array, eval};
use crate::plan::run::RunState;
use rlx_host_api::Error;
use rlx_host_api::author::Counters;
use rlx_mlx_cpu::threads::with_limit;
use std::sync::Arc;

impl MlxExecutable {
    /// The collective ops of such a program.
    pub(super) fn lazy_collectives(&self) -> Option<Arc<ProgramCollectives>> {
        self.collectives.clone().filter(|collectives| collectives.is_lazy())
    }

    /// Outputs, then the new values of states, evaluated. The thread has the group and a turn on the lane.
    pub(super) fn run_apart(
        &mut self,
        collectives: &ProgramCollectives,
        inputs: &[&[u8]],
    ) -> Result<Vec<Array>, Error> {
        let rows = self.rows();
        let leaves = self.leaves(inputs, rows.as_deref())?;
        let prepared = self.prepared.values.iter().map(Array::duplicate).collect::<Result<Vec<_>, _>>()?;
        let (plan, threads, program) = (self.plan.clone(), self.threads, Arc::clone(&self.program));
        let lazy = move || match (&plan, &rows) {
            (Plan::Replay(whole), rows) => {
                let trace = rows.as_ref().and_then(|rows| rows.trace.as_ref()).unwrap_or(whole);
                let leaves: Vec<Array> = leaves.into_iter().chain(prepared).collect();
                Ok((trace.call(&leaves)?, 0))
            }
            (Plan::Steps(mode, steps), rows) => {
                let mut counters = Counters::default();
                let run = &mut RunState { mode: *mode, prepared: &prepared, counters: &mut counters };
                let arrays = match rows {
                    Some(rows) => steps.run_rows(run, &leaves, rows.extent),
                    None => steps.run(run, leaves),
                }?;
                if let Some(profile) = &program.target.reports.profile {
                    profile.watch_arrays(&arrays)?;
                }
                Ok((arrays, counters.evaluations))
            }
        };
        let run = move || -> Result<(Vec<Array>, u64), Error> {
            let (arrays, evaluations) = lazy()?;
            eval(&arrays)?;
            Ok((arrays, evaluations))
        };
        let run = move || match threads {
            Some(threads) => with_limit(threads.get(), run),
            None => run(),
        };
        let (arrays, evaluations) = collectives.evaluate(&self.program.graph.name, &self.lane, run)?;
        self.counters.evaluations += evaluations;
        Ok(arrays)
    }
}
