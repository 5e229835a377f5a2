//! What a caller may name: the inputs and parameters that the graph declared, and where the compiled program has them.

use crate::{DType, Error, Executable, TensorInfo};
use rlx_ir::{Graph, Op};
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// The declarations of a graph, taken before any pass.
#[derive(Debug)]
pub(super) struct Declared {
    /// Names in the order of their first node.
    inputs: Vec<String>,
    params: Vec<(String, DType)>,
    outputs: Vec<DType>,
}

impl Declared {
    pub(super) fn of(graph: &Graph) -> Self {
        let (mut inputs, mut params) = (Vec::new(), Vec::<(String, DType)>::new());
        let (mut known_inputs, mut known_params) = (HashSet::new(), HashSet::new());
        for node in graph.nodes() {
            match &node.op {
                Op::Input { name } if known_inputs.insert(name) => inputs.push(name.clone()),
                Op::Param { name } if known_params.insert(name) => {
                    params.push((name.clone(), node.shape.dtype().into()));
                }
                _ => {}
            }
        }
        let outputs = graph.outputs.iter().map(|&id| graph.shape(id).dtype().into()).collect();
        Self { inputs, params, outputs }
    }
}

/// Where each declared name is in the compiled program.
#[derive(Debug)]
pub(super) struct Boundary {
    inputs: HashMap<String, Place>,
    params: HashMap<String, Place>,
    /// Places of the inputs in declared order.
    positions: Vec<Place>,
    input_infos: Vec<TensorInfo>,
    param_infos: Vec<TensorInfo>,
    /// The dtype that the graph declared for each of `param_infos`.
    param_dtypes: Vec<Option<DType>>,
    outputs: Vec<DType>,
}

/// What a declared name stands for in the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Index into the program's inputs or parameters.
    At(usize),
    /// Not read any more: the passes found it unused or have baked it in.
    Unused,
}

impl Boundary {
    pub(super) fn new(declared: Declared, executable: &Executable) -> Self {
        fn places<'n>(names: impl Iterator<Item = &'n String>, infos: &[TensorInfo]) -> Vec<Place> {
            let by_name: HashMap<&str, usize> = infos.iter().enumerate().map(|(i, t)| (t.name.as_str(), i)).collect();
            names.map(|name| by_name.get(name.as_str()).map_or(Place::Unused, |&i| Place::At(i))).collect()
        }
        let (inputs, params) = (executable.inputs(), executable.params());
        let positions = places(declared.inputs.iter(), inputs);
        let param_places = places(declared.params.iter().map(|(name, _)| name), params);
        let mut param_dtypes = vec![None; params.len()];
        for (place, (_, dtype)) in param_places.iter().zip(&declared.params) {
            if let Place::At(index) = place {
                param_dtypes[*index] = Some(*dtype);
            }
        }
        Self {
            inputs: declared.inputs.into_iter().zip(positions.iter().copied()).collect(),
            params: declared.params.into_iter().map(|(name, _)| name).zip(param_places).collect(),
            positions,
            input_infos: inputs.to_vec(),
            param_infos: params.to_vec(),
            param_dtypes,
            outputs: declared.outputs,
        }
    }

    /// The declared dtype of output `index`.
    pub(super) fn output_dtype(&self, index: usize) -> Option<DType> {
        self.outputs.get(index).copied()
    }

    /// Indices of the program's parameters that callers bind; hoisted constants are not among them.
    pub(super) fn live_params(&self) -> impl Iterator<Item = usize> + '_ {
        self.params.values().filter_map(|place| match place {
            Place::At(index) => Some(*index),
            Place::Unused => None,
        })
    }

    /// The input `name`; `None` for one that the graph does not have.
    pub(super) fn input(&self, name: &str) -> Option<Place> {
        self.inputs.get(name).copied()
    }

    /// The parameter `name`; `None` for one that the graph does not have.
    ///
    /// # Errors
    /// When `name` is an input.
    pub(super) fn param(&self, name: &str) -> Result<Option<Place>, Error> {
        match self.params.get(name) {
            None if self.inputs.contains_key(name) => {
                Err(Error::invalid(format!("`{name}` is an input of the graph: pass it to run, not to set_param")))
            }
            place => Ok(place.copied()),
        }
    }

    /// The program's inputs.
    pub(super) fn input_infos(&self) -> &[TensorInfo] {
        &self.input_infos
    }

    /// The program's parameters.
    pub(super) fn param_infos(&self) -> &[TensorInfo] {
        &self.param_infos
    }

    /// Whether the program has the parameter at `index` in the dtype that the graph declared.
    pub(super) fn keeps_param_dtype(&self, index: usize) -> bool {
        self.param_dtypes[index] == Some(self.param_infos[index].dtype)
    }

    /// Puts named values at their places among the program's inputs, converted with `convert` to the dtype there.
    ///
    /// # Errors
    /// An unknown name, a parameter among the inputs, or a failed conversion.
    pub(super) fn place_named<'v, 'n, T>(
        &self,
        values: impl IntoIterator<Item = (&'n str, T)>,
        convert: impl Fn(T, DType) -> Result<Cow<'v, [u8]>, Error>,
        placed: &mut [Cow<'v, [u8]>],
    ) -> Result<(), Error> {
        for (name, value) in values {
            match self.input(name) {
                Some(Place::At(at)) => {
                    let converted = convert(value, self.input_infos[at].dtype);
                    placed[at] = converted.map_err(|e| e.context(format_args!("input `{name}`")))?;
                }
                Some(Place::Unused) => {}
                None => return Err(self.no_input(name)),
            }
        }
        Ok(())
    }

    /// Puts the values of the first inputs in declared order at their places; converted likewise.
    ///
    /// # Errors
    /// More values than inputs, or a failed conversion.
    pub(super) fn place_in_order<'v, T>(
        &self,
        values: impl ExactSizeIterator<Item = T>,
        convert: impl Fn(T, DType) -> Result<Cow<'v, [u8]>, Error>,
        placed: &mut [Cow<'v, [u8]>],
    ) -> Result<(), Error> {
        if values.len() > self.positions.len() {
            let (given, declared) = (values.len(), self.positions.len());
            return Err(Error::invalid(format!("{given} inputs were given, the graph has {declared}")));
        }
        for (value, place) in values.zip(&self.positions) {
            if let Place::At(at) = *place {
                placed[at] = convert(value, self.input_infos[at].dtype)?;
            }
        }
        Ok(())
    }

    /// Asks `kept` for each input that has no value yet: `Some` (empty for one that is on the device) when there is one.
    ///
    /// # Errors
    /// Missing inputs, all of them named.
    pub(super) fn complete<'v>(
        &self,
        placed: &mut [Cow<'v, [u8]>],
        kept: impl Fn(usize, &TensorInfo) -> Result<Option<Cow<'v, [u8]>>, Error>,
    ) -> Result<(), Error> {
        let mut missing = Vec::new();
        for (index, (value, info)) in placed.iter_mut().zip(&self.input_infos).enumerate() {
            if value.is_empty() && info.byte_len() > 0 {
                match kept(index, info)? {
                    Some(found) => *value = found,
                    None => missing.push(info.name.as_str()),
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let list = missing.join("`, `");
        Err(Error::invalid(format!("{} of {} inputs are missing: `{list}`", missing.len(), placed.len())))
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
            inputs: [("a", Place::At(1)), ("gone", Place::Unused), ("b", Place::At(0))]
                .map(|(n, p)| (n.into(), p))
                .into(),
            params: [("w", Place::At(0)), ("baked", Place::Unused)].map(|(n, p)| (n.into(), p)).into(),
            positions: vec![Place::At(1), Place::Unused, Place::At(0)],
            input_infos: vec![info("b", DType::I32), info("a", DType::F32)],
            param_infos: vec![info("w", DType::F16)],
            param_dtypes: vec![Some(DType::F32)],
            outputs: vec![DType::F32],
        }
    }

    fn tag(value: &str, dtype: DType) -> Result<Cow<'static, [u8]>, Error> {
        Ok(format!("{value}:{dtype}").into_bytes().into())
    }

    fn nothing(_: usize, _: &TensorInfo) -> Result<Option<Cow<'static, [u8]>>, Error> {
        Ok(None)
    }

    fn named(values: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let mut placed = vec![Cow::default(); 2];
        boundary().place_named(values.iter().copied(), tag, &mut placed)?;
        boundary().complete(&mut placed, nothing)?;
        Ok(strings(&placed))
    }

    fn in_order(values: &[&str]) -> Result<Vec<String>, Error> {
        let mut placed = vec![Cow::default(); 2];
        boundary().place_in_order(values.iter().copied(), tag, &mut placed)?;
        Ok(strings(&placed))
    }

    fn strings(placed: &[Cow<'_, [u8]>]) -> Vec<String> {
        placed.iter().map(|v| String::from_utf8(v.to_vec()).unwrap()).collect()
    }

    #[test]
    fn values_find_their_places() {
        let expected = ["B:i32", "A:f32"];
        assert_eq!(named(&[("a", "A"), ("b", "B")]).unwrap(), expected);
        assert_eq!(named(&[("gone", "G"), ("b", "B"), ("a", "A")]).unwrap(), expected);
        assert_eq!(in_order(&["A", "G", "B"]).unwrap(), expected);
    }

    #[test]
    fn what_is_kept_takes_the_place_of_what_is_not_given() {
        let mut placed = vec![Cow::default(); 2];
        let kept = |index, info: &TensorInfo| Ok((index == 0).then(|| info.name.clone().into_bytes().into()));
        boundary().place_named([("a", "A")], tag, &mut placed).unwrap();
        boundary().complete(&mut placed, kept).unwrap();
        assert_eq!(strings(&placed), ["b", "A:f32"]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |result: Result<Vec<String>, Error>| result.unwrap_err().to_string();
        assert_eq!(message(named(&[("a", "A")])), "1 of 2 inputs are missing: `b`");
        assert_eq!(message(named(&[])), "2 of 2 inputs are missing: `b`, `a`");
        assert_eq!(message(named(&[("w", "W")])), "`w` is a parameter of the graph: bind it with set_param");
        assert_eq!(message(named(&[("c", "C")])), "the graph has no input `c`; its inputs are: b, a");
        assert_eq!(message(in_order(&["A"; 4])), "4 inputs were given, the graph has 3");
    }

    #[test]
    fn parameters_are_told_apart_from_inputs() {
        let boundary = boundary();
        assert_eq!(boundary.param("w"), Ok(Some(Place::At(0))));
        assert_eq!(boundary.param("baked"), Ok(Some(Place::Unused)));
        assert_eq!(boundary.param("other"), Ok(None));
        assert!(boundary.param("a").unwrap_err().message().contains("`a` is an input"));
        assert!(!boundary.keeps_param_dtype(0));
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
            (vec!["b".to_owned(), "a".to_owned()], vec![("w".to_owned(), DType::F16)], vec![DType::F16])
        );
    }
}
