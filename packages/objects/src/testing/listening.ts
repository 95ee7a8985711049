/** A test's HTTP server on a free port of loopback. */
import { createServer, type RequestListener } from "node:http";

/** A running server. */
export interface Listening {
  /** `http://127.0.0.1:port`. */
  readonly endpoint: string;
  close(): Promise<void>;
}

/** Starts a server. */
export async function listening(listener: RequestListener): Promise<Listening> {
  const server = createServer(listener);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { endpoint: `http://127.0.0.1:${port}`, close };
}
