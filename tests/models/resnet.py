"""ResNet-50 for pictures of 224 x 224, its weights made up: for timing a well-known shape, not for what it says.

As it is exported for inference, the norms are part of the convolutions. The weights keep values of one size from layer to
layer, so that no operation runs on denormals or infinities.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

# The width of each stage's blocks, and how many there are.
STAGES = [(64, 3), (128, 4), (256, 6), (512, 3)]
# A block's result is wider by this.
WIDENED = 4
CLASSES = 1000


class Net:
    def __init__(self):
        self.rng = np.random.default_rng(50)
        self.nodes, self.weights = [], []

    def weight(self, name, *shape, size):
        values = self.rng.standard_normal(shape, "f4") * np.float32(size)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def op(self, kind, *inputs, **attributes):
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def conv(self, x, channels, filters, kernel, stride=1, gain=2.0):
        """A convolution with bias. Its values have the variance of what it reads, times half the gain."""
        name = f"layer_{len(self.nodes)}"
        w = self.weight(f"{name}.weight", filters, channels, kernel, kernel, size=(gain / (channels * kernel**2))**0.5)
        bias = self.weight(f"{name}.bias", filters, size=0.1)
        pad = kernel // 2
        return self.op("Conv", x, w, bias, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)

    def block(self, x, channels, width, stride):
        """Three convolutions, and what they read once more: through one of its own where the shape changes."""
        y = self.op("Relu", self.conv(x, channels, width, 1))
        y = self.op("Relu", self.conv(y, width, width, 3, stride))
        y = self.conv(y, width, width * WIDENED, 1, gain=0.5)
        if channels != width * WIDENED:
            x = self.conv(x, channels, width * WIDENED, 1, stride, gain=1.0)
        return self.op("Relu", self.op("Add", y, x))


def resnet():
    """The model, of `x`, f32 [1, 3, 224, 224], and `y`, f32 [1, 1000]."""
    net = Net()
    x = net.op("Relu", net.conv("x", 3, 64, 7, 2))
    x = net.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for stage, (width, blocks) in enumerate(STAGES):
        for block in range(blocks):
            x = net.block(x, channels, width, 2 if stage > 0 and block == 0 else 1)
            channels = width * WIDENED
    x = net.op("Flatten", net.op("GlobalAveragePool", x))
    w = net.weight("classes.weight", CLASSES, channels, size=channels**-0.5)
    net.nodes.append(helper.make_node("Gemm", [x, w, net.weight("classes.bias", CLASSES, size=0.1)], ["y"], transB=1))
    infos = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
             for name, shape in {"x": [1, 3, 224, 224], "y": [1, CLASSES]}.items())
    x, y = infos
    graph = helper.make_graph(net.nodes, "resnet-50", [x], [y], net.weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
