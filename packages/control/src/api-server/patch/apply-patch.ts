/** What each patch media type makes of an object. */
import { failure } from "@modelyard/core";
import type { ResourceKind } from "@modelyard/resources";
import { jsonPatch } from "./json-patch.ts";
import { mergePatch } from "./merge-patch.ts";

/** Media types of PATCH. */
export const patchMediaTypes = [
  "application/merge-patch+json",
  "application/json-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
] as const;

/** A media type of PATCH. */
export type PatchMediaType = (typeof patchMediaTypes)[number];

/**
 * The object with a patch applied. Server-side apply merges: which manager owns a field is not tracked, so leaving a field out does not remove it.
 * Strategic merge is taken for core kinds, whose lists have no merge keys here; for the others it is refused, as by a Kubernetes API server.
 */
export function applyPatch(
  kind: ResourceKind,
  current: unknown,
  patch: { readonly type: PatchMediaType; readonly body: unknown },
): unknown {
  switch (patch.type) {
    case "application/json-patch+json":
      return jsonPatch(current, patch.body);
    case "application/strategic-merge-patch+json":
      if (kind.group === "") return mergePatch(current, patch.body);
      throw failure("API_MEDIA_TYPE_UNSUPPORTED", {
        mediaType: patch.type,
        supported: patchMediaTypes.filter((type) => type !== patch.type).join(", "),
      });
    case "application/merge-patch+json":
    case "application/apply-patch+yaml":
      return mergePatch(current, patch.body);
  }
}

/** The media type of a Content-Type header, when it is one of PATCH. */
export function patchMediaTypeOf(header: string | undefined): PatchMediaType {
  const mediaType = (header ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const known = patchMediaTypes.find((one) => one === mediaType);
  if (known) return known;
  throw failure("API_MEDIA_TYPE_UNSUPPORTED", { mediaType, supported: patchMediaTypes.join(", ") });
}
