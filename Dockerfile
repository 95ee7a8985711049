# Modelyard in a container: the same two steps as in a clone. The data folder is the volume /data.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
RUN npm ci --no-fund --no-audit && npm run build && npm prune --omit=dev --no-fund --no-audit

FROM node:24-bookworm-slim
ENV NODE_ENV=production MODELYARD_DATA=/data
WORKDIR /app
COPY --from=build /app /app
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8033 8043
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "packages/cli/bin/modelyard.mjs"]
CMD ["up"]
