/**
 * Requests put together as they come: the rows of each behind those before it, in memory that is used again for the next run. For models whose rows are
 * independent only: see `rowIndependence` of `@modelyard/onnx`.
 *
 * Hot path. Budget: one copy of the inputs and no memory of their own once it has grown to what a run takes.
 */
import type { BytesTensor, FixedTensor, Tensor } from "@modelyard/codec";
import type { InferRequest } from "../contract.ts";
import { isAlike } from "./row-batch.ts";

/** Rows of one input. */
interface StagedInput {
  readonly like: Tensor;
  /** Of a row; 0 for strings. */
  readonly rowBytes: number;
  bytes: Uint8Array;
  readonly elements: Uint8Array[];
}

const fewRows = 16;
/** Of one input: the memory of a run that is put together is bounded whatever its rows are. */
const largestInputBytes = 4 * 2 ** 20;
/** More is not kept for the next run; of a run of one request, much less: most models have no others, and there are many. */
const largestSpareBytes = 2 ** 20;
const largestLoneSpareBytes = 2 ** 14;

const nothing = new Uint8Array(0);

/** Rows for one run. */
export class RowStage {
  readonly #first: InferRequest;
  readonly #inputs: readonly StagedInput[];
  readonly #maxRows: number;
  #rows = 0;

  /** For requests like the first, which is not added yet. `spare`: memory of an earlier stage. */
  constructor(first: InferRequest, maxRows: number, spare: readonly Uint8Array[]) {
    this.#first = first;
    this.#maxRows = maxRows;
    this.#inputs = first.inputs.map((like, index) => staged(like, spare[index]));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Adds a request with so many rows, copying them; false when it is not like the others or finds no room. */
  add(request: InferRequest, rows: number): boolean {
    const after = this.#rows + rows;
    if (this.#rows > 0 && (after > this.#maxRows || !this.#hasRoom(after) || !isAlike(this.#first, request))) return false;
    const span = { from: this.#rows, to: after };
    for (let index = 0; index < this.#inputs.length; index++) {
      const input = this.#inputs[index];
      const tensor = request.inputs[index];
      if (input && tensor) addRows(input, tensor, span);
    }
    this.#rows = after;
    return true;
  }

  /** All of it as one request; its bytes are good until the memory is given to another stage. */
  request(): InferRequest {
    const rows = this.#rows;
    return { inputs: this.#inputs.map((input) => tensorOf(input, rows)), outputNames: this.#first.outputNames };
  }

  /** Its memory, for another stage once nobody reads this one's request any longer; `isLone`: it had one request. */
  spare(isLone: boolean): readonly Uint8Array[] {
    const largestBytes = isLone ? largestLoneSpareBytes : largestSpareBytes;
    return this.#inputs.map(({ bytes }) => (bytes.length > largestBytes ? nothing : bytes));
  }

  #hasRoom(rows: number): boolean {
    for (const { rowBytes } of this.#inputs) if (rows * rowBytes > largestInputBytes) return false;
    return true;
  }
}

function staged(like: Tensor, spare: Uint8Array | undefined): StagedInput {
  // The caller's memory is not kept alive: of the first request its form is of use, not its contents.
  const { name, datatype, shape } = like;
  if (datatype === "BYTES") return { like: { name, datatype, shape, elements: [] }, rowBytes: 0, bytes: new Uint8Array(0), elements: [] };
  const rowBytes = like.bytes.byteLength / (shape[0] ?? 1);
  const bytes = spare ?? new Uint8Array(0);
  return { like: { name, datatype, shape, bytes: new Uint8Array(0) }, rowBytes, bytes, elements: [] };
}

function addRows(input: StagedInput, tensor: Tensor, { from, to }: { readonly from: number; readonly to: number }): void {
  if (tensor.datatype === "BYTES") {
    for (const element of tensor.elements) input.elements.push(new Uint8Array(element));
    return;
  }
  const { rowBytes } = input;
  if (to * rowBytes > input.bytes.length) {
    // Every byte that is read later is written before.
    const grown = Buffer.allocUnsafeSlow(Math.max(to, from === 0 ? 1 : Math.max(2 * from, fewRows)) * rowBytes);
    grown.set(input.bytes.subarray(0, from * rowBytes));
    input.bytes = grown;
  }
  input.bytes.set(tensor.bytes, from * rowBytes);
}

function tensorOf({ like, rowBytes, bytes, elements }: StagedInput, rows: number): BytesTensor | FixedTensor {
  const { name, shape } = like;
  const all = [rows, ...shape.slice(1)];
  if (like.datatype === "BYTES") return { name, datatype: "BYTES", shape: all, elements };
  return { name, datatype: like.datatype, shape: all, bytes: bytes.subarray(0, rows * rowBytes) };
}
