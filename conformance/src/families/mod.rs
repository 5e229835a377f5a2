//! The cases, a file for each family: attributes x dtypes x ranks x extents x values x layouts.

mod attention;
mod backward;
mod binary;
mod blocks;
mod cache;
mod cast;
mod complex;
mod control;
mod conv;
mod conv3d;
mod cross_entropy;
mod dtypes;
mod factor;
mod fma;
mod fused;
mod gather;
mod integer_products;
mod leaf;
mod linalg;
mod matmul;
mod mixed;
mod modulation;
mod norm;
mod pool;
mod quantized;
mod random;
mod reduce;
mod region;
mod resize;
mod rope;
mod sample;
mod scan;
mod scatter;
mod shape;
mod softmax;
mod sort;
mod spellings;
mod telling;
mod unary;

use crate::case::{Case, Cases};

/// Makes the cases of a family.
type Make = fn(&mut Cases);

/// Families by name.
const FAMILIES: [(&str, Make); 37] = [
    ("leaf", leaf::cases),
    ("unary", unary::cases),
    ("binary", binary::cases),
    ("fma", fma::cases),
    ("region", region::cases),
    ("complex", complex::cases),
    ("cast", cast::cases),
    ("matmul", matmul::cases),
    ("reduce", reduce::cases),
    ("softmax", softmax::cases),
    ("cross_entropy", cross_entropy::cases),
    ("scan", scan::cases),
    ("sort", sort::cases),
    ("norm", norm::cases),
    ("modulation", modulation::cases),
    ("rope", rope::cases),
    ("attention", attention::cases),
    ("spellings", spellings::cases),
    ("shape", shape::cases),
    ("resize", resize::cases),
    ("gather", gather::cases),
    ("scatter", scatter::cases),
    ("cache", cache::cases),
    ("random", random::cases),
    ("sample", sample::cases),
    ("quantized", quantized::cases),
    ("integer_products", integer_products::cases),
    ("control", control::cases),
    ("pool", pool::cases),
    ("conv", conv::cases),
    ("conv3d", conv3d::cases),
    ("linalg", linalg::cases),
    ("factor", factor::cases),
    ("fused", fused::cases),
    ("blocks", blocks::cases),
    ("backward", backward::cases),
    ("mixed", mixed::cases),
];

/// Names of all families.
pub fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|(name, _)| *name)
}

/// All cases, family by family. Another seed gives other values, and other names.
pub fn all(seed: u64) -> Vec<Case> {
    let mut cases = Cases::new(seed);
    for (name, make) in FAMILIES {
        cases.family(name);
        make(&mut cases);
    }
    telling::cases(&mut cases);
    cases.into_list()
}

/// The seed in a case's name.
pub fn seed_of(name: &str) -> Option<u64> {
    name.rsplit_once("/seed").and_then(|(_, seed)| seed.parse().ok())
}

/// The case of a name; its seed is part of it.
pub fn named(name: &str) -> Option<Case> {
    all(seed_of(name)?).into_iter().find(|case| case.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::tensor::{Tensor, Values, parts};
    use std::collections::HashSet;

    #[test]
    fn every_name_makes_its_case_again() {
        let cases = all(7);
        assert!(cases.len() > 13_000, "{} cases", cases.len());
        let mut names = HashSet::new();
        let twice: Vec<_> = cases.iter().map(|case| &case.name).filter(|&name| !names.insert(name)).collect();
        assert!(twice.is_empty(), "several cases are {twice:#?}");
        let last = &cases[cases.len() - 1];
        let again = named(&last.name).unwrap();
        assert_eq!((again.operands(), &again.name), (last.operands(), &last.name));
        assert!(named("reduce/none/seed7").is_none() && named("reduce").is_none());
    }

    /// What an oracle says has the shape that a well-formed program declares, is right when it is rounded, and is not zeros
    /// within its tolerance.
    #[test]
    fn oracles_give_what_the_program_declares() {
        let mut wrong = Vec::new();
        for case in all(7).iter().filter(|case| !case.is_large()) {
            let operands = case.operands();
            let expected = case.expected(&operands);
            assert!(rlx_ir::rlxmodel::to_text(&case.graph).is_ok(), "{}", case.name);
            if let Some(error) = rlx_ir::verify::verify(&case.graph).first() {
                wrong.push(format!("{}: {error}", case.name));
            }
            if case.has_laws() {
                continue;
            }
            assert_eq!(expected.len(), case.graph.outputs.len(), "{}", case.name);
            for (expected, &id) in expected.iter().zip(&case.graph.outputs) {
                let shape = case.graph.shape(id);
                let dims: Vec<usize> = shape.dims().iter().map(|dim| dim.unwrap_static()).collect();
                assert_eq!((expected.dtype, &expected.dims), (shape.dtype(), &dims), "{}", case.name);
                let count = dims.iter().product::<usize>() * parts(shape.dtype());
                assert_eq!(expected.values.len(), count, "{}", case.name);
                let right = match &expected.values {
                    Values::Real(values) => Tensor::real(shape.dtype(), &dims, values.clone()),
                    Values::Whole(values) => Tensor::whole(shape.dtype(), &dims, values.clone()),
                };
                let found = compare(&right, expected).unwrap();
                if found.wrong > 0 {
                    wrong.push(format!("{}: {found:?}", case.name));
                }
                let zeros = Tensor::from_bytes(shape.dtype(), &dims, &vec![0; right.bytes().len()]);
                let all_zero = right.bytes().iter().all(|&byte| byte == 0);
                if !(all_zero || compare(&zeros, expected).unwrap().wrong > 0) {
                    wrong.push(format!("{} takes zeros", case.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
