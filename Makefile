# `make demo` runs the main job, `make test` the checks. Both first install what they need into .venv.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
# Extras that not every machine can install; the full TensorRT needs an NVIDIA driver and the CUDA toolkit.
OPTIONAL := openvino tensorrt-rtx fuzz ray $(if $(shell command -v nvidia-smi),tensorrt)

comma := ,
space := $() $()

# Lean runtimes that tests load the TensorRT plugin into (45 MB each); two versions can't share an environment.
LEAN := 10.16.1.11 11.4.0.106

# An npm package whose headers of ONNX Runtime a test compares with ours (150 MB, of which 1 MB is kept). The wheels of
# ONNX Runtime have no headers.
ORT_PACKAGE := com.github.asus4.onnxruntime@0.4.9
ORT_FOLDER := package/Plugins/iOS~/onnxruntime.xcframework/ios-arm64/onnxruntime.framework/Headers

.PHONY: demo test docs lint wheels try-wheel sanitize sanitized fuzz fuzz-replay fuzz-native kills mutants install clean

demo: install
	$(BIN)/crnn-deploy run quickstart

test: lint docs .venv/ort-headers .venv/browser .venv/node .venv/triton .venv/ocr
	$(BIN)/pytest -n auto

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation as a site in .venv/site; a broken link or a missing page is an error.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# A wheel for Linux on x86-64, and the source archive from which it is built, in dist/. The library needs only symbols
# that glibc 2.28 has: Zig's compiler links against old versions of it, and GCC only against that of this machine.
PLATFORM := manylinux_2_28_x86_64
ZIG = $(CURDIR)/$(BIN)/python-zig;c++;-target;x86_64-linux-gnu.2.28
wheels: install
	$(PIP) -e '.[wheels]'
	rm -rf dist .venv/unrepaired
	$(BIN)/python -m build --sdist --no-isolation --outdir dist .
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir .venv/unrepaired \
	  -C "cmake.define.CMAKE_CXX_COMPILER=$(ZIG)" dist/*.tar.gz
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/auditwheel repair --plat $(PLATFORM) --only-plat --wheel-dir dist \
	  .venv/unrepaired/*.whl
	$(BIN)/twine check --strict dist/*
	$(BIN)/python tests/distribution/contents.py dist/*

# Installs the wheel alone into an environment of its own, and reads with it.
try-wheel:
	$(PYTHON) -m venv --clear .venv/tried
	.venv/tried/bin/python -m pip install --quiet -c constraints.txt torch dist/*.whl
	.venv/tried/bin/python tests/distribution/installed.py

# All tests of the kernels with address and undefined-behaviour sanitizers (minutes; `make test` runs a part of them).
SANITIZED := .venv/sanitized
sanitized: install
	cmake -S crnn_deploy/native -B $(SANITIZED) -DCRNN_DEPLOY_SANITIZE=ON
	cmake --build $(SANITIZED)

sanitize: sanitized
	CRNN_DEPLOY_LIBRARY=$(CURDIR)/$(SANITIZED)/libcrnn_deploy_ops.so ASAN_OPTIONS=detect_leaks=0 \
	LD_PRELOAD="$(foreach name,libasan.so libubsan.so,$(shell c++ -print-file-name=$(name)))" \
	$(BIN)/pytest -s $(addprefix tests/native/test_,kernels.py linear_ops.py convolution_ops.py pool_op.py malformed.py precision.py library.py)

# Runs that are killed 100 times and whose disk is full 20 times (about an hour; the full disks need root on Linux).
kills: install
	$(BIN)/python benchmarks/kills.py --kills 100 --full-disks 20 -o benchmarks/results/kills.json

# Mutated files through the command line, each in a process of its own; `make fuzz MINUTES=600 WORKERS=4`. What is found
# lies in runs/fuzz/findings, and `make fuzz-replay CASE=FOLDER` runs it again. The same seed gives the same inputs.
MINUTES ?= 60
WORKERS ?= 1
SEED ?= 0
FUZZ := PYTHONPATH=tests:benchmarks/lib $(BIN)/python -W ignore -m
# Atheris, where it is installed, first spends two minutes on each of these formats, and leaves inputs for the long run.
ATHERIS := engines idx labels npz "run folders" tar yaml
fuzz: install
	for format in $(ATHERIS); do $(BIN)/python -c "import atheris" 2>/dev/null || break; \
	  $(FUZZ) fuzz.with_atheris "$$format" --minutes 2 || echo "Atheris found a crash; see runs/fuzz/atheris"; done
	$(FUZZ) fuzz --minutes $(MINUTES) --workers $(WORKERS) --seed $(SEED)

fuzz-replay: install
	$(FUZZ) fuzz --replay $(CASE)

# Random nodes of the custom ops with address and undefined-behaviour sanitizers, on each level of kernels.
fuzz-native: sanitized
	$(FUZZ) fuzz.native --minutes $(MINUTES) --seed $(SEED) --library $(SANITIZED)/libcrnn_deploy_ops.so

# How many random small changes of the code the tests notice; goes on where it was interrupted.
# Rooms (default: all) are listed in tests/mutants/rooms.py.
COUNT ?= 100
ROOM ?=
mutants: install
	PYTHONPATH=tests $(BIN)/python -m mutants --count $(COUNT) --seed $(SEED) --room $(ROOM)

# All extras at once: each command compiles the kernels. One by one where one of them cannot be installed.
install: .venv/installed

.venv/installed: pyproject.toml constraints.txt $(wildcard crnn_deploy/native/*.cc crnn_deploy/native/*.h crnn_deploy/native/*.map crnn_deploy/native/CMakeLists.txt)
	$(PYTHON) -m venv .venv
	$(PIP) torch
	$(PIP) -e '.[dev,$(subst $(space),$(comma),$(strip $(OPTIONAL)))]' || { \
	  $(PIP) -e '.[dev]' && for extra in $(OPTIONAL); do \
	    $(PIP) -e ".[$$extra]" || echo "The extra '$$extra' cannot be installed here."; done; }
	for version in $(LEAN); do \
	  $(PIP) --no-deps --upgrade --target .venv/lean/$${version%%.*} \
	    $(foreach part,libs bindings,tensorrt-lean-cu13-$(part)==$$version) \
	  || echo "The lean runtime of TensorRT $$version cannot be installed here."; \
	done
	touch $@

# Tried once; `rm -r .venv/ort-headers` tries it again.
.venv/ort-headers: | .venv/installed
	mkdir -p $@
	cd $@ && npm pack --silent $(ORT_PACKAGE) >/dev/null \
	  && tar -xzf *.tgz --strip-components=7 '$(ORT_FOLDER)' \
	  || echo "The headers of ONNX Runtime cannot be installed here."
	rm -f $@/*.tgz

# Pages are tested in Chromium: the one of the system, installed where that is allowed.
.venv/browser: | .venv/installed
	command -v chromium >/dev/null \
	  || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
	  || echo "Chromium cannot be installed here; tests of pages are skipped."
	touch $@

# A Triton server for CPUs in an environment of its own: its Python backend needs an older NumPy.
# Tried once; `rm -r .venv/triton` tries it again.
TRITON_PIP := .venv/triton/bin/python -m pip install --quiet --disable-pip-version-check
.venv/triton: | .venv/installed
	$(PYTHON) -m venv $@
	$(TRITON_PIP) 'numpy<2' onnxruntime pillow 'tritonclient[grpc]' \
	  && $(TRITON_PIP) --no-deps nvidia-pytriton==0.7.0 \
	  || echo "Triton cannot be installed here; tests of its server are skipped."

# EasyOCR and OnnxTR, for their recognisers alone (200 MB): without torchvision, which often comes for another PyTorch
# than the one here; tests have a stand-in. Tried once; `rm -r .venv/ocr` tries it again.
OCR := easyocr==1.7.2 scikit-image scipy imageio lazy-loader tifffile \
  onnxtr==0.9.0 anyascii anyio defusedxml h11 httpcore httpx huggingface-hub==1.0.1 langdetect
.venv/ocr: | .venv/installed
	$(PIP) --no-deps --target $@ $(OCR) \
	  || { mkdir -p $@; echo "EasyOCR and OnnxTR cannot be installed here; their tests are skipped."; }

# ONNX Runtime for JavaScript (450 MB), fetched as packages fetch it. Tried once; `rm -r .venv/node` tries it again.
.venv/node: | .venv/installed
	mkdir -p $@
	for package in onnxruntime-node onnxruntime-web; do \
	  CRNN_DEPLOY_CACHE=$(CURDIR)/$@ $(BIN)/python -c "import sys; \
	    from crnn_deploy.serving.targets.javascript.npm import installed; installed(sys.argv[1])" $$package 2>/dev/null \
	  || echo "$$package cannot be installed here; its tests are skipped."; \
	done

clean:
	rm -rf .venv runs
