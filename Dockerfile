# The server and its command-line tools, on the distribution they are developed on. deploy/packages.txt is the one list
# of packages for this file and ./dev.

FROM debian:trixie-slim AS build
COPY deploy/packages.txt /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends $(awk '$1 == "build" { print $2 }' /tmp/packages.txt) \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cmake --preset image && cmake --build --preset image

FROM debian:trixie-slim
COPY deploy/packages.txt /tmp/
RUN apt-get update \
    && apt-get install -y --no-install-recommends $(awk '$1 == "run" { print $2 }' /tmp/packages.txt) \
    && rm -rf /var/lib/apt/lists/* /tmp/packages.txt
COPY --from=build /src/build/image/server/attnd /src/build/image/client/attndctl /src/build/image/client/attnd-load \
    /src/build/image/client/attnd-model /usr/local/bin/
COPY deploy/healthcheck.sh /usr/local/bin/attnd-healthcheck
# Nobody in particular; needs to write nowhere.
USER 65532:65532
EXPOSE 50051 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
    CMD ["attnd-healthcheck"]
# Exec form: attnd is process 1 and receives SIGTERM itself. A container's ports are reached from outside only where they
# are published, so it listens on all of them; flags given to `docker run` come after these and win.
ENTRYPOINT ["attnd", "--address=0.0.0.0:50051", "--metrics_address=0.0.0.0:9464"]
