//! What a caller may name: the inputs and parameters that the graph declared, and where the compiled program has them.

use crate::{DType, Error, Executable, TensorInfo};
use rlx_ir::{Graph, Op};
use std::collections::HashMap;

/// The declarations of a graph, taken before any pass.
#[derive(Debug)]
pub(super) struct Declared {
    /// Names in the order of their first node.
    inputs: Vec<String>,
    params: Vec<String>,
    outputs: Vec<DType>,
}

impl Declared {
    pub(super) fn of(graph: &Graph) -> Self {
        let (mut inputs, mut params) = (Vec::new(), Vec::new());
        for node in graph.nodes() {
            match &node.op {
                Op::Input { name } if !inputs.contains(name) => inputs.push(name.clone()),
                Op::Param { name } if !params.contains(name) => params.push(name.clone()),
                _ => {}
            }
        }
        let outputs = graph.outputs.iter().map(|&id| graph.shape(id).dtype().into()).collect();
        Self { inputs, params, outputs }
    }
}

/// Where each declared name is in the compiled program: `None` for one that the passes found unused or have baked in.
#[derive(Debug)]
pub(super) struct Boundary {
    inputs: HashMap<String, Option<usize>>,
    params: HashMap<String, Option<usize>>,
    /// Places of the inputs in declared order.
    positions: Vec<Option<usize>>,
    input_infos: Vec<TensorInfo>,
    outputs: Vec<DType>,
}

/// What a name given as a parameter stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParamPlace {
    /// Index into the program's parameters.
    At(usize),
    /// Declared, but not read any more.
    Unused,
    /// Not of this graph.
    Unknown,
}

impl Boundary {
    pub(super) fn new(declared: &Declared, executable: &Executable) -> Self {
        let places = |names: &[String], infos: &[TensorInfo]| -> Vec<Option<usize>> {
            let by_name: HashMap<&str, usize> = infos.iter().enumerate().map(|(i, t)| (t.name.as_str(), i)).collect();
            names.iter().map(|name| by_name.get(name.as_str()).copied()).collect()
        };
        let positions = places(&declared.inputs, executable.inputs());
        let params = places(&declared.params, executable.params());
        Self {
            inputs: declared.inputs.iter().cloned().zip(positions.iter().copied()).collect(),
            params: declared.params.iter().cloned().zip(params).collect(),
            positions,
            input_infos: executable.inputs().to_vec(),
            outputs: declared.outputs.clone(),
        }
    }

    /// The declared dtype of output `index`.
    pub(super) fn output_dtype(&self, index: usize) -> Option<DType> {
        self.outputs.get(index).copied()
    }

    /// Indices of the program's parameters that callers bind; hoisted constants are not among them.
    pub(super) fn live_params(&self) -> impl Iterator<Item = usize> + '_ {
        self.params.values().filter_map(|place| *place)
    }

    /// Where the parameter `name` is.
    ///
    /// # Errors
    /// When `name` is an input.
    pub(super) fn param(&self, name: &str) -> Result<ParamPlace, Error> {
        match self.params.get(name) {
            Some(Some(index)) => Ok(ParamPlace::At(*index)),
            Some(None) => Ok(ParamPlace::Unused),
            None if self.inputs.contains_key(name) => {
                Err(Error::invalid(format!("`{name}` is an input of the graph: pass it to run, not to set_param")))
            }
            None => Ok(ParamPlace::Unknown),
        }
    }

    /// Named values in the program's order, converted with `convert` to the dtype that each place has.
    ///
    /// # Errors
    /// An unknown name, a parameter among the inputs, a failed conversion, or missing inputs (all of them named).
    pub(super) fn by_name<'n, T, B>(
        &self,
        values: impl IntoIterator<Item = (&'n str, T)>,
        convert: impl Fn(T, DType) -> Result<B, Error>,
    ) -> Result<Vec<B>, Error> {
        let mut filled: Vec<Option<B>> = self.input_infos.iter().map(|_| None).collect();
        for (name, value) in values {
            match self.inputs.get(name) {
                Some(Some(at)) => {
                    let converted = convert(value, self.input_infos[*at].dtype);
                    filled[*at] = Some(converted.map_err(|e| e.context(format_args!("input `{name}`")))?);
                }
                Some(None) => {}
                None => return Err(self.no_input(name)),
            }
        }
        self.all(filled)
    }

    /// Values of the first inputs in declared order, in the program's order; converted likewise.
    ///
    /// # Errors
    /// More values than inputs, a failed conversion, or missing inputs.
    pub(super) fn by_position<T, B>(
        &self,
        values: impl ExactSizeIterator<Item = T>,
        convert: impl Fn(T, DType) -> Result<B, Error>,
    ) -> Result<Vec<B>, Error> {
        if values.len() > self.positions.len() {
            let (given, declared) = (values.len(), self.positions.len());
            return Err(Error::invalid(format!("{given} inputs were given, the graph has {declared}")));
        }
        let mut filled: Vec<Option<B>> = self.input_infos.iter().map(|_| None).collect();
        for (value, place) in values.zip(&self.positions) {
            if let Some(at) = place {
                filled[*at] = Some(convert(value, self.input_infos[*at].dtype)?);
            }
        }
        self.all(filled)
    }

    fn all<B>(&self, filled: Vec<Option<B>>) -> Result<Vec<B>, Error> {
        let missing: Vec<&str> = self
            .input_infos
            .iter()
            .zip(&filled)
            .filter_map(|(info, value)| value.is_none().then_some(info.name.as_str()))
            .collect();
        if missing.is_empty() {
            return Ok(filled.into_iter().flatten().collect());
        }
        let list = missing.join("`, `");
        Err(Error::invalid(format!("{} of {} inputs are missing: `{list}`", missing.len(), filled.len())))
    }

    fn no_input(&self, name: &str) -> Error {
        if self.params.contains_key(name) {
            return Error::invalid(format!("`{name}` is a parameter of the graph: bind it with set_param"));
        }
        let known: Vec<&str> = self.input_infos.iter().map(|t| t.name.as_str()).collect();
        Error::invalid(format!("the graph has no input `{name}`; its inputs are: {}", known.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rlx_ir::{DType as Ir, Shape};

    /// A graph with inputs `a`, `gone`, `b` and parameters `w`, `baked`, of which the program has `b`, `a` and `w`.
    fn boundary() -> Boundary {
        let info = |name: &str, dtype| TensorInfo { name: name.into(), dtype, dims: vec![2] };
        Boundary {
            inputs: [("a", Some(1)), ("gone", None), ("b", Some(0))].map(|(n, p)| (n.into(), p)).into(),
            params: [("w", Some(0)), ("baked", None)].map(|(n, p)| (n.into(), p)).into(),
            positions: vec![Some(1), None, Some(0)],
            input_infos: vec![info("b", DType::I32), info("a", DType::F32)],
            outputs: vec![DType::F32],
        }
    }

    fn tag(value: &str, dtype: DType) -> Result<String, Error> {
        Ok(format!("{value}:{dtype}"))
    }

    #[test]
    fn values_find_their_places() {
        let boundary = boundary();
        let expected = ["B:i32", "A:f32"];
        assert_eq!(boundary.by_name([("a", "A"), ("b", "B")], tag).unwrap(), expected);
        assert_eq!(boundary.by_name([("gone", "G"), ("b", "B"), ("a", "A")], tag).unwrap(), expected);
        assert_eq!(boundary.by_position(["A", "G", "B"].into_iter(), tag).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let boundary = boundary();
        let message = |result: Result<Vec<String>, Error>| result.unwrap_err().to_string();
        assert_eq!(message(boundary.by_name([("a", "A")], tag)), "1 of 2 inputs are missing: `b`");
        assert_eq!(message(boundary.by_name([], tag)), "2 of 2 inputs are missing: `b`, `a`");
        assert_eq!(
            message(boundary.by_name([("w", "W")], tag)),
            "`w` is a parameter of the graph: bind it with set_param"
        );
        assert_eq!(message(boundary.by_name([("c", "C")], tag)), "the graph has no input `c`; its inputs are: b, a");
        assert_eq!(message(boundary.by_position(["A"; 4].into_iter(), tag)), "4 inputs were given, the graph has 3");
    }

    #[test]
    fn parameters_are_told_apart_from_inputs() {
        let boundary = boundary();
        assert_eq!(boundary.param("w"), Ok(ParamPlace::At(0)));
        assert_eq!(boundary.param("baked"), Ok(ParamPlace::Unused));
        assert_eq!(boundary.param("other"), Ok(ParamPlace::Unknown));
        assert!(boundary.param("a").unwrap_err().message().contains("`a` is an input"));
    }

    #[test]
    fn declarations_are_unique_and_in_order() {
        let mut graph = Graph::new("g");
        let shape = || Shape::new(&[2], Ir::F16);
        let b = graph.input("b", shape());
        graph.param("w", shape());
        graph.input("a", shape());
        graph.input("b", shape());
        graph.set_outputs(vec![b]);
        let declared = Declared::of(&graph);
        assert_eq!(
            (declared.inputs, declared.params, declared.outputs),
            (vec!["b".to_owned(), "a".to_owned()], vec!["w".to_owned()], vec![DType::F16])
        );
    }
}
