// Marks the functions that the library offers to others; exported.map has their names, too.
#pragma once

#ifdef _WIN32
#define CRNN_DEPLOY_EXPORT extern "C" __declspec(dllexport)
#else
#define CRNN_DEPLOY_EXPORT extern "C" __attribute__((visibility("default")))
#endif
