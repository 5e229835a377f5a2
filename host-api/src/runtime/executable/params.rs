//! Parameters: bound once, kept by the plugin alone, shared between executables on the device.

use super::inputs::Scratch;
use super::{Origin, PluginExecutable, Program, attach};
use crate::runtime::boundary::Place;
use crate::runtime::constants::HostTensor;
use crate::{DType, Error, TensorView};
use rlx_runtime::ExecutableGraph;
use std::borrow::Cow;
use std::sync::Arc;

impl PluginExecutable {
    /// Binds the parameter `name` to what `data` gives for the dtype that the program wants. Values as they are get copied
    /// to the device; converted ones are handed over.
    pub(super) fn bind_param<'a>(
        &mut self,
        name: &str,
        data: impl FnOnce(DType) -> Result<Cow<'a, [u8]>, Error>,
    ) -> Result<(), Error> {
        let Some(Place::At(index)) = self.program.boundary.param(name)? else {
            log::debug!("parameter `{name}` is not read by the graph, ignored");
            return Ok(());
        };
        let info = &self.program.boundary.param_infos()[index];
        match data(info.dtype).map_err(|e| e.context(format_args!("parameter `{name}`")))? {
            Cow::Borrowed(data) => {
                self.executable.set_param(name, TensorView { dtype: info.dtype, dims: &info.dims, data })?;
            }
            Cow::Owned(data) => {
                let tensor = Arc::new(HostTensor { info: info.clone(), data });
                attach(&mut self.executable, &tensor)?;
            }
        }
        self.params[index] = Origin::Caller;
        Ok(())
    }

    /// Overwrites bytes of a bound parameter. False when its bytes are not those that the graph declared.
    pub(super) fn write_param(&mut self, name: &str, offset: usize, data: &[u8]) -> Result<bool, Error> {
        let Some(Place::At(index)) = self.program.boundary.param(name)? else { return Ok(false) };
        if self.params[index] == Origin::Unset || !self.program.boundary.keeps_param_dtype(index) {
            return Ok(false);
        }
        self.executable.write_param(name, offset, data)?;
        self.params[index] = Origin::Caller;
        Ok(true)
    }

    /// Binds every parameter to the memory that `source` has for it. False, and nothing is changed, unless `source` has
    /// all of them, alike in dtype and shape.
    pub(super) fn inherit(&mut self, source: &dyn ExecutableGraph) -> Result<bool, Error> {
        let Some(source) = Self::of(source) else { return Ok(false) };
        let boundary = &self.program.boundary;
        if !boundary.live_params().all(|index| source.has_param_like(&boundary.param_infos()[index])) {
            return Ok(false);
        }
        let shared = self.executable.share_params(&source.executable);
        // By name alone, its constants came along.
        let constants = self.program.constants.iter().filter(|constant| !source.program.has_constant(constant));
        constants.into_iter().try_for_each(|constant| attach(&mut self.executable, constant))?;
        shared?;
        for index in boundary.live_params() {
            self.params[index] = Origin::Inherited;
        }
        Ok(true)
    }

    fn has_param_like(&self, wanted: &crate::TensorInfo) -> bool {
        let Ok(Some(Place::At(index))) = self.program.boundary.param(&wanted.name) else { return false };
        self.params[index] != Origin::Unset && self.program.boundary.param_infos()[index] == *wanted
    }

    pub(super) fn is_inherited(&self, name: &str) -> bool {
        let place = self.program.boundary.param(name);
        matches!(place, Ok(Some(Place::At(index))) if self.params[index] == Origin::Inherited)
    }

    /// An independent executable with the same parameters, handles and feeds. Nothing is compiled or uploaded again.
    pub(super) fn duplicate(&self) -> Result<Self, Error> {
        Ok(Self {
            registered: Arc::clone(&self.registered),
            program: Arc::clone(&self.program),
            executable: self.executable.duplicate()?,
            offers: self.offers,
            params: self.params.clone(),
            handles: self.handles.clone(),
            rng: self.rng,
            arena: None,
            scratch: Scratch::default(),
        })
    }
}

impl Program {
    fn has_constant(&self, constant: &Arc<HostTensor>) -> bool {
        self.constants
            .iter()
            .any(|own| Arc::ptr_eq(own, constant) || (own.info == constant.info && own.data == constant.data))
    }
}
