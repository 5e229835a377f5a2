//! Extension `params/1`. Parameters are never changed where another executable could see it: they are shared by second
//! references to one MLX array, and a write copies an array that has more than one.

use super::{Input, MlxExecutable};
use crate::mlx::array::Array;
use rlx_host_api::author::{Counters, Params};
use rlx_host_api::{Error, ErrorKind, TensorInfo};
use std::sync::Arc;

impl Params for MlxExecutable {
    fn write_param(&mut self, declared: &TensorInfo, offset: usize, data: &[u8]) -> Result<(), Error> {
        let _pass = self.settle()?;
        let unset = || {
            let name = &declared.name;
            Error::new(ErrorKind::FailedPrecondition, format!("parameter `{name}` is not set: set the whole first"))
        };
        let index = self.program.param(&declared.name).ok_or_else(unset)?;
        let lane = Arc::clone(&self.lane);
        let _turn = lane.enter(&self.started)?;
        if self.prepared.has_released(index) {
            self.params[index] = Some(self.restored(index)?);
            self.prepared.released[index] = false;
            self.prepared.written[index] = true;
        }
        let param = self.params[index].as_mut().ok_or_else(unset)?;
        let moved = param.write_part(offset, data, self.lane.device())?;
        self.prepared.forget(index);
        self.counters.bytes_in += data.len() as u64;
        self.counters.bytes_on_device += moved as u64;
        Ok(())
    }

    fn share_params(&mut self, source: &Self) -> Result<usize, Error> {
        let _pass = self.pass_to_bind()?;
        let mut alike = Vec::new();
        for (index, own) in self.program.params.iter().enumerate() {
            let same = source.program.param(&own.name).filter(|&theirs| source.program.params[theirs] == *own);
            let Some((theirs, value)) = same.and_then(|theirs| Some((theirs, source.params[theirs].as_ref()?))) else {
                continue;
            };
            // What fails does so before any is bound.
            let is_stand_in = source.prepared.has_released(theirs);
            let value = if is_stand_in && !Arc::ptr_eq(&self.program, &source.program) {
                let _turn = self.lane.enter(&self.started)?;
                source.restored(theirs)?
            } else {
                value.duplicate()?
            };
            alike.push((index, theirs, value));
        }
        let (count, mut is_complete) = (alike.len(), false);
        for (index, theirs, value) in alike {
            is_complete |= self.bind_param(index, value);
            if source.prepared.has_released(theirs) {
                self.prepared.share(index, &source.prepared)?;
            }
        }
        if is_complete {
            self.prepare_bound()?;
        }
        Ok(count)
    }

    /// The copy runs on the same lane, to which the trace is bound; so the two take turns.
    fn duplicate(&mut self) -> Result<Self, Error> {
        let _pass = self.settle()?;
        let inputs = self.inputs.iter().map(|input| {
            let resident = second(&input.resident)?;
            Ok(Input { dims: input.dims.clone(), resident, feed: input.feed, fed_from: None })
        });
        Ok(Self {
            inputs: inputs.collect::<Result<_, Error>>()?,
            params: self.params.iter().map(second).collect::<Result<_, _>>()?,
            prepared: self.prepared.duplicate()?,
            unbound: self.unbound,
            program: Arc::clone(&self.program),
            plan: self.plan.clone(),
            lane: Arc::clone(&self.lane),
            saved: None,
            outputs: Vec::new(),
            keep_outputs: self.keep_outputs,
            keep_params: self.keep_params,
            threads: self.threads,
            collectives: self.collectives.clone(),
            before: None,
            rng: self.rng.duplicate()?,
            started: Arc::default(),
            rows: self.rows.clone(),
            known_rows: self.known_rows.clone(),
            largest: self.largest,
            counters: Counters::default(),
            scratch: super::scratch::Scratch::default(),
        })
    }
}

/// A second reference.
fn second(array: &Option<Array>) -> Result<Option<Array>, Error> {
    array.as_ref().map(Array::duplicate).transpose()
}
