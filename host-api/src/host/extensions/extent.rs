//! Runs that compute the first rows alone.

use crate::abi::*;
use crate::host::load::slot;
use crate::types::ActiveExtent;
use crate::{Error, Executable};

impl Executable {
    /// Says that of tensors whose first axis has the extent `upper` only the first `actual` rows are filled and read from
    /// now on; `None` ends it. Tensors keep their sizes. Gives whether runs compute less for it: a backend that cannot
    /// computes the whole, which is as right. What is found in rows of outputs beyond `actual` is undefined.
    ///
    /// # Errors
    /// Unsupported without extension `extent/1`; invalid argument when `actual` is more than `upper`. Then no extent is in
    /// force.
    pub fn set_active_extent(&mut self, extent: Option<ActiveExtent>) -> Result<bool, Error> {
        let table = self.instance().plugin.table::<RlxExtentApi>()?;
        let ActiveExtent { actual, upper } = extent.unwrap_or(ActiveExtent { actual: 0, upper: 0 });
        let mut honoured = 0;
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`; `honoured` is writable.
        unsafe { Error::check(slot!(table, set(self.handle(), actual as u64, upper as u64, &mut honoured)))? };
        Ok(honoured != 0)
    }
}
