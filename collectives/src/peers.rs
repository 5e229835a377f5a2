//! Who belongs to a group, as `mlx.launch` and `rlx-run launch` tell.

use std::env;
use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};

use sha2::{Digest, Sha256};

use crate::Failure;

/// The environment variable with this process's rank.
pub const RANK: &str = "MLX_RANK";

/// The environment variable with the path of the hostfile: JSON, for each rank the list of its addresses as `"ip:port"`.
pub const HOSTFILE: &str = "MLX_HOSTFILE";

/// The ranks of a group and where each listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peers {
    /// This process's rank.
    pub rank: usize,
    /// For each rank the addresses that it listens on. The others take the first that they can reach.
    pub addresses: Vec<Vec<SocketAddr>>,
}

impl Peers {
    /// What the launcher's environment says: [`RANK`] and [`HOSTFILE`], as for MLX's ring. `None` without both.
    ///
    /// # Errors
    /// [`Failure::Invalid`] when one is there and not the other, when either cannot be read, or when the rank is not in the
    /// file.
    pub fn from_env() -> Result<Option<Self>, Failure> {
        let (rank, path) = match (env::var(RANK).ok(), env::var_os(HOSTFILE)) {
            (None, None) => return Ok(None),
            (Some(rank), Some(path)) => (rank, path),
            (Some(_), None) => return Err(Failure::Invalid(format!("{RANK} is set, {HOSTFILE} is not: set both"))),
            (None, Some(_)) => return Err(Failure::Invalid(format!("{HOSTFILE} is set, {RANK} is not: set both"))),
        };
        let rank = rank.parse().map_err(|_| Failure::Invalid(format!("{RANK} is {rank:?}, which is no rank")))?;
        let path = path.display();
        let text = fs::read_to_string(path.to_string())
            .map_err(|error| Failure::Invalid(format!("cannot read the hostfile {path}: {error}")))?;
        let peers = Self::parse(rank, &text).map_err(|what| Failure::Invalid(format!("hostfile {path}: {what}")))?;
        Ok(Some(peers))
    }

    /// From the text of a hostfile.
    fn parse(rank: usize, text: &str) -> Result<Self, String> {
        let names: Vec<Vec<String>> = serde_json::from_str(text)
            .map_err(|error| format!("{error}; it should be a list of lists of \"ip:port\", one for each rank"))?;
        if rank >= names.len() {
            return Err(format!("it has {} ranks, so there is no rank {rank}", names.len()));
        }
        let mut addresses = Vec::with_capacity(names.len());
        for (of, names) in names.iter().enumerate() {
            let mut all = Vec::new();
            for name in names {
                let found = name.to_socket_addrs().map_err(|error| format!("{name:?} of rank {of}: {error}"))?;
                // A name may stand for an IPv4 and an IPv6 address; all ranks have to take the same.
                all.extend(found.min());
            }
            if all.is_empty() {
                return Err(format!("rank {of} has no address"));
            }
            addresses.push(all);
        }
        Ok(Self { rank, addresses })
    }

    /// What tells this list of addresses from another: two processes whose lists differ are not of one group.
    pub(crate) fn fingerprint(&self) -> u64 {
        let mut hash = Sha256::new();
        for addresses in &self.addresses {
            for address in addresses {
                hash.update(address.to_string());
                hash.update(b" ");
            }
            hash.update(b"\n");
        }
        let digest = hash.finalize();
        digest.iter().take(8).fold(0, |all, byte| all << 8 | u64::from(*byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostfile_has_a_list_for_each_rank() {
        let peers = Peers::parse(1, r#"[["127.0.0.1:5000"], ["127.0.0.1:5001", "127.0.0.2:5002"]]"#).unwrap();
        assert_eq!(peers.rank, 1);
        assert_eq!(peers.addresses[0], ["127.0.0.1:5000".parse().unwrap()]);
        assert_eq!(peers.addresses[1].len(), 2);
        let other = Peers::parse(0, r#"[["127.0.0.1:5000"], ["127.0.0.1:5001"]]"#).unwrap();
        assert_ne!(peers.fingerprint(), other.fingerprint());
        assert_eq!(Peers { rank: 0, ..peers.clone() }.fingerprint(), peers.fingerprint());
    }

    #[test]
    fn what_is_wrong_with_a_hostfile_is_said() {
        for (text, wanted) in [
            ("{}", "one for each rank"),
            ("[", "one for each rank"),
            (r#"[["127.0.0.1:5000"]]"#, "no rank 1"),
            (r#"[["127.0.0.1:5000"], []]"#, "rank 1 has no address"),
            (r#"[["127.0.0.1:5000"], ["127.0.0.1"]]"#, "\"127.0.0.1\" of rank 1"),
            (r#"[["127.0.0.1:5000"], ["127.0.0.1:70000"]]"#, "\"127.0.0.1:70000\" of rank 1"),
        ] {
            let message = Peers::parse(1, text).unwrap_err();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
