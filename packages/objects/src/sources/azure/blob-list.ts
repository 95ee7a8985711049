/** Reads the XML of List Blobs. Only elements of the form the service sends are known: no attributes that matter, no nesting of an element in itself, no DTD. */
import { failure } from "@modelyard/core";
import { hexOfBase64 } from "../http-tree.ts";
import type { ListedObject, Page } from "../remote-tree.ts";

/** A page of blobs. `SOURCE_REFUSED` when the text is no such page. */
export function parseBlobList(label: string, xml: string): Page {
  if (/<!DOCTYPE|<!ENTITY/i.test(xml) || !/<EnumerationResults[\s>]/.test(xml))
    throw failure("SOURCE_REFUSED", { source: label, why: "its listing has another form" });
  const objects = elements(xml, "Blob").flatMap((blob) => parseBlob(label, blob));
  const marker = text(xml.slice(xml.lastIndexOf("</Blobs>") + 1), "NextMarker");
  return { objects, nextToken: marker === "" ? undefined : marker };
}

function parseBlob(label: string, blob: string): readonly ListedObject[] {
  const key = text(blob, "Name");
  const size = text(blob, "Content-Length");
  // Folders of accounts with a hierarchical name space.
  if (text(blob, "ResourceType") === "directory" || text(blob, "hdi_isfolder") === "true") return [];
  if (key === undefined || size === undefined || !/^\d+$/.test(size))
    throw failure("SOURCE_REFUSED", { source: label, why: "its listing has another form" });
  const etag = text(blob, "Etag");
  const hex = hexOfBase64(text(blob, "Content-MD5"), 16);
  const checksum = hex === undefined ? undefined : ({ algorithm: "md5", hex } as const);
  return [{ key, sizeBytes: Number(size), version: etag === undefined ? undefined : quoted(etag), checksum }];
}

/** Listings give the ETag without the quotes that conditions need. */
function quoted(etag: string): string {
  return /^(?:W\/)?"/.test(etag) ? etag : `"${etag}"`;
}

function elements(xml: string, name: string): readonly string[] {
  return xml
    .split(`<${name}>`)
    .slice(1)
    .map((part) => part.slice(0, Math.max(part.indexOf(`</${name}>`), 0)));
}

function text(xml: string, name: string): string | undefined {
  const [, attributes = "", found] = new RegExp(`<${name}((?:\\s[^>]*)?)>([^<]*)</${name}>`).exec(xml) ?? [];
  if (found === undefined) return undefined;
  const plain = found.replaceAll(/&(#x[0-9a-f]{1,6}|#\d{1,7}|\w+);/gi, (whole, reference: string) => character(reference) ?? whole);
  // Names with characters that XML cannot hold come percent-encoded.
  return /\bEncoded="true"/.test(attributes) ? decodeURIComponent(plain) : plain;
}

function character(reference: string): string | undefined {
  if (!reference.startsWith("#")) return entities[reference];
  const code = /^#x/i.test(reference) ? Number.parseInt(reference.slice(2), 16) : Number(reference.slice(1));
  return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
