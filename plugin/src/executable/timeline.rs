//! Extension `timeline/1`: when the parts of runs were computed.

use super::MlxExecutable;
use crate::profile::Work;
use rlx_host_api::author::{Spans, Timeline};
use rlx_host_api::{Error, ErrorKind};

impl MlxExecutable {
    /// Calls `run`, which is noted as a whole where runs are.
    pub(super) fn noted<R>(&mut self, run: impl FnOnce(&mut Self) -> R) -> R {
        let Some(start) = self.program.target.reports.profile.as_ref().map(|profile| profile.recorder().now()) else {
            return run(self);
        };
        let done = run(self);
        if let Some(profile) = &self.program.target.reports.profile {
            let recorder = profile.recorder();
            recorder.note_on("caller", start, recorder.name(""), "run", Work::default());
        }
        done
    }
}

impl Timeline for MlxExecutable {
    fn take_spans(&mut self) -> Result<Spans, Error> {
        let _pass = self.settle()?;
        match &self.program.target.reports.profile {
            Some(profile) => Ok(profile.recorder().take()),
            None => Err(Error::new(
                ErrorKind::FailedPrecondition,
                format!("graph `{}` notes no times: compile it with option `profile`", self.program.graph.name),
            )),
        }
    }
}
