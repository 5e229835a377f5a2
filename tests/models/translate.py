"""ONNX to RLX: a model whose inputs have fixed shapes becomes one graph without control flow.

What does not depend on the inputs is computed here, with ONNX's reference evaluator: shapes, and the conditions of `If`.
What does becomes nodes, by the table in ops.py. Nothing is guessed: an op, an attribute or a form that the table does not
have is an error that names the node.
"""

import inspect
from collections import ChainMap

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from ops import OPS
from program import DTYPES, Program, Unsupported, Value


def translate(name, model, inputs):
    """The program of an ONNX model, whose inputs have the shapes `inputs`."""
    program = Program(name)
    scope = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for info in model.graph.input:
        if info.name in scope:
            continue  # an initializer that may be overridden, which is not done here
        dtype = onnx.helper.tensor_dtype_to_np_dtype(info.type.tensor_type.elem_type)
        scope[info.name] = program.input(info.name, DTYPES[str(dtype)], inputs[info.name])
    walk(program, model, model.graph, scope)
    for info in model.graph.output:
        if not isinstance(scope[info.name], Value):
            raise Unsupported(f"output `{info.name}` does not depend on an input")
        program.output(info.name, scope[info.name])
    return program


def walk(program, model, graph, scope):
    """Adds the nodes of a graph. `scope` has what its names stand for: values, and arrays where they are constant."""
    for node in graph.node:
        operands = [scope[name] if name else None for name in node.input]
        program.topic = next(name for name in node.output if name)
        try:
            results = compute(program, model, node, operands, scope)
        except Unsupported as error:
            raise Unsupported(f"{node.op_type} `{node.name or program.topic}`: {error}") from None
        results = results if isinstance(results, tuple) else (results,)
        scope.update((name, result) for name, result in zip(node.output, results) if name)


def compute(program, model, node, operands, scope):
    """What a node gives."""
    if node.domain not in ("", "ai.onnx"):
        raise Unsupported(f"the domain {node.domain}")
    if node.op_type == "If":
        return branch(program, model, node, operands[0], scope)
    if node.op_type in ("Shape", "Size") and not node.attribute and isinstance(operands[0], Value):
        shape = np.array(operands[0].shape, "i8")
        return shape if node.op_type == "Shape" else np.prod(shape)
    if not any(isinstance(operand, Value) for operand in operands):
        return fold(model, node, operands)
    function = OPS.get(node.op_type)
    if function is None:
        raise Unsupported("no such op is translated")
    attributes = {attribute.name: plain(onnx.helper.get_attribute_value(attribute)) for attribute in node.attribute}
    try:
        inspect.signature(function).bind(program, *operands, **attributes)
    except TypeError as error:
        raise Unsupported(f"{len(operands)} operands, attributes {attributes}: {error}") from None
    return function(program, *operands, **attributes)


def branch(program, model, node, condition, scope):
    """The results of the branch that is taken for inputs of these shapes."""
    if isinstance(condition, Value):
        raise Unsupported("the condition depends on the values of the inputs")
    name = "then_branch" if condition.item() else "else_branch"
    graph = next(attribute.g for attribute in node.attribute if attribute.name == name)
    inner = ChainMap({}, scope)
    inner.update((tensor.name, numpy_helper.to_array(tensor)) for tensor in graph.initializer)
    walk(program, model, graph, inner)
    return tuple(inner[output.name] for output in graph.output)


def fold(model, node, operands):
    """The arrays that a node of constants gives."""
    known = {name: operand for name, operand in zip(node.input, operands) if name}
    infos = [[onnx.ValueInfoProto(name=name) for name in names] for names in (known, filter(None, node.output))]
    graph = onnx.helper.make_graph([node], "fold", *infos)
    alone = onnx.helper.make_model(graph, opset_imports=model.opset_import)
    return tuple(np.asarray(result) for result in ReferenceEvaluator(alone).run(None, known))


def plain(attribute):
    return attribute.decode() if isinstance(attribute, bytes) else attribute
