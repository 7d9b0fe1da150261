# syntax=docker/dockerfile:1

# One image: the worker, its command line (`docker run … list`) and the simulator. See docs/deploying.md.
# test/e2e/image.test.ts carries these steps out, in a folder, in CI.

# Debian: Temporal's native engine is built for glibc, not for Alpine's musl.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY scripts/build.mjs scripts/prepare.mjs scripts/
COPY src src
RUN npm run --silent build

FROM node:24.21.0-bookworm-slim AS production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts
# The engine comes for five platforms: only this image's stays. The folder is entered first, so that one of another name fails the build.
RUN cd "node_modules/@temporalio/core-bridge/releases/$(node -p "({ x64: 'x86_64', arm64: 'aarch64' })[process.arch]")-unknown-linux-gnu" \
  && find .. -mindepth 1 -maxdepth 1 ! -name "$(basename "$PWD")" -exec rm -r {} +

FROM node:24.21.0-bookworm-slim
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="navarch-provisioner" \
  org.opencontainers.image.description="Durable GPU node provisioning for Lambda Cloud and Navarch, as Temporal workflows" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="$VERSION" \
  org.opencontainers.image.revision="$REVISION"
ENV NODE_ENV=production \
  PATH="/app/bin:$PATH" \
  NAVARCH_HTTP_ADDRESS=0.0.0.0:8080 \
  NAVARCH_METRICS_ADDRESS=0.0.0.0:9464
WORKDIR /app
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE CHANGELOG.md ./
COPY deploy/healthcheck.mjs ./
# `data` is for a volume, and for whoever the container runs as; the worker itself writes nothing, so that the rest may be read-only.
RUN mkdir bin && ln -s ../dist/bin.js bin/navarch-provisioner && mkdir -m 1777 data
# By number, so that Kubernetes can see that it is not root. It is the image's user `node`.
USER 1000:1000
EXPOSE 8080 9464
# Drains: a launch in flight is waited for, up to 125 s. Whoever stops the container has to give it 140 s.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["node", "healthcheck.mjs"]
ENTRYPOINT ["navarch-provisioner"]
CMD ["worker"]
