//! The hostfile: where ranks run, and at which addresses they meet. The format is that of mlx.launch:
//!
//! ```json
//! { "backend": "ring",
//!   "envs": ["NAME=VALUE"],
//!   "hosts": [{ "ssh": "first", "ips": ["10.0.0.1"] }, { "ssh": "second", "ips": ["10.0.0.2"] }] }
//! ```
//!
//! or the list of hosts alone. One entry is one rank; other keys are left to other launchers.

use crate::UsageError;
use crate::cli::Connection;
use anyhow::{Result, anyhow};
use clap::ValueEnum;
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// Where the ranks run.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Hosts {
    /// What connects them, where the file says so.
    pub(super) backend: Option<Connection>,
    /// Variables for all of them, as NAME=VALUE.
    pub(super) variables: Vec<String>,
    /// One entry for each rank.
    pub(super) hosts: Vec<Host>,
}

/// Where one rank runs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Host {
    /// What ssh calls the machine.
    pub(super) name: String,
    /// The addresses at which the rank listens.
    pub(super) ips: Vec<IpAddr>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Full {
        #[serde(default)]
        backend: String,
        #[serde(default)]
        envs: Vec<String>,
        hosts: Vec<Entry>,
    },
    Hosts(Vec<Entry>),
}

#[derive(Deserialize)]
struct Entry {
    ssh: String,
    #[serde(default)]
    ips: Vec<String>,
}

impl Host {
    /// Whether the rank is a child of this process, and needs no ssh.
    pub(super) fn is_local(&self) -> bool {
        matches!(&*self.name, "127.0.0.1" | "::1" | "localhost")
    }
}

impl Hosts {
    /// So many ranks on this machine, which meet over loopback.
    pub(super) fn loopback(ranks: usize) -> Self {
        let ip = Ipv4Addr::LOCALHOST;
        let host = Host { name: ip.to_string(), ips: vec![ip.into()] };
        Self { hosts: vec![host; ranks], ..Self::default() }
    }

    /// Reads a hostfile.
    ///
    /// # Errors
    /// Usage: the file cannot be read or is no hostfile; the message names file and place.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let parsed = match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) => Err(error.to_string()),
        };
        parsed.map_err(|reason| anyhow!(UsageError(format!("hostfile {}: {reason}", path.display()))))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let shape =
            "expected a list of hosts, each {\"ssh\": NAME, \"ips\": [ADDRESS, …]}, or an object with it as `hosts`";
        let file = serde_json::from_str::<serde_json::Value>(text).map_err(|error| format!("not JSON: {error}"))?;
        let file = File::deserialize(file).map_err(|_| shape.to_owned())?;
        let (backend, variables, entries) = match file {
            File::Full { backend, envs, hosts } => (backend, envs, hosts),
            File::Hosts(hosts) => (String::new(), Vec::new(), hosts),
        };
        let backend = match &*backend {
            "" => None,
            name => Some(
                Connection::from_str(name, false)
                    .map_err(|_| format!("backend `{name}` is not one of ring, mpi, nccl"))?,
            ),
        };
        if entries.is_empty() {
            return Err("it has no hosts".to_owned());
        }
        let hosts = entries.into_iter().enumerate().map(|(rank, entry)| host(rank, entry)).collect::<Result<_, _>>()?;
        Ok(Self { backend, variables, hosts })
    }
}

fn host(rank: usize, entry: Entry) -> Result<Host, String> {
    let Entry { ssh: name, ips } = entry;
    if name.is_empty() || name.starts_with('-') {
        return Err(format!("host {rank}: `ssh` has to be the name of a machine, not `{name}`"));
    }
    let address = |ip: String| match ip.parse::<IpAddr>() {
        // Listening there would be listening on all interfaces.
        Ok(ip) if ip.is_unspecified() => Err(format!("host {rank}: {ip} is not one machine's address")),
        Ok(ip) => Ok(ip),
        Err(_) => Err(format!("host {rank}: `{ip}` is not an IP address")),
    };
    let ips = ips.into_iter().map(address).collect::<Result<_, _>>()?;
    Ok(Host { name, ips })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_mlx_launch_are_read() {
        let full = r#"{"backend": "nccl", "envs": ["A=b c"], "hosts": [
            {"ssh": "one", "ips": ["10.0.0.1", "fe80::1"], "rdma": [null, "rdma_en2"]}, {"ssh": "localhost"}]}"#;
        let hosts = Hosts::parse(full).unwrap();
        assert_eq!((hosts.backend, &*hosts.variables), (Some(Connection::Nccl), &["A=b c".to_owned()][..]));
        let one = Host { name: "one".into(), ips: vec!["10.0.0.1".parse().unwrap(), "fe80::1".parse().unwrap()] };
        assert_eq!(hosts.hosts, [one, Host { name: "localhost".into(), ips: vec![] }]);
        assert_eq!(hosts.hosts.iter().map(Host::is_local).collect::<Vec<_>>(), [false, true]);

        let list = Hosts::parse(r#"[{"ssh": "127.0.0.1", "ips": ["127.0.0.1"]}]"#).unwrap();
        assert_eq!(list, Hosts::loopback(1));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("[", "not JSON"),
            ("{}", "expected a list of hosts"),
            (r#"[{"ips": []}]"#, "expected a list of hosts"),
            ("[]", "no hosts"),
            (r#"{"hosts": []}"#, "no hosts"),
            (r#"{"backend": "jaccl", "hosts": [{"ssh": "a"}]}"#, "`jaccl`"),
            (r#"[{"ssh": "a"}, {"ssh": "-oProxyCommand=x"}]"#, "host 1"),
            (r#"[{"ssh": "a", "ips": ["b"]}]"#, "`b` is not an IP address"),
            (r#"[{"ssh": "a", "ips": ["0.0.0.0"]}]"#, "0.0.0.0 is not one machine's"),
        ] {
            let reason = Hosts::parse(text).unwrap_err();
            assert!(reason.contains(part), "{text}: {reason}");
        }
    }
}
