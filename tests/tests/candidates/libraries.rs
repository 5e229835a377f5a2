//! Libraries that a plugin needs: missing, damaged, beside it, and those of the real plugin.

use crate::bundle::{BESIDE, Mlx, boxed, needing};
use crate::fixture::assert_runs;
use crate::folder::{Folder, assert_verdict, find};
use rlx_mlx_tests::rlx_run::{command, json};
use std::fs;

#[test]
fn a_missing_library_is_named_with_who_needs_it() {
    let folder = Folder::new();
    folder.write("librlx_needy.so", needing("libnowhere.so", ""));
    let words = ["libnowhere.so", "needed by librlx_needy.so", "copy the whole plugin folder"];
    folder.assert_refused_unopened(&[("librlx_needy.so", "missing-library", &words)]);
}

#[test]
fn a_needed_library_that_is_not_loadable_is_named_with_the_reason() {
    let folder = Folder::new();
    let plugins = ["cut", "text", "hollow", "machine"].map(|name| boxed(&folder, name));
    let library = |name: &str| format!("{name}/{BESIDE}");
    let whole = fs::read(folder.path(&library("cut"))).unwrap();
    folder.write(&library("cut"), &whole[..whole.len() / 2]);
    folder.write(&library("text"), "GROUP ( libgcc_s.so.1 )");
    folder.write(&library("hollow"), "");
    folder.write(&library("machine"), crate::elf::with_u16(whole, crate::elf::MACHINE, 0xfeed));
    let reasons = ["damaged", "not a shared library", "empty", "65261"];
    let words = reasons.map(|reason| [BESIDE, reason]);
    let cases: Vec<_> = plugins.iter().zip(&words).map(|(path, words)| (&**path, "bad-library", &words[..])).collect();
    folder.assert_refused_unopened(&cases);
}

#[test]
fn a_library_beside_the_plugin_is_found_and_used() {
    let folder = Folder::new();
    let path = folder.path(&boxed(&folder, "neighbour"));
    let candidates = folder.registry().scan();
    assert_verdict(find(&candidates, &path), "ok", &[]);
    assert_runs(find(&candidates, &path).plugin().unwrap());
    let maps = crate::folder::mapped();
    assert!(maps.contains(folder.path("neighbour").join(BESIDE).to_str().unwrap()), "the system's library was taken");
}

/// With the manifest it is the listed file that is missing, without it the library that something needs.
#[test]
fn each_library_of_the_mlx_plugin_is_named_when_it_is_removed() {
    let libraries = Mlx::linked().files();
    for library in libraries.iter().filter(|name| *name != "librlx_mlx.so") {
        let mlx = Mlx::linked();
        fs::remove_file(mlx.file(library)).unwrap();
        for code in ["listed-file-missing", "missing-library"] {
            let report = json(command(["plugins", "--json"]).env("RLX_PLUGIN_PATH", mlx.root()));
            let plugins = report["plugins"].as_array().unwrap();
            let row = plugins.iter().find(|row| row["path"] == *mlx.file("librlx_mlx.so").to_str().unwrap()).unwrap();
            assert_eq!((&row["verdict"], &row["usable"]), (&code.into(), &false.into()), "{row:#}");
            assert!(row["reason"].as_str().unwrap().contains(library), "{library}: {row:#}");
            let manifest = mlx.file(rlx_host_api::discovery::MANIFEST_FILE);
            if manifest.exists() {
                fs::remove_file(manifest).unwrap();
            }
        }
    }
}
