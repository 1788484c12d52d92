# Three images from one file: `steps` runs the pipeline's steps, `predictor` serves and checks,
# `notebook` is a notebook server with both.
#
#   docker build --target predictor --tag viewfinder/predictor:0.1.0 .
#   buildah build --isolation chroot --target predictor --tag viewfinder/predictor:0.1.0 .
#
# BASE is any image with Python 3.11, glibc and ca-certificates: Python's own, or a Debian.
# Behind a mirror, give pip its configuration and the certificates as secrets; neither stays in an
# image: --secret id=pip.conf,src=pip.conf --secret id=ca,src=ca-certificates.crt
ARG BASE=docker.io/library/python:3.11-slim-bookworm

# Where packages are installed: a virtual environment, which the final stages copy as it is. It has
# no pip; the one that fills it lies beside it, with what builds the packages that come as source.
FROM ${BASE} AS builder
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -c 'import ensurepip' 2>/dev/null \
    || { apt-get update && apt-get install --yes --no-install-recommends python3-venv; }
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/viewfinder
ENV PATH=/opt/pip/bin:${PATH} \
    PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_PROGRESS_BAR=off \
    PIP_ROOT_USER_ACTION=ignore \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt
# psutil, which kserve needs below 6, has no wheel for arm64.
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    [ "$(dpkg --print-architecture)" != arm64 ] \
    || { headers=$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))') \
      && apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev \
      && { [ -e "$headers/Python.h" ] || apt-get install --yes --no-install-recommends python3-dev; }; }
COPY requirements/build.txt /src/requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    pip install --no-deps --require-hashes -r /src/requirements/build.txt
# A requirements file is complete: pip must look for nothing more, nor for what builds a source.
# Bytecode is not checked against the times of its sources, which copies may change.
ENV WHEEL="pip wheel --no-deps --no-build-isolation --wheel-dir /wheels" \
    INSTALL="pip --python /opt/viewfinder/bin/python3 install --no-deps --no-index --no-compile" \
    COMPILE="/opt/viewfinder/bin/python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash"

# The package itself, laid out as in the virtual environment: the one layer that every change of the
# code makes anew, so it is small.
FROM builder AS package
COPY pyproject.toml README.md LICENSE /src/
COPY components /src/components
COPY pipelines /src/pipelines
RUN ${WHEEL} /src \
    && ${INSTALL} --prefix /opt/package /wheels/*.whl \
    && ${COMPILE} /opt/package

FROM builder AS predictor-requirements
COPY requirements/serving.txt /src/requirements/
# The predictor reads OpenVINO's own format and computes on the CPU: the rest of OpenVINO goes.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    ${WHEEL} --require-hashes -r /src/requirements/serving.txt \
    && ${INSTALL} /wheels/*.whl && rm -r /wheels \
    && cd /opt/viewfinder/lib/python3*/site-packages \
    && rm -rf openvino/include openvino/cmake openvino/tools openvino/libs/cache.json \
        openvino/libs/libopenvino_intel_gpu_plugin* openvino/libs/libopenvino_intel_npu_plugin* \
        openvino/libs/libopenvino_gguf_frontend* openvino/libs/libopenvino_jax_frontend* \
        openvino/libs/libopenvino_onnx_frontend* openvino/libs/libopenvino_paddle_frontend* \
        openvino/libs/libopenvino_pytorch_frontend* openvino/libs/libopenvino_tensorflow_* \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && ${COMPILE} .

FROM builder AS steps-requirements
RUN --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    apt-get update && apt-get install --yes --no-install-recommends binutils
COPY requirements/steps.txt /src/requirements/
# Headers and clang serve to compile operations of one's own, the symbols to debug TensorFlow, and
# the steps give OpenVINO nothing but TensorFlow's graphs, on the CPU: 820 MB that nobody uses.
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    ${WHEEL} --require-hashes -r /src/requirements/steps.txt \
    && ${INSTALL} /wheels/*.whl && rm -r /wheels \
    && cd /opt/viewfinder/lib/python3*/site-packages \
    && rm -rf tensorflow/include clang openvino/include openvino/cmake openvino/libs/cache.json \
        openvino/libs/libopenvino_intel_gpu_plugin* openvino/libs/libopenvino_intel_npu_plugin* \
        openvino/libs/libopenvino_gguf_frontend* openvino/libs/libopenvino_jax_frontend* \
        openvino/libs/libopenvino_onnx_frontend* openvino/libs/libopenvino_paddle_frontend* \
        openvino/libs/libopenvino_pytorch_frontend* openvino/libs/libopenvino_tensorflow_lite* \
    && strip --strip-unneeded tensorflow/libtensorflow_cc.so.2 tensorflow/libtensorflow_framework.so.2 \
    && find . -type d -name tests -prune -exec rm -r {} + \
    && ${COMPILE} .

# What the notebook server's image adds to the one of the steps, in a folder of its own, so that the
# images share the large layer.
FROM steps-requirements AS notebook-requirements
COPY requirements/notebook.txt /src/requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    ${WHEEL} --require-hashes -r /src/requirements/notebook.txt \
    && ${INSTALL} --prefix /opt/notebook /wheels/*.whl && rm -r /wheels \
    && find /opt/notebook -type d -name tests -prune -exec rm -r {} + \
    && /opt/viewfinder/bin/python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash \
      /opt/notebook

# What all images share. The user is a number, so that Kubernetes can tell that it is not root;
# the root file system may be read-only, and HOME lies where a pod mounts scratch space. Nothing is
# imported from the working directory, which is scratch space as well.
FROM ${BASE} AS runtime
ENV PATH=/opt/viewfinder/bin:${PATH} \
    HOME=/tmp \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp

FROM runtime AS steps
COPY --from=steps-requirements /opt/viewfinder /opt/viewfinder
COPY --from=package /opt/package /opt/viewfinder
LABEL org.opencontainers.image.title="viewfinder/steps" \
      org.opencontainers.image.description="The steps of the Viewfinder pipeline" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532

# The workspace is a volume at /home/jovyan, which hides what the image has there: start.sh copies
# the notebooks into it. `%pip install` writes there too, and can replace no package of the image.
FROM steps AS notebook
COPY --from=notebook-requirements /opt/notebook /opt/viewfinder
COPY notebooks/*.ipynb notebooks/*.py /opt/viewfinder/share/viewfinder/notebooks/
COPY docs /opt/viewfinder/share/viewfinder/docs
COPY notebooks/server/jupyter_server_config.py /opt/viewfinder/etc/jupyter/
COPY notebooks/server/page_config.json /opt/viewfinder/etc/jupyter/labconfig/
COPY notebooks/server/start.sh /opt/viewfinder/bin/start-notebook-server
COPY notebooks/server/configure_packages.sh /opt/viewfinder/bin/configure-packages
# The files in the runtime folder hold keys; a volume may let other users read them. Users import
# modules that lie beside their scripts.
ENV HOME=/home/jovyan \
    PYTHONSAFEPATH= \
    JUPYTER_RUNTIME_DIR=/tmp/jupyter \
    PIP_DISABLE_PIP_VERSION_CHECK=1
USER 0:0
RUN configure-packages /opt/viewfinder "$HOME" \
    && install --directory --owner 65532 --group 65532 /home/jovyan
USER 65532:65532
LABEL org.opencontainers.image.title="viewfinder/notebook" \
      org.opencontainers.image.description="JupyterLab with Viewfinder and its notebooks" \
      org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /home/jovyan
EXPOSE 8888
ENTRYPOINT ["start-notebook-server"]

# Last, so that it is what a build without --target makes.
FROM runtime AS predictor
COPY --from=predictor-requirements /opt/viewfinder /opt/viewfinder
COPY --from=package /opt/package /opt/viewfinder
LABEL org.opencontainers.image.title="viewfinder/predictor" \
      org.opencontainers.image.description="Viewfinder's predictor for KServe, and its check step" \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["python3", "-m", "viewfinder_serving"]
