//! Extension `rng/1`. What random numbers follow from is an argument of the program, so that another seed needs no other
//! trace.

use super::MlxExecutable;
use crate::host::random::seed_of;
use crate::process::gate;
use rlx_host_api::author::Random;
use rlx_host_api::{Error, Rng};

impl Random for MlxExecutable {
    fn set_rng(&mut self, rng: Rng) -> Result<(), Error> {
        let _pass = gate::pass()?;
        self.rng = seed_of(rng)?;
        Ok(())
    }
}
