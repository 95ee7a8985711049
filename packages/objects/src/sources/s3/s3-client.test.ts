import type { IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { S3Credentials } from "../../contract.ts";
import { SecretText } from "../../secret-text.ts";
import { type Listening, listening } from "../../testing/listening.ts";
import { openS3 } from "./s3-client.ts";

let server: Listening;
let requests: IncomingMessage[];

beforeEach(async () => {
  requests = [];
  server = await listening((request, response) => {
    requests.push(request);
    response.writeHead(200, { etag: '"e"', "content-length": "3" }).end(request.method === "HEAD" ? undefined : "abc");
  });
});

afterEach(() => server.close());

async function headWith(credentials: S3Credentials): Promise<IncomingMessage | undefined> {
  const { sdk, client } = await openS3({ endpoint: server.endpoint, region: "eu-1", credentials });
  await client.send(new sdk.HeadObjectCommand({ Bucket: "bucket", Key: "a/b" }));
  client.destroy();
  return requests.at(-1);
}

test("openS3() signs with static credentials for the region, in path style at a given endpoint", async () => {
  const request = await headWith({ kind: "static", accessKeyId: "AK", secretAccessKey: new SecretText("hunter2") });
  expect(request?.url).toBe("/bucket/a/b");
  expect(request?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AK\/\d{8}\/eu-1\/s3\/aws4_request/);
  expect(JSON.stringify(request?.headers)).not.toContain("hunter2");
});

test("openS3() sends anonymous requests without a signature", async () => {
  const request = await headWith({ kind: "anonymous" });
  expect(request?.url).toBe("/bucket/a/b");
  expect(request?.headers.authorization).toBeUndefined();
});
