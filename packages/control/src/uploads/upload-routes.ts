/**
 * Uploads over HTTP by the tus resumable upload protocol 1.0.0 (https://tus.io/protocols/resumable-upload): creation, offset, pieces, expiration and
 * termination under `/uploads`. A whole upload is a source: `upload://ID`.
 */
import type { Readable } from "node:stream";
import type { Clock } from "@modelyard/core";
import { failure } from "@modelyard/core";
import type { Upload, Uploads } from "@modelyard/objects";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { byteCount, checkTusVersion, pieceMediaType, tusExtensions, tusVersion, uploadRequest } from "./tus-headers.ts";

/** What the routes act through. */
export interface UploadRoutesOptions {
  readonly uploads: Uploads;
  readonly clock: Clock;
  /** A piece that brings nothing for this long is ended; what arrived is kept. Default 60 s. */
  readonly idleLimitMs?: number;
}

/** Where uploads are. */
export const uploadsPath = "/uploads";

type UploadRoute = { readonly Params: { readonly id: string } };

/** Adds the routes. */
export function registerUploads(app: FastifyInstance, options: UploadRoutesOptions): void {
  app.register(async (routes) => {
    routes.addHook("onRequest", async (request, reply) => {
      reply.header("tus-resumable", tusVersion).header("tus-version", tusVersion).header("cache-control", "no-store");
      if (request.method !== "OPTIONS") checkTusVersion(request.headers);
    });
    // Pieces are streamed: the body is the request itself.
    routes.addContentTypeParser(pieceMediaType, (_request, payload, done) => done(null, payload));
    addRoutes(routes, options);
  });
}

function addRoutes(routes: FastifyInstance, options: UploadRoutesOptions): void {
  const { uploads } = options;
  routes.options(uploadsPath, (_request, reply) => describe(reply, uploads));
  routes.options<UploadRoute>(`${uploadsPath}/:id`, (_request, reply) => describe(reply, uploads));
  routes.post(uploadsPath, async (request, reply) => {
    const upload = await uploads.create(uploadRequest(request.headers));
    return withState(reply, upload).code(201).header("location", `${uploadsPath}/${upload.id}`).send();
  });
  routes.head<UploadRoute>(`${uploadsPath}/:id`, async (request, reply) => {
    const upload = await uploads.get(request.params.id);
    if (upload.metadata !== undefined) reply.header("upload-metadata", upload.metadata);
    return withState(reply, upload).code(200).header("upload-length", upload.lengthBytes).send();
  });
  routes.patch<UploadRoute>(`${uploadsPath}/:id`, (request, reply) => takePiece(options, request, reply));
  routes.delete<UploadRoute>(`${uploadsPath}/:id`, async (request, reply) => {
    await uploads.remove(request.params.id);
    return reply.code(204).send();
  });
}

function describe(reply: FastifyReply, uploads: Uploads): FastifyReply {
  return reply.code(204).header("tus-extension", tusExtensions).header("tus-max-size", uploads.limits.maxBytes).send();
}

function withState(reply: FastifyReply, upload: Upload): FastifyReply {
  return reply.header("upload-offset", upload.offsetBytes).header("upload-expires", new Date(upload.expiresAtMs).toUTCString());
}

async function takePiece(
  { uploads, clock, idleLimitMs = 60_000 }: UploadRoutesOptions,
  request: FastifyRequest<UploadRoute>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const mediaType = request.headers["content-type"] ?? "";
  if (mediaType !== pieceMediaType) throw failure("API_MEDIA_TYPE_UNSUPPORTED", { mediaType, supported: pieceMediaType });
  const offsetBytes = byteCount(request.headers, "Upload-Offset");
  const chunks = arriving(request.raw, { clock, idleLimitMs });
  const upload = await uploads.append(request.params.id, { offsetBytes, chunks });
  return withState(reply, upload).code(204).send();
}

/** The bytes of a body; a client that stalls does not hold the upload for ever. */
async function* arriving(body: Readable, limit: { readonly clock: Clock; readonly idleLimitMs: number }): AsyncGenerator<Uint8Array> {
  const stalled = failure("DEADLINE_EXCEEDED", { what: "The next bytes of an upload", limitMs: limit.idleLimitMs });
  const arm = (): { cancel(): void } => limit.clock.setTimer(limit.idleLimitMs, () => body.destroy(stalled));
  let timer = arm();
  try {
    for await (const chunk of body) {
      timer.cancel();
      yield chunk as Buffer;
      timer = arm();
    }
  } finally {
    timer.cancel();
  }
}
