//! Installations that are killed at any moment, and several at once.

use crate::archive::{Tar, bundle};
use crate::place::Home;
use rlx_mlx_tests::rlx_run::{program, stdout};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

/// Noise, so that unpacking takes a while.
fn noise(seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..8 << 20).map(|_| next()).collect()
}

fn installing(home: &Home, archive: &Path) -> Command {
    let mut command = Command::new(program());
    command.env_clear().env("XDG_DATA_HOME", home.path("data")).args(["plugins", "install"]).arg(archive);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Kills `times` installations of two builds of one version, at moments spread over the time that one takes. Each leaves
/// whole bundles: the version that was there all along, and of the other the build from before or the new one.
fn interrupt(times: u32) {
    let home = Home::new();
    stdout(&mut home.install(&bundle(&home.path(""), "1.0.0", b"kept")));
    let builds: [PathBuf; 2] = [1, 2].map(|seed| {
        Tar::of(&bundle(&home.path(""), "2.0.0", &noise(seed))).write(&home.path(&format!("build{seed}.tar.zst")))
    });
    let started = Instant::now();
    assert!(installing(&home, &builds[0]).status().unwrap().success());
    let takes = started.elapsed();
    stdout(&mut home.command(["remove", "boxed@2.0.0"]));

    let (mut killed, mut seen) = (0, false);
    for n in 0..times {
        let mut child = installing(&home, &builds[n as usize % 2]).spawn().unwrap();
        // Every moment comes once, in an order that does not follow the builds.
        sleep(takes.mul_f64(1.05 * f64::from(n.wrapping_mul(7919) % times) / f64::from(times)));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        let versions = home.whole_versions();
        assert!(versions == ["1.0.0"] && !seen || versions == ["1.0.0", "2.0.0"], "after {n} kills: {versions:?}");
        seen |= versions.len() == 2;
    }
    println!("{killed} of {times} installations were killed before they ended, in {takes:?} each");
    assert!(killed > times / 4, "{killed} of {times} were killed before they ended");

    assert!(installing(&home, &builds[0]).status().unwrap().success());
    assert_eq!(home.whole_versions(), ["1.0.0", "2.0.0"]);
    assert_eq!(home.contents().len(), 8, "two bundles and nothing else: {:?}", home.contents().keys());
}

#[test]
fn a_killed_installation_leaves_all_or_nothing() {
    interrupt(40);
}

#[test]
#[ignore = "the same, for longer: cargo xtask test -- --test install -- --ignored --nocapture"]
fn three_hundred_killed_installations_leave_all_or_nothing() {
    interrupt(300);
}

#[test]
fn installations_at_the_same_time_wait_for_each_other() {
    let home = Home::new();
    let versions = ["1.0.0", "1.1.0", "1.2.0", "1.3.0"];
    let archives = versions.map(|version| {
        Tar::of(&bundle(&home.path(""), version, &noise(7))).write(&home.path(&format!("{version}.tar.zst")))
    });
    let mut children: Vec<_> = archives.iter().map(|archive| installing(&home, archive).spawn().unwrap()).collect();
    assert!(children.iter_mut().all(|child| child.wait().unwrap().success()));
    assert_eq!(home.whole_versions(), versions);
}

#[test]
fn hosts_do_not_see_what_a_killed_installation_left() {
    let home = Home::new();
    let left = home.plugins().join(".rlx-install/incoming");
    fs::create_dir_all(&left).unwrap();
    fs::rename(bundle(&home.path(""), "1.0.0", b"half"), left.join("bundle")).unwrap();
    assert!(home.candidates().is_empty());
    stdout(&mut home.install(&bundle(&home.path(""), "2.0.0", b"")));
    assert_eq!((home.whole_versions(), left.exists()), (vec!["2.0.0".to_owned()], false));
}
