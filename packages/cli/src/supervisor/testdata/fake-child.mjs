// A child of the supervisor in tests. It answers each line `X` of a connection with `PID X`, and does what its settings say.
import { createServer } from "node:http";
import { createServer as createLineServer } from "node:net";

let settings = {};
let closed = 0;
let listener;
const report = (message) => process.connected && process.send(message);

process.on("disconnect", () => {
  if (settings.mode !== "deaf") process.exit(0);
});
if (settings.mode === "deaf") setInterval(() => {}, 1_000);

process.on("message", (message, handle) => {
  switch (message.kind) {
    case "open":
      createLineServer().listen(handle).close();
      break;
    case "start":
      settings = message.settings;
      start(message, handle);
      break;
    case "connection":
      if (settings.mode === "refuse-connections") return;
      report({ kind: "accepted", id: message.id });
      serve(handle);
      break;
    case "ping":
      if (settings.mode !== "silent") report({ kind: "pong" });
      break;
    case "metrics":
      report({ kind: "samples", id: message.id, samples: [{ name: "fakes", labels: { role: settings.role }, kind: "gauge", value: 1 }] });
      break;
    case "stop":
      listener?.close();
      setTimeout(() => process.exit(0), settings.stopDelayMs ?? 0);
      break;
  }
});

function start(message, handle) {
  console.log(`started ${JSON.stringify(message)}`);
  if (settings.mode === "exit") process.exit(7);
  if (settings.mode === "idle") return;
  if (settings.mode === "fail") {
    report({ kind: "failed", error: { reason: "PORT_BUSY", details: { role: "control", port: 1, address: "a", holder: "h", flag: "f" } } });
    return;
  }
  if (settings.mode === "deaf") setInterval(() => {}, 1_000);
  if (settings.role !== "control") {
    const ready = () => report({ kind: "ready" });
    if (handle) setTimeout(() => (listener = createLineServer(serve).listen(handle, ready)), settings.readyDelayMs ?? 0);
    else ready();
    return;
  }
  const server = createServer((_request, response) => response.end(String(process.pid)));
  server.listen(0, "127.0.0.1", () => report({ kind: "ready", url: `http://127.0.0.1:${server.address().port}` }));
}

function serve(socket) {
  if (!socket) {
    report({ kind: "closed", total: ++closed });
    return;
  }
  socket.on("error", () => {});
  socket.on("close", () => report({ kind: "closed", total: ++closed }));
  socket.on("data", (bytes) => socket.write(`${process.pid} ${bytes}`));
  socket.on("end", () => socket.end());
  socket.resume();
}
