// The ops QLinearNhwcConv and, with an addition behind it, QLinearNhwcConvAdd; and NhwcMaxPool between them.
#pragma once

#include "onnxruntime_abi.h"

namespace crnn_deploy {

OrtCustomOp convolution_op(bool adds);
OrtCustomOp pool_op();

}  // namespace crnn_deploy
