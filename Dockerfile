# Thiqa as a container: one process, no root, a file system that may be mounted read-only.
#
#   docker build -t thiqa .
#   docker run --read-only -v ./thiqa.yaml:/etc/thiqa/thiqa.yaml:ro -v ./keys:/run/thiqa/keys:ro -v thiqa-data:/var/lib/thiqa thiqa
#
# It writes only to the folder that `store` names. TypeScript runs as it is: there is no build step.
FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app

# The image brings its Node, so the packages that bring one (optional dependencies) stay out. No install scripts run.
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force

COPY LICENSE ./
COPY config ./config
COPY src ./src

# `node` (1000) is the image's own user without rights; the code stays root's, so that the process cannot change it.
RUN install -d -o node -g node -m 0700 /var/lib/thiqa
USER node

# The issuer's host, and the card host.
EXPOSE 4000 4443
VOLUME /var/lib/thiqa
STOPSIGNAL SIGTERM

# Healthy when the process answers. Set another HEALTH_URL where `listen.port` is another.
ENV HEALTH_URL=http://127.0.0.1:4000/healthz
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(process.env.HEALTH_URL).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]

CMD ["node", "--max-semi-space-size=8", "--heap-growing-percent=100", "src/main.ts", "serve", "--config", "/etc/thiqa/thiqa.yaml"]
