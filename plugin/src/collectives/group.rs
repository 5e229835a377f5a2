//! A group, behind the ABI.

use super::engine::Engine;
use super::lazy::reduce;
use super::turns::{Turn, Turns};
use crate::mlx::array::{Array, eval};
use crate::mlx::device::Device;
use crate::mlx::lanes::Lane;
use crate::process::gate;
use rlx_host_api::author::{Group, Reduction};
use rlx_host_api::collectives::CollectiveOp;
use rlx_host_api::{DType, Error, TensorInfo};
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A group. Clones share it: the host's handle and the programs that were compiled with it.
#[derive(Clone)]
pub(crate) struct MlxGroup(Arc<Content>);

struct Content {
    engine: Box<dyn Engine>,
    turns: Turns,
    /// How long calls wait that do not say.
    timeout: Duration,
    /// What all ranks are known to have alike.
    agreed: Mutex<HashSet<u64>>,
}

impl fmt::Debug for MlxGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = &self.0.engine;
        write!(f, "rank {} of {} over `{}`", engine.rank(), engine.size(), engine.name())
    }
}

impl MlxGroup {
    pub(super) fn new(engine: Box<dyn Engine>, timeout: Duration) -> Self {
        let (turns, agreed) = Default::default();
        Self(Arc::new(Content { engine, turns, timeout, agreed }))
    }

    /// What it communicates with, for those who have a turn.
    pub(super) fn engine(&self) -> &dyn Engine {
        &*self.0.engine
    }

    /// How long calls wait that do not say.
    pub(super) fn timeout(&self) -> Duration {
        self.0.timeout
    }

    /// Whether collective ops of programs for this device are MLX's own, and stay on it.
    pub(crate) fn is_lazy_on(&self, device: Device) -> bool {
        self.engine().ranks_on(device).is_some()
    }

    /// The lazy value of a collective op for a device, where they are MLX's own; computed after `before`.
    pub(crate) fn lower(
        &self,
        device: Device,
        (op, attributes): (&str, &[u8]),
        (operand, before): (&Array, &Array),
        value: &TensorInfo,
    ) -> Result<Array, Error> {
        let (ranks, op) = (self.engine().ranks_on(device), CollectiveOp::read(op, attributes)?);
        let (Some(ranks), Some(op)) = (ranks, op) else { return Err(Error::fault("no collective op of MLX's own")) };
        ranks.lower(op, operand, before, value)
    }

    /// A value of an executable, reduced on a device where collectives are MLX's own: on `stream`, which is lost when that does
    /// not end in time. The caller has the group and the stream to itself.
    pub(crate) fn reduce_on(
        &self,
        stream: &Arc<Lane>,
        value: Array,
        reduction: Reduction,
        timeout: Duration,
    ) -> Result<Array, Error> {
        let reduce = move || {
            let reduced = reduce(&value, reduction)?;
            eval(std::slice::from_ref(&reduced))?;
            Ok((vec![reduced], 1))
        };
        let (arrays, _) =
            self.engine().evaluate("all_reduce of a resident value", timeout, stream, Box::new(reduce))?;
        Array::given(arrays.into_iter().next())
    }

    /// Waits for a turn of the calling thread. It comes with what is left of the time.
    pub(crate) fn turn(&self, timeout: Option<Duration>) -> Result<(Turn<'_>, Duration), Error> {
        self.0.turns.take(timeout.unwrap_or(self.0.timeout))
    }

    /// Has the ranks compare a hash, once. The caller has a turn.
    pub(super) fn agree_once(&self, what: &str, hash: u64, timeout: Duration) -> Result<(), Error> {
        // A set that is only ever inserted into is whole after a panic, too.
        let agreed = || self.0.agreed.lock().unwrap_or_else(PoisonError::into_inner);
        if agreed().contains(&hash) {
            return Ok(());
        }
        self.engine().agree(what, hash, timeout)?;
        agreed().insert(hash);
        Ok(())
    }

    fn in_turn<T>(
        &self,
        timeout: Option<Duration>,
        call: impl FnOnce(&dyn Engine, Duration) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Who may call is asked; what then waits for other processes does not hold up the end of this one.
        drop(gate::pass()?);
        let (_turn, left) = self.turn(timeout)?;
        call(self.engine(), left)
    }

    /// As [`in_turn`](Self::in_turn), where the engine needs that for messages.
    fn message<T>(
        &self,
        timeout: Option<Duration>,
        call: impl FnOnce(&dyn Engine, Duration) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if !self.engine().has_tags() {
            return self.in_turn(timeout, call);
        }
        drop(gate::pass()?);
        call(self.engine(), timeout.unwrap_or(self.0.timeout))
    }
}

impl Group for MlxGroup {
    fn rank(&self) -> usize {
        self.engine().rank()
    }

    fn size(&self) -> usize {
        self.engine().size()
    }

    fn backend(&self) -> &str {
        self.engine().name()
    }

    fn broken(&self) -> Option<Error> {
        self.engine().broken()
    }

    fn barrier(&self, timeout: Option<Duration>) -> Result<(), Error> {
        self.in_turn(timeout, |engine, left| engine.barrier(left))
    }

    fn all_reduce(
        &self,
        reduction: Reduction,
        dtype: DType,
        data: &mut [u8],
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        self.in_turn(timeout, |engine, left| engine.all_reduce(reduction, dtype, data, left))
    }

    fn all_gather(&self, dtype: DType, part: &[u8], whole: &mut [u8], timeout: Option<Duration>) -> Result<(), Error> {
        self.in_turn(timeout, |engine, left| engine.all_gather(dtype, part, whole, left))
    }

    fn reduce_scatter(
        &self,
        reduction: Reduction,
        dtype: DType,
        whole: &[u8],
        part: &mut [u8],
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        self.in_turn(timeout, |engine, left| engine.reduce_scatter(reduction, dtype, whole, part, left))
    }

    fn send(&self, to: usize, tag: u64, bytes: &[u8], timeout: Option<Duration>) -> Result<(), Error> {
        self.message(timeout, |engine, left| engine.send(to, tag, bytes, left))
    }

    fn recv(&self, from: usize, tag: u64, timeout: Option<Duration>) -> Result<Vec<u8>, Error> {
        self.message(timeout, |engine, left| engine.recv(from, tag, left))
    }

    fn recv_within(&self, from: usize, tag: u64, wait: Option<Duration>) -> Result<Option<Vec<u8>>, Error> {
        self.message(wait, |engine, left| engine.recv_within(from, tag, left))
    }

    fn split(&self, colour: u32, key: u32, timeout: Option<Duration>) -> Result<Self, Error> {
        let engine = self.in_turn(timeout, |engine, left| engine.split(colour, key, left))?;
        Ok(Self::new(engine, self.0.timeout))
    }

    fn agree(&self, what: &str, hash: u64, timeout: Option<Duration>) -> Result<(), Error> {
        self.in_turn(timeout, |engine, left| engine.agree(what, hash, left))
    }
}
