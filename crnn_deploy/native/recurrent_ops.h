// The ops with recurrent layers, for ONNX Runtime.
#pragma once

#include "layer.h"
#include "onnxruntime_abi.h"

namespace crnn_deploy {

// QGRU or QLSTM.
OrtCustomOp recurrent_op(Cell cell);
// QLinearGRU or QLinearLSTM.
OrtCustomOp linear_op(Cell cell);

}  // namespace crnn_deploy
