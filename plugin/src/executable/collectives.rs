//! Extension `collectives/1`: values that stay on the device, reduced over the ranks of a group.

use super::MlxExecutable;
use crate::collectives::{MlxGroup, Reduce};
use crate::host::bridge::{self, HostNode};
use crate::mlx::array::{Array, eval};
use rlx_host_api::author::{Reduction, Source};
use rlx_host_api::{Error, TensorInfo};
use std::sync::Arc;
use std::time::Duration;

impl MlxExecutable {
    /// Puts what a value is, reduced over the ranks, in its place.
    pub(crate) fn all_reduce(
        &mut self,
        group: &MlxGroup,
        value: Source,
        reduction: Reduction,
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        let _pass = self.settle()?;
        let before = self.source(value)?.duplicate()?;
        let (_turn, timeout) = group.turn(timeout)?;
        let lane = Arc::clone(&self.lane);
        let mut turn = lane.enter(&self.started)?;
        let reduced = if group.is_lazy_on(lane.device()) && !before.dims()?.contains(&0) {
            group.reduce_on(&lane, before, reduction, timeout)
        } else {
            let reduce = Reduce { group: group.clone(), reduction, timeout };
            self.reduced(&before, reduce).and_then(|reduced| eval(std::slice::from_ref(&reduced)).map(|()| reduced))
        };
        let reduced = reduced.inspect_err(|_| turn.settle());
        let reduced = reduced.map_err(|error| self.explain(error))?;
        match value {
            Source::Input(index) => {
                let input = &mut self.inputs[index];
                input.resident = Some(reduced);
                input.fed_from = None;
            }
            Source::Output(index) => self.outputs[index] = Some(reduced),
        }
        Ok(())
    }

    fn reduced(&self, value: &Array, reduce: Reduce) -> Result<Array, Error> {
        let info = TensorInfo {
            name: String::new(),
            dtype: value.dtype()?,
            dims: value.dims()?.into_iter().map(i64::from).collect(),
        };
        let node = HostNode {
            operands: vec![info.clone()],
            results: vec![info],
            place: "all_reduce of a resident value".to_owned(),
            reports: &self.program.target.reports,
        };
        Array::given(bridge::build(Box::new(reduce), node, &[value])?.pop())
    }
}
