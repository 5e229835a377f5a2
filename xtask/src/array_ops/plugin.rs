//! The plugin's side of `kernels/1`: a thunk for each operation, and the sorted table.

use std::fmt::Write;

use super::op::{Argument, Kind, Op, Results};
use super::vocabulary::{COMMAND, Family, Vocabulary};

/// Names and texts of the files, not formatted.
pub(super) fn files(vocabulary: &Vocabulary) -> Vec<(String, String)> {
    let families = vocabulary.families.iter().map(|family| (format!("{}.rs", family.name), thunks(family)));
    std::iter::once(("mod.rs".to_owned(), table(vocabulary))).chain(families).collect()
}

fn table(vocabulary: &Vocabulary) -> String {
    let modules: String = vocabulary.families.iter().map(|family| format!("mod {};\n", family.name)).collect();
    let sorted = vocabulary.sorted();
    let entries: String = sorted
        .iter()
        .map(|(family, op)| {
            let (name, signature, thunk) = (&op.name, op.signature(), op.rust_name());
            format!("op(\"{name}\", \"{signature}\", {}::{thunk} as *const c_void),\n", family.name)
        })
        .collect();
    format!(
        "//! The operations by name. Written by `{COMMAND}`. Do not edit.\n\n\
         {modules}\nuse super::thunk::op;\nuse rlx_host_api::abi::RlxArrayOp;\nuse std::ffi::c_void;\n\n\
         /// Sorted by the bytes of their names.\n\
         pub(super) const OPS: [RlxArrayOp; {}] = [\n{entries}];\n",
        sorted.len()
    )
}

fn thunks(family: &Family) -> String {
    let thunks: String = family.ops.iter().map(thunk).collect();
    format!(
        "//! Thunks of the operations of `{0}.h`. Written by `{COMMAND}`. Do not edit.\n\n\
         use super::super::arg;\nuse super::super::thunk::{{guard, produce}};\nuse rlx_host_api::abi::*;\nuse rlx_mlx_shim as ffi;\n\n{thunks}",
        family.name
    )
}

fn thunk(op: &Op) -> String {
    let mut parameters = "out: *mut *mut RlxArray".to_owned();
    let mut conversions = String::new();
    let mut call = String::new();
    if let Results::Counted = op.results {
        parameters.push_str(", count: u64");
        conversions.push_str("let count = arg::size(count, \"count\")?;\n");
    }
    for (at, argument) in op.arguments.iter().enumerate() {
        let name = &argument.name;
        let (conversion, value) = pass(argument);
        let _ = write!(parameters, ", {name}: {}", argument.kind.wire().replace(", ", &format!(", {name}_count: ")));
        if let Some(conversion) = conversion {
            let _ = writeln!(conversions, "let {name} = {conversion}?;");
        }
        let _ = write!(call, "{value}, ");
        let next_is_of_it =
            op.arguments[at + 1..].iter().any(|next| next.kind.is_list() && next.group == argument.group);
        if argument.kind.is_list() && !next_is_of_it {
            let (first, check) = lengths(op, argument.group, "arg::same_length");
            conversions.push_str(&check);
            let _ = write!(call, "{first}.len(), ");
        }
    }
    match &op.results {
        Results::Fixed(results) => {
            let places = (0..results.len()).map(|at| if at == 0 { "out".to_owned() } else { format!("out.add({at})") });
            call.push_str(&places.collect::<Vec<_>>().join(", "));
        }
        Results::Counted => call.push_str("out, count"),
    }
    let (name, rust_name) = (&op.name, op.rust_name());
    format!(
        "pub(super) unsafe extern \"C\" fn {rust_name}({parameters}) -> *mut RlxError {{\n\
         // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.\n\
         guard(\"{name}\", || unsafe {{\n\
         {conversions}produce(out, |out| ffi::rlx_mlx_op_{name}({call}))\n}})\n}}\n\n"
    )
}

/// How an argument is checked, and what the shim gets.
fn pass(argument: &Argument) -> (Option<String>, String) {
    let name = &argument.name;
    let checked = |check: &str| Some(format!("arg::{check}({name}, \"{name}\")"));
    let list = |check: &str| Some(format!("arg::{check}({name}, {name}_count, \"{name}\")"));
    let pointer = format!("{name}.as_ptr()");
    match &argument.kind {
        Kind::Array => (checked("array"), name.clone()),
        Kind::OptionalArray => (None, format!("{name}.cast()")),
        Kind::Arrays => (list("arrays"), pointer),
        Kind::Ints | Kind::Longs => (list("list"), pointer),
        Kind::OptionalInts => (list("optional_list"), format!("{name}.map_or(std::ptr::null(), <[i32]>::as_ptr)")),
        Kind::Size => (checked("size"), name.clone()),
        Kind::Text => (checked("text"), pointer),
        Kind::DType => (Some(format!("arg::dtype({name})")), name.clone()),
        Kind::Int | Kind::Flag | Kind::Enum(_) | Kind::Float | Kind::Double | Kind::Long => (None, name.clone()),
    }
}

/// The list whose length is that of its group, and the check by the function `same_length` that the others have it.
pub(super) fn lengths<'a>(op: &'a Op, group: usize, same_length: &str) -> (&'a str, String) {
    let required = op.lists(group).find(|list| list.kind != Kind::OptionalInts).or_else(|| op.lists(group).next());
    let first = required.map_or("", |list| list.name.as_str());
    let others: String = op
        .lists(group)
        .filter(|list| list.name != first)
        .map(|list| {
            let name = &list.name;
            let check = format!("{same_length}((\"{first}\", {first}.len()), (\"{name}\", {name}.len()))?;\n");
            match list.kind {
                Kind::OptionalInts => format!("if let Some({name}) = {name} {{\n{check}}}\n"),
                _ => check,
            }
        })
        .collect();
    (first, others)
}
