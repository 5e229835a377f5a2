//! The C header: for each operation the type of its function, and a macro with its name and signature.

use std::fmt::Write;

use anyhow::Result;

use super::docs::{self, Reader};
use super::op::{Argument, Kind, Op, Results};
use super::vocabulary::{COMMAND, Vocabulary, camel};

/// The text of the header.
pub(super) fn file(vocabulary: &Vocabulary) -> Result<String> {
    let mut body = String::new();
    for found in &vocabulary.enums {
        body.push_str(&doc(&found.doc)?);
        for value in &found.values {
            let name = value.name.replacen("RLX_MLX_", "RLX_", 1);
            let note = if value.doc.is_empty() { String::new() } else { format!(" // {}", value.doc) };
            let _ = writeln!(body, "#define {name} {}{note}", value.number);
        }
        body.push('\n');
    }
    for family in &vocabulary.families {
        for line in docs::lines(&family.doc, Reader::C, 117, str::to_owned)? {
            let _ = writeln!(body, "{}", format!("// {line}").trim_end());
        }
        for (at, op) in family.ops.iter().enumerate() {
            let text = documentation(op);
            // What is said of several stands above the first.
            if at.checked_sub(1).is_none_or(|before| documentation(&family.ops[before]) != text) {
                let _ = write!(body, "\n{}", doc(&text)?);
            }
            body.push_str(&declaration(op));
        }
        body.push('\n');
    }
    Ok(format!(
        r##"// The array operations that composed kernels build with: `RlxArrayOps` of rlx_backend.h.
//
// An operation is called in two steps: `rlx_array_op` finds its function by the macro that names it, into a variable of
// its type; the call writes fresh arrays to `out`, or returns an error and writes none:
//
//     RlxOpAdd add;
//     if (!rlx_array_op(ops, RLX_OP_ADD, &add)) return not_there("add");
//     error = add(&sum, a, b);
//
// Arrays that are passed stay the caller's. `ops->free` frees what an operation made, unless it is given to the plugin as
// a result of the kernel. Shapes, axes and dtypes that do not fit are errors; so is NULL for an array that is not called
// optional. Results are lazy. An `int32_t` that says whether something is so is true when it is nonzero.
//
// Written by `{COMMAND}` from the headers in shim/include/rlx_mlx: change those files, not this one.

#ifndef RLX_ARRAY_OPS_H
#define RLX_ARRAY_OPS_H

#include <string.h>

#include "rlx_backend.h"

#ifdef __cplusplus
extern "C" {{
#endif

/// Writes the function of an operation to `*function`, a variable of the operation's type, and returns 1; returns 0 when
/// the plugin does not have the operation, or has it with another signature.
static inline int rlx_array_op(const RlxArrayOps *ops, const char *name, const char *signature, void *function) {{
    uint64_t low = 0, high = ops->op_count;
    while (low < high) {{
        uint64_t middle = low + (high - low) / 2;
        const RlxArrayOp *op = &ops->ops[middle];
        size_t length = strlen(name), shorter = op->name.len < length ? (size_t)op->name.len : length;
        int order = memcmp(op->name.data, name, shorter);
        if (order == 0) order = op->name.len < length ? -1 : op->name.len > length;
        if (order == 0) {{
            if (op->signature.len != strlen(signature)) return 0;
            if (memcmp(op->signature.data, signature, (size_t)op->signature.len) != 0) return 0;
            memcpy(function, &op->function, sizeof op->function);
            return 1;
        }}
        if (order < 0) low = middle + 1;
        else high = middle;
    }}
    return 0;
}}

{body}#ifdef __cplusplus
}}
#endif

#endif
"##
    ))
}

fn doc(text: &str) -> Result<String> {
    let lines = docs::lines(text, Reader::C, 116, str::to_owned)?;
    Ok(lines.iter().map(|line| format!("/// {line}").trim_end().to_owned() + "\n").collect())
}

fn documentation(op: &Op) -> String {
    let mut text = if op.doc.is_empty() { format!("MLX: {}.", op.name) } else { op.doc.clone() };
    if let Results::Fixed(results) = &op.results
        && results.len() > 1
    {
        let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
        let _ = write!(text, "\n`out` has room for {}: {}.", names.len(), names.join(", "));
    }
    text
}

fn declaration(op: &Op) -> String {
    let (name, signature) = (&op.name, op.signature());
    let mut parameters = vec!["RlxArray **out".to_owned()];
    if let Results::Counted = op.results {
        parameters.push("uint64_t n_outs".to_owned());
    }
    parameters.extend(op.arguments.iter().map(parameter));
    format!(
        "typedef RlxError *(*RlxOp{})({});\n#define RLX_OP_{} \"{name}\", \"{signature}\"\n",
        camel(name),
        parameters.join(", "),
        name.to_uppercase()
    )
}

fn parameter(argument: &Argument) -> String {
    let name = &argument.name;
    let list = |of: &str| format!("{of}{name}, uint64_t {name}_count");
    match argument.kind {
        Kind::Array => format!("RlxArray *{name}"),
        Kind::OptionalArray => format!("RlxArray *optional_{name}"),
        Kind::Arrays => list("RlxArray *const *"),
        Kind::Int | Kind::Flag => format!("int32_t {name}"),
        Kind::Size | Kind::Long => format!("uint64_t {name}"),
        Kind::Float => format!("float {name}"),
        Kind::Double => format!("double {name}"),
        Kind::DType | Kind::Enum(_) => format!("uint32_t {name}"),
        Kind::Ints => list("const int32_t *"),
        Kind::OptionalInts => format!("const int32_t *optional_{name}, uint64_t {name}_count"),
        Kind::Longs => list("const int64_t *"),
        Kind::Text => format!("RlxStr {name}"),
    }
}
