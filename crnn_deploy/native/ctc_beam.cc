// Prefix beam search as a function of the library, which `native/ctc_beam.py` calls.
#include "ctc_beam.h"

#include <exception>

#include "export.h"

// Returns how many classes the text has, or -1 if there is no memory left.
CRNN_DEPLOY_EXPORT int crnn_deploy_ctc_beam(const crnn_deploy::beam::BeamInput* input) {
  try {
    return crnn_deploy::beam::Search(*input).run();
  } catch (const std::exception&) {
    return -1;
  }
}
