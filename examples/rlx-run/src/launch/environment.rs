//! What the ranks are told: the variables of mlx.launch, so that programs need not know which of the two started them.

use super::hostfile::{Host, Hosts};
use super::ports;
use crate::UsageError;
use crate::cli::{Connection, LaunchArgs};
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// The first port of the ring, and that of NCCL, on addresses that other machines reach: those of mlx.launch.
const RING_PORT: u16 = 32323;
const NCCL_PORT: u16 = 12345;
/// The variable that says which GPUs a process has.
const GPUS: &str = "CUDA_VISIBLE_DEVICES";

/// A variable of a rank's environment.
pub(super) type Variable = (String, String);

/// What all ranks are told.
#[derive(Debug, Default)]
pub(super) struct Environment {
    pub(super) variables: Vec<Variable>,
    /// The content of the file that MLX_HOSTFILE names: for each rank, the addresses at which it listens.
    pub(super) addresses: Option<String>,
}

/// What all ranks of `hosts` are told.
///
/// # Errors
/// Usage: a variable without a name, or a host without an address that the backend needs. Else no port is free.
pub(super) fn common(args: &LaunchArgs, backend: Connection, hosts: &Hosts) -> Result<Environment> {
    let mut variables = Vec::new();
    for text in hosts.variables.iter().chain(&args.variables) {
        variables.push(variable(text)?);
    }
    if let Some(seconds) = args.deadline {
        variables.push(("RLX_COLLECTIVES_DEADLINE".into(), seconds.to_string()));
    }
    let mut addresses = None;
    match backend {
        // A group of one needs no addresses, and MLX's ring would wait for itself.
        Connection::Ring if hosts.hosts.len() > 1 => {
            addresses = Some(serde_json::to_string(&ring(args.starting_port, &hosts.hosts)?)?);
            if args.verbose {
                variables.push(("MLX_RING_VERBOSE".into(), "1".into()));
            }
        }
        Connection::Ring | Connection::Mpi => {}
        Connection::Nccl => {
            let first = hosts.hosts.first().and_then(|host| host.ips.first());
            let Some(&ip) = first else { bail!(UsageError("nccl: host 0 needs an address in `ips`".into())) };
            let meeting = address(ip, &mut args.starting_port.unwrap_or(NCCL_PORT), args.starting_port.is_none())?;
            variables.extend([
                ("MLX_WORLD_SIZE".into(), hosts.hosts.len().to_string()),
                ("NCCL_HOST_IP".into(), meeting.ip().to_string()),
                ("NCCL_PORT".into(), meeting.port().to_string()),
            ]);
            if args.verbose {
                variables.push(("NCCL_DEBUG".into(), "INFO".into()));
            }
        }
    }
    Ok(Environment { variables, addresses })
}

/// What each rank is told besides: who it is, and which of its machine's GPUs is its own.
pub(super) fn own(backend: Connection, hosts: &[Host], shared: &[Variable]) -> Vec<Vec<Variable>> {
    let is_alone = hosts.len() == 1 && backend == Connection::Ring;
    let chosen = shared.iter().rev().find(|(name, _)| name == GPUS).map(|(_, gpus)| gpus.clone());
    let inherited = std::env::var(GPUS).ok();
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut own = Vec::new();
    for (rank, host) in hosts.iter().enumerate() {
        let mut variables = Vec::new();
        if !is_alone {
            variables.push(("MLX_RANK".to_owned(), rank.to_string()));
        }
        let on_host = seen.entry(&host.name).or_default();
        if backend == Connection::Nccl {
            let inherited = inherited.as_ref().filter(|_| host.is_local());
            variables.push((GPUS.to_owned(), gpu(*on_host, chosen.as_ref().or(inherited))));
        }
        *on_host += 1;
        own.push(variables);
    }
    own
}

/// The GPU of the `index`th rank of a machine, of those that the ranks may use where that was said.
fn gpu(index: usize, chosen: Option<&String>) -> String {
    let device = chosen.and_then(|devices| devices.split(',').nth(index));
    device.map_or_else(|| index.to_string(), |device| device.trim().to_owned())
}

/// For each rank, the addresses at which it listens.
fn ring(starting_port: Option<u16>, hosts: &[Host]) -> Result<Vec<Vec<SocketAddr>>> {
    let all_loopback = hosts.iter().flat_map(|host| &host.ips).all(IpAddr::is_loopback);
    let is_free = starting_port.is_none() && all_loopback;
    let mut next = starting_port.unwrap_or(RING_PORT);
    let mut addresses = Vec::new();
    for (rank, host) in hosts.iter().enumerate() {
        if host.ips.is_empty() {
            let message = format!("ring: host {rank} (`{}`) needs an address in `ips` of the hostfile", host.name);
            bail!(UsageError(message));
        }
        addresses.push(host.ips.iter().map(|&ip| address(ip, &mut next, is_free)).collect::<Result<Vec<_>>>()?);
    }
    Ok(addresses)
}

/// A free port of a loopback address where that is wanted, else the next one.
fn address(ip: IpAddr, next: &mut u16, is_free: bool) -> Result<SocketAddr> {
    if is_free && ip.is_loopback() {
        return ports::reserve(ip).with_context(|| format!("finding a free port of {ip}"));
    }
    let port = *next;
    // Port 0 is none: it ends the count.
    if port == 0 {
        bail!(UsageError("--starting-port: there are not enough ports behind it".into()));
    }
    *next = port.checked_add(1).unwrap_or(0);
    Ok(SocketAddr::new(ip, port))
}

/// A variable of the command line or of the hostfile. Without a value it is empty, as in mlx.launch.
fn variable(text: &str) -> Result<Variable> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let is_letter = |c: char| c == '_' || c.is_ascii_alphabetic();
    let is_name = name.starts_with(is_letter) && name.chars().all(|c| is_letter(c) || c.is_ascii_digit());
    if !is_name || value.contains('\0') {
        bail!(UsageError(format!("`{text}` is not a variable, such as NAME=VALUE")));
    }
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str, ips: &[&str]) -> Host {
        Host { name: name.to_owned(), ips: ips.iter().map(|ip| ip.parse().unwrap()).collect() }
    }

    #[test]
    fn ports_count_up_from_the_first_one_and_end() {
        let hosts = [host("a", &["10.0.0.1", "10.1.0.1"]), host("b", &["fe80::2"])];
        let text = serde_json::to_string(&ring(None, &hosts).unwrap()).unwrap();
        assert_eq!(text, r#"[["10.0.0.1:32323","10.1.0.1:32324"],["[fe80::2]:32325"]]"#);
        assert!(ring(Some(65533), &hosts).is_ok());
        let error = ring(Some(65534), &hosts).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains("not enough ports"), "{error}");
        let error = ring(None, &[host("a", &["10.0.0.1"]), host("b", &[])]).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains("host 1 (`b`)"), "{error}");
    }

    #[test]
    fn free_ports_of_loopback_differ() {
        let addresses = ring(None, &Hosts::loopback(8).hosts).unwrap().concat();
        let ports: std::collections::BTreeSet<u16> = addresses.iter().map(SocketAddr::port).collect();
        assert_eq!(ports.len(), 8);
        assert!(addresses.iter().all(|address| address.ip().is_loopback()));
    }

    #[test]
    fn each_rank_of_nccl_has_a_gpu_of_its_machine() {
        let hosts = [host("a", &[]), host("b", &[]), host("a", &[])];
        let gpus = |shared: &[Variable]| -> Vec<String> {
            own(Connection::Nccl, &hosts, shared).into_iter().map(|mut own| own.remove(1).1).collect()
        };
        assert_eq!(gpus(&[]), ["0", "0", "1"]);
        assert_eq!(gpus(&[("CUDA_VISIBLE_DEVICES".into(), "4, 7".into())]), ["4", "4", "7"]);
    }

    #[test]
    fn a_ring_of_one_is_told_nothing() {
        assert_eq!(own(Connection::Ring, &Hosts::loopback(1).hosts, &[]), [vec![]]);
        let second = vec![("MLX_RANK".to_owned(), "1".to_owned())];
        assert_eq!(own(Connection::Ring, &Hosts::loopback(2).hosts, &[])[1], second);
    }

    #[test]
    fn variables_have_names() {
        assert_eq!(variable("_A1=b=c\n").unwrap(), ("_A1".into(), "b=c\n".into()));
        assert_eq!(variable("A").unwrap(), ("A".into(), String::new()));
        for text in ["", "=", "1A=b", "A B=c", "A-B=c", "A=\0"] {
            assert!(variable(text).unwrap_err().is::<UsageError>(), "{text:?}");
        }
    }
}
