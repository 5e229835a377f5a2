//! Several plugins of one backend: which one its name selects, and how to select another.

use crate::fixture::assert_runs;
use crate::folder::{Folder, assert_verdict, find};
use rlx_host_api::Plugin;
use rlx_host_api::discovery::{Registry, SearchPath};
use std::os::unix::fs::symlink;
use std::path::Path;

/// What `selector` selects, which must run.
fn select(registry: &Registry, selector: impl AsRef<Path>) -> Plugin {
    let plugin = registry.find(selector.as_ref().to_str().unwrap()).unwrap();
    assert_runs(&plugin);
    plugin
}

fn both(first: &Folder, second: &Folder) -> Registry {
    Registry::new(SearchPath::new([first, second].map(|folder| folder.root().to_path_buf())))
}

#[test]
fn of_two_versions_the_newest_wins_and_the_other_can_be_selected() {
    let folder = Folder::new();
    let old = folder.plugin("librlx_twin-1.9.0.so", "name=twin version=1.9.0");
    let new = folder.plugin("librlx_twin-1.10.0.so", "name=twin version=1.10.0");
    let registry = folder.registry();
    let candidates = registry.scan();
    assert_verdict(find(&candidates, &new), "ok", &[]);
    assert_verdict(find(&candidates, &old), "shadowed", &[new.to_str().unwrap(), "newer (1.10.0)", "`twin@1.9.0`"]);
    for (selector, path) in [
        ("twin", &new),
        ("twin@1", &new),
        ("twin@1.10", &new),
        ("twin@1.9", &old),
        ("twin@1.9.0", &old),
        ("twin@<1.10", &old),
        (new.to_str().unwrap(), &new),
        (old.to_str().unwrap(), &old),
    ] {
        assert_eq!(select(&registry, selector).path(), path, "{selector}");
    }
    assert_runs(folder.good(&candidates));
}

#[test]
fn the_newest_wins_also_from_a_folder_that_is_searched_later() {
    let (first, second) = (Folder::new(), Folder::new());
    let old = first.plugin("librlx_spread.so", "name=spread version=0.9.0");
    let new = second.plugin("librlx_spread.so", "name=spread version=0.10.0-rc.1");
    for registry in [both(&first, &second), both(&second, &first)] {
        assert_eq!(select(&registry, "spread").path(), new);
        assert_eq!(select(&registry, "spread@0.9").path(), old);
    }
}

#[test]
fn of_equal_versions_the_one_that_is_found_first_wins() {
    let (first, second) = (Folder::new(), Folder::new());
    let one = first.plugin("librlx_equal.so", "name=equal");
    let two = second.plugin("librlx_equal.so", "name=equal");
    assert_eq!(select(&both(&first, &second), "equal").path(), one);
    assert_eq!(select(&both(&second, &first), "equal").path(), two);
    let candidates = both(&second, &first).scan();
    assert_verdict(find(&candidates, &one), "shadowed", &[two.to_str().unwrap(), "found first", one.to_str().unwrap()]);
    // Their own version would select the other one.
    assert_eq!(select(&both(&second, &first), &one).path(), one);
}

#[test]
fn a_plugin_with_a_device_goes_before_a_newer_one_without() {
    let folder = Folder::new();
    let usable = folder.plugin("librlx_ready-1.so", "name=ready version=1.0.0");
    let bare = folder.plugin("librlx_ready-2.so", "name=ready version=2.0.0 devices=0");
    let registry = folder.registry();
    let candidates = registry.scan();
    assert_verdict(find(&candidates, &usable), "ok", &[]);
    assert_verdict(find(&candidates, &bare), "shadowed", &[usable.to_str().unwrap(), "device", "`ready@2.0.0`"]);
    assert_eq!(select(&registry, "ready").path(), usable);
    let chosen = registry.find("ready@2").unwrap();
    assert_eq!((chosen.path(), chosen.devices().unwrap().len()), (&*bare, 0));
}

/// It is a plugin, if one without devices.
#[test]
fn a_plugin_without_devices_is_selected_where_it_is_the_only_one() {
    let folder = Folder::new();
    folder.plugin("librlx_alone.so", "name=alone devices=0");
    let candidates = folder.registry().scan();
    let alone = find(&candidates, &folder.path("librlx_alone.so"));
    assert_verdict(alone, "ok", &[]);
    assert!(alone.devices.is_empty());
    let error = alone.plugin().unwrap().create(&rlx_host_api::BackendOptions::new()).unwrap_err();
    assert!(error.message().contains("its devices are: none"), "{error}");
}

#[test]
fn a_file_that_two_folders_lead_to_is_listed_once() {
    let (first, second) = (Folder::new(), Folder::new());
    let real = first.plugin("librlx_shared.so", "name=shared");
    symlink(&real, second.path("librlx_shared.so")).unwrap();
    symlink(first.root(), second.path("bundle")).unwrap();
    let paths = |registry: Registry| registry.scan().into_iter().map(|candidate| candidate.path).collect::<Vec<_>>();
    let good = |folder: &Folder| folder.path("librlx_good.so");
    assert_eq!(paths(both(&first, &second)), [good(&first), real, good(&second)]);
    let link = second.path("librlx_shared.so");
    let nested = second.path("bundle/librlx_good.so");
    assert_eq!(paths(both(&second, &first)), [good(&second), link, nested]);
    assert_eq!(paths(both(&first, &first)).len(), 2, "a folder that is listed twice");
}

#[test]
fn a_refused_plugin_leaves_its_place_to_the_next() {
    let folder = Folder::new();
    folder.write("librlx_heir-3.so", "not a library");
    folder.plugin("librlx_heir-2.so", "name=heir version=2.0.0 lie=info.error");
    let next = folder.plugin("librlx_heir-1.so", "name=heir version=1.0.0");
    crate::log_capture::start();
    assert_eq!(select(&folder.registry(), "heir").path(), next);
    for refused in ["librlx_heir-3.so", "librlx_heir-2.so"] {
        let lines = crate::log_capture::lines_with(folder.path(refused).to_str().unwrap());
        assert!(lines.iter().any(|(level, ..)| *level == log::Level::Warn), "{refused}: {lines:?}");
    }
}
