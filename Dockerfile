# The server and its command-line tools, compiled on the distribution they are developed on, and nothing else: the image
# holds these programs and the libraries they load (deploy/image/make_root.py), no shell and no package manager.
# deploy/packages.txt is the one list of packages for this file and ./dev; docs/image.md tells what comes out.

# As in CMakeLists.txt.
ARG VERSION=0.1.0

FROM debian:trixie-slim AS build
COPY deploy/packages.txt /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends $(awk '$1 == "build" { print $2 }' /tmp/packages.txt) \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY CMakeLists.txt CMakePresets.json ./
COPY engine engine
COPY proto proto
COPY server server
COPY client client
RUN cmake --preset image && cmake --build --preset image

FROM build AS root
ARG VERSION
# Seconds since 1970 that every file of the image gets as its time.
ARG SOURCE_DATE_EPOCH=0
COPY deploy/image deploy/image
RUN cd build/image && strip server/attnd client/attndctl client/attnd-load client/attnd-model \
    && python3 /src/deploy/image/make_root.py --root=/image --version=$VERSION --compiled_in=nlohmann-json3-dev \
        server/attnd client/attndctl client/attnd-load client/attnd-model

FROM scratch
ARG VERSION
LABEL org.opencontainers.image.title="attnd" \
      org.opencontainers.image.description="GPT-2-style decoder stacks on CPUs over gRPC" \
      org.opencontainers.image.version=$VERSION
COPY --from=root /image/ /
ENV PATH=/usr/local/bin
# Nobody in particular; needs to write nowhere.
USER 65532:65532
EXPOSE 50051 9464
# By the metrics port, which needs no certificate and no key.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["/usr/local/bin/attndctl", "health", "--metrics=127.0.0.1:9464", "--timeout_ms=2000"]
# Exec form: attnd is process 1 and receives SIGTERM itself. A container's ports are reached from outside only where they
# are published, so it listens on all of them; flags given to `docker run` come after these and win.
ENTRYPOINT ["/usr/local/bin/attnd", "--address=0.0.0.0:50051", "--metrics_address=0.0.0.0:9464"]
