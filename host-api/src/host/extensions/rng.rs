//! What random numbers follow from.

use crate::abi::*;
use crate::host::load::slot;
use crate::{Error, Executable, Rng};

impl Executable {
    /// Says what the random numbers of all later runs follow from; until then [`Rng::default`]. Nothing is compiled again, and
    /// runs of one seed draw the same numbers, but for ops whose seed says that each run draws others (`Op::Sample` with seed
    /// 0): those follow from the number of runs since this call too, and start anew with it.
    ///
    /// # Errors
    /// Unsupported without extension `rng/1`, or when the plugin lacks the generator.
    pub fn set_rng(&mut self, rng: Rng) -> Result<(), Error> {
        let table = self.instance().plugin.table::<RlxRngApi>()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`.
        unsafe { Error::check(slot!(table, set(self.handle(), rng.seed, rng.generator.code()))) }
    }
}
