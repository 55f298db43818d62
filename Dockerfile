# The image of ai-billing-exporter: Node.js, its libraries and the compiled program; no shell, no package manager, not root.
# See docs/deployment.md for how to run it. deploy/docker/build.sh builds it reproducibly.

# The final image starts from scratch and takes only the node binary and its libraries from the official image.
FROM node:26.10.0-trixie-slim AS runtime
COPY deploy/docker/runtime-root.sh /
RUN sh /runtime-root.sh /image

FROM node:26.10.0-trixie-slim AS program
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install script runs: the only one would download another Node.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY deploy/npm/require-node.cjs deploy/npm/build.ts deploy/npm/
COPY src src
COPY test/simulators test/simulators
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
    # Types and source maps are a quarter of the installed size and are not needed.
    && find node_modules -type f -name '*.*ts' -delete -o -type f -name '*.map' -delete \
    && rm node_modules/.package-lock.json
ARG VERSION=0.1.0
RUN npm pkg set "version=$VERSION"

FROM scratch
COPY --from=runtime /image /
COPY --from=program /app/node_modules /app/node_modules
COPY --from=program /app/dist /app/dist
COPY --from=program /app/package.json /app/
COPY LICENSE /app/
COPY bin /app/bin
COPY deploy/docker/healthcheck.js /app/

ARG VERSION=0.1.0
ARG REVISION=""
LABEL org.opencontainers.image.title="ai-billing-exporter" \
      org.opencontainers.image.description="Exact costs of AI infrastructure providers for Prometheus." \
      org.opencontainers.image.source="https://github.com/ai-billing-exporter/ai-billing-exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
ENV PATH=/usr/local/bin \
    NODE_ENV=production \
    AI_BILLING_EXPORTER_REVISION="$REVISION"

# The ledger defaults to ./data/ledger.db, which is on the volume here.
WORKDIR /
VOLUME ["/data"]
USER 65532:65532
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "/app/healthcheck.js"]
ENTRYPOINT ["node", "/app/bin/ai-billing-exporter.js"]
CMD ["serve", "--config", "/etc/ai-billing-exporter/config.yml"]
