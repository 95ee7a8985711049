/** nginx from Debian as a peer: one process that gives back a text it has, the least that a server of HTTP/1.1 can do. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../acceptance/harness/server.ts";
import { type Peer, startPeer } from "../../peers/start-peer.ts";

/** Starts it; it answers every GET with the body, as JSON. */
export async function startNginx(folder: string, body: string): Promise<Peer> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  const configuration = join(folder, "nginx.conf");
  writeFileSync(configuration, configurationOf({ folder, port, body }));
  const rest = `http://127.0.0.1:${port}`;
  return startPeer({
    name: "nginx",
    command: "nginx",
    args: ["-p", folder, "-c", configuration, "-e", "stderr"],
    folder,
    readyUrl: rest,
    rest,
  });
}

function configurationOf({ folder, port, body }: { readonly folder: string; readonly port: number; readonly body: string }): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join(" ");
  return `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary}
  keepalive_requests 10000000;
  server {
    listen 127.0.0.1:${port};
    default_type application/json;
    location / { return 200 '${body}'; }
  }
}
`;
}
