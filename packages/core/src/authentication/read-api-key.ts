/** Where a request carries its key: the same fields for HTTP of every port and for the metadata of gRPC. */

/** Header and metadata field for a key, besides `authorization: Bearer KEY`. */
export const apiKeyHeader = "modelyard-api-key";

/**
 * Reads the key from header fields, whose names are asked for in lower case. The scheme is case-insensitive (RFC 9110 §11.1); other schemes are no
 * credentials of ours.
 */
export function readApiKey(get: (name: string) => string | undefined): string | undefined {
  const bearer = /^bearer +(.*)$/i.exec(get("authorization") ?? "")?.[1];
  return bearer ?? get(apiKeyHeader);
}
