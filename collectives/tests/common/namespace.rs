//! A network namespace of its own, joined by a pair of virtual Ethernet devices that can be taken down. The tests of the
//! built plugin take this file, too.

use std::net::IpAddr;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

static MADE: AtomicU32 = AtomicU32::new(0);

/// Gone when dropped, with its devices.
#[derive(Debug)]
pub(crate) struct Namespace {
    holder: Holder,
    device: String,
    outer: IpAddr,
    inner: IpAddr,
}

/// A process that does nothing but be in the namespace.
#[derive(Debug)]
struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output().map_err(|error| format!("{program}: {error}"))?;
    let error = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{program} {}: {}", arguments.join(" "), error.trim())) }
}

impl Namespace {
    /// Makes one; why that is not possible here.
    pub(crate) fn new() -> Result<Self, String> {
        let number = std::process::id().wrapping_mul(64).wrapping_add(MADE.fetch_add(1, Ordering::SeqCst));
        let net = |host: u8| IpAddr::from([10, (number >> 14) as u8, (number >> 6) as u8, (number << 2) as u8 | host]);
        let (outer, inner) = (net(1), net(2));
        let holder = Command::new("unshare").args(["-n", "sleep", "300"]).stderr(Stdio::null()).spawn();
        let mut holder = Holder(holder.map_err(|error| format!("unshare: {error}"))?);
        let id = holder.0.id().to_string();
        let device = format!("rlx{number:x}");
        let own = std::fs::read_link("/proc/self/ns/net").map_err(|error| error.to_string())?;
        let until = Instant::now() + Duration::from_secs(5);
        while std::fs::read_link(format!("/proc/{id}/ns/net")).is_ok_and(|namespace| namespace == own) {
            let has_ended = holder.0.try_wait().map_err(|error| error.to_string())?;
            if has_ended.is_some() || Instant::now() > until {
                return Err("unshare -n is not permitted".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        run("ip", &["link", "add", &device, "type", "veth", "peer", "name", "inner", "netns", &id])?;
        let namespace = Self { holder, device, outer, inner };
        run("ip", &["addr", "add", &format!("{outer}/30"), "dev", &namespace.device])?;
        run("ip", &["link", "set", &namespace.device, "up"])?;
        for arguments in [&["addr", "add", &format!("{inner}/30"), "dev", "inner"][..], &["link", "set", "inner", "up"]]
        {
            run("nsenter", &[&["-t", &id, "-n", "ip"], arguments].concat())?;
        }
        Ok(namespace)
    }

    /// The address of its end of the link, or of this one.
    pub(crate) fn address(&self, inside: bool) -> IpAddr {
        if inside { self.inner } else { self.outer }
    }

    /// The process that is in it, for `nsenter -t`.
    pub(crate) fn process(&self) -> u32 {
        self.holder.0.id()
    }

    /// Takes the link down.
    pub(crate) fn cut(&self) {
        let result = run("ip", &["link", "set", &self.device, "down"]);
        assert_eq!(result, Ok(()));
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = run("ip", &["link", "del", &self.device]);
    }
}
