//! Circles in small made-up crates.

use std::fs;
use std::path::Path;

use super::graph::{Graph, Need};
use super::needs;

/// What the files of a crate need, of paths and texts; `src/` is left out in both.
fn needs_of(files: &[(&str, &str)]) -> Vec<Need> {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("src");
    for (path, text) in files {
        let path = source.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let below = |file: &Path| file.strip_prefix(&source).unwrap().to_owned();
    let found = needs(folder.path()).unwrap();
    found.into_iter().map(|need| Need { from: below(&need.from), to: below(&need.to), ..need }).collect()
}

/// The needs between different files, as `from:line path to`.
fn between(files: &[(&str, &str)]) -> Vec<String> {
    let needs = needs_of(files);
    let others = needs.iter().filter(|need| need.from != need.to);
    let shown = others.map(|n| format!("{}:{} {} {}", n.from.display(), n.line, n.path, n.to.display()));
    shown.collect()
}

/// The files of each circle.
fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let needs = needs_of(files);
    let circles = Graph::of(&needs).circles();
    circles.iter().map(|circle| circle.files.iter().map(|file| file.display().to_string()).collect()).collect()
}

#[test]
fn a_circle_of_siblings_is_found_with_its_places() {
    let files = [
        ("lib.rs", "mod a;\nmod b;\nmod c;"),
        ("a.rs", "use crate::b::B;\npub struct A(B);"),
        ("b.rs", "pub struct B;\nfn f() {\n    super::c::f();\n}"),
        ("c.rs", "use super::a;\npub fn f(_: a::A) {}"),
    ];
    assert_eq!(circles(&files), [["a.rs", "b.rs", "c.rs"]]);
    assert_eq!(
        between(&files),
        ["a.rs:1 crate::b::B b.rs", "a.rs:2 B b.rs", "b.rs:3 super::c::f c.rs", "c.rs:2 a::A a.rs"]
    );
    let needs = needs_of(&files);
    let circle = &Graph::of(&needs).circles()[0];
    let places: Vec<_> = circle.needs.iter().map(|(need, times)| (need.line, *times)).collect();
    assert_eq!(places, [(1, 2), (3, 1), (2, 1)]);
}

#[test]
fn circles_apart_are_told_apart_and_what_leads_to_one_is_left_out() {
    let files = [
        ("main.rs", "mod a; mod b; mod c; mod d; fn main() { a::f(); c::f(); }"),
        ("a.rs", "pub fn f() { super::b::f() }"),
        ("b.rs", "pub fn f() { super::a::f(); super::c::f() }"),
        ("c.rs", "pub fn f() { super::d::f() }"),
        ("d.rs", "pub fn f() { super::c::f() }"),
    ];
    assert_eq!(circles(&files), [["a.rs", "b.rs"], ["c.rs", "d.rs"]]);
}

#[test]
fn a_parent_and_its_child_are_no_exception() {
    let helper = "mod child;\npub fn run() { child::run() }\nfn helper() {}";
    let files = [
        ("lib.rs", "mod family;"),
        ("family/mod.rs", helper),
        ("family/child.rs", "use super::helper; pub fn run() {}"),
    ];
    assert_eq!(circles(&files), [["family/child.rs", "family/mod.rs"]]);
    // Mended.
    let files = [
        ("lib.rs", "mod family;"),
        ("family.rs", "mod child; mod helper; pub fn run() { child::run() }"),
        ("family/child.rs", "use super::helper::helper; pub fn run() { helper() }"),
        ("family/helper.rs", "pub(super) fn helper() {}"),
    ];
    assert!(circles(&files).is_empty());
}

#[test]
fn re_exports_are_followed_and_need_nothing_themselves() {
    let files = [
        ("lib.rs", "mod family; mod user; pub use family::*; pub use user::User;"),
        ("family/mod.rs", "mod inner; pub use self::inner::Thing as Renamed; pub use self::inner::*;"),
        ("family/inner.rs", "use crate::Helper;\npub struct Thing; pub enum Kind { One }\nimpl crate::User {}"),
        ("user.rs", "pub use crate::family::Helper;\nuse crate::{Kind, Renamed};\npub struct User(Renamed, Kind);"),
    ];
    // `Helper` is defined nowhere.
    assert_eq!(
        between(&files),
        [
            "family/inner.rs:3 crate::User user.rs",
            "user.rs:2 crate::Kind family/inner.rs",
            "user.rs:2 crate::Renamed family/inner.rs",
            "user.rs:3 Renamed family/inner.rs",
            "user.rs:3 Kind family/inner.rs"
        ]
    );
}

#[test]
fn imports_that_lead_to_each_other_end() {
    let files = [
        ("lib.rs", "mod a; mod b; use lost::lost; use crate::again as again;"),
        ("a.rs", "pub use crate::b::*; pub fn of_a() {} fn f() { of_b(); nowhere() }"),
        ("b.rs", "pub use crate::a::*; pub fn of_b() {}"),
    ];
    assert_eq!(between(&files), ["a.rs:1 of_b b.rs"]);
}

#[test]
fn a_module_and_a_function_may_share_a_name() {
    let files = [
        ("lib.rs", "mod entry; mod user; pub use entry::entry;"),
        ("entry.rs", "pub fn entry() {} pub struct Other;"),
        ("user.rs", "fn f() { crate::entry() }\nfn g(_: crate::entry::Other) {}"),
    ];
    assert_eq!(between(&files), ["user.rs:1 crate::entry entry.rs", "user.rs:2 crate::entry::Other entry.rs"]);
}

#[test]
fn tests_do_not_count() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub fn f() { super::b::f() }"),
        (
            "b.rs",
            "pub fn f() {}
            #[cfg(test)] mod inline { use crate::a::f; }
            #[cfg(all(test, unix))] mod missing;
            #[cfg(test)] use crate::a::f as g;
            #[cfg(test)] fn h() { crate::a::f() }
            struct S;
            impl S { #[cfg(any(test, all(test, unix)))] fn i() { crate::a::f() } }",
        ),
    ];
    assert!(circles(&files).is_empty());
    // Not for tests alone.
    for condition in ["any(test, unix)", "not(test)", "unix", "feature = \"test\""] {
        let text = format!("pub fn f() {{}} #[cfg({condition})] use crate::a::f as g;");
        assert_eq!(circles(&[files[0], files[1], ("b.rs", &text)]).len(), 1, "{condition}");
    }
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let places = [
        "fn f(x: &[super::b::T]) {}",
        "fn f() -> Option<Box<dyn super::b::T>> { None }",
        "fn f<X: super::b::T>() {}",
        "fn f() { if let super::b::T::One(_) = g() {} }",
        "fn f() { match g() { super::b::T { x: 1 } => {}, _ => {} } }",
        "fn f() { g(super::b::T) }",
        "fn f() { <u8 as super::b::T>::g() }",
        "fn f() { use super::b::T; }",
        "fn f() { let x = vec![1, super::b::T]; }",
        "fn f() { println!(\"{}\", super::b::T::new()) }",
        "fn f() { matches!(x, super::b::T { .. } | super::b::T::One if true); }",
        "static X: LazyLock<u8> = LazyLock::new(|| super::b::T);",
        "thread_local! { static X: super::b::T = const { 1 }; }",
        "impl super::b::T for u8 {}",
        "macro_rules! m { ($x:expr) => { $crate::b::T::new($x) }; }",
        "mod inner { use crate::b::T; }",
        "mod inner { fn f() { super::super::b::T } }",
        "use super::b::*; fn f(x: T) {}",
        "use super::b::*; fn f() { assert!(x, T) }",
    ];
    for place in places {
        let files = [("lib.rs", "mod a; mod b;"), ("a.rs", place), ("b.rs", "pub struct T;")];
        let found = between(&files);
        assert!(!found.is_empty() && found.iter().all(|need| need.ends_with(" b.rs")), "{place}: {found:?}");
    }
}

#[test]
fn what_only_looks_like_a_need_is_none() {
    let places = [
        "fn f(t: u8) { t; g(t); vec![t]; matches!(x, t | _); x.t(); S { t } }",
        "trait Q { fn f(t: u8) { t } }",
        "fn f() { x.t; matches!(x.t, Y { t: 1, .. } | y.t()); }",
        "fn f() { ::t::t(); std::t() }",
        "/// [`t`](super::b::t)\nfn f() { \"super::b::t\"; }",
        "pub(in super::b::t) fn f() {}",
        "macro_rules! m { ($t:expr) => { $t + other::t }; }",
    ];
    for place in places {
        let text = format!("use super::b::*;\n{place}");
        assert_eq!(
            between(&[("lib.rs", "mod a; mod b;"), ("a.rs", &text), ("b.rs", "pub fn t() {}")]),
            [""; 0],
            "{place}"
        );
    }
}

#[test]
fn macros_are_needed_by_those_below_and_by_path() {
    let files = [
        ("lib.rs", "mod macros; mod a;"),
        (
            "macros.rs",
            "macro_rules! local { () => {}; }\n#[macro_export] macro_rules! exported { () => {}; }\npub(crate) use local;",
        ),
        ("a.rs", "fn f() {\n    crate::exported!();\n    crate::macros::local!();\n}"),
    ];
    assert_eq!(between(&files), ["a.rs:2 crate::exported macros.rs", "a.rs:3 crate::macros::local macros.rs"]);
    let files = [
        ("lib.rs", "mod family;"),
        ("family.rs", "macro_rules! local { () => {}; }\nmod child;\nfn f() { child::f() }"),
        ("family/child.rs", "pub fn f() { local!() }"),
    ];
    assert_eq!(circles(&files), [["family/child.rs", "family.rs"]]);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let error = |files: &[(&str, &str)]| {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        files.iter().for_each(|(path, text)| fs::write(folder.path().join("src").join(path), text).unwrap());
        format!("{:#}", needs(folder.path()).unwrap_err())
    };
    assert!(error(&[]).contains("neither lib.rs nor main.rs"));
    assert!(error(&[("lib.rs", "mod lost;")]).contains("module lost has no file"));
    assert!(error(&[("lib.rs", "#[path = \"x.rs\"] mod a;")]).contains("module a is set by an attribute"));
    assert!(error(&[("lib.rs", "fn f() {}\nfn (")]).contains("lib.rs:2:4"));
}
