//! What `kernels/1` promises of array operations: names, signatures, arguments, results, and the values of enums. It is read
//! off the generated sources for hosts, of which the C header has the names and signatures too.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const HEADER: &str = include_str!("../../include/rlx_array_ops.h");

/// An operation as hosts call it.
struct Op {
    signature: String,
    /// Of the Rust method: `a: &Array, kind: Reduce`.
    arguments: String,
    /// Names of the results, where there are several.
    results: String,
}

/// The lines of the golden file.
pub(crate) fn table() -> String {
    let mut out = String::new();
    let kinds = source("kinds.rs");
    let (mut name, mut values) = ("", 0);
    for line in kinds.lines().map(str::trim) {
        if let Some(found) = line.strip_prefix("pub enum ").and_then(|rest| rest.strip_suffix(" {")) {
            name = found;
            writeln!(out).unwrap();
        } else if let Some((value, code)) = line.strip_suffix(',').and_then(|line| line.split_once(" = ")) {
            writeln!(out, "array-kind {name} {value} {code}").unwrap();
            values += 1;
        }
    }
    writeln!(out).unwrap();
    let constants = constants();
    assert_eq!(constants.len(), values, "the C header has the values of as many kinds");
    for (name, value) in constants {
        writeln!(out, "const {name} {value}").unwrap();
    }
    writeln!(out).unwrap();
    for (name, op) in ops() {
        writeln!(out, "array-op {name} {} ({}){}", op.signature, op.arguments, op.results).unwrap();
    }
    out
}

/// Every operation by its name.
fn ops() -> BTreeMap<String, Op> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kernel/array_ops");
    let mut ops = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for method in text.split("pub fn ").skip(1) {
            let (Some((head, _)), Some((_, call))) = (method.split_once('{'), method.split_once(".find::<F>(\""))
            else {
                panic!("a method that finds no operation: {method}");
            };
            let (name, rest) = call.split_once("\", \"").unwrap();
            let (signature, _) = rest.split_once('"').unwrap();
            let op = Op { signature: signature.to_owned(), arguments: arguments(head), results: results(name) };
            assert!(ops.insert(name.to_owned(), op).is_none(), "`{name}` is called by two methods");
        }
    }
    ops
}

/// `add(&self, a: &Array<'_>, b: &Array<'_>) -> …` without what is not an argument.
fn arguments(head: &str) -> String {
    let (_, rest) = head.split_once("&self").unwrap();
    let (arguments, _) = rest.split_once(") ->").unwrap();
    let words: Vec<&str> = arguments.split_whitespace().collect();
    words.join(" ").replace("<'_>", "").trim_matches([',', ' ']).to_owned()
}

/// What the header says of an operation's results: "`out` has room for 2: values, indices." above its type.
fn results(op: &str) -> String {
    let (before, _) = HEADER.split_once(&format!("\"{op}\", \"")).unwrap_or_else(|| panic!("no `{op}` in the header"));
    let documentation = before.lines().rev().skip(2).take_while(|line| line.starts_with("///"));
    let named = documentation.filter_map(|line| line.strip_prefix("/// `out` has room for ")?.split_once(": "));
    named.map(|(_, names)| format!(" -> ({})", names.trim_end_matches('.'))).collect()
}

/// Every macro of a number, in order.
fn constants() -> Vec<(&'static str, &'static str)> {
    let macros = HEADER.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    let number = |value: &'static str| value.split(' ').next().filter(|word| word.parse::<u32>().is_ok());
    macros.filter_map(|(name, value)| Some((name, number(value)?))).collect()
}

fn source(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kernel/array_ops").join(file)).unwrap()
}

/// Hosts in C and in Rust are promised the same.
#[test]
fn the_header_and_the_methods_name_the_same_operations() {
    let methods: Vec<(String, String)> = ops().into_iter().map(|(name, op)| (name, op.signature)).collect();
    let mut macros: Vec<(String, String)> = HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define RLX_OP_")?.split_once(' '))
        .filter_map(|(_, pair)| pair.trim_matches('"').split_once("\", \""))
        .map(|(name, signature)| (name.to_owned(), signature.to_owned()))
        .collect();
    macros.sort();
    assert!(methods.len() > 150, "only {} operations found", methods.len());
    assert_eq!(methods, macros);
}
