/** A server whose artifacts are in a bucket, as an operator meets it. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startRealS3, whyNoS3 } from "@modelyard/objects/testing";
import { expect, it, onTestFinished, vi } from "vitest";
import { dataFolderAt } from "./supervisor/data-folder.ts";
import { repositoryRoot, sampleModel, startServer } from "./testing/running-server.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const missing = await whyNoS3();
if (missing) console.warn(`A server with its artifacts in a bucket is not tested: ${missing}`);

it.skipIf(missing !== undefined)(
  "keeps artifacts in the bucket, and brings them back when the folder was deleted",
  { timeout: 180_000 },
  async () => {
    const s3 = await startRealS3();
    onTestFinished(() => s3.stop());
    await s3.session.client.send(new s3.session.sdk.CreateBucketCommand({ Bucket: "artifacts" }));
    const env = { AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey.reveal() };
    const place = ["--objects", "s3://artifacts/models", "--s3-endpoint", s3.endpoint, "--s3-region", s3.region];
    const dataDir = temporaryFolder();
    const server = await startServer(dataDir, place, { env });
    const { digest } = await server.json(["deploy", sampleModel]);
    const listed = await s3.session.client.send(new s3.session.sdk.ListObjectsV2Command({ Bucket: "artifacts" }));
    const keys = listed.Contents?.map((one) => one.Key);
    expect(keys).toContain(`models/artifacts/${String(digest).slice("sha256:".length)}.json`);
    await server.stop();
    const { objectsDir, preparedDir } = dataFolderAt(dataDir);
    for (const cache of [objectsDir, preparedDir]) rmSync(cache, { recursive: true });
    const again = await startServer(dataDir, place, { env });
    const [known] = JSON.parse(readFileSync(`${repositoryRoot}samples/digits/cases.json`, "utf8")) as readonly {
      inputs: unknown;
      argmax: number;
    }[];
    await vi.waitFor(
      async () => {
        const body = JSON.stringify({ inputs: known?.inputs });
        const answer = await fetch(`${again.ready.data}/v2/models/digits/infer`, { method: "POST", body });
        expect(await answer.json()).toMatchObject({ outputs: [{}, { name: "label", data: [known?.argmax] }] });
      },
      { timeout: 60_000, interval: 200 },
    );
    expect(readdirSync(join(objectsDir, "artifacts"))).toEqual([`${String(digest).slice("sha256:".length)}.json`]);
  },
);
