// The ops QLinearNhwcConv and, with an addition behind it, QLinearNhwcConvAdd.
#pragma once

#include "onnxruntime_abi.h"

namespace crnn_deploy {

OrtCustomOp convolution_op(bool adds);

}  // namespace crnn_deploy
