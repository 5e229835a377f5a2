//! Extension `rng/1`.

use super::MlxExecutable;
use super::seed::Seed;
use crate::process::gate;
use rlx_host_api::author::Random;
use rlx_host_api::{Error, Rng};

impl Random for MlxExecutable {
    fn set_rng(&mut self, rng: Rng) -> Result<(), Error> {
        let _pass = gate::pass()?;
        self.rng = Seed::new(rng)?;
        Ok(())
    }
}
