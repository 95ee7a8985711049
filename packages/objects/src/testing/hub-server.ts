/** Two servers that answer as the Hugging Face Hub and the host of its large files do; the second notes every credential it is sent. */
import { createHash } from "node:crypto";
import { type Listening, listening } from "./listening.ts";
import { sendRange } from "./send-range.ts";

/** Running servers. */
export interface HubServer extends Listening {
  /** Credentials that reached the host of large files. */
  readonly leaked: readonly string[];
}

const commit = "0123456789abcdef0123456789abcdef01234567";
const revisions: readonly string[] = ["main", "refs/pr/1", commit];

/** Starts both with one repository, `org/model`, in one version. Files of more than 100 bytes are on the second; `damage` changes what that one sends. */
export async function hubServer(
  files: ReadonlyMap<string, Buffer>,
  options: { readonly token?: string; readonly damage?: (body: Buffer) => Buffer } = {},
): Promise<HubServer> {
  const { token, damage = (body: Buffer) => body } = options;
  const leaked: string[] = [];
  const large = await listening((request, response) => {
    if (request.headers.authorization !== undefined) leaked.push(request.headers.authorization);
    const body = files.get(decodeURIComponent((request.url ?? "").slice(1)));
    if (body) sendRange({ request, response }, { body: damage(body), headers: {} });
    else response.writeHead(404).end();
  });
  const hub = await listening((request, response) => {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
    const url = new URL(request.url ?? "", "http://server");
    const revision = /^\/api\/models\/org\/model\/revision\/(.+)$/.exec(url.pathname)?.[1];
    if (revision !== undefined) {
      const isKnown = revisions.includes(decodeURIComponent(revision));
      return void response.writeHead(isKnown ? 200 : 404).end(JSON.stringify({ sha: commit }));
    }
    const tree = /^\/api\/models\/org\/model\/tree\/([0-9a-f]{40})(?:\/(.*))?$/.exec(url.pathname);
    if (tree) return sendTree(url, decodeURIComponent(tree[2] ?? ""));
    const name = decodeURIComponent(/^\/org\/model\/resolve\/[0-9a-f]{40}\/(.+)$/.exec(url.pathname)?.[1] ?? "");
    const body = files.get(name);
    if (!body) return void response.writeHead(404).end();
    const headers = { "x-repo-commit": commit, "x-linked-etag": `"${oidOf(body)}"`, "x-linked-size": String(body.length) };
    if (body.length > 100)
      return void response.writeHead(302, { ...headers, location: `${large.endpoint}/${encodeURIComponent(name)}` }).end();
    sendRange({ request, response }, { body, headers: { etag: `"${oidOf(body)}"` } });

    function sendTree({ searchParams, pathname }: URL, folder: string): void {
      const start = Number(searchParams.get("cursor") ?? 0);
      const names = [...files.keys()].filter((one) => folder === "" || one.startsWith(`${folder}/`)).toSorted();
      if (names.length === 0) return void response.writeHead(404).end();
      if (start + 2 < names.length)
        response.setHeader("link", `<${hub.endpoint}${pathname}?recursive=true&cursor=${start + 2}>; rel="next"`);
      response.end(
        JSON.stringify([{ type: "directory", path: "onnx", oid: "0" }, ...names.slice(start, start + 2).map((one) => entry(one))]),
      );
    }
  });
  const entry = (path: string): unknown => {
    const body = files.get(path) ?? Buffer.alloc(0);
    const oid = oidOf(body);
    return {
      type: "file",
      path,
      size: body.length,
      ...(body.length > 100 ? { oid: "f".repeat(40), lfs: { oid, size: body.length } } : { oid }),
    };
  };
  const close = async (): Promise<void> => {
    await hub.close();
    await large.close();
  };
  return { endpoint: hub.endpoint, leaked, close };
}

/** Large files are named by their sha256, the others as Git names a blob. */
function oidOf(body: Buffer): string {
  if (body.length > 100) return createHash("sha256").update(body).digest("hex");
  return createHash("sha1").update(`blob ${body.length}\0`).update(body).digest("hex");
}
