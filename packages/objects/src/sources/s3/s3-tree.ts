/** Objects of a bucket by the S3 API: ListObjectsV2, HeadObject, and GetObject pinned to the listed ETag. */
import type { GetObjectCommandOutput, HeadObjectCommandOutput, _Object as ListedByServer } from "@aws-sdk/client-s3";
import { failure } from "@modelyard/core";
import type { S3Source } from "../../contract.ts";
import type { Checksum } from "../../internal/checksum.ts";
import type { BodyRequest, OpenedBody } from "../../internal/resumable-fetch.ts";
import { describeSource } from "../../source.ts";
import type { ListedObject, Page, PageRequest, RemoteTree } from "../remote-tree.ts";
import { openS3, type S3Session } from "./s3-client.ts";
import { s3Failure, statusOf } from "./s3-failure.ts";

/** As many as the puller of ModelMesh fetches at a time. */
const maxParallel = 10;

/** Opens the bucket of a source. */
export async function openS3Tree(source: S3Source): Promise<RemoteTree> {
  const session = await openS3(source);
  const label = describeSource(source);
  const at = { session, source, label };
  return {
    label,
    identity: JSON.stringify(["s3", source.endpoint ?? "", source.bucket]),
    maxParallel,
    stat: (key, signal) => stat(at, key, signal),
    listPage: (request) => listPage(at, request),
    open: (object, request) => open(at, object, request),
    failureOf: (error) => s3Failure(label, error),
    close: () => session.client.destroy(),
  };
}

interface Bucket {
  readonly session: S3Session;
  readonly source: S3Source;
  readonly label: string;
}

async function stat({ session, source }: Bucket, key: string, signal: AbortSignal): Promise<ListedObject | undefined> {
  const { sdk, client } = session;
  try {
    const head = await client.send(new sdk.HeadObjectCommand({ Bucket: source.bucket, Key: key }), { abortSignal: signal });
    const checksum = isChecksumVoid(head) ? undefined : checksumOf(source, head.ETag);
    return { key, sizeBytes: head.ContentLength ?? 0, version: head.ETag, checksum };
  } catch (error) {
    // 403 is what a server answers about an absent key to somebody who may not list.
    if (statusOf(error) === 404 || statusOf(error) === 403) return undefined;
    throw error;
  }
}

async function listPage({ session, source }: Bucket, request: PageRequest): Promise<Page> {
  const { sdk, client } = session;
  const { prefix, token, signal } = request;
  const command = new sdk.ListObjectsV2Command({
    Bucket: source.bucket,
    Prefix: prefix,
    ...(token === undefined ? {} : { ContinuationToken: token }),
  });
  const page = await client.send(command, { abortSignal: signal });
  const objects = (page.Contents ?? []).map((object) => listed(source, object));
  return { objects, nextToken: page.IsTruncated ? page.NextContinuationToken : undefined };
}

function listed(source: S3Source, { Key: key = "", Size: sizeBytes = -1, ETag: version }: ListedByServer): ListedObject {
  return { key, sizeBytes, version, checksum: checksumOf(source, version) };
}

async function open({ session, source, label }: Bucket, object: ListedObject, request: BodyRequest): Promise<OpenedBody> {
  const { sdk, client } = session;
  const { offset, signal } = request;
  const command = new sdk.GetObjectCommand({
    Bucket: source.bucket,
    Key: object.key,
    ...(object.version === undefined ? {} : { IfMatch: object.version }),
    ...(offset > 0 ? { Range: `bytes=${offset}-` } : {}),
  });
  const answer = await client.send(command, { abortSignal: signal });
  return opened(answer, { object, offset, label });
}

function opened(
  answer: GetObjectCommandOutput,
  { object, offset, label }: { readonly object: ListedObject; readonly offset: number; readonly label: string },
): OpenedBody {
  if (!answer.Body) throw failure("SOURCE_UNAVAILABLE", { source: label, why: "the answer has no body" });
  if (object.version !== undefined && answer.ETag !== object.version)
    throw failure("SOURCE_CHANGED", { source: label, why: "its ETag is another than in the listing" });
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.ContentRange ?? "") ?? [];
  const isPart = first !== undefined;
  if (isPart && Number(first) !== offset)
    throw failure("SOURCE_UNAVAILABLE", { source: label, why: "another range was sent than asked for" });
  return {
    // The SDK's type is a union over platforms; on Node it is a Readable.
    stream: answer.Body as unknown as AsyncIterable<Uint8Array>,
    startsOver: !isPart && offset > 0,
    totalBytes: isPart ? Number(total) : answer.ContentLength,
    validator: answer.ETag,
    isChecksumVoid: isChecksumVoid(answer),
  };
}

/**
 * The MD5 that an ETag is, for objects that were uploaded in one part; of objects in parts it ends in `-<parts>`. Buckets of the class Express (`--x-s3`)
 * have ETags that are no checksum. (Amazon S3 API reference, "Object", ETag.)
 */
function checksumOf({ bucket }: S3Source, etag: string | undefined): Checksum | undefined {
  const hex = /^"?([0-9a-f]{32})"?$/.exec(etag ?? "")?.[1];
  return hex === undefined || bucket.endsWith("--x-s3") ? undefined : { algorithm: "md5", hex };
}

/** Of objects encrypted with a key of the user the ETag looks like an MD5 and is none of their bytes. */
function isChecksumVoid(answer: Pick<HeadObjectCommandOutput, "ServerSideEncryption" | "SSECustomerAlgorithm">): boolean {
  return answer.SSECustomerAlgorithm !== undefined || (answer.ServerSideEncryption ?? "AES256") !== "AES256";
}
