"""The four stages of Baek et al. (arXiv 1904.01906), with the names of weights of deep-text-recognition-benchmark.

Written from the paper and its appendix, for random weights only; every size is smaller by default.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class BidirectionalLSTM(nn.Module):
    """An LSTM in both directions and a linear layer, `[N, T, C]`."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, bidirectional=True, batch_first=True)
        self.linear = nn.Linear(2 * hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(self.rnn(x)[0])
        return y


def convolution(inputs: int, outputs: int, size: int = 3, margin: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, 1, margin, bias=False)


def vgg(inputs: int, outputs: int) -> nn.Sequential:
    a, b, c, d = outputs // 8, outputs // 4, outputs // 2, outputs
    return nn.Sequential(
        *(nn.Conv2d(inputs, a, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2)),
        *(nn.Conv2d(a, b, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2)),
        *(nn.Conv2d(b, c, 3, 1, 1), nn.ReLU(), nn.Conv2d(c, c, 3, 1, 1), nn.ReLU(), nn.MaxPool2d((2, 1), (2, 1))),
        *(convolution(c, d), nn.BatchNorm2d(d), nn.ReLU()),
        *(convolution(d, d), nn.BatchNorm2d(d), nn.ReLU(), nn.MaxPool2d((2, 1), (2, 1))),
        *(nn.Conv2d(d, d, 2, 1, 0), nn.ReLU()),
    )


class GRCLUnit(nn.Module):
    """One iteration's batch norms."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.BN_gfu, self.BN_grx = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.BN_fu, self.BN_rx, self.BN_Gx = (nn.BatchNorm2d(channels) for _ in range(3))

    def forward(self, wgf_u: Tensor, wgr_x: Tensor, wf_u: Tensor, wr_x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.BN_gfu(wgf_u) + self.BN_grx(wgr_x))
        return functional.relu(self.BN_fu(wf_u) + self.BN_Gx(self.BN_rx(wr_x) * gate))


class GRCL(nn.Module):
    """The gated recurrent convolution of Wang and Hu (NIPS 2017), five iterations."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.wgf_u, self.wgr_x = convolution(inputs, outputs, 1, 0), convolution(outputs, outputs, 1, 0)
        self.wf_u, self.wr_x = convolution(inputs, outputs), convolution(outputs, outputs)
        self.BN_x_init = nn.BatchNorm2d(outputs)
        self.GRCL = nn.Sequential(*(GRCLUnit(outputs) for _ in range(5)))

    def forward(self, u: Tensor) -> Tensor:
        wgf_u, wf_u = self.wgf_u(u), self.wf_u(u)
        x = functional.relu(self.BN_x_init(wf_u))
        for unit in self.GRCL:
            x = unit(wgf_u, self.wgr_x(x), wf_u, self.wr_x(x))
        return x


def rcnn(inputs: int, outputs: int) -> nn.Sequential:
    a, b, c, d = outputs // 8, outputs // 4, outputs // 2, outputs
    return nn.Sequential(
        *(nn.Conv2d(inputs, a, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2, 2)),
        *(GRCL(a, a), nn.MaxPool2d(2, 2)),
        *(GRCL(a, b), nn.MaxPool2d(2, (2, 1), (0, 1))),
        *(GRCL(b, c), nn.MaxPool2d(2, (2, 1), (0, 1))),
        *(convolution(c, d, 2, 0), nn.BatchNorm2d(d), nn.ReLU()),
    )


class BasicBlock(nn.Module):
    """Two convolutions and what goes past them."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = convolution(inputs, outputs), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = convolution(outputs, outputs), nn.BatchNorm2d(outputs)
        if inputs != outputs:
            self.downsample = nn.Sequential(convolution(inputs, outputs, 1, 0), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        past = self.downsample(x) if hasattr(self, "downsample") else x
        return (self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())) + past).relu()


class ResNet(nn.Module):
    """The features of Cheng et al. (ICCV 2017)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        first, second = outputs // 16, outputs // 8
        self.conv0_1, self.bn0_1 = convolution(inputs, first), nn.BatchNorm2d(first)
        self.conv0_2, self.bn0_2 = convolution(first, second), nn.BatchNorm2d(second)
        before = second
        stages = ((outputs // 4, 1), (outputs // 2, 2), (outputs, 5), (outputs, 3))
        for stage, (channels, blocks) in enumerate(stages, 1):
            chain = [BasicBlock(before if index == 0 else channels, channels) for index in range(blocks)]
            setattr(self, f"layer{stage}", nn.Sequential(*chain))
            if stage < 4:
                setattr(self, f"conv{stage}", convolution(channels, channels))
                setattr(self, f"bn{stage}", nn.BatchNorm2d(channels))
            before = channels
        self.conv4_1 = nn.Conv2d(outputs, outputs, 2, (2, 1), (0, 1), bias=False)
        self.bn4_1 = nn.BatchNorm2d(outputs)
        self.conv4_2, self.bn4_2 = convolution(outputs, outputs, 2, 0), nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self._step(self._step(x, "0_1"), "0_2")
        x = self._step(self.layer1(functional.max_pool2d(x, 2, 2)), "1")
        x = self._step(self.layer2(functional.max_pool2d(x, 2, 2)), "2")
        x = self._step(self.layer3(functional.max_pool2d(x, 2, (2, 1), (0, 1))), "3")
        return self._step(self._step(self.layer4(x), "4_1"), "4_2")

    def _step(self, x: Tensor, part: str) -> Tensor:
        y: Tensor = getattr(self, f"bn{part}")(getattr(self, f"conv{part}")(x)).relu()
        return y


class Features(nn.Module):
    """Holds the network, as its authors do."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.ConvNet = network

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.ConvNet(x)
        return y


class FourStages(nn.Module):
    """Transformation, features, sequence and prediction: `[N, C, H, W]` → logits `[N, T, K]`."""

    def __init__(
        self,
        features: str = "vgg",
        outputs: int = 32,
        hidden: int | None = 16,
        classes: int = 37,
        inputs: int = 1,
        transformation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        if transformation is not None:
            self.Transformation = transformation
        self.FeatureExtraction = Features({"vgg": vgg, "rcnn": rcnn, "resnet": ResNet}[features](inputs, outputs))
        self.SequenceModeling = nn.Sequential()
        if hidden:
            self.SequenceModeling.append(BidirectionalLSTM(outputs, hidden, hidden))
            self.SequenceModeling.append(BidirectionalLSTM(hidden, hidden, hidden))
        self.Prediction = nn.Linear(hidden or outputs, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.Transformation(x) if hasattr(self, "Transformation") else x
        columns = self.FeatureExtraction(x).permute(0, 3, 1, 2)
        columns = functional.adaptive_avg_pool2d(columns, (columns.shape[2], 1)).squeeze(3)
        logits: Tensor = self.Prediction(self.SequenceModeling(columns))
        return logits


def with_random_weights(network: FourStages) -> FourStages:
    """The network with weights that let its input through, and statistics as after training."""
    torch.manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network.eval()
