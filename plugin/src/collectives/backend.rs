//! How a group is found: by the environment of the launcher.

use super::engine::Engine;
use super::group::MlxGroup;
use super::joined::join;
use super::lane;
use super::ops;
use super::ring::{self, Ring};
use crate::executable::MlxExecutable;
use crate::mlx::lanes::Lanes;
use crate::plugin::MlxBackend;
use crate::process::gate;
use rlx_host_api::author::{Collectives, GroupRequest, Kernels, Reduction, Source};
use rlx_host_api::{Error, ErrorKind};
use std::env;
use std::sync::Arc;
use std::time::Duration;

/// The environment variable with how many seconds calls wait that do not say.
const DEADLINE: &str = "RLX_COLLECTIVES_DEADLINE";

/// How long they wait where it is not set: ranks may load models of unlike sizes before they meet.
const PATIENCE: Duration = Duration::from_secs(300);

/// MLX's own backends, and the variables of which each finds one when a launcher has described a group to it.
const OF_MLX: [(&str, &[&str]); 3] = [
    ("nccl", &["NCCL_HOST_IP"]),
    ("mpi", &["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK"]),
    ("jaccl", &["MLX_IBV_DEVICES", "MLX_JACCL_COORDINATOR"]),
];

/// The variable of the ring.
const HOSTFILE: &str = "MLX_HOSTFILE";

impl Collectives for MlxBackend {
    type Group = MlxGroup;

    fn communication(&self) -> Result<Vec<(String, bool)>, Error> {
        let _pass = gate::pass()?;
        let mut all = vec![(ring::NAME.to_owned(), true)];
        for (name, _) in OF_MLX {
            all.push((name.to_owned(), lane::is_available(name)?));
        }
        Ok(all)
    }

    fn init_group(&self, request: GroupRequest<'_>) -> Result<MlxGroup, Error> {
        drop(gate::pass()?);
        let timeout = request.timeout.map_or_else(patience, Ok)?;
        let found = find(request.backend, self.lanes(), timeout)?;
        let engine = match found {
            Some(engine) => engine,
            None if request.strict => return Err(no_group(request.backend)),
            None => Box::new(Ring::alone()?),
        };
        let group = MlxGroup::new(engine, timeout);
        log::debug!("{group:?}");
        Ok(group)
    }

    fn install_group(&self, group: Option<&MlxGroup>) -> Result<(), Error> {
        drop(gate::pass()?);
        ops::install(self.kernels(), group)?;
        self.installed().set(group.cloned());
        Ok(())
    }

    fn reduce_resident(
        group: &MlxGroup,
        executable: &mut MlxExecutable,
        value: Source,
        reduction: Reduction,
        timeout: Option<Duration>,
    ) -> Result<(), Error> {
        executable.all_reduce(group, value, reduction, timeout)
    }
}

/// The group of one communication backend, or of the first that the environment describes a group for.
fn find(name: Option<&str>, lanes: &Arc<Lanes>, timeout: Duration) -> Result<Option<Box<dyn Engine>>, Error> {
    let ring = || Ok(Ring::of_environment(timeout)?.map(|ring| Box::new(ring) as Box<dyn Engine>));
    let of_mlx = |name: &str| {
        // As for calls of a group: the end of the process does not wait.
        drop(gate::pass()?);
        if !lane::is_available(name)? {
            return Ok(None);
        }
        Ok(join(name, lanes, timeout)?.map(|lane| Box::new(lane) as Box<dyn Engine>))
    };
    match name {
        Some(ring::NAME) => ring(),
        Some(name) if OF_MLX.iter().any(|(known, _)| *known == name) => {
            let found = of_mlx(name)?;
            if found.is_none() && !lane::is_available(name)? {
                let message =
                    format!("communication over {name} is not available here: MLX lacks it, or finds no library");
                return Err(Error::unsupported(message));
            }
            Ok(found)
        }
        Some(other) => {
            let names: Vec<&str> = OF_MLX.iter().map(|(name, _)| *name).collect();
            let (own, names) = (ring::NAME, names.join(", "));
            Err(Error::not_found(format!("no communication backend `{other}`; there are {own}, {names}")))
        }
        None if env::var_os(HOSTFILE).is_some() => ring(),
        None => {
            let described = |variables: &[&str]| variables.iter().any(|variable| env::var_os(variable).is_some());
            for (name, variables) in OF_MLX {
                if described(variables)
                    && let Some(engine) = of_mlx(name)?
                {
                    return Ok(Some(engine));
                }
            }
            Ok(None)
        }
    }
}

fn no_group(backend: Option<&str>) -> Error {
    let over = backend.map(|name| format!(" over {name}")).unwrap_or_default();
    Error::new(
        ErrorKind::NotFound,
        format!("the environment describes no group{over}: start the processes with `rlx-run launch`, or mlx.launch"),
    )
}

fn patience() -> Result<Duration, Error> {
    let Some(text) = env::var_os(DEADLINE) else { return Ok(PATIENCE) };
    let seconds = text.to_str().and_then(|text| text.parse().ok());
    let found = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).filter(|found| !found.is_zero());
    found.ok_or_else(|| Error::invalid(format!("{DEADLINE} is {}: give a number of seconds", text.display())))
}
