/**
 * The least that runs a model of one input of 784 numbers from a socket: requests of HTTP/1.1, one at a time on a connection, with the numbers as
 * bytes. What it takes of memory is what Node, the binding and ONNX Runtime take. Plain JavaScript, because what reads TypeScript would count.
 * Arguments: port, model file.
 */
import { createServer } from "node:net";

process.env["ORT_DISABLE_TELEMETRY"] = "1";
const { InferenceSession, Tensor } = (await import("onnxruntime-node")).default;
const [port, file] = process.argv.slice(2);
const session = await InferenceSession.create(file ?? "", { intraOpNumThreads: 1, interOpNumThreads: 1 });
const [input, output] = [session.inputNames[0], session.outputNames[0]];
const bodyBytes = 784 * Float32Array.BYTES_PER_ELEMENT;

createServer((socket) => {
  let held = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (bytes) => {
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    const bodyStart = held.indexOf("\r\n\r\n") + 4;
    if (bodyStart < 4 || held.length < bodyStart + bodyBytes) return;
    const numbers = new Float32Array(held.buffer.slice(held.byteOffset + bodyStart, held.byteOffset + bodyStart + bodyBytes));
    held = Buffer.alloc(0);
    session.run({ [input]: new Tensor("float32", numbers, [1, 1, 28, 28]) }).then(
      ({ [output]: scores }) => {
        const body = Buffer.from(scores?.data.buffer ?? new ArrayBuffer(0));
        socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`), body]));
      },
      (error) => socket.destroy(error),
    );
  });
}).listen(Number(port), "127.0.0.1");
