# syntax=docker/dockerfile:1
# The base is pinned by its exact version; whoever can reach the registry may pin the digest as well:
# docker buildx imagetools inspect node:24.21.0-slim
ARG NODE=node:24.21.0-slim

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM ${NODE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts

FROM ${NODE}
# All addresses of the container, which `docker run -p 4000:4000` makes http://localhost:4000; to be
# reached by other names set ALLOWED_HOSTS.
ENV NODE_ENV=production HOST=0.0.0.0 ALLOWED_HOSTS=localhost LAUNCHER=docker
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY avro ./avro
# The user `node`, as a number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
EXPOSE 4000
# Whether it lives, not whether it is ready: that depends on Kafka, and no restart mends a Kafka.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "dist/server/cli/healthcheck.js"]
CMD ["node", "dist/server/main.js"]
